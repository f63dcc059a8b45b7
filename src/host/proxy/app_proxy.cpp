#include <algorithm>
#include <array>

#include <boost/system/system_error.hpp>

#include <hearth/http/client.h>
#include <hearth/proxy/app_proxy.h>
#include <hearth/proxy/sockets.h>

namespace hearth::proxy {

namespace {

bool is_app_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

http::Response error(int status, std::string_view code, std::string_view message,
                     int retry_after_s) {
  std::string json = "{\"error\":{\"code\":\"" + std::string{code} + "\",\"message\":\"";
  for (const char c : message)
    if (static_cast<unsigned char>(c) >= 0x20) {
      if (c == '"' || c == '\\') json += '\\';
      json += c;
    }
  json += '"';
  if (retry_after_s > 0) json += ",\"retry_after\":" + std::to_string(retry_after_s);
  http::Response response = http::Response::json(status, json + "}}");
  if (retry_after_s > 0) response.headers.add("Retry-After", std::to_string(retry_after_s));
  return response;
}

/// `request` is stripped already.
loop::Task<http::Response> send_on(std::unique_ptr<loop::ByteStream> stream, http::Request request,
                                   SocketKey key, const Sockets& sockets, bool to_socket) {
  if (to_socket) {
    auto agreed = open_socket(std::move(stream), std::move(request), std::move(key), sockets);
    co_return co_await std::move(agreed);
  }
  http::Response response = co_await http::send(std::move(stream), std::move(request));
  strip(response.headers);
  co_return response;
}

}  // namespace

std::optional<AppTarget> parse_app_target(std::string_view target) {
  constexpr std::string_view prefix = "/app/";
  if (!target.starts_with(prefix)) return std::nullopt;
  target.remove_prefix(prefix.size());
  const std::size_t slash = target.find('/');
  if (slash == std::string_view::npos || !is_app_id(target.substr(0, slash))) return std::nullopt;
  return AppTarget{.app = std::string{target.substr(0, slash)},
                   .target = std::string{target.substr(slash)}};
}

void strip(http::Headers& headers) {
  constexpr std::array<std::string_view, 10> hop_by_hop{"connection",
                                                        "keep-alive",
                                                        "proxy-connection",
                                                        "proxy-authenticate",
                                                        "proxy-authorization",
                                                        "te",
                                                        "trailer",
                                                        "transfer-encoding",
                                                        "upgrade",
                                                        "expect"};
  std::vector<std::string> named;
  for (const auto& [name, value] : headers) {
    if (!http::same_name(name, "connection")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      std::string token{rest.substr(0, comma)};
      std::erase_if(token, [](char c) { return c == ' ' || c == '\t'; });
      named.push_back(std::move(token));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  headers.remove_if([&](const std::string& name) {
    const auto is_name = [&](std::string_view other) { return http::same_name(name, other); };
    return std::ranges::any_of(hop_by_hop, is_name) || std::ranges::any_of(named, is_name) ||
           (name.size() >= 7 && http::same_name(std::string_view{name}.substr(0, 7), "hearth-"));
  });
}

loop::Task<http::Response> pass_on(std::unique_ptr<loop::ByteStream> stream, http::Request request,
                                   SocketKey key, const Sockets& sockets) {
  const bool to_socket = is_socket_request(request);
  if (to_socket) refuse_too_many(sockets, key.device);
  strip(request.headers);
  auto answered =
      send_on(std::move(stream), std::move(request), std::move(key), sockets, to_socket);
  co_return co_await std::move(answered);
}

loop::Task<http::Response> forward(const Connector& connect, AppTarget to, http::Request request,
                                   Caller caller, const Sockets& sockets) {
  std::optional<AppUnavailable> unavailable;
  try {
    if (is_socket_request(request)) refuse_too_many(sockets, caller.device);
    auto stream = co_await connect(to.app);
    SocketKey key{.device = caller.device, .persona = caller.persona, .target = to.app};
    request.target = std::move(to.target);
    // Before ours are added; pass_on() would take them for a stranger's.
    const bool to_socket = is_socket_request(request);
    strip(request.headers);
    request.headers.remove("authorization");
    if (request.headers.has("origin")) request.headers.set("Origin", "http://" + to.app);
    request.headers.set("Host", to.app);
    request.headers.set("Hearth-Persona", std::move(caller.persona));
    request.headers.set("Hearth-Persona-Name", std::move(caller.persona_name));
    request.headers.set("Hearth-Device", caller.device);
    auto answered =
        send_on(std::move(stream), std::move(request), std::move(key), sockets, to_socket);
    co_return co_await std::move(answered);
  } catch (const AppUnavailable& reason) {
    unavailable = reason;
  } catch (const boost::system::system_error&) {
    unavailable = AppUnavailable{.status = 502,
                                 .code = "app_failed",
                                 .message = "The app stopped before it answered. Try again.",
                                 .retry_after_s = 0};
  }
  co_return error(unavailable->status, unavailable->code, unavailable->message,
                  unavailable->retry_after_s);
}

}  // namespace hearth::proxy
