// Stateful: an agent among a peer that knows the passwords, strangers that don't, and time. It
// never waits for a moment that has passed, keeps its bounds, ends by itself, and then holds
// nothing.
#include <deque>

#include <hearth/base/assert.h>
#include <hearth/ice/agent.h>
#include <hearth/ice/network_for_test.h>

using namespace hearth;
using namespace hearth::ice;

namespace {

constexpr std::string_view our_password = "our password, 22 chars";
constexpr std::string_view their_password = "their password, 22 chars";

struct Sent {
  Endpoint to;
  Endpoint local;
  stun::TransactionId transaction;
};

class Run {
 public:
  explicit Run(BytesView input) : in_(input), agent_(options(byte()), entropy_, now_) { drain(); }

  void play() {
    while (!in_.empty() && !agent_.closed()) {
      step();
      drain();
      HEARTH_ASSERT(agent_.table_size() <= Agent::max_remote_candidates + 2 * Agent::max_pairs +
                                               Agent::max_queued_responses + 128);
    }
    // Nobody answers any more.
    for (int i = 0; !agent_.closed(); ++i) {
      HEARTH_ASSERT(i < 20'000);
      now_ = std::max(now_, *agent_.deadline());
      agent_.advance(now_);
      drain();
    }
    HEARTH_ASSERT(!agent_.deadline());
    HEARTH_ASSERT(agent_.table_size() == 0);
  }

 private:
  std::uint8_t byte() { return in_.u8().value_or(0); }
  Endpoint remote() {
    const std::uint8_t b = byte();
    if (b % 16 == 0) return {*IpAddress::parse("2001:db8::9"), b};
    return {IpAddress::v4({198, 51, 100, static_cast<std::uint8_t>(b & 0x3f)}),
            static_cast<std::uint16_t>(b >> 4)};
  }
  static Endpoint local(std::uint8_t b) {
    return {IpAddress::v4({10, 0, 0, static_cast<std::uint8_t>(b % 20)}), 4001};
  }
  static AgentOptions options(std::uint8_t b) {
    return {.tag = SessionTag{7},
            .mode = b & 1 ? Mode::lite : Mode::full,
            .role = b & 2 ? Role::controlling : Role::controlled,
            .local = {"ours", std::string{our_password}},
            .bases = {local(0), local(1), {*IpAddress::parse("2001:db8::1"), 4001}},
            .stun_servers = b & 4 ? std::vector{Endpoint{IpAddress::v4({192, 0, 2, 1}), 3478}}
                                  : std::vector<Endpoint>{}};
  }

  void drain() {
    std::array<std::byte, Agent::max_transmit_size> buffer;
    while (const auto t = agent_.poll_transmit(buffer)) {
      HEARTH_ASSERT(t->size <= buffer.size());
      const auto message = stun::Message::parse(std::span{buffer}.first(t->size));
      HEARTH_ASSERT(message);
      if (message->message_class() != stun::Class::request) continue;
      sent_.push_back({t->to, t->local, message->transaction()});
      if (sent_.size() > 32) sent_.pop_front();
    }
    while (agent_.poll_event()) {
    }
    if (agent_.closed()) return;
    // At most a few things are due at once; then the deadline lies ahead.
    for (int i = 0; agent_.deadline() && *agent_.deadline() <= now_; ++i) {
      HEARTH_ASSERT(i < 8);
      agent_.advance(now_);
      while (agent_.poll_transmit(buffer)) {
      }
      while (agent_.poll_event()) {
      }
      if (agent_.closed()) return;
    }
  }

  void step() {
    switch (byte() % 7) {
      case 0:
        now_ += std::chrono::milliseconds{byte() * 20};
        agent_.advance(now_);
        break;
      case 1: {  // the peer's check
        const std::uint8_t flags = byte();
        Bytes out(512);
        stun::MessageWriter writer{out, stun::Class::request,
                                   make_transaction(SessionTag{byte()}, entropy_)};
        writer.username("ours", flags & 1 ? "theirs" : "").priority(flags * 1000U + 1U);
        if (flags & 2) writer.ice_controlling(flags & 4 ? 0 : ~std::uint64_t{0});
        if (flags & 8) writer.ice_controlled(flags & 4 ? 0 : ~std::uint64_t{0});
        if (flags & 16) writer.use_candidate();
        writer.integrity(as_bytes(flags & 32 ? "wrong" : our_password)).fingerprint();
        out.resize(*writer.finish());
        (void)agent_.receive(now_, remote(), local(byte()), out);
        break;
      }
      case 2: {  // an answer to one of its requests
        if (sent_.empty()) break;
        const Sent s = sent_[byte() % sent_.size()];
        const std::uint8_t flags = byte();
        Bytes out(256);
        stun::MessageWriter writer{out, flags & 1 ? stun::Class::error : stun::Class::success,
                                   s.transaction};
        if (flags & 1) {
          writer.error_code(flags & 2 ? stun::ErrorCode::role_conflict
                                      : stun::ErrorCode::server_error);
        } else {
          writer.xor_mapped_address(flags & 2 ? s.local : remote());
        }
        writer.integrity(as_bytes(flags & 4 ? "wrong" : their_password)).fingerprint();
        out.resize(*writer.finish());
        (void)agent_.receive(now_, flags & 8 ? remote() : s.to, s.local, out);
        break;
      }
      case 3:
        (void)agent_.add_remote_candidate(
            now_, {.foundation = "1", .priority = byte() * 1000U + 1U, .endpoint = remote()});
        break;
      case 4:
        agent_.set_remote_credentials(now_, {"theirs", std::string{their_password}});
        break;
      case 5: {
        const Endpoint from = remote();
        const std::size_t length = byte();
        const auto raw = in_.bytes(std::min(length, in_.remaining()));
        (void)agent_.receive(now_, from, local(length & 1), *raw);
        break;
      }
      default:
        if (const auto at = agent_.deadline()) now_ = std::max(now_, *at);
        agent_.advance(now_);
    }
  }

  Reader in_;
  SeededEntropy entropy_{1};
  Instant now_{std::chrono::seconds{10}};
  Agent agent_;
  std::deque<Sent> sent_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run{std::as_bytes(std::span{data, size})}.play();
  return 0;
}
