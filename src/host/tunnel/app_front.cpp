#include <algorithm>
#include <array>

#include <boost/system/system_error.hpp>

#include <hearth/tunnel/app_front.h>

namespace hearth::tunnel {

namespace {

http::Response problem(int status, const std::string& text) {
  http::Response response = http::Response::text(status, text + "\n");
  // To a page elsewhere a refusal looks like a port where nobody listens.
  response.headers.set("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

/// A redirect within the app names the host that the app believes to be: its id.
void keep_redirect_here(http::Headers& headers, const std::string& app) {
  const auto location = headers.get("location");
  if (!location) return;
  for (const auto* scheme : {"http://", "https://"}) {
    const std::string there = scheme + app;
    if (!location->starts_with(there)) continue;
    const std::string rest{location->substr(there.size())};
    if (rest.empty() || rest.front() == '/') headers.set("Location", rest.empty() ? "/" : rest);
    return;
  }
}

}  // namespace

std::string Origin::url() const {
  return "http://" + app + ".localhost:" + std::to_string(port);
}

std::optional<http::Response> Origin::refuse(const http::Request& request) const {
  if (port == 0) return std::nullopt;
  const std::string suffix = ":" + std::to_string(port);
  const std::array<std::string, 3> hosts{"127.0.0.1" + suffix, "localhost" + suffix,
                                         app + ".localhost" + suffix};
  const auto is_ours = [&](std::string_view host) {
    return std::ranges::any_of(hosts, [&](const std::string& each) {
      return http::same_name(host, each) ||
             (port == 80 && http::same_name(host, each.substr(0, each.size() - suffix.size())));
    });
  };
  // Two of them, and we and the app might look at different ones.
  if (std::ranges::count_if(request.headers, [](const auto& field) {
        return http::same_name(field.first, "host");
      }) != 1)
    return problem(400, "One Host is expected.");
  const std::string_view host = *request.headers.get("host");
  if (!is_ours(host))
    return problem(421, "This port answers to " + hosts[2] + " and " + hosts[1] + " alone.");
  const auto origin = request.headers.get("origin");
  const bool foreign = origin && *origin != "http://" + std::string{host};
  const auto site = request.headers.get("sec-fetch-site");
  if (foreign || (site && *site != "same-origin" && *site != "none"))
    return problem(403, "Pages of other sites may not use this port.");
  return std::nullopt;
}

loop::Task<http::Response> AppFront::answer(http::Request request) {
  if (auto refusal = origin_.refuse(request)) co_return std::move(*refusal);
  int status = 502;
  std::string why;
  try {
    request.target = "/app/" + origin_.app + request.target;
    request.headers.set("Host", origin_.app);
    libp2p::StreamPtr stream = co_await line_.open();
    proxy::SocketKey key{.device = {}, .persona = {}, .target = origin_.app};
    http::Response response =
        co_await proxy::pass_on(std::move(stream), std::move(request), std::move(key), sockets_);
    keep_redirect_here(response.headers, origin_.app);
    co_return response;
  } catch (const proxy::AppUnavailable& error) {
    status = error.status;
    why = error.message;
  } catch (const Unreachable& error) {
    status = 503;
    why = error.what();
  } catch (const Refused& error) {
    status = 403;
    why = error.what();
  } catch (const boost::system::system_error&) {
    why = "The connection to the box broke off before it answered.";
  }
  co_return problem(status, why);
}

}  // namespace hearth::tunnel
