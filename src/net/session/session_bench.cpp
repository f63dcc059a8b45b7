// Two sessions in one thread: bytes are sealed, carried and opened in turn, so one thread does what
// two ends do.

#include <benchmark/benchmark.h>

#include <hearth/session/test_pair.h>

namespace hearth::session {
namespace {

// One stream, writes of 64 KiB, the reader keeps up. MB/s of payload.
void bulk(benchmark::State& state) {
  TestPair pair;
  pair.secure();
  const StreamId id = *pair.dialer.open_stream(pair.now);
  const Bytes data(64 * 1024, std::byte{42});
  Bytes wire(static_cast<std::size_t>(state.range(0)));
  Bytes sink(64 * 1024);
  std::size_t received = 0;
  for (auto _ : state) {
    pair.now += std::chrono::microseconds{20};
    (void)pair.dialer.write(id, data);
    while (const std::size_t size = pair.dialer.poll_transmit(wire))
      pair.listener.receive(pair.now, BytesView{wire}.first(size));
    while (const std::size_t size = pair.listener.read(id, sink)) received += size;
    while (const std::size_t size = pair.listener.poll_transmit(wire))
      pair.dialer.receive(pair.now, BytesView{wire}.first(size));
    TestPair::events(pair.dialer);
    TestPair::events(pair.listener);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(received));
}
BENCHMARK(bulk)->Arg(64 * 1024)->Arg(256 * 1024);

// From nothing to secured on both sides: two key agreements and more on each.
void upgrade(benchmark::State& state) {
  for (auto _ : state) {
    TestPair pair;
    pair.pump();
    benchmark::DoNotOptimize(pair.listener.secured());
  }
}
BENCHMARK(upgrade)->Unit(benchmark::kMicrosecond);

// A stream opened, 32 bytes there and back, closed: what a ping costs.
void echo(benchmark::State& state) {
  TestPair pair;
  pair.secure();
  const Bytes data(32, std::byte{1});
  Bytes wire(64 * 1024);
  Bytes sink(64);
  const auto carry = [&](Session& from, Session& to) {
    while (const std::size_t size = from.poll_transmit(wire))
      to.receive(pair.now, BytesView{wire}.first(size));
  };
  for (auto _ : state) {
    const StreamId id = *pair.dialer.open_stream(pair.now);
    (void)pair.dialer.write(id, data);
    pair.dialer.close_write(id);
    carry(pair.dialer, pair.listener);
    (void)pair.listener.write(id, BytesView{sink}.first(pair.listener.read(id, sink)));
    pair.listener.close_write(id);
    carry(pair.listener, pair.dialer);
    benchmark::DoNotOptimize(pair.dialer.read(id, sink));
    pair.dialer.release(id);
    pair.listener.release(id);
    TestPair::events(pair.dialer);
    TestPair::events(pair.listener);
  }
}
BENCHMARK(echo);

}  // namespace
}  // namespace hearth::session
