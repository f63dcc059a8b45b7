#include <array>
#include <cmath>
#include <exception>

#include <nlohmann/json.hpp>

#include "handlers.h"
#include <hearth/appliance/api.h>

namespace hearth::appliance {
namespace {

/// What a sender must be.
enum class Needs : std::uint8_t { nobody, device, owner };

struct Route {
  std::string_view method;
  std::string_view path;  ///< below /api/v1/; `*` stands for one segment
  Needs needs;
  Answered (*handler)(State&, const Call&);
};

constexpr std::array routes{
    Route{"GET", "appliance", Needs::nobody, get_appliance},
    Route{"PATCH", "appliance", Needs::owner, rename_appliance},
    Route{"POST", "nonce", Needs::nobody, make_nonce},
    Route{"POST", "setup/start", Needs::nobody, start_setup},
    Route{"POST", "setup/finish", Needs::nobody, finish_setup},
    Route{"POST", "login/start", Needs::nobody, start_login},
    Route{"POST", "login/finish", Needs::nobody, finish_login},
    Route{"POST", "pair", Needs::nobody, use_pairing},
    Route{"POST", "session", Needs::nobody, open_session},
    Route{"GET", "me", Needs::device, get_me},
    Route{"PUT", "devices/self/certificate", Needs::device, put_certificate},
    Route{"GET", "devices", Needs::device, list_devices},
    Route{"PATCH", "devices/*", Needs::device, rename_device},
    Route{"DELETE", "devices/*", Needs::device, remove_device},
    Route{"POST", "pairings", Needs::device, open_pairing},
    Route{"GET", "pairings", Needs::device, list_pairings},
    Route{"DELETE", "pairings/*", Needs::device, close_pairing},
    Route{"POST", "password/start", Needs::device, start_password},
    Route{"POST", "password/verify", Needs::device, verify_password},
    Route{"POST", "password/finish", Needs::device, finish_password},
    Route{"GET", "personas", Needs::device, list_personas},
    Route{"POST", "personas/start", Needs::owner, start_persona},
    Route{"POST", "personas/finish", Needs::owner, finish_persona},
    Route{"DELETE", "personas/*", Needs::owner, remove_persona},
    Route{"GET", "recovery", Needs::owner, get_recovery},
    Route{"POST", "recovery/reveal", Needs::owner, reveal_recovery},
    Route{"POST", "recovery/confirm", Needs::owner, confirm_recovery},
    Route{"POST", "recovery/rotate", Needs::owner, rotate_host_key},
};

constexpr std::string_view prefix = "/api/v1/";
/// No body of ours comes near.
constexpr std::size_t body_limit = 16 * 1024;

/// What stands for `*` in `pattern` (empty without one); nothing when the path is another.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos)
    return pattern == path ? std::optional{std::string_view{}} : std::nullopt;
  if (!path.starts_with(pattern.substr(0, star))) return std::nullopt;
  const auto argument = path.substr(star);
  if (argument.empty() || argument.find('/') != std::string_view::npos) return std::nullopt;
  return argument;
}

http::Response response_of(const ApiError& error) {
  return error_response(status_of(error.code), to_string(error.code), error.message,
                        error.retry_after);
}

http::Response response_of(Answer answer) {
  auto response = answer.body.is_null() ? http::Response::empty(answer.status)
                                        : http::Response::json(answer.status, answer.body.dump());
  // Vaults, tokens and secrets pass here.
  response.headers.set("Cache-Control", "no-store");
  return response;
}

/// A body that a form could send is refused, whatever it says (CSRF).
Result<nlohmann::json, ApiError> parse_body(const http::Headers& headers, const std::string& text) {
  if (text.empty()) return nlohmann::json::object();
  const auto type = headers.get("content-type");
  if (!type || !http::same_name(type->substr(0, type->find(';')), "application/json"))
    return refuse(ErrorCode::bad_request, "Send application/json.");
  auto body = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return refuse(ErrorCode::bad_request, "The body must be a JSON object.");
  return body;
}

}  // namespace

