#pragma once
// Server-reflexive gathering: asks each STUN server from each base.

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/base/entropy.h>
#include <hearth/base/time.h>
#include <hearth/ice/transaction.h>
#include <hearth/stun/binding_client.h>

namespace hearth::ice {

/// Transactions begin `pace` apart (RFC 8445 §14.2) and are forgotten when they end. A server that
/// doesn't answer costs 7.75 s: sends at 0, 250, 750, 1750 and 3750 ms, then 4 s.
class Gatherer {
 public:
  struct Options {
    std::span<const Endpoint> bases;    // copied
    std::span<const Endpoint> servers;  // copied
    SessionTag tag;
    Duration pace;
  };
  struct Reflexive {
    Endpoint base;
    Endpoint endpoint;
  };
  struct Transmit {
    Endpoint to;
    Endpoint local;
    std::size_t size;
  };

  Gatherer(const Options& options, Entropy& entropy, Instant now);

  /// Whether the datagram was the answer to a query of ours.
  [[nodiscard]] bool receive(Instant now, const Endpoint& from, const Endpoint& local,
                             BytesView datagram);
  void advance(Instant now);
  [[nodiscard]] std::optional<Transmit> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<Reflexive> poll_reflexive();
  [[nodiscard]] std::optional<Instant> deadline() const;
  /// Every query ended. What poll_reflexive still holds may be taken.
  [[nodiscard]] bool done() const { return queries_.empty(); }
  [[nodiscard]] std::size_t table_size() const { return queries_.size() + found_.size(); }

 private:
  struct Query {
    Endpoint base;
    stun::BindingClient client;
  };
  void sweep();

  std::vector<Query> queries_;  // bounded by the caller's bases and servers
  std::deque<Reflexive> found_;
};

}  // namespace hearth::ice
