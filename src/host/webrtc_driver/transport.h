#pragma once
// WebRTC for a libp2p host: one UDP port for all browsers and appliances.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include <hearth/base/endpoint.h>
#include <hearth/base/time.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/dtls/certificate.h>
#include <hearth/ice/demux.h>
#include <hearth/libp2p/host.h>
#include <hearth/stun/binding_server.h>
#include <hearth/udp/socket.h>

namespace hearth::webrtc_driver {

/// Reads the certificate kept at `path`, or makes one and writes it there (mode 0600). A file that
/// can't be read as one is an error, never overwritten: announced certhashes name it. Throws
/// system_error.
[[nodiscard]] dtls::Certificate load_or_create_certificate(const std::filesystem::path& path,
                                                           Entropy& entropy, Timestamp now);

struct Options {
  /// UDP addresses to bind; 0.0.0.0 and :: for all. Port 0 picks one; the second takes the first's
  /// port where it can, so that both families have the same.
  std::vector<Endpoint> bind;
  dtls::Certificate certificate;
  /// Asked for our reflexive address when a peer dials by signaling.
  std::vector<Endpoint> stun_servers;
  /// Whether dialers of /webrtc-direct are taken, and its addresses announced.
  bool direct = true;
  /// Whether strangers' Binding requests are answered (a flock).
  bool stun_server = false;
  /// Whether loopback addresses are candidates and announced: for a browser on the same machine.
  bool with_loopback = false;
  /// Sessions in all, and those of strangers: see ice::Demux.
  ice::DemuxOptions demux;
  /// From the offer to a connection that stands.
  Duration signaling_timeout = std::chrono::seconds{20};
};

struct Counters {
  std::uint64_t datagrams_in = 0;
  std::uint64_t datagrams_out = 0;
  std::array<std::uint64_t, ice::drop_reasons> dropped{};  // by ice::DropReason
  std::uint64_t admitted = 0;                              // webrtc-direct dialers
  std::uint64_t evicted = 0;                               // of these, to make room
  std::uint64_t secured = 0;
  std::size_t sessions = 0;
};

/// Serves from construction on: takes webrtc-direct dialers, answers /webrtc-signaling/0.0.1, dials
/// /webrtc-direct and /…/p2p-circuit/webrtc addresses for the host. Its connections are adopted by
/// the host. Used on the host's executor only. The host outlives it.
class WebRtcTransport {
 public:
  /// Throws boost::system::system_error when an address can't be bound.
  WebRtcTransport(libp2p::Host& host, Options options);
  /// Closes all its connections.
  ~WebRtcTransport();
  WebRtcTransport(const WebRtcTransport&) = delete;
  WebRtcTransport& operator=(const WebRtcTransport&) = delete;

  /// The bound addresses with their real ports.
  [[nodiscard]] std::vector<Endpoint> bound() const;
  /// /ip4|ip6/…/udp/…/webrtc-direct/certhash/…, without /p2p.
  [[nodiscard]] std::vector<codec::Multiaddr> listen_addresses() const;
  void set_stun_servers(std::vector<Endpoint> servers);

  /// A direct connection beside `carrier`, a connection (relayed, usually) to the same peer. Throws
  /// system_error; `carrier` stays as it is.
  loop::Task<libp2p::ConnectionPtr> upgrade(libp2p::ConnectionPtr carrier);

  [[nodiscard]] Counters counters() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::webrtc_driver
