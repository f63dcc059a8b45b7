#pragma once
// The UDP port: sockets, the demultiplexer, all sessions and one timer for them.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include <hearth/ice/demux.h>
#include <hearth/libp2p/host.h>
#include <hearth/stun/binding_server.h>
#include <hearth/udp/batch.h>
#include <hearth/udp/socket.h>
#include <hearth/webrtc_driver/rtc_connection.h>
#include <hearth/webrtc_driver/transport.h>

namespace hearth::webrtc_driver {

class Port final : public SessionOwner, public std::enable_shared_from_this<Port> {
 public:
  Port(libp2p::Host& host, Options options);

  void start();
  void stop() noexcept;

  /// A session that we or a signaled peer begin; nothing when there are too many.
  std::shared_ptr<RtcConnection> begin_direct(const Endpoint& remote,
                                              const dtls::Fingerprint& certhash,
                                              std::optional<peer::PeerId> expected);
  std::shared_ptr<RtcConnection> begin_signaled(const peer::PeerId& peer, ice::Role role);

  /// Whether a session stands with this endpoint: a second one between the same two sockets
  /// couldn't be told from it.
  [[nodiscard]] bool reaches(const Endpoint& remote) const;

  [[nodiscard]] std::vector<Endpoint> bound() const;
  /// Where this machine can be reached, best first.
  [[nodiscard]] std::vector<Endpoint> bases() const;
  [[nodiscard]] Counters counters() const;
  [[nodiscard]] Options& options() { return options_; }

  // SessionOwner.
  libp2p::Host& host() override { return host_; }
  void touch(ice::SessionTag tag) override;
  void confirm(ice::SessionTag tag) override;

 private:
  struct Family {
    explicit Family(std::unique_ptr<udp::Socket> bound) : socket(std::move(bound)) {}
    std::unique_ptr<udp::Socket> socket;
    udp::Batch batch;
    bool blocked = false;  // the kernel's buffer is full
  };
  struct Entry {
    std::shared_ptr<RtcConnection> session;
    budget::Claim memory;
    std::optional<Instant> deadline;
  };

  void bind_all();
  void receive(std::span<const udp::Datagram> datagrams);
  void receive_one(Instant now, const udp::Datagram& datagram);
  void admit(Instant now, const ice::Admit& admit, const udp::Datagram& datagram);
  void deliver(Instant now, ice::SessionTag tag, const udp::Datagram& datagram);
  void answer_stun(Instant now, const udp::Datagram& datagram);
  /// Nothing when there is no memory for it.
  std::shared_ptr<RtcConnection> insert(ice::SessionTag tag, webrtc::Options options,
                                        libp2p::Transport transport, libp2p::Direction direction);
  void end(ice::SessionTag tag);

  void pump();
  bool transmit(RtcConnection& session);
  bool put(const Endpoint& to, const Endpoint& local, BytesView datagram);
  void set_deadline(ice::SessionTag tag, Entry& entry, std::optional<Instant> at);
  void arm_timer();
  void on_timer();
  [[nodiscard]] Family* family_of(const Endpoint& remote);

  libp2p::Host& host_;
  Options options_;
  noise::Credentials credentials_;
  ice::Demux demux_;
  std::optional<stun::BindingServer> stun_;
  std::vector<std::unique_ptr<Family>> families_;  // at most one of IPv4 and one of IPv6

  std::map<ice::SessionTag, Entry> sessions_;
  std::set<std::pair<Instant, ice::SessionTag>> deadlines_;
  std::set<ice::SessionTag> touched_;
  bool pump_posted_ = false;
  bool stopped_ = false;
  boost::asio::steady_timer timer_;
  std::optional<Instant> armed_for_;
  Counters counters_;
};

}  // namespace hearth::webrtc_driver
