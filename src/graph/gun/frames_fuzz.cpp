
#include <hearth/base/assert.h>
#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/graph_store/memory_store.h>
#include <hearth/gun/relay.h>
#include <hearth/gun/signature_scan.h>

// Frames, one a line, from two peers, with commits, lost commits and time between them. What was
// read from any frame can be written and read again; the relay ends with nothing pending.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  std::string_view rest = as_text(std::as_bytes(std::span{data, size}));
  SeededEntropy entropy;
  graph_store::MemoryStore store;
  gun::Moment at{.now = Instant{std::chrono::hours{1}}, .wall_ms = 1'795'269'100'000};
  gun::Relay relay{store, {.queue_bytes = 4096, .deferred = 8}, entropy, at};
  const auto one = *relay.connect(IpAddress{}, at);
  const auto two = *relay.connect(IpAddress{}, at);
  gun::FrameParser parser;
  gun::Sea sea;
  const auto drain = [&] {
    while (const auto id = relay.poll_ready())
      for (std::string frame = relay.next_frame(*id, at); !frame.empty();
           frame = relay.next_frame(*id, at))
        HEARTH_ASSERT(parser.parse(frame).has_value());
  };
  const auto commit = [&](bool works) {
    if (const auto batch = relay.poll_commit()) {
      if (works) {
        HEARTH_ASSERT(store.write(*batch).has_value());
        relay.committed(at);
      } else {
        relay.commit_failed(gun::StoreError::unavailable, at);
      }
    }
  };
  bool turn = false;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (line == "c") {
      commit(true);
    } else if (line == "f") {
      commit(false);
    } else if (line == "t") {
      at.now += std::chrono::seconds{10};
      at.wall_ms += 10'000;
      relay.advance(at);
    } else {
      // As the service does it; the relay then looks at no signature itself.
      const std::vector<std::string> frames{std::string{line}};
      gun::SignatureScan scan{frames, at.wall_ms};
      while (scan.step(sea, 2)) continue;
      relay.note_signatures(scan.take());
      relay.receive(turn ? one : two, line, at);
      HEARTH_ASSERT(relay.counters().verifications == 0);
      turn = !turn;
    }
    drain();
  }
  commit(true);
  commit(true);
  drain();
  HEARTH_ASSERT(relay.pending_bytes() == 0);
  HEARTH_ASSERT(relay.deadline() > at.now - std::chrono::seconds{1});
  return 0;
}
