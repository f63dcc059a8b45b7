#pragma once
// One device's connection to one box, found anew when it is lost.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <hearth/base/entropy.h>
#include <hearth/base/log.h>
#include <hearth/http/message.h>
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/relay_client.h>
#include <hearth/loop/system.h>
#include <hearth/tunnel/box.h>

namespace hearth::tunnel {

/// No connection stands, and none came in time.
struct Unreachable : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// The box said no, for good: this device isn't let in, or it isn't the box that was pinned.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct LineOptions {
  boost::asio::any_io_executor executor;
  const loop::SystemClock& clock;
  Entropy& entropy;
  Log& log;
  /// How long a request waits for a connection that was lost.
  std::chrono::seconds patience{15};
  std::chrono::milliseconds first_retry{500};  ///< doubles each time
  std::chrono::milliseconds last_retry{15'000};
};

struct LineEvents {
  /// "tcp", "websocket" or "relayed".
  std::function<void(const std::string& transport)> on_connected;
  /// Of each loss, and once of a first try that failed.
  std::function<void(const std::string& why)> on_lost;
  /// The last event.
  std::function<void(const std::string& why)> on_refused;
  /// What is known of the box has changed: keep it.
  std::function<void(const Box&)> on_learned;
};

/// One request over a connection to the box. Throws system_error.
loop::Task<http::Response> ask(libp2p::ConnectionPtr connection, http::Request request);
/// The host at the other end speaks for `root`, under an epoch that isn't lower than `epoch`; its
/// epoch. Throws Refused or system_error.
loop::Task<std::uint64_t> check_root(libp2p::ConnectionPtr connection, identity::RootId root,
                                     std::uint64_t epoch);
/// What the box says of its flocks and addresses, put into `box`. Throws system_error.
loop::Task<void> learn(libp2p::Host& host, libp2p::ConnectionPtr connection, Box& box);

class Line {
 public:
  /// Connects at once, and again whenever the connection is lost, until it is destroyed or refused.
  Line(LineOptions options, Box box, LineEvents events);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// A stream for one HTTP request. Waits for a connection; throws Unreachable, Refused or
  /// system_error.
  loop::Task<libp2p::StreamPtr> open();
  [[nodiscard]] const Box& box() const;
  /// Tells the box, and ends all.
  loop::Task<void> close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::tunnel
