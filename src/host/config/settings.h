#pragma once
// A program's settings, declared once: each row is a flag, a key of the TOML file and an
// environment variable, with its help. Precedence: flag, environment, file, default.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::config {

/// What parsing came to. `exit_code` is set when the program should end now: 0 after --help or
/// --version (text is for standard output), 2 after a mistake (text is for standard error).
struct Outcome {
  std::optional<int> exit_code;
  std::string text;
};

/// Declares settings against variables that outlive it, then fills them. The flag `--data-dir` has
/// the key `data-dir` and the variable `HEARTH_DATA_DIR`; `--config FILE` names the TOML file.
class Settings {
 public:
  /// `description` and `examples` head and end the help text.
  Settings(std::string program, std::string description, std::string examples);
  ~Settings();
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  void add(std::string_view name, std::string& value, std::string_view placeholder,
           std::string_view help);
  /// May be given several times; an array in the file, comma-separated in the environment.
  void add(std::string_view name, std::vector<std::string>& value, std::string_view placeholder,
           std::string_view help);
  /// A whole number from `least` to `most`.
  void add(std::string_view name, std::int64_t& value, std::int64_t least, std::int64_t most,
           std::string_view placeholder, std::string_view help);
  void add(std::string_view name, bool& value, std::string_view help);

  [[nodiscard]] Outcome parse(int argc, const char* const* argv);

  /// A program's main(): parses, asks for a `problem` in words, and runs. Gives the exit code: what
  /// `body` gives; 0 after --help and --version; 2 after a mistake; 1 when `body` throws. Says why.
  [[nodiscard]] int run(int argc, const char* const* argv,
                        const std::function<std::optional<std::string>()>& problem,
                        const std::function<int()>& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::config
