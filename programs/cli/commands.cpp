#include "commands.h"

#include <chrono>
#include <cstdio>
#include <ctime>

#include <hearth/terminal/terminal.h>

namespace hearth::cli {

using nlohmann::json;

namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }
void print_json(const json& value) { print(value.dump(2) + "\n"); }

std::string date(const json& row, const char* key) {
  const auto seconds = row.value(key, std::int64_t{0});
  if (seconds == 0) return "-";
  const std::time_t time = seconds;
  std::tm parts{};
  localtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

std::string text_of(const json& row, const char* key) { return row.value(key, std::string{"-"}); }

/// The persona a person means: by name, or by id.
json find_persona(const Context& context, const std::string& name) {
  for (const json& persona : context.client.call("GET", "/api/v1/personas").at("personas"))
    if (persona.at("name") == name || persona.at("id") == name) return persona;
  throw Failure{1, "There is no persona '" + name + "'. See them with: hearth persona list"};
}

}  // namespace

int status(const Context& context) {
  const json state = context.client.call("GET", "/local/v1/status");
  if (context.json) {
    print_json(state);
    return 0;
  }
  print("name      " + text_of(state, "name") + "\nroot      " + text_of(state, "root") +
        "\nPeerId    " + text_of(state, "peer_id") + "\nopen      " + text_of(state, "http") + "\n");
  if (!state.value("claimed", true))
    print("owner     none yet: open " + text_of(state, "setup_url") + "\n");
  for (const json& address : state.at("addrs")) print("address   " + address.get<std::string>() + "\n");
  for (const json& flock : state.at("flocks"))
    print("flock     " + text_of(flock, "state") + "  " + text_of(flock, "name") + "  " +
          text_of(flock, "multiaddr") + "\n");
  for (const json& app : state.at("apps"))
    print("app       " + text_of(app, "state") + "  " + text_of(app, "title") + "\n");
  std::vector<std::vector<std::string>> rows{{"PEER", "TRANSPORT", "RELAYED", "DEVICE"}};
  for (const json& connection : state.at("connections"))
    rows.push_back({text_of(connection, "peer_id"), text_of(connection, "transport"),
                    connection.value("relayed", false) ? "yes" : "no",
                    text_of(connection, "device_name")});
  if (rows.size() > 1) print("\n" + terminal::table(rows));
  return 0;
}

int persona_list(const Context& context) {
  const json answer = context.client.call("GET", "/api/v1/personas");
  if (context.json) {
    print_json(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "DISPLAY NAME", "ROLE", "ID"}};
  for (const json& persona : answer.at("personas"))
    rows.push_back({text_of(persona, "name"), text_of(persona, "display_name"),
                    text_of(persona, "role"), text_of(persona, "id")});
  print(terminal::table(rows));
  return 0;
}

int persona_remove(const Context& context, const std::string& name) {
  const json persona = find_persona(context, name);
  context.client.call("DELETE", "/api/v1/personas/" + persona.at("id").get<std::string>());
  if (context.json)
    print_json({{"removed", persona.at("id")}});
  else
    print("Removed " + name + ". Their devices are cut off.\n");
  return 0;
}

int device_list(const Context& context) {
  const json answer = context.client.call("GET", "/api/v1/devices");
  if (context.json) {
    print_json(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "HOW", "ADDED", "LAST SEEN", "ID"}};
  for (const json& device : answer.at("devices"))
    rows.push_back({text_of(device, "name"), text_of(device, "kind"), text_of(device, "how"),
                    date(device, "added"), date(device, "last_seen"), text_of(device, "id")});
  print(terminal::table(rows));
  return 0;
}

int device_revoke(const Context& context, const std::string& device) {
  json found;
  for (const json& row : context.client.call("GET", "/api/v1/devices").at("devices"))
    if (row.at("id") == device || row.at("name") == device) {
      if (!found.is_null())
        throw Failure{1, "Several devices are called '" + device + "': give the id instead."};
      found = row;
    }
  if (found.is_null())
    throw Failure{1, "There is no device '" + device + "'. See them with: hearth device list"};
  context.client.call("DELETE", "/api/v1/devices/" + found.at("id").get<std::string>());
  if (context.json)
    print_json({{"revoked", found.at("id")}});
  else
    print("Revoked " + text_of(found, "name") + ". Its connections are cut.\n");
  return 0;
}

int pair(const Context& context, const std::string& persona) {
  json body = json::object();
  if (!persona.empty()) body["persona"] = find_persona(context, persona).at("id");
  const json answer = context.client.call("POST", "/api/v1/pairings", body);
  if (context.json) {
    print_json(answer);
    return 0;
  }
  const std::string url = answer.at("url");
  if (terminal::is_terminal())
    if (const auto code = terminal::qr_code(url)) print(*code);
  print(url + "\n\nOpen this on the new device within 10 minutes. It works once.\n");
  return 0;
}

