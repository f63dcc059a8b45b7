// Two machines, a pipe that may deliver in any portions, users who do anything, and a peer that
// writes rubbish. Each byte or few of the input is one action. Whatever happens, it ends with all
// tables empty and the budget at zero.
#include <algorithm>
#include <vector>

#include <hearth/base/assert.h>
#include <hearth/yamux/connection.h>

using namespace hearth;
using namespace hearth::yamux;

namespace {

class Choices {
 public:
  explicit Choices(BytesView input) : reader_(input) {}
  [[nodiscard]] bool empty() const { return reader_.empty(); }
  std::uint8_t byte() { return reader_.u8().value_or(0); }
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : byte() % bound; }
  // Mostly small, at most 65,025.
  std::size_t amount() {
    const std::size_t root = byte();
    return root * root;
  }
  BytesView bytes(std::size_t count) {
    return *reader_.bytes(std::min(count, reader_.remaining()));
  }

 private:
  Reader reader_;
};

struct End {
  End(Role role, const Limits& limits, MemoryBudget& budget, Instant now)
      : machine(role, limits, budget, now) {}

  void drain() {
    while (const auto event = machine.poll_event()) {
      HEARTH_ASSERT(!ended);
      if (const auto* opened = std::get_if<StreamOpened>(&*event)) streams.push_back(opened->id);
      if (const auto* end = std::get_if<Ended>(&*event)) {
        ended = true;
        lawful = end->cause != EndCause::protocol_error && end->cause != EndCause::peer_error &&
                 end->cause != EndCause::abuse;
      }
    }
    HEARTH_ASSERT(ended == machine.ended());
  }
  StreamId any(Choices& choices) {
    // Sometimes one that nobody knows.
    const std::size_t index = choices.below(streams.size() + 1);
    return index == streams.size() ? StreamId{choices.byte()} : streams[index];
  }

  Connection machine;
  std::vector<StreamId> streams;
  Bytes wire;  // sent, not delivered
  bool ended = false;
  bool lawful = true;
};

struct World {
  bool honest;  // nobody writes rubbish into the pipe
  MemoryBudget budget{700'000};
  Limits limits{.inbound_streams = 8,
                .outbound_streams = 12,
                .max_window_bytes = 1 << 20,
                .send_buffer_bytes = 20'000};
  Instant now = Instant{} + std::chrono::seconds{1000};
  End ends[2] = {{Role::dialer, limits, budget, now}, {Role::listener, limits, budget, now}};

  void transmit(End& end, std::size_t room) {
    Bytes buffer(Connection::min_transmit + room);
    const std::size_t size = end.machine.poll_transmit(buffer);
    append(end.wire, BytesView{buffer}.first(size));
  }
  void deliver(End& from, End& to, std::size_t most) {
    const std::size_t size = std::min(most, from.wire.size());
    to.machine.receive(now, BytesView{from.wire}.first(size));
    from.wire.erase(from.wire.begin(), from.wire.begin() + static_cast<std::ptrdiff_t>(size));
    to.drain();
  }
};

void act(World& world, Choices& choices) {
  const std::uint8_t action = choices.byte();
  End& end = world.ends[action & 1];
  End& other = world.ends[1 - (action & 1)];
  static const Bytes data(70'000, std::byte{5});
  switch ((action >> 1) % 14) {
    case 0:
      if (const auto id = end.machine.open_stream(world.now)) end.streams.push_back(*id);
      break;
    case 1: {
      const StreamId id = end.any(choices);
      const std::size_t room = end.machine.writable(id);
      const std::size_t size = end.machine.write(id, BytesView{data}.first(choices.amount()));
      HEARTH_ASSERT(size <= room);
      break;
    }
    case 2: {
      Bytes out(choices.amount());
      (void)end.machine.read(end.any(choices), out);
      break;
    }
    case 3: {
      const StreamId id = end.any(choices);
      end.machine.consume(id, end.machine.peek(id).size());
      break;
    }
    case 4:
      end.machine.close_write(end.any(choices));
      break;
    case 5: {
      const StreamId id = end.any(choices);
      end.machine.reset(id);
      HEARTH_ASSERT(end.machine.read_state(id) == ReadState::reset);
      break;
    }
    case 6: {
      const StreamId id = end.any(choices);
      end.machine.release(id);
      HEARTH_ASSERT(end.machine.read_state(id) == ReadState::reset);
      break;
    }
    case 7:
    case 8:
      world.transmit(end, choices.amount());
      break;
    case 9:
    case 10:
      world.deliver(end, other, choices.amount() + 1);
      break;
    case 11:
      world.now += std::chrono::milliseconds{choices.byte()};
      end.machine.advance(world.now);
      break;
    case 12:
      world.now += std::chrono::seconds{choices.byte() % 40};
      end.machine.advance(world.now);
      break;
    case 13:
      if (!world.honest) {
        end.machine.receive(world.now, choices.bytes(choices.byte() % 40U));
      } else if (choices.byte() == 0) {
        end.machine.close();
      }
      break;
  }
  end.drain();
  // Between two machines of ours nobody ever breaks a rule.
  if (world.honest && end.ended) HEARTH_ASSERT(end.lawful);
  HEARTH_ASSERT(end.machine.streams() <= 8 + 12U);
  HEARTH_ASSERT(end.machine.inbound_streams() <= 8U);
  if (const auto deadline = end.machine.deadline())
    HEARTH_ASSERT(*deadline <= world.now + std::chrono::seconds{60});
}

// Users let go of everything, and the connections are closed.
void settle(World& world) {
  for (End& end : world.ends) {
    end.machine.close();
    end.drain();
    world.transmit(end, 1 << 20);
    for (const StreamId id : end.streams) end.machine.release(id);
    HEARTH_ASSERT(end.ended);
    HEARTH_ASSERT(!end.machine.deadline());
    HEARTH_ASSERT(end.machine.streams() == 0);
    HEARTH_ASSERT(end.machine.inbound_streams() == 0);
  }
  HEARTH_ASSERT(world.budget.used() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices{std::as_bytes(std::span{data, size})};
  World world{.honest = choices.byte() % 2 == 0};
  while (!choices.empty()) act(world, choices);
  settle(world);
  return 0;
}
