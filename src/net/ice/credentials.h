#pragma once
// The short-term credentials of one ICE session (RFC 8445 §5.3).

#include <string>

#include <hearth/base/entropy.h>

namespace hearth::ice {

/// Both are ice-chars: ufrag 4–256 of them, password 22–256.
struct Credentials {
  std::string ufrag;
  std::string password;

  /// 8 characters (48 bits) and 24 characters (144 bits) of randomness.
  [[nodiscard]] static Credentials generate(Entropy& entropy);
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

}  // namespace hearth::ice
