#pragma once
// HTTP on sockets of this machine: the loopback port, and the control socket for the owner's own
// tools.

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/base/endpoint.h>
#include <hearth/http/server.h>

namespace hearth::local {

struct ListenerOptions {
  std::size_t connections = 256;  ///< at once; more wait in the kernel's queue
};

/// Accepts until destroyed; open connections are then reset.
class Listener {
 public:
  /// Throws boost::system::system_error, for instance when the port is taken. Port 0 picks one.
  static std::unique_ptr<Listener> on_tcp(boost::asio::any_io_executor executor,
                                          const Endpoint& endpoint, http::Handler handler,
                                          ListenerOptions options = {});
  /// A socket at `path`, 0600, for processes of root and of our own uid alone (SO_PEERCRED): others
  /// get EACCES. A socket left there by a process that is gone is replaced; throws system_error
  /// when one answers.
  static std::unique_ptr<Listener> on_unix(boost::asio::any_io_executor executor,
                                           const std::string& path, http::Handler handler,
                                           ListenerOptions options = {});
  virtual ~Listener() = default;

  /// The TCP port; 0 for a unix socket.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

}  // namespace hearth::local
