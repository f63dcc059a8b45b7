#pragma once
// One session on the port as a libp2p connection, and its streams as byte streams.

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <hearth/libp2p/async.h>
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/muxed_stream.h>
#include <hearth/webrtc/connection.h>

namespace hearth::webrtc_driver {

class RtcConnection;

/// What a session needs of the port; it may be gone before the last handle on the session is.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  virtual libp2p::Host& host() = 0;
  /// The session has changed: look at its outputs soon.
  virtual void touch(ice::SessionTag tag) = 0;
  /// The peer is known: no newcomer takes its place.
  virtual void confirm(ice::SessionTag tag) = 0;
};

class RtcConnection final : public libp2p::Connection,
                            public std::enable_shared_from_this<RtcConnection> {
 public:
  RtcConnection(std::weak_ptr<SessionOwner> owner, ice::SessionTag tag, webrtc::Options options,
                libp2p::Host& host, libp2p::Transport transport, libp2p::Direction direction);
  ~RtcConnection() override;

  const peer::PeerId& peer() const override { return *peer_; }
  const codec::Multiaddr& remote_address() const override { return remote_; }
  libp2p::Transport transport() const override { return transport_; }
  libp2p::Direction direction() const override { return direction_; }
  bool is_open() const override { return peer_.has_value() && !core_.closed(); }
  loop::Task<libp2p::StreamPtr> open_stream(std::vector<std::string> protocols) override;
  void close() noexcept override;

  /// For the port, and for signaling.
  [[nodiscard]] webrtc::Connection& core() { return core_; }
  [[nodiscard]] ice::SessionTag tag() const { return tag_; }
  /// Acts on the core's events.
  void drain_events();
  [[nodiscard]] bool secured() const { return peer_.has_value(); }
  [[nodiscard]] webrtc::CloseReason close_reason() const { return close_reason_; }
  /// Secured, closed, or a local candidate was found.
  [[nodiscard]] libp2p::Signal& changed() { return changed_; }
  [[nodiscard]] std::optional<sdp::Candidate> take_candidate();

  /// Throws when it can't be secured.
  static loop::Task<libp2p::ConnectionPtr> wait_secured(std::shared_ptr<RtcConnection> self);

  // --- for its streams (libp2p/muxed_stream.h) ---
  using State = libp2p::MuxedState<RtcConnection>;
  [[nodiscard]] webrtc::Connection& muxer() { return core_; }
  [[nodiscard]] libp2p::MuxedStates<RtcConnection>& streams() { return streams_; }
  [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }
  [[nodiscard]] bool ended() const { return ended_; }
  void touch();

 private:
  void on_event(const webrtc::Event& event);
  void on_secured(const peer::PeerId& peer);
  void on_closed(webrtc::CloseReason why);
  [[nodiscard]] State* find(webrtc::StreamId id) const;
  std::unique_ptr<loop::ByteStream> make_stream(webrtc::StreamId id);
  static loop::Task<libp2p::StreamPtr> open_and_agree(std::shared_ptr<RtcConnection> self,
                                                      std::vector<std::string> protocols);

  std::weak_ptr<SessionOwner> owner_;
  ice::SessionTag tag_;
  boost::asio::any_io_executor executor_;
  const loop::SystemClock& clock_;
  webrtc::Connection core_;
  libp2p::Transport transport_;
  libp2p::Direction direction_;
  codec::Multiaddr remote_;
  std::optional<peer::PeerId> peer_;
  webrtc::CloseReason close_reason_ = webrtc::CloseReason::closed_here;
  libp2p::MuxedStates<RtcConnection> streams_;
  std::deque<sdp::Candidate> candidates_;  // bounded by ice::Agent's
  libp2p::Signal changed_;
  bool adopted_ = false;
  bool ended_ = false;
};

}  // namespace hearth::webrtc_driver
