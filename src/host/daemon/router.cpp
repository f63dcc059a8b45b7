#include <hearth/daemon/router.h>
#include <hearth/graph_service/service.h>
#include <hearth/proxy/app_proxy.h>

namespace hearth::daemon {

using appliance::error_response;
using http::Request;
using http::Response;
using nlohmann::json;

namespace {

constexpr std::string_view flocks_path = "/api/v1/flocks";
/// Where the pages of an app find the graph, on the app's own origin.
constexpr std::string_view graph_of_app = "/.hearth/graph/v1";

Response not_enrolled() {
  return error_response(401, "unauthorized",
                        "This device isn't known here. Log in or pair it first.");
}

json to_json(const membership::FlockStatus& flock) {
  json row{{"multiaddr", flock.address.to_string()},
           {"state", membership::to_string(flock.state)},
           {"name", flock.name},
           {"since", flock.since.seconds()}};
  if (const auto bytes = flock.address.p2p())
    if (const auto id = peer::PeerId::from_bytes(*bytes)) row["peer_id"] = id->to_string();
  if (!flock.error.empty()) row["error"] = flock.error;
  return row;
}

Response refuse_join(membership::JoinError error) {
  using membership::JoinError;
  switch (error) {
    case JoinError::bad_address:
      return error_response(400, "bad_request", "A flock's address ends in /p2p/ and its id.");
    case JoinError::bad_name:
      return error_response(400, "bad_request", "A name has 3 to 32 of a-z, 0-9 and hyphens.");
    case JoinError::too_many:
      return error_response(409, "conflict",
                            "This box is in as many flocks as it can be. Leave one first.");
    case JoinError::store:
      break;
  }
  return error_response(503, "unavailable", "The box can't keep that just now. Is its disk full?");
}

}  // namespace

loop::Task<Response> Router::handle(Request request, appliance::Caller caller) {
  const std::string path{request.path()};
  if (path.starts_with("/app/")) co_return co_await to_app(std::move(request), std::move(caller));
  if (path.starts_with("/local/v1/")) {
    if (!caller.console) co_return error_response(404, "not_found", "There is nothing here.");
    if (path == "/local/v1/status") co_return Response::json(200, parts_.status().dump());
    if (path == "/local/v1/metrics") co_return parts_.metrics();
    if (path == "/local/v1/doctor") co_return Response::json(200, parts_.doctor().dump());
    if (path == "/local/v1/flocks/probe" && request.method == "POST") {
      auto probed = parts_.probe_shells();
      co_return co_await std::move(probed);
    }
    if (path == "/local/v1/graph/backup") {
      auto answered = back_up(std::move(request));
      co_return co_await std::move(answered);
    }
  }
  if (path.starts_with(graph_service::api_path)) {
    auto answered = to_graph(std::move(request), std::move(caller));
    co_return co_await std::move(answered);
  }
  if (path == services_path || path.starts_with(std::string{services_path} + "/")) {
    auto who = parts_.api.who(request, caller);
    if (!who) co_return not_enrolled();
    auto answered = parts_.services.handle(std::move(request), std::move(*who), sockets_);
    co_return co_await std::move(answered);
  }
  const bool is_flocks = path == flocks_path || path.starts_with(std::string{flocks_path} + "/");
  if (path == "/api/v1/apps" || path == "/api/v1/events" || is_flocks) {
    const auto who = parts_.api.who(request, caller);
    if (!who) co_return not_enrolled();
    if (is_flocks) co_return co_await flocks(std::move(request), *who);
    if (request.method != "GET")
      co_return error_response(405, "bad_request", "Only GET is answered here.");
    if (path == "/api/v1/events")
      co_return parts_.events.subscribe(who->device ? who->device->id.to_string() : "");
    co_return Response::json(200, parts_.apps.list(parts_.root).dump());
  }
  if (path.starts_with("/api/v1/"))
    co_return co_await parts_.api.handle(std::move(request), std::move(caller));
  co_return error_response(404, "not_found", "There is nothing here.");
}

loop::Task<Response> Router::to_app(Request request, appliance::Caller caller) {
  const auto who = parts_.api.who(request, caller);
  if (!who || !who->device || !who->persona) co_return not_enrolled();
  auto target = proxy::parse_app_target(request.target);
  if (!target) co_return error_response(404, "no_such_app", "There is no such app on this box.");
  if (target->target.starts_with(graph_of_app)) {
    request.target =
        std::string{graph_service::api_path} + target->target.substr(graph_of_app.size());
    auto asks = *who;
    auto answered = parts_.graph(std::move(request), std::move(asks), std::move(target->app));
    co_return co_await std::move(answered);
  }
  proxy::Caller asks{.persona = who->persona->id.to_string(),
                     .persona_name = who->persona->name,
                     .device = who->device->id.to_string()};
  const proxy::Connector connect = [this](std::string app) {
    return parts_.apps.connect(std::move(app));
  };
  co_return co_await proxy::forward(connect, std::move(*target), std::move(request),
                                    std::move(asks), sockets_);
}

loop::Task<Response> Router::to_graph(Request request, appliance::Caller caller) {
  graph_service::accept_socket_token(request);
  auto who = parts_.api.who(request, caller);
  if (!who) co_return not_enrolled();
  std::string no_app;
  auto answered = parts_.graph(std::move(request), std::move(*who), std::move(no_app));
  co_return co_await std::move(answered);
}

loop::Task<Response> Router::back_up(Request request) {
  const std::string text = co_await http::read_all(*request.body, 8192);
  const json body = json::parse(text, nullptr, false);
  if (request.method != "POST" || !body.is_object() || !body.contains("directory") ||
      !body["directory"].is_string() || !body["directory"].get<std::string>().starts_with('/'))
    co_return error_response(400, "bad_request", "POST {\"directory\": an absolute path}.");
  auto answered = parts_.back_up_graph(body["directory"].get<std::string>());
  co_return co_await std::move(answered);
}

loop::Task<Response> Router::flocks(Request request, const appliance::Who& who) {
  const std::string path{request.path()};
  if (request.method == "GET" && path == flocks_path) {
    json all = json::array();
    for (const auto& flock : parts_.membership().list()) {
      json row = to_json(flock);
      if (json shell = parts_.shell_at(flock.address); !shell.is_null())
        row["shell"] = std::move(shell);
      all.push_back(std::move(row));
    }
    co_return Response::json(200, json{{"flocks", std::move(all)}}.dump());
  }
  const bool owner = who.is_owner();
  if (!owner) co_return error_response(403, "denied", "Only an owner may change the flocks.");
  if (request.method == "POST" && path == flocks_path) {
    const std::string text = co_await http::read_all(*request.body, 4096);
    const json body = json::parse(text, nullptr, false);
    if (!body.is_object() || !body.contains("multiaddr") || !body["multiaddr"].is_string() ||
        (body.contains("name") && !body["name"].is_string()))
      co_return error_response(400, "bad_request", "Send {\"multiaddr\", \"name\"?}.");
    const auto address = codec::Multiaddr::parse(body["multiaddr"].get<std::string>());
    if (!address) co_return refuse_join(membership::JoinError::bad_address);
    const auto joined = parts_.membership().join(*address, body.value("name", std::string{}));
    if (!joined) co_return refuse_join(joined.error());
    for (const auto& flock : parts_.membership().list())
      if (flock.address == *address) co_return Response::json(201, to_json(flock).dump());
    co_return Response::empty(201);
  }
  if (request.method == "DELETE" && path.size() > flocks_path.size() + 1) {
    const auto id = peer::PeerId::parse(path.substr(flocks_path.size() + 1));
    if (!id) co_return error_response(404, "not_found", "This box isn't in that flock.");
    const auto left = parts_.membership().leave(*id);
    if (!left) co_return refuse_join(left.error());
    if (*left) co_return Response::empty(204);
    co_return error_response(404, "not_found", "This box isn't in that flock.");
  }
  co_return error_response(405, "bad_request",
                           "Flocks are read with GET, joined with POST, left with DELETE.");
}

}  // namespace hearth::daemon
