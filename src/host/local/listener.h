#pragma once
// HTTP on sockets of this machine: the loopback port, and the control socket for the owner's own
// tools.

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/base/endpoint.h>
#include <hearth/budget/pool.h>
#include <hearth/http/server.h>
#include <hearth/loop/listener.h>

namespace hearth::local {

struct ListenerOptions {
  std::size_t connections = 256;  ///< at once; more wait in the kernel's queue
  /// The sockets of the process; null: they aren't counted.
  std::shared_ptr<budget::Pool> sockets;
  /// What messages share (<hearth/http/server.h>).
  std::shared_ptr<budget::Pool> memory;
};

/// As loop::Listener::on_tcp.
std::unique_ptr<loop::Listener> listen_on_tcp(boost::asio::any_io_executor executor,
                                              const Endpoint& endpoint, http::Handler handler,
                                              ListenerOptions options = {});
/// As loop::Listener::on_unix.
std::unique_ptr<loop::Listener> listen_on_unix(boost::asio::any_io_executor executor,
                                               const std::string& path, http::Handler handler,
                                               ListenerOptions options = {});

}  // namespace hearth::local
