#include <array>

#include <hearth/base/assert.h>
#include <hearth/codec/base64.h>
#include <hearth/codec/varint.h>
#include <hearth/identity/link.h>

namespace hearth::identity {
namespace {

using codec::Multiaddr;

std::string_view kind_text(LinkKind kind) {
  return kind == LinkKind::setup ? "setup" : "pair";
}
std::size_t secret_size(LinkKind kind) {
  return kind == LinkKind::setup ? 5 : 32;
}

Result<Bytes, IdentityError> decode(std::string_view text) {
  auto bytes = codec::base64url_decode(text);
  if (!bytes || bytes->empty()) return Failure{IdentityError::malformed};
  return std::move(*bytes);
}

Result<Multiaddr, IdentityError> address(BytesView bytes) {
  auto parsed = Multiaddr::from_bytes(bytes);
  if (!parsed || parsed->empty()) return Failure{IdentityError::malformed};
  return std::move(*parsed);
}

Result<std::vector<Multiaddr>, IdentityError> addresses_of(std::string_view text) {
  HEARTH_TRY(const Bytes bytes, decode(text));
  std::vector<Multiaddr> addresses;
  for (Reader reader{bytes}; !reader.empty();) {
    if (addresses.size() == Link::max_addresses) return Failure{IdentityError::too_large};
    const auto encoded = codec::read_length_prefixed(reader, Multiaddr::max_size);
    if (!encoded) return Failure{IdentityError::malformed};
    HEARTH_TRY(auto parsed, address(*encoded));
    addresses.push_back(std::move(parsed));
  }
  return addresses;
}

}  // namespace

std::string Link::fragment() const {
  HEARTH_ASSERT(secret.size() == secret_size(kind) && addresses.size() <= max_addresses);
  std::string text = "1.";
  text += kind_text(kind);
  text += '.' + root.to_string() + '.';
  text += flock ? codec::base64url_encode(flock->bytes()) : "-";
  text += '.' + codec::base64url_encode(secret);
  if (!addresses.empty()) {
    Bytes bytes;
    for (const Multiaddr& each : addresses) codec::append_length_prefixed(bytes, each.bytes());
    text += '.' + codec::base64url_encode(bytes);
  }
  return text;
}

std::string Link::url(std::string_view origin) const {
  if (origin.ends_with('/')) origin.remove_suffix(1);
  return std::string{origin} + "/#" + fragment();
}

Result<Link, IdentityError> Link::parse(std::string_view text) {
  if (const auto hash = text.find('#'); hash != std::string_view::npos)
    text.remove_prefix(hash + 1);
  if (text.size() > max_size) return Failure{IdentityError::too_large};

  std::array<std::string_view, 6> parts;
  std::size_t count = 0;
  for (std::string_view rest = text;;) {
    if (count == parts.size()) return Failure{IdentityError::malformed};
    const auto dot = rest.find('.');
    parts[count++] = rest.substr(0, dot);
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (parts[0] != "1") return Failure{IdentityError::unsupported_version};
  if (count < 5) return Failure{IdentityError::malformed};

  LinkKind kind = LinkKind::setup;
  if (parts[1] == kind_text(LinkKind::pair))
    kind = LinkKind::pair;
  else if (parts[1] != kind_text(LinkKind::setup))
    return Failure{IdentityError::malformed};
  HEARTH_TRY(const auto root, RootId::parse(parts[2]));
  std::optional<Multiaddr> flock;
  if (parts[3] != "-") {
    HEARTH_TRY(const Bytes bytes, decode(parts[3]));
    HEARTH_TRY(auto parsed, address(bytes));
    if (parsed.components().back().protocol != codec::Protocol::p2p)
      return Failure{IdentityError::malformed};
    flock = std::move(parsed);
  }
  HEARTH_TRY(auto secret, decode(parts[4]));
  if (secret.size() != secret_size(kind)) return Failure{IdentityError::malformed};
  Link link{.kind = kind, .root = root, .flock = std::move(flock), .secret = std::move(secret)};
  if (count == 6) {
    HEARTH_TRY(link.addresses, addresses_of(parts[5]));
  }
  return link;
}

}  // namespace hearth::identity
