#pragma once
// What stands between the loopback port and hostile pages in the same browser (FEATURES S10).
//
// A page anywhere can make this browser send requests to 127.0.0.1, and a name of its own can be
// made to resolve there (DNS rebinding). So: only known Host names, no foreign Origin, no
// cross-site fetches, no cookies, no CORS, and nothing changes state by what a form can send.

#include <optional>
#include <string>

#include <hearth/http/message.h>
#include <hearth/local/origins.h>

namespace hearth::local {

class Guard {
 public:
  /// `origins` must outlive it.
  explicit Guard(const Origins& origins) : origins_(origins) {}

  /// The refusal of a request for the API, or nothing when it may pass. Passing says nothing about
  /// who asks.
  [[nodiscard]] std::optional<http::Response> refuse(const http::Request& request) const;

 private:
  const Origins& origins_;
};

/// An error in the API's form (docs/protocol/api.md).
[[nodiscard]] http::Response api_error(int status, std::string_view code, std::string_view message);

}  // namespace hearth::local
