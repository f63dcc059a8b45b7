#pragma once
// One HTTP/1.1 request on a byte stream of its own: to an app's socket, or over a libp2p stream.

#include <memory>

#include <hearth/http/message.h>

namespace hearth::http {

/// Sends `request` while reading the answer, so that a server may answer early. Returns with the
/// head; the response's body is pulled from the stream, which it owns and closes. Throws
/// system_error when the stream is lost or the answer breaks the rules.
Task<Response> send(std::unique_ptr<loop::ByteStream> stream, Request request);

}  // namespace hearth::http
