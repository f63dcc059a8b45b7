#pragma once
// TCP ports of the appliance's own machine, as streams of those who may reach them. Who may is the
// caller's to know.

#include <cstdint>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/proxy/app_proxy.h>

namespace hearth::proxy {

/// What a request asks to switch to.
inline constexpr std::string_view tcp_protocol = "hearth-tcp";
[[nodiscard]] bool is_port_request(const http::Request& request);

/// Connects to `port` of 127.0.0.1, or else of ::1, within 10 s; the answer is 101, and from then
/// on bytes are carried both ways until both have ended. After one has, the other has until ten
/// minutes went by without a byte. Throws AppUnavailable when nobody listens, or `key.device` has
/// too many.
loop::Task<http::Response> open_port(boost::asio::any_io_executor executor, std::uint16_t port,
                                     SocketKey key, const Sockets& sockets);

}  // namespace hearth::proxy
