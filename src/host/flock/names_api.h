#pragma once
// Names over HTTP: `/flock/v1/names/…` of docs/protocol/api.md.

#include <optional>
#include <string>

#include <hearth/base/endpoint.h>
#include <hearth/base/log.h>
#include <hearth/http/message.h>
#include <hearth/loop/system.h>
#include <hearth/names/registry.h>
#include <hearth/peer/peer_id.h>

namespace hearth::flock {

/// Who asks: over libp2p the authenticated peer and the network it comes from.
struct Asker {
  std::optional<peer::PeerId> peer;
  std::string network;
};

struct NameCounters {
  std::uint64_t found = 0;
  std::uint64_t missing = 0;
  std::uint64_t claimed = 0;
  std::uint64_t renewed = 0;
  std::uint64_t transferred = 0;
  std::uint64_t refused = 0;
};

class NamesApi {
 public:
  /// Both must outlive it.
  NamesApi(names::Registry& registry, const loop::SystemClock& clock, Log& log)
      : registry_(registry), clock_(clock), log_(log) {}

  /// `name` is the target's last part, percent-decoded or not: names need no escapes.
  loop::Task<http::Response> get(std::string name);
  /// Only the host that the record names may put it, on its own authenticated connection.
  loop::Task<http::Response> put(std::string name, http::Request request, Asker asker);
  loop::Task<http::Response> transfer(std::string name, http::Request request, Asker asker);

  [[nodiscard]] const NameCounters& counters() const { return counters_; }

 private:
  http::Response refuse(std::string_view name, names::NameError error);

  names::Registry& registry_;
  const loop::SystemClock& clock_;
  Log& log_;
  NameCounters counters_;
};

/// An IPv4 /24 or IPv6 /48 as text: what shares one allowance of new names.
[[nodiscard]] std::string network_of(const IpAddress& address);

}  // namespace hearth::flock
