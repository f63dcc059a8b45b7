#include <algorithm>
#include <array>
#include <charconv>

#include <hearth/base/assert.h>
#include <hearth/codec/base32.h>
#include <hearth/codec/base58.h>
#include <hearth/codec/base64.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/codec/multihash.h>
#include <hearth/codec/varint.h>

namespace hearth::codec {
namespace {

enum class Kind : std::uint8_t { nothing, ip4, ip6, port, name, peer, certhash };

struct Entry {
  Protocol protocol;
  std::string_view name;
  Kind kind;
};

constexpr auto entries = std::to_array<Entry>({
    {Protocol::ip4, "ip4", Kind::ip4},
    {Protocol::tcp, "tcp", Kind::port},
    {Protocol::ip6, "ip6", Kind::ip6},
    {Protocol::ip6zone, "ip6zone", Kind::name},
    {Protocol::dns, "dns", Kind::name},
    {Protocol::dns4, "dns4", Kind::name},
    {Protocol::dns6, "dns6", Kind::name},
    {Protocol::dnsaddr, "dnsaddr", Kind::name},
    {Protocol::udp, "udp", Kind::port},
    {Protocol::webrtc_direct, "webrtc-direct", Kind::nothing},
    {Protocol::webrtc, "webrtc", Kind::nothing},
    {Protocol::p2p_circuit, "p2p-circuit", Kind::nothing},
    {Protocol::p2p, "p2p", Kind::peer},
    {Protocol::tls, "tls", Kind::nothing},
    {Protocol::sni, "sni", Kind::name},
    {Protocol::noise, "noise", Kind::nothing},
    {Protocol::quic, "quic", Kind::nothing},
    {Protocol::quic_v1, "quic-v1", Kind::nothing},
    {Protocol::webtransport, "webtransport", Kind::nothing},
    {Protocol::certhash, "certhash", Kind::certhash},
    {Protocol::ws, "ws", Kind::nothing},
    {Protocol::wss, "wss", Kind::nothing},
    {Protocol::http, "http", Kind::nothing},
});

const Entry* find(Protocol protocol) {
  const auto* const found = std::ranges::find(entries, protocol, &Entry::protocol);
  return found == entries.end() ? nullptr : found;
}

const Entry* find(std::string_view name) {
  if (name == "ipfs") name = "p2p";
  const auto* const found = std::ranges::find(entries, name, &Entry::name);
  return found == entries.end() ? nullptr : found;
}

bool has_length_prefix(Kind kind) {
  return kind == Kind::name || kind == Kind::peer || kind == Kind::certhash;
}

std::size_t fixed_size(Kind kind) {
  switch (kind) {
    case Kind::ip4:
      return 4;
    case Kind::ip6:
      return 16;
    case Kind::port:
      return 2;
    default:
      return 0;
  }
}

bool is_plain_text(BytesView value) {
  return is_utf8(value) && std::ranges::none_of(as_text(value), [](char c) {
           return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '/';
         });
}

// Peer ids are of two kinds, and their base58 begins with 1 or with Q. Small keys stand in them
// whole.
Result<Unit, CodecError> check_peer_id(BytesView bytes) {
  constexpr std::size_t max_inline_key = 42;
  HEARTH_TRY(const Multihash hash, read_multihash(bytes));
  if (hash.code == HashCode::identity && hash.digest.size() > max_inline_key)
    return Failure{CodecError::too_large};
  if (hash.code != HashCode::identity && hash.code != HashCode::sha2_256)
    return Failure{CodecError::unknown_protocol};
  return Unit{};
}

Result<Unit, CodecError> check(Kind kind, BytesView value) {
  switch (kind) {
    case Kind::name:
      if (value.empty()) return Failure{CodecError::bad_length};
      if (!is_plain_text(value)) return Failure{CodecError::bad_character};
      return Unit{};
    case Kind::peer:
      return check_peer_id(value);
    case Kind::certhash:
      HEARTH_CHECK(read_multihash(value));
      return Unit{};
    default:
      if (value.size() != fixed_size(kind)) return Failure{CodecError::bad_length};
      return Unit{};
  }
}

Result<Bytes, CodecError> multibase_decode(std::string_view text) {
  if (text.empty()) return Failure{CodecError::truncated};
  const std::string_view body = text.substr(1);
  switch (text[0]) {
    case 'u':
      return base64url_decode(body);
    case 'b':
      return base32_decode(body);
    case 'z':
      return base58_decode(body);
    default:
      return Failure{CodecError::bad_character};
  }
}

Result<std::uint16_t, CodecError> parse_port(std::string_view text) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return Failure{CodecError::bad_character};
  if (text.size() > 1 && text[0] == '0') return Failure{CodecError::not_minimal};
  return value;
}

Result<Bytes, CodecError> value_from_text(Kind kind, std::string_view text) {
  Bytes value;
  switch (kind) {
    case Kind::nothing:
      break;
    case Kind::ip4:
    case Kind::ip6: {
      const auto address = IpAddress::parse(text);
      if (!address || address->is_v4() != (kind == Kind::ip4))
        return Failure{CodecError::bad_character};
      value = to_bytes(address->bytes());
      break;
    }
    case Kind::port: {
      HEARTH_TRY(const auto port, parse_port(text));
      Writer{value}.u16_be(port);
      break;
    }
    case Kind::name:
      value = to_bytes(text);
      break;
    case Kind::peer:
      return parse_peer_id(text);
    case Kind::certhash:
      return multibase_decode(text);
  }
  return value;
}

std::uint16_t port_of(BytesView value) {
  return Reader{value}.u16_be().value_or(0);
}

std::string value_to_text(Kind kind, BytesView value) {
  switch (kind) {
    case Kind::nothing:
      return {};
    case Kind::ip4:
    case Kind::ip6:
      return IpAddress::from_bytes(value)->to_string();
    case Kind::port:
      return std::to_string(port_of(value));
    case Kind::name:
      return to_text(value);
    case Kind::peer:
      return base58_encode(value);
    case Kind::certhash:
      return 'u' + base64url_encode(value);
  }
  return {};
}

}  // namespace

