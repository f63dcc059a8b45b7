#pragma once
// Requests on their way to an app: who asks is added by us alone, and the target is an app id,
// never a host.

#include <functional>
#include <memory>
#include <string>

#include <hearth/http/message.h>

namespace hearth::proxy {

/// Who asks, as the app is told.
struct Caller {
  std::string persona;       ///< base64url of its key
  std::string persona_name;  ///< what people call it; letters, digits, `-_.`
  std::string device;        ///< base64url of its key
};

/// Why an app can't answer; thrown by a connector. `status` and `code` are the API's.
struct AppUnavailable {
  int status = 503;
  std::string code = "unavailable";
  std::string message;
  int retry_after_s = 0;  ///< 0: not said
};

/// A fresh connection to the app's socket, starting the app if need be. Throws AppUnavailable.
using Connector = std::function<loop::Task<std::unique_ptr<loop::ByteStream>>(std::string app)>;

/// `/app/<id>/<rest>` split; nothing when the target has another form or the id isn't
/// `[a-z0-9-]{1,64}`.
struct AppTarget {
  std::string app;
  std::string target;  ///< "/<rest>", with its query
};
[[nodiscard]] std::optional<AppTarget> parse_app_target(std::string_view target);

/// Sends the request on and streams the answer back. Never throws for the app's faults: they become
/// 502, 503 or what the connector said, in the API's error form.
loop::Task<http::Response> forward(const Connector& connect, AppTarget to, http::Request request,
                                   Caller caller);

/// Takes out what must not pass a proxy: hop-by-hop fields (RFC 9110 section 7.6.1), and every
/// `Hearth-` field.
void strip(http::Headers& headers);

}  // namespace hearth::proxy
