#pragma once
// Who answers which request, however it came: the API, an app, or what only this machine may ask.

#include <functional>

#include <nlohmann/json.hpp>

#include <hearth/appliance/api.h>
#include <hearth/daemon/apps.h>
#include <hearth/daemon/event_hub.h>
#include <hearth/daemon/services_api.h>
#include <hearth/http/message.h>
#include <hearth/membership/membership.h>
#include <hearth/proxy/app_proxy.h>

namespace hearth::daemon {

struct RouterParts {
  appliance::Api& api;
  Apps& apps;
  EventHub& events;
  ServicesApi& services;
  /// As of now: another after the host key was rotated.
  std::function<membership::Membership&()> membership;
  const identity::RootId& root;
  /// Requests below /api/graph/v1, of somebody who is known; through the pages of `app`, unless
  /// that is empty.
  std::function<loop::Task<http::Response>(http::Request, appliance::Who, std::string app)> graph;
  /// `POST /local/v1/graph/backup`, for the control socket alone.
  std::function<loop::Task<http::Response>(std::string directory)> back_up_graph;
  /// What was found of the shell that a flock serves; null before it was looked at.
  std::function<nlohmann::json(const codec::Multiaddr& flock)> shell_at;
  /// `POST /local/v1/flocks/probe`, for the control socket alone.
  std::function<loop::Task<http::Response>()> probe_shells;
  /// `GET /local/v1/status` and `…/doctor`, for the control socket alone.
  std::function<nlohmann::json()> status;
  std::function<nlohmann::json()> doctor;
  /// `GET /local/v1/metrics`, likewise.
  std::function<http::Response()> metrics;
};

class Router {
 public:
  explicit Router(RouterParts parts) : parts_(std::move(parts)) {}

  /// Never throws for what the request holds.
  loop::Task<http::Response> handle(http::Request request, appliance::Caller caller);

  /// Ends the WebSockets that a device has to apps, and its streams to services.
  void cut(std::string_view device) { sockets_.cut(device); }

 private:
  loop::Task<http::Response> to_app(http::Request request, appliance::Caller caller);
  loop::Task<http::Response> to_graph(http::Request request, appliance::Caller caller);
  loop::Task<http::Response> back_up(http::Request request);
  loop::Task<http::Response> flocks(http::Request request, const appliance::Who& who);

  RouterParts parts_;
  proxy::Sockets sockets_;
};

}  // namespace hearth::daemon
