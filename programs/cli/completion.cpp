#include "completion.h"

#include <vector>

#include "output.h"

namespace hearth::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// The long names of what may be given to a command itself.
std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames())
      if (name != "help") names.push_back(name);
  return names;
}

void append(std::string& words, const std::string& word) {
  if (!words.empty()) words += ' ';
  words += word;
}

/// What may follow a command: its subcommands, or else its options.
std::string words_after(const CLI::App& command) {
  std::string words;
  if (command.get_name() == "completion") words = "bash zsh fish";
  for (const CLI::App* next : commands_of(command)) append(words, next->get_name());
  if (words.empty())
    for (const std::string& name : options_of(command)) append(words, "--" + name);
  return words;
}

/// A branch of the script's `case` for each command; `path` is how one gets to it.
std::string bash_cases(const CLI::App& command, const std::string& path) {
  std::string cases;
  for (const CLI::App* next : commands_of(command))
    cases += bash_cases(*next, (path.empty() ? "" : path + " ") + next->get_name());
  const bool is_last = commands_of(command).empty();
  return cases + "'" + path + "'" + (is_last ? "|'" + path + " '*" : "") + ") echo '" +
         words_after(command) + "';; ";
}

std::string bash(const CLI::App& hearth) {
  return "_hearth_words() { case $1 in " + bash_cases(hearth, "") +
         "esac; }\n"
         "_hearth() {\n"
         "  local path= before= word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $before$word in --data-dir* | -*) ;; *) path=${path:+$path }$word ;; esac\n"
         "    before=; [ \"$word\" != --data-dir ] || before=$word\n"
         "  done\n"
         "  COMPREPLY=($(compgen -W \"$(_hearth_words \"$path\") --json --data-dir --help\" -- "
         "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -F _hearth hearth\n";
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string{"\\'"} : std::string{c};
  return out + "'";
}

/// `seen` is the condition under which the command has been written.
std::string fish_lines(const CLI::App& command, const std::string& seen) {
  std::string lines;
  const auto next = commands_of(command);
  std::string names;
  for (const CLI::App* each : next) append(names, each->get_name());
  for (const CLI::App* each : next) {
    const std::string here = seen.empty() ? "__fish_use_subcommand"
                                          : seen + "; and not __fish_seen_subcommand_from " + names;
    lines += "complete -c hearth -f -n " + quoted(here) + " -a " + each->get_name() + " -d " +
             quoted(each->get_description()) + "\n";
    lines += fish_lines(*each, (seen.empty() ? "" : seen + "; and ") +
                                   "__fish_seen_subcommand_from " + each->get_name());
  }
  if (!next.empty()) return lines;
  for (const std::string& name : options_of(command))
    lines += "complete -c hearth -n " + quoted(seen) + " -l " + name + " -d " +
             quoted(command.get_option("--" + name)->get_description()) + "\n";
  return lines;
}

std::string fish(const CLI::App& hearth) {
  return fish_lines(hearth, "") +
         "complete -c hearth -l json -d 'Print JSON'\n"
         "complete -c hearth -l data-dir -r -d 'The appliance\\'s data directory'\n";
}

}  // namespace

int completion(const CLI::App& hearth, const std::string& shell) {
  if (shell == "bash") print(bash(hearth));
  if (shell == "zsh") print("autoload -U +X bashcompinit && bashcompinit\n" + bash(hearth));
  if (shell == "fish") print(fish(hearth));
  return shell == "bash" || shell == "zsh" || shell == "fish" ? 0 : 2;
}

}  // namespace hearth::cli
