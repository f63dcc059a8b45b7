#pragma once
// An IP address and a transport address, as values: no sockets here.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>

namespace hearth {

/// IPv4 or IPv6, without a zone. An IPv4-mapped IPv6 address stays what it was given as.
class IpAddress {
 public:
  /// 0.0.0.0
  IpAddress() = default;
  [[nodiscard]] static IpAddress v4(std::array<std::uint8_t, 4> octets);
  [[nodiscard]] static IpAddress v6(std::array<std::uint8_t, 16> octets);
  /// From 4 or 16 bytes in network order; nothing for any other length.
  [[nodiscard]] static std::optional<IpAddress> from_bytes(BytesView bytes);
  /// Dotted quad, or RFC 4291 text.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const { return v4_; }
  [[nodiscard]] bool is_v6() const { return !v4_; }
  /// 4 or 16 bytes in network order. Borrowed.
  [[nodiscard]] BytesView bytes() const;
  /// RFC 5952 text for IPv6.
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_unspecified() const;
  /// RFC 1918, link-local, unique local (RFC 4193), carrier-grade NAT (RFC 6598); not loopback.
  [[nodiscard]] bool is_private() const;
  [[nodiscard]] bool is_multicast() const;
  /// ::ffff:a.b.c.d as a.b.c.d; everything else unchanged.
  [[nodiscard]] IpAddress unmapped() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  bool v4_ = true;
  std::array<std::uint8_t, 16> octets_{};
};

/// An address and a port (UDP or TCP, by context).
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// "192.0.2.1:4001" or "[2001:db8::1]:4001".
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] static std::optional<Endpoint> parse(std::string_view text);
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace hearth
