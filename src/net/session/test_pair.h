#pragma once
// For tests and benchmarks: two sessions, and the pipe between them.

#include <algorithm>
#include <cstdint>
#include <vector>

#include <hearth/session/session.h>

namespace hearth::session {

/// Repeatable, and good for nothing but tests.
class TestEntropy final : public Entropy {
 public:
  explicit TestEntropy(std::uint64_t seed) : state_(seed * 2 + 1) {}
  void fill(MutableBytes out) override {
    for (std::byte& byte : out) {
      state_ = state_ * 6364136223846793005U + 1442695040888963407U;
      byte = static_cast<std::byte>(state_ >> 56);
    }
  }

 private:
  std::uint64_t state_;
};

/// Time as tests have it.
inline Instant at(std::int64_t milliseconds) {
  return Instant{} + std::chrono::milliseconds{1'000'000 + milliseconds};
}

/// A host's keys.
struct TestHost {
  explicit TestHost(std::uint64_t seed)
      : entropy(seed),
        key(crypto::Ed25519PrivateKey::generate(entropy)),
        credentials(key, entropy),
        id(peer::PeerId::from_public_key(key.public_key())) {}

  TestEntropy entropy;
  crypto::Ed25519PrivateKey key;
  noise::Credentials credentials;
  peer::PeerId id;
};

inline constexpr std::size_t unbounded = std::size_t{1} << 40;

/// A dialer and a listener. pump() carries bytes until both are silent.
struct TestPair {
  explicit TestPair(yamux::Limits limits = {}, std::size_t budget_bytes = unbounded)
      : budget(budget_bytes),
        dialer({.role = Role::initiator,
                .credentials = dialer_host.credentials,
                .expected = listener_host.id,
                .budget = budget,
                .limits = limits},
               dialer_host.entropy, at(0)),
        listener({.role = Role::responder,
                  .credentials = listener_host.credentials,
                  .budget = budget,
                  .limits = limits},
                 listener_host.entropy, at(0)) {}

  /// What `from` has to send, at most `portion` bytes to each receive() of `to`.
  bool carry(Session& from, Session& to, std::size_t portion = unbounded) {
    bool any = false;
    std::vector<std::byte> buffer(256 * 1024);
    while (const std::size_t size = from.poll_transmit(buffer)) {
      any = true;
      BytesView rest = BytesView{buffer}.first(size);
      while (!rest.empty()) {
        const BytesView piece = rest.first(std::min(portion, rest.size()));
        to.receive(now, piece);
        rest = rest.subspan(piece.size());
      }
    }
    return any;
  }

  void pump(std::size_t portion = unbounded) {
    for (bool any = true; any;) {
      any = carry(dialer, listener, portion);
      any = carry(listener, dialer, portion) || any;
    }
  }

  static std::vector<Event> events(Session& session) {
    std::vector<Event> all;
    while (auto event = session.poll_event()) all.push_back(std::move(*event));
    return all;
  }

  /// The handshake, with its events taken.
  void secure() {
    pump();
    events(dialer);
    events(listener);
  }

  TestHost dialer_host{1};
  TestHost listener_host{2};
  MemoryBudget budget;
  Instant now = at(0);
  Session dialer;
  Session listener;
};

}  // namespace hearth::session
