#pragma once
// STUN on one UDP socket: tells browsers and appliances how the world sees them.

#include <memory>

#include <hearth/base/entropy.h>
#include <hearth/loop/system.h>
#include <hearth/stun/binding_server.h>
#include <hearth/udp/socket.h>

namespace hearth::flock {

class StunService {
 public:
  /// Binds; port 0 picks one. Throws boost::system::system_error.
  StunService(boost::asio::any_io_executor executor, const Endpoint& bind,
              const loop::SystemClock& clock, Entropy& entropy);

  [[nodiscard]] Endpoint local() const { return socket_.local(); }
  [[nodiscard]] const stun::BindingServer::Counters& counters() const { return server_.counters(); }

 private:
  void receive(std::span<const udp::Datagram> datagrams);

  const loop::SystemClock& clock_;
  stun::BindingServer server_;
  udp::Socket socket_;
};

}  // namespace hearth::flock
