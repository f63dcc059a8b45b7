#pragma once
// What a browser calls RTCPeerConnection, for data channels alone: ICE finds the path,
// DataTransport runs on it.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/ice/agent.h>
#include <hearth/sdp/description.h>
#include <hearth/webrtc/data_transport.h>

namespace hearth::webrtc {

enum class CloseReason : std::uint8_t {
  fingerprint_mismatch,
  no_path,           ///< ICE found no pair that works
  handshake_failed,  ///< DTLS, SCTP or Noise
  timed_out,
  wrong_peer,  ///< authenticated, and not whom we wanted
  closed_by_peer,
  lost,  ///< consent or acknowledgements stopped
  protocol_error,
  closed_here,
};

/// For the peer, by signaling.
struct LocalCandidate {
  sdp::Candidate candidate;
};
struct LocalCandidatesDone {};
/// Where datagrams go from now on.
struct PathChanged {
  Endpoint local;
  Endpoint remote;
};
/// Terminal.
struct Closed {
  CloseReason why;
};
using PeerConnectionEvent =
    std::variant<LocalCandidate, LocalCandidatesDone, PathChanged, Encrypted, ChannelsReady,
                 ChannelOpened, ChannelClosed, RoomToSend, Closed>;

struct PeerConnectionOptions {
  ice::AgentOptions ice;
  /// `role` and `expected_peer` are taken from here when `known_peer` is set, else from the
  /// descriptions.
  TransportOptions transport;
  /// Nothing comes by signaling (webrtc-direct).
  bool known_peer = false;
};

enum class DescriptionProblem : std::uint8_t {
  already_set,
  /// Its setup doesn't fit ours.
  bad_setup,
};

/// Sans-I/O. Drive it like DataTransport; datagrams have addresses here.
class PeerConnection {
 public:
  /// `entropy` outlives it.
  PeerConnection(const dtls::Certificate& certificate, PeerConnectionOptions options,
                 Entropy& entropy, Instant now);

  /// An offer before the peer's description is set, an answer after. Candidates follow as events.
  [[nodiscard]] sdp::Description local_description() const;
  /// The peer's offer or answer, once. Its fingerprint is the only certificate that will be taken.
  Result<Unit, DescriptionProblem> set_remote_description(Instant now,
                                                          const sdp::Description& remote);
  Result<Unit, ice::AgentError> add_remote_candidate(Instant now, const sdp::Candidate& candidate) {
    return agent_.add_remote_candidate(now, candidate);
  }
  /// Instead of a description (webrtc-direct's dialer).
  void set_remote_credentials(Instant now, ice::Credentials remote) {
    agent_.set_remote_credentials(now, std::move(remote));
  }

  /// Takes a datagram that came from `from` to our address `local`. Received::check: its source
  /// speaks for the peer from now on (ice::Demux::bind).
  Result<ice::Received, ice::AgentError> receive(Instant now, const Endpoint& from,
                                                 const Endpoint& local, BytesView datagram);
  void advance(Instant now);
  /// Needs DataTransport::max_datagram bytes.
  [[nodiscard]] std::optional<ice::Transmit> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<PeerConnectionEvent> poll_event();
  /// Nothing while events wait: drain them, then ask again.
  [[nodiscard]] std::optional<Data> poll_message(Instant now);
  [[nodiscard]] bool has_events() const { return !events_.empty(); }
  [[nodiscard]] std::optional<Instant> deadline() const;

  /// Absent until a path is found.
  [[nodiscard]] DataTransport* transport() { return transport_ ? &*transport_ : nullptr; }
  [[nodiscard]] const DataTransport* transport() const {
    return transport_ ? &*transport_ : nullptr;
  }
  [[nodiscard]] const std::optional<ice::SelectedPair>& path() const { return agent_.selected(); }

  /// Tells the peer, if there is a path: drain poll_transmit once more. Idempotent.
  void close(Instant now) { finish(now, CloseReason::closed_here); }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void begin_transport(Instant now);
  void drain(Instant now);
  void finish(Instant now, CloseReason why);

  dtls::Certificate certificate_;
  PeerConnectionOptions options_;
  Entropy* entropy_;
  std::uint64_t session_id_;
  ice::Agent agent_;
  bool described_ = false;  // role and expected certificate are known
  std::optional<sdp::Setup> our_setup_;
  std::optional<DataTransport> transport_;
  std::deque<PeerConnectionEvent> events_;
  bool closed_ = false;
};

}  // namespace hearth::webrtc
