#include "commands.h"
#include "output.h"

namespace hearth::cli {

int completion(const std::string& shell) {
  static constexpr const char* words =
      "status persona device pair open recovery flock graph doctor completion";
  const std::string subcommands =
      "persona) echo 'add list passwd remove';; device) echo 'list revoke';; "
      "recovery) echo 'show confirm rotate';; flock) echo 'join list leave';; graph) echo "
      "'spaces make-space get put rm ls history search watch export import stats import-gun verify "
      "backup bench';; "
      "completion) echo 'bash zsh fish';;";
  if (shell == "bash" || shell == "zsh") {
    if (shell == "zsh") print("autoload -U +X bashcompinit && bashcompinit\n");
    print("_hearth_words() { case $1 in " + subcommands + " *) echo '" + words +
          "';; esac; }\n"
          "_hearth() {\n"
          "  local first= word\n"
          "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
          "    case $word in -*) ;; *) first=$word; break;; esac\n"
          "  done\n"
          "  COMPREPLY=($(compgen -W \"$(_hearth_words \"$first\") --json --data-dir --help\" -- "
          "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
          "}\n"
          "complete -F _hearth hearth\n");
    return 0;
  }
  if (shell == "fish") {
    print(
        "complete -c hearth -f -n __fish_use_subcommand -a '" + std::string{words} +
        "'\n"
        "complete -c hearth -f -n '__fish_seen_subcommand_from persona' -a 'add list passwd "
        "remove'\n"
        "complete -c hearth -f -n '__fish_seen_subcommand_from device' -a 'list revoke'\n"
        "complete -c hearth -f -n '__fish_seen_subcommand_from recovery' -a 'show confirm rotate'\n"
        "complete -c hearth -f -n '__fish_seen_subcommand_from flock' -a 'join list leave'\n"
        "complete -c hearth -n '__fish_seen_subcommand_from graph' -a 'spaces make-space get put "
        "rm ls history search watch export import stats import-gun verify backup bench'\n"
        "complete -c hearth -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n"
        "complete -c hearth -l json -d 'Print JSON'\n"
        "complete -c hearth -l data-dir -r -d \"The appliance's data directory\"\n");
    return 0;
  }
  return 2;
}

}  // namespace hearth::cli
