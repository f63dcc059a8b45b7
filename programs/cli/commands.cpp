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

namespace {

/// 3,456,789 bytes as "3.3 MiB", other things as they are.
std::string amount(const json& row, const char* field) {
  const auto value = row.at(field).get<std::uint64_t>();
  if (row.at("resource") != "memory") return std::to_string(value);
  const std::uint64_t tenths = value * 10 >> 20;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

/// What guests hold of the box, and who was sent away: a line for each that holds or was refused
/// anything.
void print_resources(const json& resources) {
  std::vector<std::vector<std::string>> rows{{"RESOURCE", "HELD BY", "IN USE", "OF", "REFUSED"}};
  for (const json& row : resources.at("budget")) {
    std::uint64_t refused = 0;
    for (const auto& [who, count] : row.at("refused").items())
      refused += count.get<std::uint64_t>();
    if (row.at("layer") == "total" || row.at("used") > 0 || refused > 0)
      rows.push_back({text_of(row, "resource"), text_of(row, "layer"), amount(row, "used"),
                      amount(row, "limit"), std::to_string(refused)});
  }
  print("\n" + terminal::table(rows));
  std::string why;
  for (const char* kind : {"refused", "datagrams_dropped"})
    for (const auto& [reason, count] : resources.at(kind).items())
      if (count.get<std::uint64_t>() > 0)
        why +=
            (why.empty() ? "" : ", ") + reason + " " + std::to_string(count.get<std::uint64_t>());
  if (!why.empty()) print("refused since the start: " + why + "\n");
}

}  // namespace

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
          text_of(flock, "multiaddr") +
          (flock.contains("shell") && flock["shell"].value("offer", std::string{}) == "differs"
               ? "  SERVES A CHANGED SHELL: see hearth flock probe"
               : "") +
          "\n");
  for (const json& app : state.at("apps"))
    print("app       " + text_of(app, "state") + "  " + text_of(app, "title") + "\n");
  std::vector<std::vector<std::string>> rows{{"PEER", "TRANSPORT", "RELAYED", "DEVICE"}};
  for (const json& connection : state.at("connections"))
    rows.push_back({text_of(connection, "peer_id"), text_of(connection, "transport"),
                    connection.value("relayed", false) ? "yes" : "no",
                    text_of(connection, "device_name")});
  if (rows.size() > 1) print("\n" + terminal::table(rows));
  if (state.contains("resources")) print_resources(state.at("resources"));
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

namespace {
std::string in_words(const json& shell) {
  const std::string offer = shell.value("offer", std::string{});
  if (offer == "same") return "just what this box has";
  if (offer == "newer") return "a newer one, signed like this box's";
  if (offer == "older") return "an older one, signed like this box's";
  if (offer == "nothing") return "serves no pages";
  if (offer == "unreachable") return "not reached: " + shell.value("why", std::string{});
  if (offer == "unknown") return "this box has no signed shell to compare with";
  std::string text = "CHANGED (" + shell.value("why", std::string{}) + ")";
  for (const json& file : shell.value("files", json::array()))
    text += " " + file.get<std::string>();
  return text;
}
}  // namespace

int flock_probe(const Context& context) {
  const json answer = context.client.call("POST", "/local/v1/flocks/probe", json::object());
  bool well = true;
  std::vector<std::vector<std::string>> rows{{"SERVES", "AT", "FLOCK"}};
  for (const json& flock : answer.at("flocks")) {
    well = well && flock.at("offer") != "differs";
    rows.push_back(
        {in_words(flock), flock.value("origin", std::string{}), text_of(flock, "multiaddr")});
  }
  if (context.json) {
    print_json(answer);
  } else {
    print(terminal::table(rows));
    if (!well)
      print(
          "\nWho opens a changed shell for the first time runs what its server wants, and with a "
          "changed\n"
          "/sw.js so does everybody else. Tell people to open another address until it is "
          "settled.\n");
  }
  return well ? 0 : 1;
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
