#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/codec/varint.h>
#include <hearth/libp2p/framed.h>

namespace hearth::libp2p {

using boost::system::system_error;

loop::Task<Bytes> read_framed(loop::ByteStream& stream, std::size_t max_bytes) {
  Bytes head;
  while (true) {
    std::byte next{};
    co_await loop::read_exactly(stream, {&next, 1});
    head.push_back(next);
    Reader reader{head};
    const auto size = codec::read_uvarint(reader);
    if (!size && size.error() == codec::CodecError::truncated) continue;
    if (!size || *size > max_bytes) throw system_error{boost::asio::error::message_size};
    Bytes message(*size);
    co_await loop::read_exactly(stream, message);
    co_return message;
  }
}

loop::Task<void> write_framed(loop::ByteStream& stream, Bytes message) {
  Bytes out;
  codec::append_length_prefixed(out, message);
  co_await stream.write(out);
}

}  // namespace hearth::libp2p
