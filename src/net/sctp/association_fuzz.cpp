// Two associations, a path that loses, doubles and shuffles, users who do anything, and (sometimes)
// a peer whose chunks are rubbish under the right tag. Each few bytes are an action. Between honest
// sides every message arrives once and in its stream's order, and at last all queues are empty;
// whatever happens, there is one end and silence after it.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <vector>

#include <hearth/base/assert.h>
#include <hearth/sctp/association.h>
#include <hearth/sctp/crc32c.h>
#include <hearth/sctp/packet.h>

using namespace hearth;
using namespace hearth::sctp;

namespace {

constexpr std::uint16_t streams = 4;

class Dice final : public Entropy {
 public:
  explicit Dice(std::uint8_t seed) : state_(seed) {}
  void fill(MutableBytes out) override {
    for (std::byte& b : out) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      b = static_cast<std::byte>(state_ >> 40);
    }
  }

 private:
  std::uint64_t state_;
};

class Choices {
 public:
  explicit Choices(BytesView input) : reader_(input) {}
  [[nodiscard]] bool empty() const { return reader_.empty(); }
  std::uint8_t byte() { return reader_.u8().value_or(0); }
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : byte() % bound; }
  BytesView bytes(std::size_t count) {
    return *reader_.bytes(std::min(count, reader_.remaining()));
  }

 private:
  Reader reader_;
};

struct End {
  End(const Options& options, Dice dice, Instant now) : machine(options, dice, now) {}
  Association machine;
  std::deque<Bytes> wire;                                       // sent, not delivered
  std::map<std::uint16_t, std::deque<std::uint32_t>> expected;  // sent to this end, ordered
  std::vector<std::uint32_t> unordered;
  std::uint32_t sent = 0;
  bool reads = true;
  bool closed = false;
  bool limited = false;  // somebody sent what may be given up
};

struct World {
  World(std::uint8_t seed, const Options& options, bool is_honest)
      : honest(is_honest),
        ends{End{options, Dice{seed}, now},
             End{options, Dice{static_cast<std::uint8_t>(seed ^ 0x55)}, now}} {}
  bool honest;
  Instant now = Instant{} + std::chrono::seconds{100};
  std::array<End, 2> ends;

  void check_message(End& end, const Message& message) {
    HEARTH_ASSERT(message.stream.value() < streams && !message.payload.empty());
    if (!honest) return;
    Reader reader{message.payload};
    const std::uint32_t number = reader.u32_be().value_or(~0u);
    if (message.ordering == Ordering::unordered) {
      HEARTH_ASSERT(std::erase(end.unordered, number) == 1);
      return;
    }
    auto& expected = end.expected[message.stream.value()];
    while (end.limited && !expected.empty() && expected.front() != number) expected.pop_front();
    HEARTH_ASSERT(!expected.empty() && expected.front() == number);
    expected.pop_front();
  }
  void drain(End& end) {
    const auto events = [&] {
      while (const auto event = end.machine.poll_event()) {
        HEARTH_ASSERT(!end.closed);
        if (std::holds_alternative<Closed>(*event)) end.closed = true;
      }
    };
    events();
    while (end.reads) {
      const auto message = end.machine.poll_message();
      if (!message) break;
      check_message(end, *message);
    }
    std::array<std::byte, 1200> out;
    int packets = 0;
    while (const auto size = end.machine.poll_transmit(out)) {
      HEARTH_ASSERT(*size >= 12 && *size <= 600);
      HEARTH_ASSERT(++packets < 2000);
      if (end.wire.size() < 3000) end.wire.push_back(to_bytes(BytesView{out}.first(*size)));
    }
    events();
    if (const auto at = end.machine.deadline()) {
      HEARTH_ASSERT(!end.closed);
      HEARTH_ASSERT(*at <= now + std::chrono::seconds{300});
    }
  }
  void deliver(End& from, End& to, std::size_t index, bool again) {
    if (from.wire.empty()) return;
    const auto at = from.wire.begin() + static_cast<std::ptrdiff_t>(index % from.wire.size());
    const Bytes packet = *at;
    if (!again) from.wire.erase(at);
    to.machine.receive(now, packet);
    drain(to);
  }
  void pass_time(Duration time) {
    now += time;
    for (End& end : ends) {
      end.machine.advance(now);
      drain(end);
    }
  }
};

void send(World& world, End& end, End& other, Choices& choices) {
  const std::uint8_t how = choices.byte();
  const auto stream = static_cast<std::uint16_t>(how % streams);
  Bytes payload(4 + choices.byte() * (how & 16 ? 20u : 1u));
  Bytes number;
  Writer{number}.u32_be(end.sent);
  std::ranges::copy(number, payload.begin());
  const auto ordering = (how & 32) != 0 ? Ordering::unordered : Ordering::ordered;
  Reliability reliability;
  if (how >= 224) reliability.max_retransmissions = 1;
  if (how >= 208 && how < 224) reliability.lifetime = std::chrono::milliseconds{30};
  if (!end.machine.send(world.now, StreamId{stream}, Ppid{53}, ordering, payload, reliability))
    return;
  if (how >= 208) other.limited = true;
  if (ordering == Ordering::ordered) {
    other.expected[stream].push_back(end.sent);
  } else {
    other.unordered.push_back(end.sent);
  }
  ++end.sent;
}

