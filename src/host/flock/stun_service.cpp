#include <array>

#include <hearth/flock/stun_service.h>

namespace hearth::flock {

StunService::StunService(boost::asio::any_io_executor executor, const Endpoint& bind,
                         const loop::SystemClock& clock, Entropy& entropy)
    : clock_(clock),
      server_({}, entropy),
      socket_(executor, {.bind = bind, .buffer_bytes = std::size_t{1} << 20}) {
  socket_.start([this](std::span<const udp::Datagram> datagrams) { receive(datagrams); }, [] {});
}

void StunService::receive(std::span<const udp::Datagram> datagrams) {
  std::array<std::byte, stun::BindingServer::max_answer_size> buffer;
  for (const udp::Datagram& datagram : datagrams) {
    const auto size = server_.answer(clock_.now(), datagram.remote, datagram.bytes, buffer);
    if (!size) continue;
    const udp::Datagram answer{.remote = datagram.remote,
                               .local = datagram.local,
                               .bytes = BytesView{buffer}.first(*size)};
    socket_.send({&answer, 1});  // a full buffer drops it: STUN asks again
  }
}

}  // namespace hearth::flock
