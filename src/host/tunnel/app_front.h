#pragma once
// An app of the box on a local port: HTTP and WebSocket as they come, behind a guard.
//
// The threat is the user's own browser: a page anywhere can make it send requests to a port of
// 127.0.0.1, and can have a name of its own resolve there (DNS rebinding). Whatever reaches the
// app through here comes as the user. So on a port only the names of this machine are answered,
// and nothing that a page of another origin caused; what doesn't come from a browser passes.

#include <cstdint>
#include <memory>
#include <string>

#include <hearth/http/server.h>
#include <hearth/proxy/app_proxy.h>
#include <hearth/tunnel/line.h>

namespace hearth::tunnel {

struct Origin {
  std::string app;
  /// 0: a unix socket, which no page can reach.
  std::uint16_t port = 0;

  /// Where a browser opens it: a host of its own, so that its cookies are for no other local port.
  [[nodiscard]] std::string url() const;
  /// The refusal, in words, or nothing when the request may pass.
  [[nodiscard]] std::optional<http::Response> refuse(const http::Request& request) const;
};

class AppFront {
 public:
  /// `line` outlives it.
  AppFront(Line& line, Origin origin) : line_(line), origin_(std::move(origin)) {}

  loop::Task<http::Response> answer(http::Request request);
  [[nodiscard]] const Origin& origin() const { return origin_; }

 private:
  Line& line_;
  Origin origin_;
  proxy::Sockets sockets_;
};

}  // namespace hearth::tunnel