Result<PeerIdBytes, CodecError> parse_peer_id(std::string_view text) {
  // A CIDv1 starts with its multibase letter; base58 peer ids start with 1 or Q.
  if (!text.starts_with('1') && !text.starts_with('Q')) {
    HEARTH_TRY(const Bytes cid, multibase_decode(text));
    Reader reader{cid};
    HEARTH_TRY(const std::uint64_t version, read_uvarint(reader));
    HEARTH_TRY(const std::uint64_t content, read_uvarint(reader));
    constexpr std::uint64_t libp2p_key = 0x72;
    if (version != 1 || content != libp2p_key) return Failure{CodecError::unknown_protocol};
    HEARTH_CHECK(check_peer_id(reader.rest()));
    return to_bytes(reader.rest());
  }
  HEARTH_TRY(Bytes bytes, base58_decode(text));
  HEARTH_CHECK(check_peer_id(bytes));
  return bytes;
}

Result<Unit, CodecError> Multiaddr::add(Protocol protocol, BytesView value) {
  const Entry* const entry = find(protocol);
  if (entry == nullptr) return Failure{CodecError::unknown_protocol};
  HEARTH_CHECK(check(entry->kind, value));
  if (components_.size() == max_components) return Failure{CodecError::too_large};
  Bytes encoded;
  append_uvarint(encoded, static_cast<std::uint64_t>(protocol));
  if (has_length_prefix(entry->kind)) {
    append_length_prefixed(encoded, value);
  } else {
    append(encoded, value);
  }
  if (bytes_.size() + encoded.size() > max_size) return Failure{CodecError::too_large};
  append(bytes_, encoded);
  components_.push_back({.protocol = protocol, .value = to_bytes(value)});
  return Unit{};
}