/// A chunk of any kind and content under the peer's tag: what a peer may send that follows no rule.
void lie(World& world, End& from, End& to, Choices& choices) {
  if (from.wire.empty()) return;
  Bytes packet = from.wire.front();
  const std::uint8_t kind = choices.byte();
  if (kind % 2 == 0) {  // alters an honest one
    const std::size_t at = 12 + choices.byte() * 3u % std::max<std::size_t>(packet.size() - 12, 1);
    if (at < packet.size()) packet[at] = std::byte{choices.byte()};
  } else {
    packet.resize(12);
    const BytesView value = choices.bytes(choices.byte() % 48u);
    Writer out{packet};
    out.u8(choices.byte());
    out.u8(choices.byte());
    out.u16_be(static_cast<std::uint16_t>(4 + value.size()));
    out.bytes(value);
  }
  write_checksum(packet);
  to.machine.receive(world.now, packet);
  world.drain(to);
}

void act(World& world, Choices& choices) {
  const std::uint8_t action = choices.byte();
  End& end = world.ends[action & 1];
  End& other = world.ends[1 - (action & 1)];
  switch ((action >> 1) % 12) {
    case 0:
    case 1:
      send(world, end, other, choices);
      break;
    case 2:
    case 3:
      for (std::size_t i = choices.below(20); i > 0; --i) world.deliver(end, other, 0, false);
      break;
    case 4:
      world.deliver(end, other, choices.byte(), false);  // out of order
      break;
    case 5:
      world.deliver(end, other, choices.byte(), true);  // and once more later
      break;
    case 6:
      if (!end.wire.empty()) end.wire.erase(end.wire.begin());
      break;
    case 7:
      world.pass_time(std::chrono::milliseconds{choices.byte()});
      break;
    case 8:
      world.pass_time(std::chrono::microseconds{choices.byte()} * 40);
      break;
    case 9:
      end.reads = !end.reads;
      break;
    case 10:
      end.machine.reset_stream(world.now,
                               StreamId{static_cast<std::uint16_t>(choices.byte() % streams)});
      break;
    case 11:
      if (!world.honest) {
        lie(world, end, other, choices);
      } else if (choices.byte() == 0) {
        end.machine.close(world.now);
      }
      break;
  }
  world.drain(end);
}

/// The path heals and everybody reads.
void settle(World& world) {
  for (End& end : world.ends) end.reads = true;
  for (int round = 0; round < 4000; ++round) {
    bool quiet = true;
    for (std::size_t i = 0; i < 2; ++i) {
      while (!world.ends[i].wire.empty()) {
        world.deliver(world.ends[i], world.ends[1 - i], 0, false);
        quiet = false;
      }
      world.drain(world.ends[i]);
    }
    if (world.ends[0].closed || world.ends[1].closed) return;
    std::optional<Instant> next;
    for (const End& end : world.ends)
      if (const auto at = end.machine.deadline(); at && (!next || *at < *next)) next = at;
    if (!next) {
      if (quiet) break;
      continue;
    }
    world.pass_time(std::max(*next - world.now, Duration{1}));
  }
  for (End& end : world.ends) {
    HEARTH_ASSERT(!end.machine.deadline());
    HEARTH_ASSERT(end.machine.buffered() == 0);
    if (end.limited) continue;
    HEARTH_ASSERT(end.unordered.empty());
    for (const auto& [stream, waiting] : end.expected) HEARTH_ASSERT(waiting.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices{std::as_bytes(std::span{data, size})};
  const std::uint8_t how = choices.byte();
  const Options options{.streams = streams,
                        .max_message = 6000,
                        .send_buffer = 40'000,
                        .receive_buffer = 20'000,
                        .mtu = 600,
                        .congestion = (how & 2) != 0 ? Congestion::cubic : Congestion::bbr,
                        .interleaving = (how & 4) != 0,
                        .zero_checksum = (how & 8) != 0};
  World world{how, options, (how & 1) == 0};
  if ((how & 16) != 0) {  // past the handshake
    for (End& end : world.ends) world.drain(end);
    for (int i = 0; i < 8; ++i)
      for (std::size_t side = 0; side < 2; ++side)
        world.deliver(world.ends[side], world.ends[1 - side], 0, false);
  }
  while (!choices.empty()) act(world, choices);
  if (world.honest) settle(world);
  for (End& end : world.ends) {
    end.machine.close(world.now);
    world.drain(end);
    HEARTH_ASSERT(end.closed && !end.machine.deadline() && end.machine.buffered() == 0);
  }
  return 0;
}
