#include "commands.h"

#include <cstdint>
#include <string>
#include <vector>

#include "output.h"
#include <hearth/terminal/terminal.h>

namespace hearth::cli {

using nlohmann::json;

json find_persona(const Context& context, const std::string& name) {
  const json answer = context.client.call("GET", "/api/v1/personas");
  for (const json& persona : answer.at("personas"))
    if (persona.at("name") == name || persona.at("id") == name) return persona;
  throw Failure{1, "There is no persona '" + name + "'. See them with: hearth persona list"};
}

int status(const Context& context) {
  const json state = context.client.call("GET", "/local/v1/status");
  if (context.json) {
    print_json(state);
    return 0;
  }
  print("name      " + text_of(state, "name") + "\nroot      " + text_of(state, "root") +
        "\nPeerId    " + text_of(state, "peer_id") + "\nopen      " + text_of(state, "http") +
        "\n");
  if (!state.value("claimed", true))
    print("owner     none yet: open " + text_of(state, "setup_url") + "\n");
  for (const json& address : state.at("addrs"))
    print("address   " + address.get<std::string>() + "\n");
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
  const json answer = context.client.call("GET", "/api/v1/devices");
  json found;
  for (const json& row : answer.at("devices"))
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

int flock_leave(const Context& context, const std::string& flock) {
  const std::string peer_id = flock.substr(flock.rfind('/') + 1);
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

}  // namespace hearth::cli
