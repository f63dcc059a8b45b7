#pragma once
// A libp2p connection over WebRTC: a path and data channels (PeerConnection), who the peer is, and
// streams.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/noise/credentials.h>
#include <hearth/noise/handshake.h>
#include <hearth/peer/peer_id.h>
#include <hearth/webrtc/muxer.h>
#include <hearth/webrtc/peer_connection.h>

namespace hearth::webrtc {

/// `/webrtc-direct`, dialed by someone whose certificate we don't know: the first check's ufrag is
/// all there is. Noise XX inside says who it is; we begin it (the specification's order).
struct DirectServer {
  /// Outlive the connection.
  const noise::Credentials& credentials;
};
/// `/webrtc-direct`, dialed by us. The multiaddr's certhash binds the server's certificate.
struct DirectClient {
  const noise::Credentials& credentials;
  Endpoint remote;
  Fingerprint certhash;
  std::optional<peer::PeerId> expected;
};
/// `/webrtc`: descriptions were exchanged over an authenticated connection to `peer`, so the
/// fingerprint in its description is its word, and no second handshake is made.
struct Signaled {
  peer::PeerId peer;
};
using Mode = std::variant<DirectServer, DirectClient, Signaled>;

/// The peer is who it says; streams can be opened from now on.
struct Secured {
  peer::PeerId peer;
};
using Event = std::variant<Secured, StreamOpened, Readable, Writable, StreamFinished, StreamReset,
                           LocalCandidate, LocalCandidatesDone, PathChanged, Closed>;

struct Options {
  dtls::Certificate certificate;
  Mode mode;
  /// Of a DirectServer: lite, with the dialer's text as ufrag and password. Of a DirectClient:
  /// mode, role and credentials are set here. Of a Signaled one: controlling is the offerer.
  ice::AgentOptions ice;
  datachannel::Limits channels;
  MuxerLimits muxer;
  sctp::Options sctp;
  /// For each of DTLS, SCTP and Noise.
  Duration handshake_timeout = std::chrono::seconds{10};
};

/// Version 1: one text is everybody's ufrag and password, and the server learns it from the first
/// check.
[[nodiscard]] ice::Credentials direct_credentials(Entropy& entropy);

/// Drive it: change it (any call but const ones), then drain poll_event and poll_transmit until
/// both are empty, then sleep until deadline(). The stream calls are session::Session's; they use
/// the time of the last call that had one.
class Connection {
 public:
  Connection(const Options& options, Entropy& entropy, Instant now);
  Connection(Connection&&) = delete;
  ~Connection() = default;

  // Signaling, of Signaled ones.
  [[nodiscard]] sdp::Description local_description() const { return link_.local_description(); }
  Result<Unit, DescriptionProblem> set_remote_description(Instant now,
                                                          const sdp::Description& remote);
  void add_remote_candidate(Instant now, const sdp::Candidate& candidate);

  /// See PeerConnection.
  Result<ice::Received, ice::AgentError> receive(Instant now, const Endpoint& from,
                                                 const Endpoint& local, BytesView datagram);
  void advance(Instant now);
  [[nodiscard]] std::optional<ice::Transmit> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<Instant> deadline() const;
  [[nodiscard]] const std::optional<ice::SelectedPair>& path() const { return link_.path(); }

  [[nodiscard]] Result<StreamId, OpenError> open_stream(Instant now);
  [[nodiscard]] std::size_t write(StreamId id, BytesView bytes);
  [[nodiscard]] std::size_t writable(StreamId id) const;
  [[nodiscard]] std::size_t read(StreamId id, MutableBytes out);
  /// What read() would give now.
  [[nodiscard]] BytesView peek(StreamId id) const { return muxer_.peek(id); }
  [[nodiscard]] ReadState read_state(StreamId id) const { return muxer_.read_state(id); }
  void close_write(StreamId id);
  [[nodiscard]] bool flushed(StreamId id) const { return muxer_.flushed(id); }
  void reset(StreamId id);
  void release(StreamId id);
  [[nodiscard]] std::size_t streams() const { return muxer_.streams(); }
  [[nodiscard]] std::size_t inbound_streams() const { return muxer_.inbound_streams(); }

  /// Tells the peer and ends everything; Closed follows. Idempotent.
  void close(Instant now);
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool secured() const { return secured_; }

 private:
  void drain(Instant now);
  void on_ready(Instant now);
  void on_handshake_data(Instant now, BytesView payload);
  void send_handshake(Instant now);
  void secure(peer::PeerId peer);
  void finish(Instant now, CloseReason why);
  [[nodiscard]] DataTransport* open_transport();

  Mode mode_;
  Entropy& entropy_;
  Fingerprint own_;
  Duration handshake_timeout_;
  PeerConnection link_;
  Muxer muxer_;

  // Noise over channel 0, of direct ones.
  std::optional<noise::Handshake> noise_;
  datachannel::FrameDecoder noise_frames_;
  std::optional<Fingerprint> remote_;
  std::optional<Instant> secure_by_;

  std::deque<Event> events_;
  Instant now_;
  bool secured_ = false;
  bool closed_ = false;
};

}  // namespace hearth::webrtc
