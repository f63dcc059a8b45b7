#pragma once
// For tests: a small network of hosts, NATs and a STUN server, where time is a number and a seed
// repeats every run. It drives agents as a real driver would.

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <hearth/base/assert.h>
#include <hearth/base/entropy.h>
#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/ice/agent.h>
#include <hearth/stun/binding_server.h>

namespace hearth::ice {

inline Endpoint ep(std::string_view text) {
  return *Endpoint::parse(text);
}

/// Mapping and filtering of RFC 4787.
enum class NatKind : std::uint8_t {
  endpoint_independent,  // one mapping for all; anyone may answer ("full cone")
  address_restricted,    // one mapping for all; only addresses it sent to
  port_restricted,       // one mapping for all; only endpoints it sent to
  symmetric,             // a mapping for each destination; only that one may answer
};

struct Nat {
  NatKind kind;
  IpAddress public_address;
  std::uint16_t next_port = 20000;
  std::map<std::pair<Endpoint, std::optional<Endpoint>>, std::uint16_t> ports;
  std::map<std::uint16_t, Endpoint> inside;
  std::set<std::pair<std::uint16_t, Endpoint>> allowed;

  Endpoint outbound(const Endpoint& from, const Endpoint& to) {
    const auto key = std::pair{from, kind == NatKind::symmetric ? std::optional{to} : std::nullopt};
    const auto [entry, created] = ports.try_emplace(key, next_port);
    if (created) inside[next_port++] = from;
    allowed.insert(
        {entry->second, kind == NatKind::address_restricted ? Endpoint{to.address, 0} : to});
    return {public_address, entry->second};
  }
  /// Loses its mappings, as when it restarts; ports are not used again.
  void forget() {
    ports.clear();
    inside.clear();
    allowed.clear();
  }
  std::optional<Endpoint> inbound(const Endpoint& from, std::uint16_t port) const {
    const auto target = inside.find(port);
    if (target == inside.end()) return std::nullopt;
    const Endpoint filter = kind == NatKind::address_restricted ? Endpoint{from.address, 0} : from;
    if (kind != NatKind::endpoint_independent && !allowed.contains({port, filter}))
      return std::nullopt;
    return target->second;
  }
};

/// One agent on one host, with what became of it.
struct Peer {
  std::string name;
  Nat* nat = nullptr;  // null: on the open network
  std::unique_ptr<Agent> agent;
  Peer* other = nullptr;
  bool udp_blocked = false;

  std::vector<Candidate> gathered;
  bool gathering_done = false;
  std::vector<std::pair<Instant, SelectedPair>> selections;
  std::optional<Instant> failed_at;
  std::optional<Instant> consent_lost_at;
  std::uint64_t datagrams_sent = 0;

  [[nodiscard]] bool nominated() const { return agent->selected() && agent->selected()->nominated; }
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), entropy_(seed + 1) {}

  Duration latency = std::chrono::milliseconds{20};
  Duration signaling_latency = std::chrono::milliseconds{50};
  double loss = 0;
  bool cut = false;  // nothing arrives any more
  Instant now{std::chrono::seconds{100}};
  std::uint64_t trace = 0;  // a hash over everything that happened

  static Endpoint stun_server() { return ep("192.0.2.1:3478"); }

  Nat& nat(NatKind kind, std::string_view public_address) {
    nats_.push_back(std::make_unique<Nat>(Nat{kind, *IpAddress::parse(public_address)}));
    return *nats_.back();
  }

  Peer& peer(std::string name, Nat* nat, AgentOptions options) {
    auto made = std::make_unique<Peer>();
    made->name = std::move(name);
    made->nat = nat;
    if (options.local.ufrag.empty()) options.local = Credentials::generate(entropy_);
    made->agent = std::make_unique<Agent>(std::move(options), entropy_, now);
    peers_.push_back(std::move(made));
    return *peers_.back();
  }

  /// Exchanges credentials and candidates through a signaling channel, as an offer and an answer
  /// would.
  void introduce(Peer& a, Peer& b) {
    a.other = &b;
    b.other = &a;
    later(signaling_latency,
          [&] { b.agent->set_remote_credentials(now, a.agent->local_credentials()); });
    later(signaling_latency * 2,
          [&] { a.agent->set_remote_credentials(now, b.agent->local_credentials()); });
  }

  void later(Duration in, std::function<void()> what) {
    actions_.emplace(now + in, std::move(what));
  }

  template <class Condition>
  bool run_until(Condition condition, Duration at_most) {
    const Instant end = now + at_most;
    pump();
    while (!condition()) {
      const auto next = next_event();
      if (!next || *next > end) {
        now = end;
        return condition();
      }
      now = std::max(now, *next);
      step();
    }
    return true;
  }
  void run_for(Duration time) {
    (void)run_until([] { return false; }, time);
  }

  [[nodiscard]] Entropy& entropy() { return entropy_; }

