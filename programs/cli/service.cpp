// Which TCP services of the box's own machine its people may reach through it.

#include "output.h"
#include "tunnel.h"
#include <hearth/terminal/terminal.h>

namespace hearth::cli {

using nlohmann::json;

namespace {

std::string path_of(std::uint16_t port) {
  return "/api/v1/services/" + std::to_string(port);
}

json find_service(const Context& context, std::uint16_t port) {
  const json answer = context.client.call("GET", "/api/v1/services");
  for (const json& service : answer.at("services"))
    if (service.at("port") == port) return service;
  return nullptr;
}

}  // namespace

int service_allow(const Context& context, const ServiceOptions& options) {
  json service = find_service(context, options.port);
  const json before = service;
  if (service.is_null()) service = {{"name", ""}, {"personas", json::array()}};
  if (!options.name.empty()) service["name"] = options.name;
  for (const std::string& each : options.personas) {
    const json id = find_persona(context, each).at("id");
    if (std::ranges::find(service["personas"], id) == service["personas"].end())
      service["personas"].push_back(id);
  }
  const json answer = context.client.call(
      "PUT", path_of(options.port), {{"name", service["name"]}, {"personas", service["personas"]}});
  if (context.json)
    print_json(answer);
  else
    print("Port " + std::to_string(options.port) + " is open to the owners" +
          (service["personas"].empty()
               ? ".\n"
               : " and to " + std::to_string(service["personas"].size()) + " more.\n"));
  return 0;
}

int service_deny(const Context& context, const ServiceOptions& options) {
  json service = find_service(context, options.port);
  if (service.is_null())
    throw Failure{1, "Port " + std::to_string(options.port) + " isn't open to anybody."};
  if (options.personas.empty()) {
    context.client.call("DELETE", path_of(options.port));
    if (context.json)
      print_json({{"closed", options.port}});
    else
      print("Closed to all. What was open to it has ended.\n");
    return 0;
  }
  for (const std::string& each : options.personas) {
    const json id = find_persona(context, each).at("id");
    json& personas = service["personas"];
    const auto found = std::ranges::find(personas, id);
    if (found != personas.end()) personas.erase(found);
  }
  const json answer = context.client.call(
      "PUT", path_of(options.port), {{"name", service["name"]}, {"personas", service["personas"]}});
  if (context.json)
    print_json(answer);
  else
    print("Closed to them. What they had open has ended; owners still reach it.\n");
  return 0;
}

int service_list(const Context& context) {
  const json answer = context.client.call("GET", "/api/v1/services");
  if (context.json) {
    print_json(answer);
    return 0;
  }
  const json people = context.client.call("GET", "/api/v1/personas").at("personas");
  std::vector<std::vector<std::string>> rows{{"PORT", "NAME", "OPEN TO", "SINCE"}};
  for (const json& service : answer.at("services")) {
    std::string who = "owners";
    for (const json& id : service.at("personas"))
      for (const json& persona : people)
        if (persona.at("id") == id) who += ", " + persona.at("name").get<std::string>();
    rows.push_back({std::to_string(service.at("port").get<int>()), text_of(service, "name"), who,
                    date(service, "added")});
  }
  print(terminal::table(rows));
  return 0;
}

}  // namespace hearth::cli
