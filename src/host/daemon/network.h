#pragma once
// The appliance among its peers: one libp2p host under one host key, and what it does there.
//
// A host key can't change under a running host, since every connection was made with it. After a
// rotation the whole network is ended and made anew, on the same ports; the API, the apps and the
// loopback port go on meanwhile.

#include <functional>
#include <optional>
#include <vector>

#include <hearth/appliance/keys.h>
#include <hearth/base/log.h>
#include <hearth/budget/budget.h>
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/relay_client.h>
#include <hearth/loop/system.h>
#include <hearth/membership/membership.h>
#include <hearth/storage/store.h>
#include <hearth/webrtc_driver/transport.h>

namespace hearth::daemon {

/// References outlive it.
struct NetworkParts {
  boost::asio::any_io_executor executor;
  const appliance::Keys& keys;
  storage::Store& store;
  const loop::SystemClock& clock;
  Entropy& entropy;
  Log& log;
  std::filesystem::path directory;
  budget::BudgetPtr budget;
};

/// Each of `ips`, of which there is at least one, at the same two ports; 0 picks one.
struct Ports {
  std::vector<IpAddress> ips;
  std::uint16_t tcp = 0;
  std::uint16_t udp = 0;
};

class Network {
 public:
  /// Under the present host key. Throws system_error when a port is taken.
  Network(const NetworkParts& parts, const Ports& ports);

  libp2p::Host& host() { return host_; }
  webrtc_driver::WebRtcTransport& webrtc() { return *webrtc_; }
  const libp2p::Host& host() const { return host_; }
  const webrtc_driver::WebRtcTransport& webrtc() const { return *webrtc_; }
  membership::Membership& membership() { return *membership_; }
  const membership::Membership& membership() const { return *membership_; }
  /// All that it listens at, each with /p2p.
  [[nodiscard]] std::vector<codec::Multiaddr> addresses() const;
  /// Where it listens, with the ports that the system picked.
  [[nodiscard]] const Ports& ports() const { return ports_; }

  /// Ends all connections. Afterwards finish() closes what is left, and only its destructor may
  /// follow. Coroutines on their way out may still name the host: it has to stay until they are
  /// gone, which is as long as the process.
  loop::Task<void> leave() { return host_.shut_down(); }
  void finish();

 private:
  Ports ports_;
  libp2p::Host host_;
  std::optional<webrtc_driver::WebRtcTransport> webrtc_;
  std::optional<libp2p::RelayClient> relays_;
  std::optional<membership::Membership> membership_;
};

}  // namespace hearth::daemon
