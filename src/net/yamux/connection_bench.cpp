// Two machines in one thread, nothing sealed: what the muxer itself costs.

#include <vector>

#include <benchmark/benchmark.h>

#include <hearth/yamux/connection.h>

namespace hearth::yamux {
namespace {

struct Pair {
  MemoryBudget budget{std::size_t{1} << 40};
  Instant now = Instant{} + std::chrono::seconds{1};
  Connection dialer{Role::dialer, {}, budget, now};
  Connection listener{Role::listener, {}, budget, now};
  Bytes wire = Bytes(65'519);

  void carry(Connection& from, Connection& to) {
    while (const std::size_t size = from.poll_transmit(wire))
      to.receive(now, BytesView{wire}.first(size));
  }
  static void drain(Connection& machine) {
    while (machine.poll_event()) continue;
  }
};

// One stream, writes of `range` bytes, read at once. Bytes of payload.
void bulk(benchmark::State& state) {
  Pair pair;
  const StreamId id = *pair.dialer.open_stream(pair.now);
  const Bytes data(static_cast<std::size_t>(state.range(0)), std::byte{1});
  Bytes sink(64 * 1024);
  std::size_t received = 0;
  for (auto _ : state) {
    pair.now += std::chrono::microseconds{20};
    (void)pair.dialer.write(id, data);
    pair.carry(pair.dialer, pair.listener);
    while (const std::size_t size = pair.listener.read(id, sink)) received += size;
    pair.carry(pair.listener, pair.dialer);
    Pair::drain(pair.dialer);
    Pair::drain(pair.listener);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(received));
}
BENCHMARK(bulk)->Arg(64)->Arg(1024)->Arg(64 * 1024);

// `range` streams are open; one after the other gets a message of 100 bytes. Messages per second.
void messages(benchmark::State& state) {
  Pair pair;
  std::vector<StreamId> ids;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    ids.push_back(*pair.dialer.open_stream(pair.now));
    pair.carry(pair.dialer, pair.listener);
    pair.carry(pair.listener, pair.dialer);
  }
  const Bytes data(100, std::byte{1});
  Bytes sink(1000);
  std::size_t next = 0;
  for (auto _ : state) {
    const StreamId id = ids[next++ % ids.size()];
    (void)pair.dialer.write(id, data);
    pair.carry(pair.dialer, pair.listener);
    benchmark::DoNotOptimize(pair.listener.read(id, sink));
    pair.carry(pair.listener, pair.dialer);
    Pair::drain(pair.listener);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(messages)->Arg(1)->Arg(1000);

}  // namespace
}  // namespace hearth::yamux