  /// As if `from` had sent it; not subject to loss.
  void inject(Peer& to, const Endpoint& from, const Endpoint& local, BytesView bytes) {
    (void)to.agent->receive(now, from, local, bytes);
    pump();
  }

 private:
  struct Packet {
    Endpoint from;
    Endpoint to;
    Nat* within;  // sent to a private address: stays behind this NAT
    Bytes bytes;
  };

  std::optional<Instant> next_event() const {
    std::optional<Instant> next;
    const auto consider = [&](std::optional<Instant> at) {
      if (at && (!next || *at < *next)) next = at;
    };
    if (!packets_.empty()) consider(packets_.begin()->first);
    if (!actions_.empty()) consider(actions_.begin()->first);
    for (const auto& p : peers_) consider(p->agent->deadline());
    return next;
  }

  void step() {
    while (!actions_.empty() && actions_.begin()->first <= now) {
      const auto what = std::move(actions_.begin()->second);
      actions_.erase(actions_.begin());
      what();
      pump();
    }
    while (!packets_.empty() && packets_.begin()->first <= now) {
      const Packet packet = std::move(packets_.begin()->second);
      packets_.erase(packets_.begin());
      arrive(packet);
      pump();
    }
    for (const auto& p : peers_)
      if (const auto at = p->agent->deadline(); at && *at <= now) p->agent->advance(now);
    pump();
  }

  void pump() {
    std::array<std::byte, Agent::max_transmit_size> buffer;
    for (const auto& p : peers_) {
      while (const auto t = p->agent->poll_transmit(buffer)) {
        ++p->datagrams_sent;
        send(*p, t->local, t->to, std::span{buffer}.first(t->size));
      }
      while (const auto event = p->agent->poll_event()) observe(*p, *event);
    }
  }

  void observe(Peer& p, const AgentEvent& event) {
    note(event.index());
    if (const auto* g = std::get_if<GatheredCandidate>(&event)) {
      p.gathered.push_back(g->candidate);
      if (p.other != nullptr) signal(p, g->candidate);
    } else if (std::holds_alternative<GatheringDone>(event)) {
      p.gathering_done = true;
    } else if (const auto* s = std::get_if<SelectedPair>(&event)) {
      p.selections.emplace_back(now, *s);
    } else if (std::holds_alternative<Failed>(event)) {
      p.failed_at = now;
    } else {
      p.consent_lost_at = now;
    }
  }

  void signal(Peer& p, const Candidate& candidate) {
    // Through its text, as it goes between real peers.
    later(signaling_latency, [this, other = p.other, text = sdp::to_string(candidate)] {
      (void)other->agent->add_remote_candidate(now, *sdp::parse_candidate(text));
    });
  }

  void send(Peer& p, const Endpoint& local, const Endpoint& to, BytesView bytes) {
    note(bytes.size());
    if (p.udp_blocked || cut || chance() < loss) return;
    const bool inside = to.address.is_private();
    Packet packet{
        .from = local, .to = to, .within = inside ? p.nat : nullptr, .bytes = to_bytes(bytes)};
    if (inside && p.nat == nullptr) return;
    if (!inside && p.nat != nullptr) packet.from = p.nat->outbound(local, to);
    packets_.emplace(now + latency, std::move(packet));
  }

  void arrive(const Packet& packet) {
    if (cut) return;
    if (packet.to == stun_server()) {
      std::array<std::byte, stun::BindingServer::max_answer_size> out;
      if (const auto size = server_.answer(now, packet.from, packet.bytes, out))
        packets_.emplace(now + latency, Packet{stun_server(), packet.from, nullptr,
                                               to_bytes(std::span{out}.first(*size))});
      return;
    }
    Endpoint to = packet.to;
    Nat* behind = packet.within;
    for (const auto& n : nats_)
      if (n->public_address == to.address) {
        const auto target = n->inbound(packet.from, to.port);
        if (!target) return;
        to = *target;
        behind = n.get();
      }
    for (const auto& p : peers_)
      if (p->nat == behind && !p->udp_blocked && has(*p, to))
        (void)p->agent->receive(now, packet.from, to, packet.bytes);
  }

  static bool has(const Peer& p, const Endpoint& local) {
    return std::ranges::any_of(p.gathered, [&](const Candidate& c) {
      return c.type == CandidateType::host && c.endpoint == local;
    });
  }

  double chance() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
  void note(std::uint64_t what) {
    trace = (trace ^ what ^ static_cast<std::uint64_t>(now.time_since_epoch().count())) *
            0x9E3779B97F4A7C15U;
  }

  std::mt19937_64 random_;
  SeededEntropy entropy_;
  stun::BindingServer server_{{}, entropy_};
  std::vector<std::unique_ptr<Nat>> nats_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::multimap<Instant, Packet> packets_;
  std::multimap<Instant, std::function<void()>> actions_;
};

}  // namespace hearth::ice
