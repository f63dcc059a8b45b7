#pragma once
// One HTTP/1.1 request on a byte stream of its own: to an app's socket, or over a libp2p stream.

#include <memory>

#include <hearth/http/message.h>

namespace hearth::http {

/// Sends `request` while reading the answer, so that a server may answer early. Returns with the
/// head; the response's body is pulled from the stream, which it owns and closes. Throws
/// system_error when the stream is lost or the answer breaks the rules.
Task<Response> send(std::unique_ptr<loop::ByteStream> stream, Request request);

/// What became of a request to speak another protocol (RFC 9110 section 7.8).
struct Upgraded {
  Response response;
  /// With status 101: the new protocol, from its first byte. Else null, and the response has its
  /// body.
  std::unique_ptr<loop::ByteStream> stream;
};

/// Sends a request without a body that holds its own `Connection` and `Upgrade`. Throws as send().
Task<Upgraded> upgrade(std::unique_ptr<loop::ByteStream> stream, Request request);

}  // namespace hearth::http
