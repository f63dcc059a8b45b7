#pragma once
// The pairs of one session, their priorities and their states (RFC 8445 §6.1.2).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <hearth/base/endpoint.h>
#include <hearth/base/time.h>
#include <hearth/sdp/candidate.h>
#include <hearth/stun/message.h>

namespace hearth::ice {

enum class Role : std::uint8_t { controlling, controlled };

/// RFC 8445 §5.1.2.1, for component 1. `preference` is the base's, 65535 for the best.
[[nodiscard]] std::uint32_t candidate_priority(sdp::CandidateType type, std::uint16_t preference);
/// RFC 8445 §6.1.2.3.
[[nodiscard]] std::uint64_t pair_priority(Role role, std::uint32_t local, std::uint32_t remote);

enum class PairState : std::uint8_t { waiting, in_progress, succeeded, failed };

/// A base of ours and a candidate of the peer's. Reflexive candidates of ours send from their base,
/// so they make no pairs (RFC 8445 §6.1.2.4).
struct Pair {
  std::size_t base = 0;    // index in the agent's bases
  std::size_t remote = 0;  // index in the agent's remote candidates
  std::uint64_t priority = 0;
  PairState state = PairState::waiting;
  bool triggered = false;     // waits in the triggered-check queue
  bool send_pending = false;  // poll_transmit has its check to write
  /// Controlling: its next check carries USE-CANDIDATE. Controlled: the peer's did, before the pair
  /// worked.
  bool use_candidate = false;

  // The check in progress, or the last one.
  stun::TransactionId transaction;
  Role check_role = Role::controlled;
  bool check_nominates = false;
  int sends = 0;
  Instant last_sent{};
  Instant next_send{};

  /// The last proof that it works: an answer to our check; for a lite agent, the peer's check.
  std::optional<Instant> valid_at;
  std::optional<Instant> nominated_at;
};

/// How we know of a pair: from both sides' candidates, or from the peer's check on it, which says
/// more.
enum class PairOrigin : std::uint8_t { announced, heard };

/// Bounded. Indices stay valid: a pair is never removed, only replaced when the list is full: a
/// failed one first, else the least of those waiting, which an announced pair must outrank.
class CheckList {
 public:
  explicit CheckList(std::size_t max_pairs) : max_pairs_(max_pairs) {}

  [[nodiscard]] std::optional<std::size_t> find(std::size_t base, std::size_t remote) const;
  /// The new pair's index; nothing when the list is full of better ones.
  std::optional<std::size_t> add(std::size_t base, std::size_t remote, std::uint64_t priority,
                                 PairOrigin origin);
  /// The best pair for which `accept` holds.
  template <class Accept>
  [[nodiscard]] std::optional<std::size_t> best(Accept accept) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      if (accept(pairs_[i]) && (!found || pairs_[i].priority > pairs_[*found].priority)) found = i;
    return found;
  }

  [[nodiscard]] Pair& operator[](std::size_t index) { return pairs_[index]; }
  [[nodiscard]] const Pair& operator[](std::size_t index) const { return pairs_[index]; }
  [[nodiscard]] std::size_t size() const { return pairs_.size(); }
  [[nodiscard]] auto begin() { return pairs_.begin(); }
  [[nodiscard]] auto end() { return pairs_.end(); }
  [[nodiscard]] auto begin() const { return pairs_.begin(); }
  [[nodiscard]] auto end() const { return pairs_.end(); }
  void clear() { pairs_.clear(); }

 private:
  std::size_t max_pairs_;
  std::vector<Pair> pairs_;
};

}  // namespace hearth::ice
