#include <array>

#include <hearth/flock/stun_service.h>

namespace hearth::flock {

StunService::StunService(boost::asio::any_io_executor executor, const std::vector<IpAddress>& ips,
                         std::uint16_t port, const loop::SystemClock& clock, Entropy& entropy)
    : clock_(clock), server_({}, entropy) {
  for (const IpAddress& ip : ips) {
    if (!sockets_.empty()) port = sockets_.front()->local().port;
    sockets_.push_back(std::make_unique<udp::Socket>(
        executor,
        udp::Options{.bind = {.address = ip, .port = port}, .buffer_bytes = std::size_t{1} << 20}));
  }
  for (const auto& socket : sockets_)
    socket->start([this, &socket = *socket](
                      std::span<const udp::Datagram> datagrams) { receive(socket, datagrams); },
                  [] {});
}

void StunService::receive(udp::Socket& socket, std::span<const udp::Datagram> datagrams) {
  std::array<std::byte, stun::BindingServer::max_answer_size> buffer;
  for (const udp::Datagram& datagram : datagrams) {
    const auto size = server_.answer(clock_.now(), datagram.remote, datagram.bytes, buffer);
    if (!size) continue;
    const udp::Datagram answer{.remote = datagram.remote,
                               .local = datagram.local,
                               .bytes = BytesView{buffer}.first(*size)};
    socket.send({&answer, 1});  // a full buffer drops it: STUN asks again
  }
}

}  // namespace hearth::flock
