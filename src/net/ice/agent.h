#pragma once
// One side of one ICE session: finds a pair of addresses over which both sides reach each other,
// and keeps the peer's consent to be sent to.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/ice/check_list.h>
#include <hearth/ice/credentials.h>
#include <hearth/ice/gatherer.h>
#include <hearth/ice/transaction.h>
#include <hearth/sdp/candidate.h>
#include <hearth/stun/message.h>

namespace hearth::ice {

using sdp::Candidate;
using sdp::CandidateType;

/// `lite` sends no checks, only answers them (RFC 8445 §2.5): for a side with a public address. It
/// is always controlled.
enum class Mode : std::uint8_t { full, lite };

struct AgentOptions {
  SessionTag tag;
  Mode mode = Mode::full;
  Role role = Role::controlled;  // of a full agent, at first: a conflict may change it
  Credentials local;
  /// The socket's addresses, best first: the host candidates. At most max_bases. A lite agent needs
  /// none.
  std::vector<Endpoint> bases;
  /// Asked for our reflexive addresses, from each base of the same family. At most
  /// max_stun_servers.
  std::vector<Endpoint> stun_servers;

  /// Ta between checks to public addresses (RFC 8445 §14.2). Triggered checks, and those to private
  /// and loopback addresses, follow each other by `lan_pace`, the least the RFC allows.
  Duration pace = std::chrono::milliseconds{50};
  Duration lan_pace = std::chrono::milliseconds{5};
  /// How long a controlling agent waits for a better pair after the first one works. The working
  /// pair is usable meanwhile.
  Duration nomination_wait = std::chrono::milliseconds{200};
  /// Failed when no pair works this long after the remote credentials (lite: after construction).
  Duration connect_timeout = std::chrono::seconds{15};
  /// Failed when the remote credentials don't come.
  Duration signaling_timeout = std::chrono::seconds{30};
};

// Events.

/// To be sent to the peer.
struct GatheredCandidate {
  Candidate candidate;
};
struct GatheringDone {};
/// Send on this pair from now on. The first one comes before nomination, as soon as a pair works;
/// later ones replace it.
struct SelectedPair {
  Endpoint local;
  Endpoint remote;
  bool nominated = false;
  friend bool operator==(const SelectedPair&, const SelectedPair&) = default;
};
/// The last working pair is gone: 30 s without a valid answer on it (RFC 7675), or refused by the
/// peer. Stop sending at once. Terminal.
struct ConsentLost {};
/// No pair worked in time. Terminal.
struct Failed {};

using AgentEvent =
    std::variant<GatheredCandidate, GatheringDone, SelectedPair, ConsentLost, Failed>;

enum class AgentError : std::uint8_t {
  malformed,        // not STUN, or a message that can't be used
  not_for_us,       // another ufrag, or no transaction of ours
  unauthenticated,  // MESSAGE-INTEGRITY or FINGERPRINT absent or wrong
  unusable,         // a remote candidate that can't be sent to: multicast, unspecified, port 0
  too_many,         // a table is full: the datagram or candidate was dropped
  closed,           // after the terminal event
};

/// What a good datagram was.
enum class Received : std::uint8_t {
  check,     // an authenticated request: its source speaks for the peer
  response,  // to a check or to a STUN server's query
  ignored,   // an indication
};

/// `size` bytes were written to the caller's buffer; send them from `local` to `to`.
struct Transmit {
  Endpoint to;
  Endpoint local;
  std::size_t size = 0;
};

/// A full or lite agent for one stream with one component (RFC 8445, trickling after RFC 8838,
/// consent after RFC 7675). It owns no socket: many agents share one, and a Demux tells their
/// datagrams apart.
///
/// Drive it: change it once (construct, set, add, receive or advance), then drain poll_transmit and
/// poll_event, then sleep until deadline(). Never blocks, never throws. Spurious advance() calls
/// are harmless. Bounded: max_remote_candidates, max_pairs (the least promising ones give way), one
/// transaction per pair, max_queued_responses (more are dropped; the peer retransmits).
///
/// Deviates from RFC 8445:
/// - §6.1.2.6: no pair starts Frozen. With one stream of one component, freezing only delays.
/// - §7.3.1: requests that fail authentication get silence, not 400 or 401.
/// - §7.3.1.4: a check that meets one in progress hastens its retransmission instead of replacing
/// it.
/// - §8.1.1, §8.3.1: data flows on a working pair before nomination, and a controlled agent follows
/// a later
///   nomination: browsers change their mind when their network does.
/// - RFC 8489 §5: 64 of the 96 bits of a transaction id are random; the rest is the session's tag.
/// Every
///   response that matters is authenticated too.
/// End-of-candidates has no effect: a peer may always turn up at an address nobody announced.
class Agent {
 public:
  static constexpr std::size_t max_bases = 16;
  static constexpr std::size_t max_stun_servers = 4;
  static constexpr std::size_t max_remote_candidates = 32;
  static constexpr std::size_t max_pairs = 100;
  static constexpr std::size_t max_queued_responses = 32;
  /// poll_transmit needs this much room.
  static constexpr std::size_t max_transmit_size = 700;