Result<Multiaddr, CodecError> Multiaddr::parse(std::string_view text) {
  if (text.empty() || text[0] != '/') return Failure{CodecError::bad_character};
  if (text.size() > 4 * max_size) return Failure{CodecError::too_large};
  Multiaddr address;
  const auto next = [&text] {
    text.remove_prefix(1);  // the slash
    const std::size_t end = std::min(text.find('/'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end);
    return part;
  };
  while (!text.empty()) {
    const Entry* const entry = find(next());
    if (entry == nullptr) return Failure{CodecError::unknown_protocol};
    Bytes value;
    if (entry->kind != Kind::nothing) {
      if (text.empty()) return Failure{CodecError::truncated};
      HEARTH_TRY(value, value_from_text(entry->kind, next()));
    }
    HEARTH_CHECK(address.add(entry->protocol, value));
  }
  return address;
}

Result<Multiaddr, CodecError> Multiaddr::from_bytes(BytesView bytes) {
  if (bytes.size() > max_size) return Failure{CodecError::too_large};
  Multiaddr address;
  Reader reader{bytes};
  while (!reader.empty()) {
    HEARTH_TRY(const std::uint64_t code, read_uvarint(reader));
    if (code > 0xffffffff) return Failure{CodecError::unknown_protocol};
    const Entry* const entry = find(static_cast<Protocol>(code));
    if (entry == nullptr) return Failure{CodecError::unknown_protocol};
    BytesView value;
    if (has_length_prefix(entry->kind)) {
      HEARTH_TRY(value, read_length_prefixed(reader, max_size));
    } else {
      const auto fixed = reader.bytes(fixed_size(entry->kind));
      if (!fixed) return Failure{CodecError::truncated};
      value = *fixed;
    }
    HEARTH_CHECK(address.add(entry->protocol, value));
  }
  return address;
}

Multiaddr Multiaddr::from_tcp(const Endpoint& endpoint) {
  Bytes port;
  Writer{port}.u16_be(endpoint.port);
  return Multiaddr{}
      .with(endpoint.address.is_v4() ? Protocol::ip4 : Protocol::ip6, endpoint.address.bytes())
      .with(Protocol::tcp, port);
}

Multiaddr Multiaddr::from_udp(const Endpoint& endpoint) {
  Bytes port;
  Writer{port}.u16_be(endpoint.port);
  return Multiaddr{}
      .with(endpoint.address.is_v4() ? Protocol::ip4 : Protocol::ip6, endpoint.address.bytes())
      .with(Protocol::udp, port);
}

std::string Multiaddr::to_string() const {
  std::string text;
  for (const Component& component : components_) {
    const Entry& entry = *find(component.protocol);
    text += '/';
    text += entry.name;
    if (entry.kind == Kind::nothing) continue;
    text += '/';
    text += value_to_text(entry.kind, component.value);
  }
  return text;
}

std::optional<IpAddress> Multiaddr::ip() const {
  if (components_.empty()) return std::nullopt;
  const Component& first = components_[0];
  if (first.protocol != Protocol::ip4 && first.protocol != Protocol::ip6) return std::nullopt;
  return IpAddress::from_bytes(first.value);
}

std::optional<std::uint16_t> Multiaddr::port_after_ip(Protocol protocol) const {
  if (components_.size() < 2 || components_[1].protocol != protocol) return std::nullopt;
  return port_of(components_[1].value);
}

std::optional<Endpoint> Multiaddr::tcp() const {
  const auto address = ip();
  const auto port = port_after_ip(Protocol::tcp);
  if (!address || !port) return std::nullopt;
  return Endpoint{.address = *address, .port = *port};
}

std::optional<Endpoint> Multiaddr::udp() const {
  const auto address = ip();
  const auto port = port_after_ip(Protocol::udp);
  if (!address || !port) return std::nullopt;
  return Endpoint{.address = *address, .port = *port};
}

std::optional<DnsEndpoint> Multiaddr::dns_tcp() const {
  const auto port = port_after_ip(Protocol::tcp);
  if (!port) return std::nullopt;
  DnsEndpoint endpoint{.host = to_text(components_[0].value), .port = *port};
  switch (components_[0].protocol) {
    case Protocol::dns:
      return endpoint;
    case Protocol::dns4:
      endpoint.family = DnsEndpoint::Family::v4;
      return endpoint;
    case Protocol::dns6:
      endpoint.family = DnsEndpoint::Family::v6;
      return endpoint;
    default:
      return std::nullopt;
  }
}

std::optional<PeerIdBytes> Multiaddr::p2p() const {
  const auto found = std::ranges::find(components_.rbegin(), components_.rend(), Protocol::p2p,
                                       &Component::protocol);
  if (found == components_.rend()) return std::nullopt;
  return found->value;
}

bool Multiaddr::has(Protocol protocol) const {
  return std::ranges::find(components_, protocol, &Component::protocol) != components_.end();
}

Multiaddr Multiaddr::slice(std::size_t begin, std::size_t end) const {
  Multiaddr part;
  for (std::size_t i = begin; i < end; ++i)
    HEARTH_ASSERT(part.add(components_[i].protocol, components_[i].value));
  return part;
}

std::optional<Multiaddr> Multiaddr::before_circuit() const {
  const auto circuit = std::ranges::find(components_, Protocol::p2p_circuit, &Component::protocol);
  if (circuit == components_.end()) return std::nullopt;
  return slice(0, static_cast<std::size_t>(circuit - components_.begin()));
}

std::optional<Multiaddr> Multiaddr::after_circuit() const {
  const auto circuit = std::ranges::find(components_, Protocol::p2p_circuit, &Component::protocol);
  if (circuit == components_.end()) return std::nullopt;
  return slice(static_cast<std::size_t>(circuit - components_.begin()) + 1, components_.size());
}

bool Multiaddr::is_websocket() const {
  for (const Component& component : components_) {
    if (component.protocol == Protocol::p2p_circuit) return false;
    if (component.protocol == Protocol::ws || component.protocol == Protocol::wss) return true;
  }
  return false;
}

bool Multiaddr::is_secure_websocket() const {
  bool tls = false;
  for (const Component& component : components_) {
    if (component.protocol == Protocol::p2p_circuit) return false;
    if (component.protocol == Protocol::tls) tls = true;
    if (component.protocol == Protocol::wss) return true;
    if (component.protocol == Protocol::ws) return tls;
  }
  return false;
}

std::vector<Bytes> Multiaddr::certhashes() const {
  std::vector<Bytes> hashes;
  for (const Component& component : components_)
    if (component.protocol == Protocol::certhash) hashes.push_back(component.value);
  return hashes;
}

Multiaddr Multiaddr::with(Protocol protocol, BytesView value) const {
  Multiaddr longer = *this;
  HEARTH_ASSERT(longer.add(protocol, value));
  return longer;
}

Multiaddr Multiaddr::with_p2p(BytesView peer_id) const {
  if (!components_.empty() && components_.back().protocol == Protocol::p2p &&
      equal(components_.back().value, peer_id))
    return *this;
  return with(Protocol::p2p, peer_id);
}

Multiaddr Multiaddr::without_p2p() const {
  if (components_.empty() || components_.back().protocol != Protocol::p2p) return *this;
  return slice(0, components_.size() - 1);
}

Multiaddr Multiaddr::encapsulate(const Multiaddr& inner) const {
  Multiaddr longer = *this;
  for (const Component& component : inner.components_)
    if (!longer.add(component.protocol, component.value)) return {};
  return longer;
}

}  // namespace hearth::codec
