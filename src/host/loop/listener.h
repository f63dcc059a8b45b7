#pragma once
// What comes to a socket of this machine: a TCP port, or a unix socket.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/base/endpoint.h>
#include <hearth/loop/byte_stream.h>

namespace hearth::loop {

/// Serves one connection, which it owns.
using Serve = std::function<Task<void>(std::unique_ptr<ByteStream>)>;

struct ListenerOptions {
  std::size_t connections = 256;  ///< at once; more wait in the kernel's queue
  /// Taken for each connection and kept as long as it lives; null: there is no room, it waits. Not
  /// set: there always is.
  std::function<std::shared_ptr<void>()> take_room;
  /// Asked about each TCP connection, by its two ends; not set: all get in.
  std::function<bool(const Endpoint& peer, const Endpoint& local)> admit;
  /// Told of each that was turned away.
  std::function<void()> refused;
};

/// Accepts until destroyed; open connections are then reset.
class Listener {
 public:
  /// Throws boost::system::system_error, for instance when the port is taken. Port 0 picks one.
  static std::unique_ptr<Listener> on_tcp(boost::asio::any_io_executor executor,
                                          const Endpoint& endpoint, Serve serve,
                                          ListenerOptions options = {});
  /// A socket at `path`, 0600, for processes of root and of our own uid alone (SO_PEERCRED): others
  /// get EACCES. A socket left there by a process that is gone is replaced; throws system_error
  /// when one answers.
  static std::unique_ptr<Listener> on_unix(boost::asio::any_io_executor executor,
                                           const std::string& path, Serve serve,
                                           ListenerOptions options = {});
  virtual ~Listener() = default;

  /// The TCP port; 0 for a unix socket.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

}  // namespace hearth::loop
