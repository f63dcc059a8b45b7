#pragma once
// STUN over UDP: tells browsers and appliances how the world sees them.

#include <memory>
#include <vector>

#include <hearth/base/entropy.h>
#include <hearth/loop/system.h>
#include <hearth/stun/binding_server.h>
#include <hearth/udp/socket.h>

namespace hearth::flock {

class StunService {
 public:
  /// Binds each of `ips`, of which there is at least one, at the same port; 0 picks it. Throws
  /// boost::system::system_error.
  StunService(boost::asio::any_io_executor executor, const std::vector<IpAddress>& ips,
              std::uint16_t port, const loop::SystemClock& clock, Entropy& entropy);

  [[nodiscard]] const stun::BindingServer::Counters& counters() const { return server_.counters(); }

 private:
  void receive(udp::Socket& socket, std::span<const udp::Datagram> datagrams);

  const loop::SystemClock& clock_;
  stun::BindingServer server_;
  std::vector<std::unique_ptr<udp::Socket>> sockets_;
};

}  // namespace hearth::flock
