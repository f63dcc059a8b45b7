#pragma once
// The one shape of a two-way stream of bytes in host/: a socket, a libp2p stream, a pipe to an app.
// Everything above (HTTP, relay, protocols) is written against it and never sees a transport.

#include <cstddef>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <hearth/base/bytes.h>

namespace hearth::loop {

template <class T>
using Task = boost::asio::awaitable<T>;

/// Not thread-safe: use it on its executor only. One read and one write may be pending at once.
/// Destroying it resets the stream if it isn't finished; pending operations then fail.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// Waits for bytes and fills the front of `out` (at least 1 byte long). 0 means a clean end: the
  /// other side finished writing. Throws boost::system::system_error on reset or loss.
  virtual Task<std::size_t> read_some(MutableBytes out) = 0;

  /// Writes all of `data`, which must stay valid until it returns. Waits while the other side is
  /// slow. Throws boost::system::system_error on reset or loss.
  virtual Task<void> write(BytesView data) = 0;

  /// No more writes; what was written still arrives. Reading goes on. Idempotent.
  virtual Task<void> close_write() = 0;

  /// Ends both directions at once, dropping what isn't sent. Idempotent, never throws.
  virtual void reset() noexcept = 0;

  [[nodiscard]] virtual boost::asio::any_io_executor executor() = 0;
};

/// Fills all of `out`; throws boost::asio::error::eof when the stream ends first.
Task<void> read_exactly(ByteStream& stream, MutableBytes out);

}  // namespace hearth::loop
