#include <charconv>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include <hearth/daemon/services_api.h>
#include <hearth/identity/name.h>
#include <hearth/proxy/ports.h>

namespace hearth::daemon {

using access::PersonaId;
using access::Service;
using appliance::error_response;
using http::Request;
using http::Response;
using nlohmann::json;

namespace {

constexpr std::string_view stream_suffix = "/stream";
constexpr std::string_view target_prefix = "port ";

access::Services load(storage::Store& store) {
  auto services = access::Services::load(store);
  if (!services) throw std::runtime_error{"The list of services can't be read."};
  return std::move(*services);
}

std::string target_of(std::uint16_t port) {
  return std::string{target_prefix} + std::to_string(port);
}

/// 1 to 65535, in its one notation.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || text.starts_with('0'))
    return std::nullopt;
  return port;
}

json to_json(const Service& service, bool with_personas) {
  json row{{"port", service.port}, {"name", service.name}, {"added", service.added}};
  if (!with_personas) return row;
  row["personas"] = json::array();
  for (const PersonaId& persona : service.personas) row["personas"].push_back(persona.to_string());
  return row;
}

/// `{name?, personas?}`; nothing when it has another form.
std::optional<Service> described(const std::string& text, std::uint16_t port) {
  const json body = json::parse(text, nullptr, false);
  if (!body.is_object()) return std::nullopt;
  Service service{.port = port, .name = {}, .personas = {}, .added = 0};
  if (body.contains("name")) {
    if (!body["name"].is_string()) return std::nullopt;
    service.name = body["name"];
    if (!service.name.empty() && !identity::is_display_name(service.name)) return std::nullopt;
  }
  if (!body.contains("personas")) return service;
  if (!body["personas"].is_array() || body["personas"].size() > Service::max_personas)
    return std::nullopt;
  for (const json& each : body["personas"]) {
    if (!each.is_string()) return std::nullopt;
    const auto persona = PersonaId::parse(each.get<std::string>());
    if (!persona) return std::nullopt;
    service.personas.push_back(*persona);
  }
  return service;
}

Response refuse(access::ServicesError error) {
  switch (error) {
    case access::ServicesError::not_found:
      return error_response(404, "not_found", "That port isn't open to anybody.");
    case access::ServicesError::too_many:
      return error_response(409, "conflict", "Too many services are open. Close one first.");
    case access::ServicesError::store_failed:
      break;
  }
  return error_response(503, "unavailable", "The box can't keep that just now. Is its disk full?");
}

}  // namespace

ServicesApi::ServicesApi(ServicesParts parts)
    : parts_(std::move(parts)), services_(load(parts_.store)) {}

loop::Task<Response> ServicesApi::handle(Request request, appliance::Who who,
                                         proxy::Sockets& sockets) {
  const std::string path{request.path()};
  if (path == services_path) {
    if (request.method == "GET") co_return list(who);
    co_return error_response(405, "bad_request", "Services are listed with GET.");
  }
  std::string_view rest = std::string_view{path}.substr(services_path.size() + 1);
  const bool is_stream = rest.ends_with(stream_suffix);
  if (is_stream) rest.remove_suffix(stream_suffix.size());
  const auto port = parse_port(rest);
  if (!port) co_return error_response(404, "not_found", "A port is a number from 1 to 65535.");
  if (is_stream) {
    auto opened = open(request, *port, std::move(who), sockets);
    co_return co_await std::move(opened);
  }
  if (!who.is_owner())
    co_return error_response(403, "denied", "Only an owner may open and close ports.");
  auto changed = change(std::move(request), *port, sockets);
  co_return co_await std::move(changed);
}

Response ServicesApi::list(const appliance::Who& who) const {
  json all = json::array();
  for (const Service* service : services_.all())
    if (who.is_owner() || services_.may_reach(service->port, who.persona->id, who.persona->role))
      all.push_back(to_json(*service, who.is_owner()));
  return Response::json(200, json{{"services", std::move(all)}}.dump());
}

loop::Task<Response> ServicesApi::change(Request request, std::uint16_t port,
                                         proxy::Sockets& sockets) {
  if (request.method == "DELETE") {
    if (const auto removed = services_.remove(port); !removed) co_return refuse(removed.error());
    parts_.log.info("service.closed", {{"port", port}});
    cut(port, sockets);
    parts_.on_changed();
    co_return Response::empty(204);
  }
  if (request.method != "PUT")
    co_return error_response(405, "bad_request",
                             "Ports are opened with PUT and closed with DELETE.");
  std::string text;
  bool too_large = false;
  try {
    text = co_await http::read_all(*request.body, 8192);
  } catch (const http::BodyTooLarge&) {
    too_large = true;
  }
  auto service = too_large ? std::nullopt : described(text, port);
  if (!service) co_return error_response(400, "bad_request", "Send {\"name\"?, \"personas\"?}.");
  const Service* before = services_.find(port);
  service->added =
      before != nullptr ? before->added : static_cast<std::uint64_t>(parts_.wall().seconds());
  const json answer = to_json(*service, true);
  if (const auto put = services_.put(std::move(*service)); !put) co_return refuse(put.error());
  parts_.log.info("service.opened", {{"port", port}});
  cut(port, sockets);
  parts_.on_changed();
  co_return Response::json(before != nullptr ? 200 : 201, answer.dump());
}

loop::Task<Response> ServicesApi::open(const Request& request, std::uint16_t port,
                                       appliance::Who who, proxy::Sockets& sockets) {
  if (!who.device || !who.persona)
    co_return error_response(401, "unauthorized", "The console is nobody's device.");
  if (!proxy::is_port_request(request))
    co_return error_response(426, "bad_request", "Ask to switch to hearth-tcp.");
  if (!services_.may_reach(port, who.persona->id, who.persona->role)) {
    const std::string number = std::to_string(port);
    const bool owner = who.is_owner();
    co_return error_response(
        403, "denied",
        "Port " + number + " of this box isn't open to " + who.persona->name +
            (owner ? ". Open it, on the box, with: hearth service allow "
                   : ". An owner can open it, on the box, with: hearth service allow ") +
            number + (owner ? "" : " --persona " + who.persona->name));
  }
  std::optional<proxy::AppUnavailable> unavailable;
  try {
    proxy::SocketKey key{.device = who.device->id.to_string(),
                         .persona = who.persona->id.to_string(),
                         .target = target_of(port)};
    auto opened = proxy::open_port(parts_.executor, port, std::move(key), sockets);
    co_return co_await std::move(opened);
  } catch (const proxy::AppUnavailable& reason) {
    unavailable = reason;
  }
  co_return error_response(unavailable->status, unavailable->code, unavailable->message);
}

void ServicesApi::cut(std::uint16_t port, proxy::Sockets& sockets) const {
  sockets.cut_if([&](const proxy::SocketKey& key) {
    return key.target == target_of(port) && !may_reach(port, key.persona);
  });
}

bool ServicesApi::may_reach(std::uint16_t port, std::string_view persona) const {
  for (const access::Persona& each : parts_.personas())
    if (each.id.to_string() == persona) return services_.may_reach(port, each.id, each.role);
  return false;
}

}  // namespace hearth::daemon
