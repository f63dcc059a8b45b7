#pragma once
// Tells the datagrams of all sessions on one UDP port apart, and decides which strangers may begin
// one.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/base/entropy.h>
#include <hearth/base/time.h>
#include <hearth/ice/transaction.h>
#include <hearth/stun/message.h>
#include <hearth/stun/prefix_table.h>

namespace hearth::ice {

/// By the first byte (RFC 7983 §7).
enum class PacketKind : std::uint8_t { stun, dtls, other };
[[nodiscard]] PacketKind classify(BytesView datagram);

/// libp2p's webrtc-direct: the dialer makes both sides' credentials from one text, which the
/// listener reads from the first check's USERNAME. In both versions our ufrag and password are the
/// same text.
enum class DirectVersion : std::uint8_t { v1, v2 };
/// The version of a ufrag "libp2p+webrtc+v1/…" or "…v2/…" that is ice-chars and 22–256 long.
[[nodiscard]] std::optional<DirectVersion> direct_version(std::string_view ufrag);

struct DemuxOptions {
  /// Whether Binding requests without USERNAME go to a STUN server.
  bool stun_server = false;
  /// Whether webrtc-direct dialers are admitted.
  bool direct = true;
  std::size_t max_sessions = 1024;
  /// Sessions admitted from strangers that aren't confirmed yet; a further one ends the oldest.
  std::size_t max_unconfirmed = 128;
  stun::Rate::Limit admissions_per_prefix{.per_second = 4, .burst = 16};
  stun::Rate::Limit admissions_in_all{.per_second = 50, .burst = 200};
  /// Loopback sources, which nobody outside can forge, are spared both rates.
  bool limit_loopback = false;
  /// Power of two; four prefixes each.
  std::size_t prefix_table_sets = 256;
};

enum class DropReason : std::uint8_t {
  unknown_kind,      // neither STUN nor DTLS
  malformed,         // STUN that can't be parsed
  unknown_endpoint,  // DTLS from where no session is
  unknown_session,   // a check or response for no session we have
  unauthenticated,   // a first check whose MESSAGE-INTEGRITY or FINGERPRINT is absent or wrong
  limited,           // too many admissions
  full,              // max_sessions, and all are confirmed
};
inline constexpr std::size_t drop_reasons = 7;
[[nodiscard]] std::string_view to_string(DropReason reason);

// Where a datagram goes. Views borrow the datagram.

/// STUN: Agent::receive. DTLS: the session's DTLS.
struct ToSession {
  SessionTag session;
  PacketKind kind;
};
/// A webrtc-direct dialer's first check, authenticated. The session exists in the demux under
/// `session`: make a lite agent with this tag, local ufrag and password both `ufrag`, and give it
/// this datagram.
struct Admit {
  SessionTag session;
  DirectVersion version;
  std::string_view ufrag;
  std::string_view remote_ufrag;
  /// End this session (it is gone from the demux): its place was needed.
  std::optional<SessionTag> evicted;
};
struct ToStunServer {};
struct Drop {
  DropReason why;
};
using Route = std::variant<ToSession, Admit, ToStunServer, Drop>;

/// The core of a port shared by all sessions.
///
/// The threat: anyone can send us anything from any source address. Nothing is kept for a datagram
/// until it is a check whose MESSAGE-INTEGRITY is right. For webrtc-direct a stranger can make one,
/// so admissions are limited per prefix and in all, and the unconfirmed sessions they make are
/// bounded; the oldest gives way, so that a flood of forged sources slows newcomers but never
/// touches confirmed sessions.
class Demux {
 public:
  /// Remote endpoints a session may hold; binding a further one forgets the oldest.
  static constexpr std::size_t max_endpoints_per_session = 8;

  /// `entropy` outlives it.
  Demux(const DemuxOptions& options, Entropy& entropy);

  [[nodiscard]] Route route(Instant now, const Endpoint& from, BytesView datagram);

  /// A session of ours, confirmed from the start, known by its local ufrag. Nothing when full or
  /// when the ufrag is taken.
  [[nodiscard]] std::optional<SessionTag> add(std::string_view local_ufrag);
  /// The peer proved itself (DTLS stands): no newcomer takes its place any more.
  void confirm(SessionTag session);
  /// What comes from `remote` is the session's: call it after Agent::receive returned
  /// Received::check. The newest session to claim an endpoint has it, except that an unconfirmed
  /// one takes none from a confirmed one: a stranger's forged source must not divert a session that
  /// stands. False then.
  bool bind(SessionTag session, const Endpoint& remote);
  void remove(SessionTag session);

  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }
  [[nodiscard]] std::size_t unconfirmed() const { return unconfirmed_.size(); }
  /// Entries in all tables that grow: 0 when all sessions are removed.
  [[nodiscard]] std::size_t table_size() const;

 private:
  struct Session {
    std::string ufrag;
    bool confirmed = false;
    std::vector<Endpoint> endpoints;  // oldest first
  };

  Route route_stun(Instant now, const Endpoint& from, BytesView datagram);
  Route admit(Instant now, const Endpoint& from, const stun::Message& check, DirectVersion version);
  SessionTag insert(std::string_view ufrag, bool confirmed);

  DemuxOptions options_;
  Entropy* entropy_;
  std::map<SessionTag, Session> sessions_;
  std::map<std::string, SessionTag, std::less<>> by_ufrag_;
  std::map<Endpoint, SessionTag> by_endpoint_;
  std::deque<SessionTag> unconfirmed_;  // oldest first
  stun::PrefixTable<stun::Rate> admissions_;
  stun::Rate all_admissions_;
};

}  // namespace hearth::ice
