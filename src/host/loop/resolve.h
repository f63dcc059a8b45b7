#pragma once
// Names of machines to addresses.

#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include <hearth/loop/byte_stream.h>

namespace hearth::loop {

/// Where Avahi answers questions of this machine's programs, a line each.
inline constexpr const char* avahi_socket = "/run/avahi-daemon/socket";

/// The addresses of `host`: an address itself, or a name. NAME.local, a machine of the same home,
/// is asked of Avahi where that runs (mDNS, RFC 6762): its IPv6 address, then its IPv4 address,
/// within 10 s. Anything else, and what Avahi doesn't know, is the system's to answer. Throws
/// boost::system::system_error where nobody knows it.
Task<std::vector<boost::asio::ip::tcp::endpoint>> resolve(std::string host, std::uint16_t port,
                                                          std::string avahi = avahi_socket);

}  // namespace hearth::loop
