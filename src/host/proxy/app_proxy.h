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

/// Whose socket it is, and where it leads.
struct SocketKey {
  std::string device;
  std::string persona;
  std::string target;
};

/// What is open between devices and apps (WebSockets) and services (TCP): so many for each device,
/// and none of what was cut off.
class Sockets {
 public:
  static constexpr std::size_t per_device = 256;

  Sockets();
  /// Ends those of one device at once.
  void cut(std::string_view device);
  /// Ends those that `whose` says yes to.
  void cut_if(const std::function<bool(const SocketKey&)>& whose);
  [[nodiscard]] std::size_t size() const;

  struct State;
  [[nodiscard]] const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;
};

/// Sends the request on and streams the answer back. Never throws for the app's faults: they become
/// 502, 503 or what the connector said, in the API's error form.
///
/// A request for a WebSocket (RFC 6455 section 4.1) goes on as one, when the app agrees within 30
/// s: then bytes are carried both ways, each side as fast as the other takes them, until both have
/// ended, or one has and 10 s went by. Other protocols aren't switched to.
///
/// An `Origin` becomes the app's own, as its `Host` does: whoever may ask at all asks from there.
loop::Task<http::Response> forward(const Connector& connect, AppTarget to, http::Request request,
                                   Caller caller, const Sockets& sockets);

/// The last part of it, once it is known where to and for whom: sends `request` on as it is over
/// `stream`, WebSockets as such, without what must not pass a proxy. Throws system_error; and
/// AppUnavailable when `key.device` has too many sockets.
loop::Task<http::Response> pass_on(std::unique_ptr<loop::ByteStream> stream, http::Request request,
                                   SocketKey key, const Sockets& sockets);

/// Takes out what must not pass a proxy: hop-by-hop fields (RFC 9110 section 7.6.1), and every
/// `Hearth-` field.
void strip(http::Headers& headers);

}  // namespace hearth::proxy
