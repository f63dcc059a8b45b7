#include <hearth/daemon/network.h>
#include <hearth/libp2p/ping.h>

namespace hearth::daemon {

Network::Network(const NetworkParts& parts, const Ports& ports)
    : ports_(ports),
      host_(parts.executor,
            {.key = parts.keys.host().clone(),
             .agent_version = "hearth/" HEARTH_VERSION,
             .limits = {},
             .budget = parts.budget},
            parts.clock, parts.entropy, parts.log) {
  std::vector<Endpoint> bind;
  for (const IpAddress& ip : ports_.ips) bind.push_back({.address = ip, .port = ports_.udp});
  webrtc_.emplace(host_, webrtc_driver::Options{
                             .bind = std::move(bind),
                             .certificate = webrtc_driver::load_or_create_certificate(
                                 parts.directory / "webrtc.pem", parts.entropy, parts.clock.wall()),
                             .with_loopback = true});
  relays_.emplace(host_);
  membership_.emplace(host_, *relays_, parts.store,
                      membership::Standing{parts.keys.certificate(), parts.keys.host_certificate()},
                      parts.clock, parts.log);
  libp2p::serve_pings(host_);
  for (const IpAddress& ip : ports_.ips)
    ports_.tcp = host_.listen(codec::Multiaddr::from_tcp({.address = ip, .port = ports_.tcp}));
  ports_.udp = webrtc_->bound().front().port;
}

std::vector<codec::Multiaddr> Network::addresses() const {
  std::vector<codec::Multiaddr> all;
  for (const auto& listening : {host_.listen_addresses(), webrtc_->listen_addresses()})
    for (const codec::Multiaddr& address : listening)
      all.push_back(address.with_p2p(host_.id().bytes()));
  return all;
}

void Network::finish() {
  membership_.reset();
  relays_.reset();
  webrtc_.reset();
}

}  // namespace hearth::daemon