int recovery_show(const Context& context) {
  const json state = context.client.call("GET", "/api/v1/recovery");
  if (state.at("state") == "saved") {
    if (context.json)
      print_json(state);
    else
      print("The recovery kit was saved; its key is no longer on this box.\n");
    return 0;
  }
  const json kit = context.client.call("POST", "/api/v1/recovery/reveal");
  if (context.json) {
    print_json(kit);
    return 0;
  }
  const json& words = kit.at("words");
  for (std::size_t i = 0; i < words.size(); ++i) {
    char line[48];
    std::snprintf(line, sizeof line, "%2zu  %s\n", i + 1, words[i].get<std::string>().c_str());
    print(line);
  }
  print("\nWrite these down and keep them safe: they bring this box back on new hardware.\n"
        "Then run: hearth recovery confirm\n");
  return 0;
}

int recovery_confirm(const Context& context) {
  json words = json::array();
  for (const int index : {6, 17}) {  // any two; the appliance checks them
    const auto word = terminal::read_password("Word " + std::to_string(index + 1) + ": ");
    if (!word) throw Failure{1, "Two words are needed."};
    words.push_back({{"index", index}, {"word", *word}});
  }
  context.client.call("POST", "/api/v1/recovery/confirm", {{"words", words}});
  if (context.json)
    print_json({{"state", "saved"}});
  else
    print("Saved. The root's private key has left this box.\n");
  return 0;
}

int flock_join(const Context& context, const std::string& address, const std::string& name) {
  json body{{"multiaddr", address}};
  if (!name.empty()) body["name"] = name;
  const json answer = context.client.call("POST", "/api/v1/flocks", body);
  if (context.json)
    print_json(answer);
  else
    print("Joining. See how it goes with: hearth flock list\n");
  return 0;
}

int flock_list(const Context& context) {
  const json answer = context.client.call("GET", "/api/v1/flocks");
  if (context.json) {
    print_json(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"STATE", "NAME", "SINCE", "FLOCK", "PROBLEM"}};
  for (const json& flock : answer.at("flocks"))
    rows.push_back({text_of(flock, "state"), text_of(flock, "name"), date(flock, "since"),
                    text_of(flock, "multiaddr"), flock.value("error", std::string{})});
  print(terminal::table(rows));
  return 0;
}

int flock_leave(const Context& context, const std::string& peer_id) {
  context.client.call("DELETE", "/api/v1/flocks/" + peer_id);
  if (context.json)
    print_json({{"left", peer_id}});
  else
    print("Left.\n");
  return 0;
}

int doctor(const Context& context) {
  const json answer = context.client.call("GET", "/local/v1/doctor");
  bool well = true;
  for (const json& check : answer.at("checks")) well = well && check.at("ok").get<bool>();
  if (context.json) {
    print_json(answer);
    return well ? 0 : 1;
  }
  for (const json& check : answer.at("checks")) {
    print((check.at("ok").get<bool>() ? "ok    " : "NOT   ") + text_of(check, "what") + "\n");
    if (!check.at("ok").get<bool>()) print("      " + text_of(check, "advice") + "\n");
  }
  return well ? 0 : 1;
}

int completion(const std::string& shell) {
  static constexpr const char* words =
      "status persona device pair open recovery flock doctor completion";
  const std::string subcommands =
      "persona) echo 'add list passwd remove';; device) echo 'list revoke';; "
      "recovery) echo 'show confirm';; flock) echo 'join list leave';; "
      "completion) echo 'bash zsh fish';;";
  if (shell == "bash" || shell == "zsh") {
    if (shell == "zsh") print("autoload -U +X bashcompinit && bashcompinit\n");
    print("_hearth_words() { case $1 in " + subcommands + " *) echo '" + words + "';; esac; }\n"
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
    print("complete -c hearth -f -n __fish_use_subcommand -a '" + std::string{words} + "'\n"
          "complete -c hearth -f -n '__fish_seen_subcommand_from persona' -a 'add list passwd remove'\n"
          "complete -c hearth -f -n '__fish_seen_subcommand_from device' -a 'list revoke'\n"
          "complete -c hearth -f -n '__fish_seen_subcommand_from recovery' -a 'show confirm'\n"
          "complete -c hearth -f -n '__fish_seen_subcommand_from flock' -a 'join list leave'\n"
          "complete -c hearth -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n"
          "complete -c hearth -l json -d 'Print JSON'\n"
          "complete -c hearth -l data-dir -r -d \"The appliance's data directory\"\n");
    return 0;
  }
  return 2;
}

}  // namespace hearth::cli
