#pragma once
// The state cookie (RFC 9260 §5.1.3): what an INIT said goes back to its sender under a MAC, so
// that nothing is kept for it until it comes again in a COOKIE ECHO.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/time.h>
#include <hearth/sctp/packet.h>

namespace hearth::sctp {

class CookieJar {
 public:
  static constexpr Duration lifetime = std::chrono::seconds{60};

  explicit CookieJar(Entropy& entropy) : key_(entropy.array<32>()) {}

  [[nodiscard]] Bytes bake(Instant now, const Init& peer) const;
  /// What was baked: by this jar, and not too long ago.
  [[nodiscard]] std::optional<Init> open(Instant now, BytesView cookie) const;

 private:
  std::array<std::byte, 32> key_;
};

}  // namespace hearth::sctp
