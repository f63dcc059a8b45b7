#include <array>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/libp2p/negotiate.h>

namespace hearth::libp2p {

loop::Task<std::string> negotiate(loop::ByteStream& stream, multistream::Negotiator negotiator) {
  std::array<std::byte, 256> out;
  while (true) {
    while (const std::size_t count = negotiator.poll_transmit(out))
      co_await stream.write(BytesView{out}.first(count));
    if (!negotiator.selected().empty()) co_return negotiator.selected();
    // Byte by byte, so that none of the protocol's own is taken; they are in memory already.
    std::byte next{};
    if (co_await stream.read_some({&next, 1}) == 0)
      throw boost::system::system_error{boost::asio::error::eof};
    if (!negotiator.receive({&next, 1}))
      throw boost::system::system_error{boost::asio::error::no_protocol_option};
  }
}

}  // namespace hearth::libp2p
