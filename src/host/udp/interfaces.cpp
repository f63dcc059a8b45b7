#include <algorithm>
#include <cerrno>
#include <memory>

#include <boost/system/system_error.hpp>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hearth/udp/interfaces.h>
#include <hearth/udp/sockaddr.h>

namespace hearth::udp {

namespace {
bool is_v6_link_local(const IpAddress& address) {
  const BytesView b = address.bytes();
  return address.is_v6() && b[0] == std::byte{0xfe} && (b[1] & std::byte{0xc0}) == std::byte{0x80};
}
}  // namespace

std::vector<IpAddress> interface_addresses(const InterfaceOptions& options) {
  constexpr std::size_t max_addresses = 32;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0)
    throw boost::system::system_error{errno, boost::system::system_category(), "getifaddrs"};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner{first, ::freeifaddrs};

  std::vector<IpAddress> addresses;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if ((entry->ifa_flags & IFF_UP) == 0 || entry->ifa_addr == nullptr) continue;
    const auto length =
        entry->ifa_addr->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    const auto endpoint = from_sockaddr(entry->ifa_addr, static_cast<socklen_t>(length));
    if (!endpoint) continue;
    const IpAddress& address = endpoint->address;
    if (address.is_loopback() && !options.with_loopback) continue;
    if (address.is_unspecified() || address.is_multicast() || is_v6_link_local(address)) continue;
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  std::ranges::stable_partition(addresses, [](const IpAddress& a) { return a.is_v4(); });
  if (addresses.size() > max_addresses) addresses.resize(max_addresses);
  return addresses;
}

std::vector<IpAddress> every_address() {
  std::vector<IpAddress> addresses{*IpAddress::parse("0.0.0.0")};
  const int probe = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return addresses;
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  // Without it :: may not be bound at all where somebody took 0.0.0.0.
  const int alone = 1;
  ::setsockopt(probe, IPPROTO_IPV6, IPV6_V6ONLY, &alone, sizeof alone);
  if (::bind(probe, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0)
    addresses.push_back(*IpAddress::parse("::"));
  ::close(probe);
  return addresses;
}

}  // namespace hearth::udp
