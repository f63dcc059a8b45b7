#pragma once
// Plain data channels for browsers, without libp2p: what the stack is measured and tried with.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <hearth/base/entropy.h>
#include <hearth/ice/demux.h>
#include <hearth/loop/system.h>
#include <hearth/udp/batch.h>
#include <hearth/udp/socket.h>
#include <hearth/webrtc/peer_connection.h>

namespace hearth::webrtc_echo {

/// A channel's label says what it does: "echo" sends every message back; "sink" counts, and says
/// "BYTES" as text when it gets text; "source SIZE TOTAL" sends TOTAL bytes in messages of SIZE;
/// "close" is closed by us on its first message.
class RawServer {
 public:
  RawServer(boost::asio::any_io_executor executor, const Endpoint& bind,
            const dtls::Certificate& certificate, const loop::SystemClock& clock, Entropy& entropy);

  /// The answer to an offer, with our candidates in it; nothing when it can't be taken. With
  /// `wrong_fingerprint` the session expects another certificate than the offer names.
  std::optional<std::string> answer(const std::string& offer, bool wrong_fingerprint);
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }
  /// Why the last session ended.
  [[nodiscard]] std::optional<webrtc::CloseReason> last_close() const { return last_close_; }

 private:
  struct Channel {
    std::string task;
    std::uint64_t counted = 0;
    std::size_t size = 0;       // of each message to send
    std::uint64_t to_send = 0;  // bytes still to be sent
    std::deque<webrtc::Data> waiting;
  };
  struct Session {
    Session(const dtls::Certificate& certificate, webrtc::PeerConnectionOptions options,
            Entropy& entropy, Instant now)
        : peer(certificate, std::move(options), entropy, now) {}
    webrtc::PeerConnection peer;
    std::map<webrtc::ChannelId, Channel> channels;
  };

  void receive(std::span<const udp::Datagram> datagrams);
  void pump(ice::SessionTag tag);
  bool serve(Instant now, Session& session);
  void on_message(Instant now, Session& session, webrtc::Data data);
  bool send_waiting(Instant now, Session& session, webrtc::ChannelId id, Channel& channel);
  void transmit();
  void arm();

  const loop::SystemClock& clock_;
  Entropy& entropy_;
  dtls::Certificate certificate_;
  ice::Demux demux_;
  std::map<ice::SessionTag, std::unique_ptr<Session>> sessions_;
  udp::Socket socket_;
  udp::Batch batch_;
  bool blocked_ = false;
  boost::asio::steady_timer timer_;
  std::optional<Instant> armed_for_;
  std::optional<webrtc::CloseReason> last_close_;
};

}  // namespace hearth::webrtc_echo