  /// Gathering begins at once. `entropy` outlives the agent.
  Agent(AgentOptions options, Entropy& entropy, Instant now);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// From the peer's description. Checks begin. A second call is ignored. A lite agent needs none.
  void set_remote_credentials(Instant now, Credentials remote);
  /// Before or after the credentials. One that is known already is fine.
  Result<Unit, AgentError> add_remote_candidate(Instant now, const Candidate& candidate);

  /// Takes a STUN datagram that came from `from` to our address `local`. An error describes the
  /// datagram (for counters and logs); the agent is unchanged by it.
  Result<Received, AgentError> receive(Instant now, const Endpoint& from, const Endpoint& local,
                                       BytesView datagram);
  void advance(Instant now);

  /// Writes the next datagram to `out` (at least max_transmit_size). Call until it returns nothing.
  [[nodiscard]] std::optional<Transmit> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<AgentEvent> poll_event();
  /// When advance() is next needed; nothing after the terminal event.
  [[nodiscard]] std::optional<Instant> deadline() const;

  [[nodiscard]] const std::optional<SelectedPair>& selected() const { return selected_pair_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] const Credentials& local_credentials() const { return options_.local; }
  [[nodiscard]] bool closed() const { return closed_; }

  struct Counters {
    std::uint64_t checks_sent = 0;        // with retransmissions
    std::uint64_t checks_received = 0;    // authenticated
    std::uint64_t responses_dropped = 0;  // queue full
    std::uint64_t consent_checks_sent = 0;
    std::uint64_t role_switches = 0;
    std::uint64_t peer_reflexive = 0;  // remote candidates learned from checks
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

  /// Entries in all tables and queues: 0 after the terminal event was taken.
  [[nodiscard]] std::size_t table_size() const;

 private:
  struct Response {
    Endpoint to;
    Endpoint local;
    stun::TransactionId transaction;
    std::optional<stun::ErrorCode> error;
    std::array<std::uint16_t, 8> unknown{};  // of error 420
    std::size_t unknown_count = 0;
  };
  // Checks on the selected pair that keep the peer's consent (RFC 7675 §5.1). Not retransmitted, so
  // several may be on their way.
  struct Consent {
    std::array<stun::TransactionId, 8> sent;
    std::size_t sent_count = 0;  // ever, on this pair
    Instant next{};
    bool send_pending = false;
  };

  Result<Received, AgentError> receive_request(Instant now, const Endpoint& from,
                                               const Endpoint& local, const stun::Message& message);
  Result<Received, AgentError> receive_response(Instant now, const Endpoint& from,
                                                const Endpoint& local,
                                                const stun::Message& message);
  [[nodiscard]] bool authenticates(const stun::Message& request) const;
  /// Whether the roles are settled; if not, the answer is 487.
  bool settle_roles(Instant now, const stun::Message& request);
  void switch_role(Instant now);
  void respond(const Response& response);

  std::optional<std::size_t> base_at(const Endpoint& local);
  std::optional<std::size_t> remote_at(Instant now, const Endpoint& from,
                                       const stun::Message& request);
  std::optional<std::size_t> pair_of(std::size_t base, std::size_t remote, PairOrigin origin);
  std::optional<std::size_t> replaceable_remote(Instant now) const;
  void pair_remote(std::size_t remote);
  [[nodiscard]] std::uint64_t priority_of(std::size_t base, std::size_t remote) const;

  void trigger(Instant now, std::size_t pair);
  void start_check(Instant now, Pair& pair);
  void succeed(Instant now, std::size_t pair);
  void fail(Instant now, std::size_t pair);
  void give_up(Instant now, std::size_t pair);
  void reselect(Instant now);
  void schedule_nomination(Instant now);

  void gather(Instant now);
  void run_checks(Instant now);
  void run_nomination(Instant now);
  void run_consent(Instant now);
  void finish(AgentEvent event);

  [[nodiscard]] std::optional<std::size_t> next_check() const;
  [[nodiscard]] static bool works(const Pair& pair, Instant now);
  [[nodiscard]] static bool is_fresh(const Pair& pair, Instant now);
  [[nodiscard]] std::size_t write_check(const Pair& pair, const stun::TransactionId& transaction,
                                        bool nominates, MutableBytes out) const;
  [[nodiscard]] std::uint16_t preference_of(std::size_t base) const;
  void emit(AgentEvent event);

  AgentOptions options_;
  Entropy* entropy_;
  Role role_;
  std::uint64_t tie_breaker_;
  std::optional<Credentials> remote_;
  std::size_t announced_bases_;  // the first of options_.bases; later ones were learned from checks
  std::vector<Candidate> remotes_;
  CheckList pairs_{max_pairs};
  std::deque<std::size_t> triggered_;  // each pair at most once
  std::deque<Response> responses_;
  std::optional<Gatherer> gatherer_;
  std::vector<Gatherer::Reflexive> reflexive_;  // announced; at most one per query

  std::optional<std::size_t> selected_;
  std::optional<SelectedPair> selected_pair_;
  Consent consent_;
  Instant next_check_at_;
  std::optional<Instant> nominate_at_;
  std::optional<std::size_t> nominating_;
  std::optional<Instant> fail_at_;  // until a pair works
  std::deque<AgentEvent>
      events_;  // candidates, at most one selection at its end, one terminal event
  bool nominated_ = false;
  bool lost_ = false;  // no pair works any more
  bool closed_ = false;
  Counters counters_;
};

}  // namespace hearth::ice
