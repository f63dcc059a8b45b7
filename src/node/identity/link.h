#pragma once
// Links that carry first contact: `<shell
// origin>/#1.<kind>.<root>.<flock>.<secret>[.<multiaddrs>]`. Everything stands after `#`, so no
// server sees it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/identity/error.h>
#include <hearth/identity/id.h>

namespace hearth::identity {

enum class LinkKind : std::uint8_t { setup, pair };

struct Link {
  static constexpr std::size_t max_size = 4096;  ///< characters, of what follows `#`
  static constexpr std::size_t max_addresses = 16;

  LinkKind kind = LinkKind::setup;
  RootId root;
  std::optional<codec::Multiaddr> flock;  ///< ends in /p2p
  Bytes secret;                           ///< 5 bytes for setup, 32 for pair
  std::vector<codec::Multiaddr> addresses;

  /// What follows `#`.
  [[nodiscard]] std::string fragment() const;
  /// `origin` as in `https://home.flock.example`.
  [[nodiscard]] std::string url(std::string_view origin) const;
  /// A whole link or what follows its `#`. `malformed`, `unsupported_version`, `bad_key` or
  /// `too_large`.
  [[nodiscard]] static Result<Link, IdentityError> parse(std::string_view text);

  friend bool operator==(const Link&, const Link&) = default;
};

}  // namespace hearth::identity
