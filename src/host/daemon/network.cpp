#include <hearth/daemon/network.h>
#include <hearth/libp2p/ping.h>

namespace hearth::daemon {

Network::Network(const NetworkParts& parts, const Ports& ports)
    : ports_(ports),
      host_(parts.executor,
            {.key = parts.keys.host().clone(), .agent_version = "hearth/" HEARTH_VERSION},
            parts.clock, parts.entropy, parts.log) {
  webrtc_.emplace(host_, webrtc_driver::Options{
                             .bind = {ports.udp},
                             .certificate = webrtc_driver::load_or_create_certificate(
                                 parts.directory / "webrtc.pem", parts.entropy, parts.clock.wall()),
                             .with_loopback = true});
  relays_.emplace(host_);
  membership_.emplace(host_, *relays_, parts.store,
                      membership::Standing{parts.keys.certificate(), parts.keys.host_certificate()},
                      parts.clock, parts.log);
  libp2p::serve_pings(host_);
  host_.listen(codec::Multiaddr::from_tcp(ports.tcp));
  if (const auto tcp = host_.listen_addresses().front().tcp()) ports_.tcp.port = tcp->port;
  ports_.udp.port = webrtc_->bound().front().port;
}

void Network::finish() {
  membership_.reset();
  relays_.reset();
  webrtc_.reset();
}

}  // namespace hearth::daemon
