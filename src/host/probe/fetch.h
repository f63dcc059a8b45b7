#pragma once
// One file from a web server, asked for as a browser does.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/endpoint.h>
#include <hearth/base/entropy.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/loop/byte_stream.h>

namespace hearth::probe {

/// Scheme, host and port of an address: "https://home.flock.example".
struct Site {
  bool secure = false;
  std::string host;
  std::uint16_t port = 80;

  /// With the port, unless it is the scheme's own: what a Host header says.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] std::string origin() const;
  friend bool operator==(const Site&, const Site&) = default;
};

/// Where a flock of that address answers browsers; nothing when it isn't reached over TCP.
[[nodiscard]] std::optional<Site> site_of(const codec::Multiaddr& flock);
/// The site that a Location header names; nothing for what isn't one, or has a path-only form.
[[nodiscard]] std::optional<Site> parse_site(std::string_view url);

/// A browser's ways: the same throughout a visit.
struct Manners {
  std::string user_agent;
  std::string languages;
};
[[nodiscard]] Manners some_manners(Entropy& entropy);

enum class Kind : std::uint8_t { page, worker, script, style, other, data };

struct Fetched {
  int status = 0;
  std::string location;
  std::string body;  ///< decoded; empty unless `status` is 200
  bool too_long = false;
};

/// Asks `site` for `path`. `near`: where names below localhost are looked for; only when that is
/// this machine may `site` be. Nothing beyond `limit` bytes of body is read. Throws system_error,
/// also for a certificate that browsers would refuse.
loop::Task<Fetched> fetch(Site site, std::string path, Kind kind, Manners manners, Site near,
                          std::size_t limit);

}  // namespace hearth::probe
