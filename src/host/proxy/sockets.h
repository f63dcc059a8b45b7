#pragma once
// WebSockets through the proxy. Private to this folder.

#include <hearth/proxy/app_proxy.h>

namespace hearth::proxy {

/// Whether it asks for a WebSocket (RFC 6455 section 4.1).
[[nodiscard]] bool is_socket_request(const http::Request& request);

/// Throws AppUnavailable when `device` has as many as it may have.
void refuse_too_many(const Sockets& sockets, std::string_view device);

/// Asks the app, over a fresh stream to it. Its refusals come back as they are; throws system_error
/// when it doesn't answer in time or not by the rules.
loop::Task<http::Response> open_socket(std::unique_ptr<loop::ByteStream> app, http::Request request,
                                       std::string device, const Sockets& sockets);

}  // namespace hearth::proxy
