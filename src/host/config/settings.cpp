#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <CLI/CLI.hpp>
#include <toml++/toml.h>

#include <hearth/config/settings.h>

namespace hearth::config {

namespace {

std::string variable_of(std::string_view name) {
  std::string variable = "HEARTH_";
  for (const char c : name)
    variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return variable;
}

/// A value in the file as the texts a flag would have taken; nothing for a kind no setting has.
std::optional<std::vector<std::string>> texts_of(const toml::node& node) {
  if (const auto* array = node.as_array()) {
    std::vector<std::string> texts;
    for (const toml::node& element : *array) {
      const auto text = element.value<std::string>();
      if (!text) return std::nullopt;
      texts.push_back(*text);
    }
    return texts;
  }
  if (const auto* text = node.as_string()) return std::vector{text->get()};
  if (const auto* number = node.as_integer()) return std::vector{std::to_string(number->get())};
  if (const auto* flag = node.as_boolean())
    return std::vector{std::string{flag->get() ? "true" : "false"}};
  return std::nullopt;
}

}  // namespace

struct Settings::Impl {
  Impl(std::string program, std::string description, std::string examples)
      : app(std::move(description), std::move(program)) {
    app.footer(
        "Examples:\n" + examples +
        "\nEach setting is also a key of the TOML file and a variable: --data-dir is data-dir and\n"
        "HEARTH_DATA_DIR. A flag wins over the variable, and that over the file.");
    app.add_option("--config", file, "Read settings from this TOML file")->type_name("FILE");
    app.set_version_flag("--version", HEARTH_VERSION);
  }

  std::string read_file() {
    toml::table table;
    try {
      table = toml::parse_file(file);
    } catch (const toml::parse_error& error) {
      return file + ": " + std::string{error.description()} + " (line " +
             std::to_string(error.source().begin.line) + ")";
    }
    for (const auto& [key, node] : table) {
      const std::string name{key.str()};
      const auto row = std::ranges::find(rows, name, &Row::name);
      if (row == rows.end()) return file + ": '" + name + "' is not a setting.";
      const auto texts = texts_of(node);
      if (!texts) return file + ": '" + name + "' has a value of the wrong kind.";
      if (row->option->count() > 0) continue;  // a flag or a variable said it
      if (const std::string wrong = row->set(*texts); !wrong.empty())
        return file + ": '" + name + "': " + wrong;
    }
    return {};
  }

  struct Row {
    std::string name;
    CLI::Option* option = nullptr;
    std::function<std::string(const std::vector<std::string>&)> set{};
  };

  CLI::App app;
  std::string file;
  std::vector<Row> rows;
};

Settings::Settings(std::string program, std::string description, std::string examples)
    : impl_(std::make_unique<Impl>(std::move(program), std::move(description),
                                   std::move(examples))) {}
Settings::~Settings() = default;

void Settings::add(std::string_view name, std::string& value, std::string_view placeholder,
                   std::string_view help) {
  auto* option = impl_->app.add_option("--" + std::string{name}, value, std::string{help})
                     ->capture_default_str()
                     ->take_last()
                     ->type_name(std::string{placeholder})
                     ->envname(variable_of(name));
  impl_->rows.push_back({std::string{name}, option, [&value](const auto& texts) -> std::string {
                           if (texts.size() != 1) return "one value is expected.";
                           value = texts.front();
                           return {};
                         }});
}

void Settings::add(std::string_view name, std::vector<std::string>& value,
                   std::string_view placeholder, std::string_view help) {
  auto* option = impl_->app.add_option("--" + std::string{name}, value, std::string{help})
                     ->type_name(std::string{placeholder})
                     ->envname(variable_of(name))
                     ->delimiter(',')
                     ->expected(1)
                     ->take_all();
  impl_->rows.push_back({std::string{name}, option, [&value](const auto& texts) -> std::string {
                           value = texts;
                           return {};
                         }});
}

void Settings::add(std::string_view name, std::int64_t& value, std::int64_t least,
                   std::int64_t most, std::string_view placeholder, std::string_view help) {
  auto* option = impl_->app.add_option("--" + std::string{name}, value, std::string{help})
                     ->capture_default_str()
                     ->take_last()
                     ->type_name(std::string{placeholder})
                     ->envname(variable_of(name))
                     ->check(CLI::Range(least, most));
  impl_->rows.push_back(
      {std::string{name}, option, [&value, least, most](const auto& texts) -> std::string {
         std::int64_t number = 0;
         const std::string& text = texts.front();
         const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
         if (texts.size() != 1 || error != std::errc{} || end != text.data() + text.size() ||
             number < least || number > most)
           return "a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                  " is expected.";
         value = number;
         return {};
       }});
}

void Settings::add(std::string_view name, bool& value, std::string_view help) {
  auto* option = impl_->app.add_flag("--" + std::string{name}, value, std::string{help})
                     ->envname(variable_of(name));
  impl_->rows.push_back({std::string{name}, option, [&value](const auto& texts) -> std::string {
                           if (texts.size() != 1 || (texts[0] != "true" && texts[0] != "false"))
                             return "true or false is expected.";
                           value = texts.front() == "true";
                           return {};
                         }});
}

Outcome Settings::parse(int argc, const char* const* argv) {
  try {
    impl_->app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return {.exit_code = 0, .text = impl_->app.help()};
  } catch (const CLI::CallForVersion&) {
    return {.exit_code = 0, .text = HEARTH_VERSION "\n"};
  } catch (const CLI::ParseError& error) {
    return {.exit_code = 2,
            .text = std::string{error.what()} + "\nTry " + impl_->app.get_name() + " --help.\n"};
  }
  if (impl_->file.empty()) return {.exit_code = std::nullopt, .text = {}};
  std::string wrong = impl_->read_file();
  if (wrong.empty()) return {.exit_code = std::nullopt, .text = {}};
  return {.exit_code = 2, .text = std::move(wrong) + "\n"};
}

int Settings::run(int argc, const char* const* argv,
                  const std::function<std::optional<std::string>()>& problem,
                  const std::function<int()>& body) {
  const Outcome outcome = parse(argc, argv);
  if (outcome.exit_code) {
    std::fputs(outcome.text.c_str(), *outcome.exit_code == 0 ? stdout : stderr);
    return *outcome.exit_code;
  }
  const std::string name = impl_->app.get_name();
  if (const auto what = problem()) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), what->c_str());
    return 2;
  }
  try {
    return body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), error.what());
    return 1;
  }
}

}  // namespace hearth::config
