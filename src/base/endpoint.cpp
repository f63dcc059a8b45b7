#include <algorithm>
#include <charconv>

#include <hearth/base/endpoint.h>

namespace hearth {

namespace {

std::optional<std::array<std::uint8_t, 4>> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> octets{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos || dot == 0 || dot > 3) return std::nullopt;
    const std::string_view part = text.substr(0, dot);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || end != part.data() + part.size() || value > 255)
      return std::nullopt;
    if (part.size() > 1 && part.front() == '0') return std::nullopt;  // octal to some, not to us
    octets[i] = static_cast<std::uint8_t>(value);
    text.remove_prefix(i < 3 ? dot + 1 : dot);
  }
  return octets;
}

// RFC 4291 section 2.2: eight groups, one "::" at most, the last 32 bits maybe as a dotted quad.
std::optional<std::array<std::uint8_t, 16>> parse_v6(std::string_view text) {
  std::array<std::uint8_t, 16> octets{};
  std::size_t filled = 0;
  std::optional<std::size_t> gap;
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      const auto quad = parse_v4(group);
      if (!quad || filled > 12) return std::nullopt;
      std::ranges::copy(*quad, octets.begin() + static_cast<std::ptrdiff_t>(filled));
      filled += 4;
      break;
    }
    unsigned value = 0;
    const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (group.empty() || group.size() > 4 || error != std::errc{} ||
        end != group.data() + group.size() || filled > 14)
      return std::nullopt;
    octets[filled++] = static_cast<std::uint8_t>(value >> 8);
    octets[filled++] = static_cast<std::uint8_t>(value & 0xff);
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.starts_with(':')) {
      if (gap) return std::nullopt;
      gap = filled;
      text.remove_prefix(1);
    } else if (text.empty()) {
      return std::nullopt;  // a single colon at the end
    }
  }
  if (!gap) return filled == 16 ? std::optional{octets} : std::nullopt;
  if (filled > 14) return std::nullopt;  // "::" stands for at least one group
  const auto from = octets.begin() + static_cast<std::ptrdiff_t>(*gap);
  const auto to = octets.begin() + static_cast<std::ptrdiff_t>(filled);
  std::rotate(from, to, octets.end());
  return octets;
}

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) {
  IpAddress address;
  std::ranges::copy(octets, address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> octets) {
  IpAddress address;
  address.v4_ = false;
  address.octets_ = octets;
  return address;
}

std::optional<IpAddress> IpAddress::from_bytes(BytesView bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  IpAddress address;
  address.v4_ = bytes.size() == 4;
  std::ranges::transform(bytes, address.octets_.begin(),
                         [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const auto octets = parse_v4(text);
    return octets ? std::optional{v4(*octets)} : std::nullopt;
  }
  const auto octets = parse_v6(text);
  return octets ? std::optional{v6(*octets)} : std::nullopt;
}

BytesView IpAddress::bytes() const {
  return std::as_bytes(std::span{octets_}).first(v4_ ? 4 : 16);
}

std::string IpAddress::to_string() const {
  if (v4_) {
    std::string text;
    for (std::size_t i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(octets_[i]);
    return text;
  }
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i)
    groups[i] = (static_cast<unsigned>(octets_[2 * i]) << 8) | octets_[2 * i + 1];
  // RFC 5952: the longest run of two or more zero groups, the first of equals, becomes "::".
  std::size_t best = 8;
  std::size_t best_length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_length) best = i, best_length = end - i;
  }
  std::string text;
  for (std::size_t i = 0; i < 8;) {
    if (i == best) {
      text += "::";
      i += best_length;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 4> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16).ptr;
    text.append(digits.data(), end);
    ++i;
  }
  return text;
}

IpAddress IpAddress::unmapped() const {
  if (v4_) return *this;
  for (std::size_t i = 0; i < 10; ++i)
    if (octets_[i] != 0) return *this;
  if (octets_[10] != 0xff || octets_[11] != 0xff) return *this;
  return v4({octets_[12], octets_[13], octets_[14], octets_[15]});
}

bool IpAddress::is_loopback() const {
  if (v4_) return octets_[0] == 127;
  return std::all_of(octets_.begin(), octets_.begin() + 15, [](auto o) { return o == 0; }) &&
         octets_[15] == 1;
}

bool IpAddress::is_unspecified() const {
  return std::ranges::all_of(octets_, [](auto o) { return o == 0; });
}

bool IpAddress::is_private() const {
  const auto& o = octets_;
  if (v4_)
    return o[0] == 10 || (o[0] == 172 && (o[1] & 0xf0) == 16) || (o[0] == 192 && o[1] == 168) ||
           (o[0] == 169 && o[1] == 254) || (o[0] == 100 && (o[1] & 0xc0) == 64);
  return (o[0] & 0xfe) == 0xfc || (o[0] == 0xfe && (o[1] & 0xc0) == 0x80);
}

bool IpAddress::is_multicast() const {
  return v4_ ? (octets_[0] & 0xf0) == 0xe0 : octets_[0] == 0xff;
}

std::string Endpoint::to_string() const {
  const std::string host = address.to_string();
  return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  if (!address || address->is_v6() != bracketed) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  return Endpoint{*address, port};
}

}  // namespace hearth
