#pragma once
// Multiaddr: addresses that name every layer, as text and as bytes.
// https://github.com/multiformats/multiaddr, protocols.csv for the codes.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/base/result.h>
#include <hearth/codec/error.h>

namespace hearth::codec {

enum class Protocol : std::uint32_t {
  ip4 = 4,
  tcp = 6,
  ip6 = 41,
  ip6zone = 42,
  dns = 53,
  dns4 = 54,
  dns6 = 55,
  dnsaddr = 56,
  udp = 273,
  webrtc_direct = 280,
  webrtc = 281,
  p2p_circuit = 290,
  p2p = 421,
  tls = 448,
  sni = 449,
  noise = 454,
  quic = 460,
  quic_v1 = 461,
  webtransport = 465,
  certhash = 466,
  ws = 477,
  wss = 478,
  http = 480,
};

/// The multihash of a peer id (peer/peer_id.h has the type).
using PeerIdBytes = Bytes;

struct Component {
  Protocol protocol{};
  Bytes value;  ///< in binary form, without its length prefix
  friend auto operator<=>(const Component&, const Component&) = default;
};

/// A name to resolve before dialing.
struct DnsEndpoint {
  enum class Family : std::uint8_t { any, v4, v6 };
  std::string host;
  Family family = Family::any;
  std::uint16_t port = 0;
};

/// A valid address of 1 to 24 components, or an empty one. Equal when their bytes are.
///
/// Text and bytes map one to one: names that hold a slash, empty values, bits that carry nothing
/// are refused.
/// `/ipfs/` reads as `/p2p/`; a peer id reads in base58 and as a CID, and writes in base58.
class Multiaddr {
 public:
  static constexpr std::size_t max_size = 1024;
  static constexpr std::size_t max_components = 24;

  Multiaddr() = default;
  [[nodiscard]] static Result<Multiaddr, CodecError> parse(std::string_view text);
  [[nodiscard]] static Result<Multiaddr, CodecError> from_bytes(BytesView bytes);
  /// /ip4|ip6/ADDRESS/tcp/PORT, and the same with udp.
  [[nodiscard]] static Multiaddr from_tcp(const Endpoint& endpoint);
  [[nodiscard]] static Multiaddr from_udp(const Endpoint& endpoint);

  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] const std::vector<Component>& components() const { return components_; }
  [[nodiscard]] bool empty() const { return components_.empty(); }

  /// The leading IP address, and port when TCP (or UDP) follows it directly.
  [[nodiscard]] std::optional<IpAddress> ip() const;
  [[nodiscard]] std::optional<Endpoint> tcp() const;
  [[nodiscard]] std::optional<Endpoint> udp() const;
  /// A leading dns, dns4 or dns6 followed by TCP.
  [[nodiscard]] std::optional<DnsEndpoint> dns_tcp() const;
  /// Of the last /p2p.
  [[nodiscard]] std::optional<PeerIdBytes> p2p() const;
  [[nodiscard]] bool has(Protocol protocol) const;
  /// Through a relay: has /p2p-circuit.
  [[nodiscard]] bool is_relayed() const { return has(Protocol::p2p_circuit); }
  /// What stands before /p2p-circuit (the relay's own address), and what stands after it.
  [[nodiscard]] std::optional<Multiaddr> before_circuit() const;
  [[nodiscard]] std::optional<Multiaddr> after_circuit() const;
  /// /ws, /wss or /tls/ws, outside of a relayed part; with TLS for the latter two.
  [[nodiscard]] bool is_websocket() const;
  [[nodiscard]] bool is_secure_websocket() const;
  /// The multihashes of all /certhash.
  [[nodiscard]] std::vector<Bytes> certhashes() const;

  /// `protocol` takes no value; or `value` in binary form, valid by our own doing (asserted).
  [[nodiscard]] Multiaddr with(Protocol protocol, BytesView value = {}) const;
  /// Ends in /p2p/ID: unchanged if it does already with this id.
  [[nodiscard]] Multiaddr with_p2p(BytesView peer_id) const;
  /// Without the /p2p at the end, if there is one.
  [[nodiscard]] Multiaddr without_p2p() const;
  /// This address, then `inner`. Empty when that would be too long.
  [[nodiscard]] Multiaddr encapsulate(const Multiaddr& inner) const;

  friend bool operator==(const Multiaddr& a, const Multiaddr& b) { return a.bytes_ == b.bytes_; }
  friend auto operator<=>(const Multiaddr& a, const Multiaddr& b) { return a.bytes_ <=> b.bytes_; }

 private:
  [[nodiscard]] Result<Unit, CodecError> add(Protocol protocol, BytesView value);
  [[nodiscard]] std::optional<std::uint16_t> port_after_ip(Protocol protocol) const;
  [[nodiscard]] Multiaddr slice(std::size_t begin, std::size_t end) const;

  Bytes bytes_;
  std::vector<Component> components_;
};

/// The multihash of a peer id written as base58 (`12D3KooW…`, `Qm…`) or as a CIDv1 of a libp2p key.
[[nodiscard]] Result<PeerIdBytes, CodecError> parse_peer_id(std::string_view text);

}  // namespace hearth::codec
