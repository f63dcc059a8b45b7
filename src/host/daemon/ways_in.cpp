#include <algorithm>
#include <span>

#include <hearth/daemon/ways_in.h>

namespace hearth::daemon {

using codec::Multiaddr;

namespace {

/// What a browser can dial of a flock that listens for TCP and WebSocket on one port.
Multiaddr for_browsers(const Multiaddr& address) {
  const std::string text = address.to_string();
  if (text.find("/ws") != std::string::npos) return address;
  const std::size_t suffix = text.rfind("/p2p/");
  const auto with = Multiaddr::parse(text.substr(0, suffix) + "/ws" + text.substr(suffix));
  return with ? *with : address;
}

std::optional<Endpoint> endpoint_of(const Multiaddr& address) {
  const auto tcp = address.tcp();
  return tcp ? tcp : address.udp();
}

/// One of each family where there are both, in the order of `ways`.
std::vector<Multiaddr> best_two(std::vector<Multiaddr> ways) {
  if (ways.empty()) return ways;
  const auto family = [](const Multiaddr& way) {
    const auto endpoint = endpoint_of(way);
    return endpoint && endpoint->address.is_v6();
  };
  std::stable_partition(
      ways.begin() + 1, ways.end(),
      [&, first = family(ways.front())](const Multiaddr& way) { return family(way) != first; });
  if (ways.size() > 2) ways.erase(ways.begin() + 2, ways.end());
  return ways;
}

/// Where the flock is over the other family, on the same port: for who has that family alone.
std::optional<Multiaddr> other_family(const LinkFlock& flock) {
  const auto here = flock.address.tcp();
  if (!here) return std::nullopt;
  const auto found = std::ranges::find_if(flock.others, [&](const Multiaddr& other) {
    const auto there = other.tcp();
    return there && there->port == here->port && there->address.is_v6() != here->address.is_v6();
  });
  return found == flock.others.end() ? std::nullopt : std::optional{*found};
}

std::vector<Multiaddr> own_in_links(const WaysIn& ways, const std::optional<LinkFlock>& through) {
  std::vector<Multiaddr> direct = ways.direct;
  std::erase_if(direct, is_loopback);
  std::vector<Multiaddr> own;
  for (const Multiaddr& way : best_two(std::move(direct)))
    own.push_back(way.with_p2p(ways.self.bytes()));
  // Without any, the flock still needs to be told whom it shall lead to.
  if (own.empty()) own.push_back(*Multiaddr::parse("/p2p/" + ways.self.to_string()));
  // It costs a link 30 characters.
  if (through)
    if (auto other = other_family(*through)) own.push_back(*std::move(other));
  return own;
}

}  // namespace

bool is_loopback(const Multiaddr& address) {
  const auto endpoint = endpoint_of(address);
  return endpoint && endpoint->address.is_loopback();
}

std::optional<LinkFlock> link_flock(const WaysIn& ways) {
  if (!ways.embedded.empty()) {
    // Whoever follows a link is somewhere else, perhaps: the loopback address only when there is no
    // other.
    auto candidates = ways.embedded;
    std::ranges::stable_partition(candidates, [](const Multiaddr& a) { return !is_loopback(a); });
    LinkFlock found{.address = for_browsers(candidates.front()), .others = {}};
    for (const Multiaddr& other : std::span{candidates}.subspan(1))
      if (!is_loopback(other)) found.others.push_back(other.without_p2p());
    return found;
  }
  for (const auto& flock : ways.flocks)
    if (flock.state == membership::FlockState::joined)
      return LinkFlock{.address = for_browsers(flock.address), .others = flock.others};
  return std::nullopt;
}

appliance::Addresses addresses(const WaysIn& ways) {
  appliance::Addresses all;
  const auto through = link_flock(ways);
  if (through) all.flock = through->address.to_string();
  if (!ways.embedded_shell.empty()) all.shell = ways.embedded_shell;
  for (const auto& flock : ways.flocks)
    all.flocks.push_back(for_browsers(flock.address).to_string());
  for (const Multiaddr& own : own_in_links(ways, through)) all.own.push_back(own.to_string());
  return all;
}

identity::Link setup_link(const WaysIn& ways, const identity::RootId& root,
                          const identity::SetupCode& code) {
  const auto through = link_flock(ways);
  return {.kind = identity::LinkKind::setup,
          .root = root,
          .flock = through ? std::optional{through->address} : std::nullopt,
          .secret = to_bytes(code.bytes()),
          .addresses = own_in_links(ways, through)};
}

}  // namespace hearth::daemon
