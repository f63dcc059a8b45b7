#include <utility>

#include <hearth/libp2p/async.h>
#include <hearth/libp2p/ping.h>

namespace hearth::libp2p {

namespace {

using boost::system::system_error;
namespace error = boost::asio::error;

Task<void> echo(StreamPtr stream) {
  Bytes buffer(identify::ping_size);
  while (const std::size_t count = co_await stream->read_some(buffer))
    co_await stream->write(BytesView{buffer}.first(count));
  co_await stream->close_write();
}

Task<Duration> round_trip(const loop::SystemClock& clock, Entropy& entropy,
                          ConnectionPtr connection) {
  const StreamPtr stream = co_await connection->open(std::string{identify::ping_protocol});
  identify::Pinger pinger;
  const Bytes sent = to_bytes(pinger.start(entropy, clock.now()));
  co_await stream->write(sent);
  Bytes buffer(identify::ping_size);
  while (true) {
    const std::size_t count = co_await stream->read_some(buffer);
    if (count == 0) throw system_error{error::eof};
    const auto took = pinger.receive(clock.now(), BytesView{buffer}.first(count));
    if (!took) throw system_error{error::fault};
    if (!*took) continue;
    co_await stream->close_write();
    co_return **took;
  }
}

}  // namespace

void serve_pings(Host& host) {
  host.handle(std::string{identify::ping_protocol}, echo);
}

Task<Duration> ping(Host& host, ConnectionPtr connection) {
  return within(identify::ping_timeout,
                round_trip(host.clock(), host.entropy(), std::move(connection)));
}

}  // namespace hearth::libp2p
