#pragma once
// A connected socket as a ByteStream.

#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <hearth/loop/byte_stream.h>

namespace hearth::loop {

std::unique_ptr<ByteStream> make_stream(boost::asio::ip::tcp::socket socket);
std::unique_ptr<ByteStream> make_stream(boost::asio::local::stream_protocol::socket socket);

/// Connects to a unix socket. Throws system_error.
Task<std::unique_ptr<ByteStream>> connect_unix(boost::asio::any_io_executor executor,
                                               std::string path);

}  // namespace hearth::loop
