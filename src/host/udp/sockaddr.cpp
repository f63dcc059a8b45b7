#include <cstring>

#include <arpa/inet.h>

#include <hearth/udp/sockaddr.h>

namespace hearth::udp {

socklen_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& out) {
  const BytesView address = endpoint.address.bytes();
  if (endpoint.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, address.data(), address.size());
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  std::memcpy(&v6.sin6_addr, address.data(), address.size());
  std::memcpy(&out, &v6, sizeof v6);
  return sizeof v6;
}

std::optional<Endpoint> from_sockaddr(const sockaddr* address, socklen_t length) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return Endpoint{*IpAddress::from_bytes(std::as_bytes(std::span{&v4.sin_addr, 1})),
                    ntohs(v4.sin_port)};
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return Endpoint{*IpAddress::from_bytes(std::as_bytes(std::span{&v6.sin6_addr, 1})),
                    ntohs(v6.sin6_port)};
  }
  return std::nullopt;
}

}  // namespace hearth::udp
