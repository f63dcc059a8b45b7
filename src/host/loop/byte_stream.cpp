#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/loop/byte_stream.h>

namespace hearth::loop {

Task<void> read_exactly(ByteStream& stream, MutableBytes out) {
  while (!out.empty()) {
    const std::size_t count = co_await stream.read_some(out);
    if (count == 0) throw boost::system::system_error{boost::asio::error::eof};
    out = out.subspan(count);
  }
}

}  // namespace hearth::loop
