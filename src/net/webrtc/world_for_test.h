#pragma once
// Two machines and a network between them, in one process and outside time.

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/base/entropy.h>
#include <hearth/base/time.h>
#include <hearth/dtls/certificate.h>
#include <hearth/ice/agent.h>

namespace hearth::webrtc {

class TestEntropy final : public Entropy {
 public:
  explicit TestEntropy(std::uint64_t seed) : state_(seed * 2 + 1) {}
  void fill(MutableBytes out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(next() >> 56);
  }
  std::uint64_t next() { return state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL; }

 private:
  std::uint64_t state_;
};

inline dtls::Certificate test_certificate(std::uint64_t seed) {
  TestEntropy entropy{seed};
  return dtls::Certificate::create(entropy, Timestamp::from_seconds(1'750'000'000));
}

/// A side is anything with receive, advance, poll_transmit and deadline, and a `drain` given here
/// that takes its events.
class TestWorld {
 public:
  struct Node {
    Endpoint address;
    std::function<void(Instant, const Endpoint& from, const Endpoint& local, BytesView)> receive;
    std::function<void(Instant)> advance;
    std::function<std::optional<ice::Transmit>(MutableBytes)> poll_transmit;
    std::function<std::optional<Instant>()> deadline;
    std::function<void()> drain;
  };

  explicit TestWorld(Duration delay = std::chrono::milliseconds{5}) : delay_(delay) {}

  std::function<bool()> lose = [] { return false; };
  std::vector<Node> nodes;

  [[nodiscard]] Instant now() const { return now_; }

  void pump() {
    std::array<std::byte, 1500> buffer;
    for (Node& node : nodes) {
      node.drain();
      while (const auto out = node.poll_transmit(buffer)) {
        if (!lose())
          in_flight_.push_back(
              {now_ + delay_, node.address, out->to, to_bytes(BytesView{buffer}.first(out->size))});
        node.drain();
      }
    }
  }
  bool run_until(const std::function<bool()>& done, Duration at_most) {
    const Instant end = now_ + at_most;
    pump();
    while (!done()) {
      std::optional<Instant> next;
      if (!in_flight_.empty()) next = in_flight_.front().at;
      for (Node& node : nodes)
        if (const auto d = node.deadline(); d && (!next || *d < *next)) next = d;
      if (!next || *next > end) {
        now_ = end;
        return done();
      }
      now_ = std::max(now_, *next);
      if (!in_flight_.empty() && in_flight_.front().at <= now_) {
        const Packet packet = std::move(in_flight_.front());
        in_flight_.pop_front();
        for (Node& node : nodes)
          if (node.address == packet.to) node.receive(now_, packet.from, packet.to, packet.bytes);
      } else {
        for (Node& node : nodes) node.advance(now_);
      }
      pump();
    }
    return true;
  }
  void run(Duration time) {
    run_until([] { return false; }, time);
  }

 private:
  struct Packet {
    Instant at;
    Endpoint from, to;
    Bytes bytes;
  };
  Duration delay_;
  Instant now_{};
  std::deque<Packet> in_flight_;
};

}  // namespace hearth::webrtc