http::Response error_response(int status, std::string_view code, std::string_view message,
                              std::optional<Duration> retry_after) {
  nlohmann::json error{{"code", code}, {"message", message}};
  std::optional<std::int64_t> seconds;
  if (retry_after) {
    seconds = std::chrono::ceil<std::chrono::seconds>(*retry_after).count();
    error["retry_after"] = *seconds;
  }
  auto response = http::Response::json(status, nlohmann::json{{"error", error}}.dump());
  if (seconds) response.headers.set("Retry-After", std::to_string(*seconds));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

struct Api::Impl {
  Impl(ApiOptions options, ApiEvents events) : state(std::move(options), std::move(events)) {}

  [[nodiscard]] std::optional<DeviceId> device_of(const http::Headers& headers,
                                                  const Caller& caller) const {
    if (caller.peer) return identity::device_of(*caller.peer);
    const auto authorization = headers.get("authorization");
    constexpr std::string_view scheme = "Hearth ";
    if (!authorization || !authorization->starts_with(scheme)) return std::nullopt;
    return state.sessions.device(authorization->substr(scheme.size()), state.now());
  }

  [[nodiscard]] std::optional<Who> who(const http::Headers& headers, const Caller& caller) const {
    if (caller.console) return Who{};
    const auto id = device_of(headers, caller);
    if (!id) return std::nullopt;
    // Asked of the directory at every request: a revoked device is nobody at its next one.
    const access::Device* device = state.directory.device(*id);
    if (device == nullptr) return std::nullopt;
    return Who{.device = *device, .persona = *state.directory.persona(device->persona)};
  }

  /// The route of a path, and what its `*` stands for.
  struct Found {
    const Route* route = nullptr;
    std::string_view argument;
  };
  [[nodiscard]] static Result<Found, ApiError> find(std::string_view method,
                                                    std::string_view path) {
    bool other_method = false;
    if (path.starts_with(prefix)) {
      for (const Route& route : routes) {
        const auto argument = match(route.path, path.substr(prefix.size()));
        if (!argument) continue;
        if (route.method == method) return Found{.route = &route, .argument = *argument};
        other_method = true;
      }
    }
    return refuse(other_method ? ErrorCode::bad_request : ErrorCode::not_found,
                  other_method ? "That can't be done with this." : "There is no such thing here.");
  }

  [[nodiscard]] Answered answer(const http::Request& request, const std::string& text,
                                const Caller& caller) {
    HEARTH_TRY(const Found found, find(request.method, request.path()));
    const auto asker = who(request.headers, caller);
    if (found.route->needs != Needs::nobody && !asker)
      return refuse(ErrorCode::unauthorized, "Log in first.");
    if (found.route->needs == Needs::owner && !asker->is_owner())
      return refuse(ErrorCode::denied, "Only an owner of this box may do that.");
    if (asker && asker->device)
      state.directory.device_seen(asker->device->id, state.wall(), state.now());
    HEARTH_TRY(const auto body, parse_body(request.headers, text));
    return found.route->handler(state, Call{.caller = caller,
                                            .who = asker,
                                            .body = body,
                                            .argument = found.argument,
                                            .host = request.headers.get("host").value_or("")});
  }

  State state;
};

Api::Api(ApiOptions options, ApiEvents events)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(events))) {}
Api::~Api() = default;

http::Task<http::Response> Api::handle(http::Request request, Caller caller) {
  std::string text;
  bool too_large = false;
  try {
    text = co_await http::read_all(*request.body, body_limit);
  } catch (const http::BodyTooLarge&) {
    too_large = true;
  }
  if (too_large)
    co_return error_response(413, to_string(ErrorCode::too_large), "That is too much at once.");
  try {
    auto answered = impl_->answer(request, text, caller);
    if (!answered) co_return response_of(answered.error());
    co_return response_of(std::move(*answered));
  } catch (const std::exception& error) {
    // The disk, mostly. What was asked is not logged: it may hold secrets.
    impl_->state.options.log.error(
        "api.failed", {{"path", std::string{request.path()}}, {"error", error.what()}});
    co_return error_response(500, to_string(ErrorCode::internal),
                             "Something broke in the box. Look at its log.");
  }
}

std::optional<Who> Api::who(const http::Request& request, const Caller& caller) const {
  return impl_->who(request.headers, caller);
}

bool Api::is_enrolled(const peer::PeerId& peer) const {
  const auto id = identity::device_of(peer);
  return id && impl_->state.directory.device(*id) != nullptr;
}

std::optional<identity::SetupCode> Api::setup_code() const {
  return impl_->state.gate.code();
}

std::vector<access::Persona> Api::personas() const {
  std::vector<access::Persona> all;
  for (const access::Persona* each : impl_->state.directory.personas()) all.push_back(*each);
  return all;
}

bool Api::claimed() const {
  return impl_->state.directory.claimed();
}

std::string Api::name() const {
  return impl_->state.name;
}

void Api::peer_connected(const peer::PeerId& peer) {
  if (const auto id = identity::device_of(peer))
    impl_->state.directory.device_came(*id, impl_->state.wall());
}

void Api::peer_disconnected(const peer::PeerId& peer) {
  if (const auto id = identity::device_of(peer))
    impl_->state.directory.device_gone(*id, impl_->state.wall(), impl_->state.now());
}

void Api::advance() {
  for (const DeviceId& device : impl_->state.directory.advance(impl_->state.now()))
    impl_->state.revoke(device);
}

std::optional<Instant> Api::deadline() const {
  return impl_->state.directory.deadline();
}

}  // namespace hearth::appliance
