#pragma once
// Resets a stream on which nothing moved for too long.

#include <chrono>

#include <boost/asio/steady_timer.hpp>

#include <hearth/loop/byte_stream.h>

namespace hearth::http {

/// Wraps a stream that the caller keeps alive for as long as the watchdog lives. Each finished read
/// or write of at least a byte starts the time anew.
class WatchedStream final : public loop::ByteStream {
 public:
  explicit WatchedStream(loop::ByteStream& inner) : inner_(inner), timer_(inner.executor()) {}
  ~WatchedStream() override { timer_.cancel(); }

  /// From now on: this much quiet time is allowed.
  void allow(std::chrono::seconds quiet);
  void rest() { timer_.cancel(); }

  loop::Task<std::size_t> read_some(MutableBytes out) override;
  loop::Task<void> write(BytesView data) override;
  loop::Task<void> close_write() override { return inner_.close_write(); }
  void reset() noexcept override { inner_.reset(); }
  boost::asio::any_io_executor executor() override { return inner_.executor(); }

 private:
  void arm();

  loop::ByteStream& inner_;
  boost::asio::steady_timer timer_;
  std::chrono::seconds quiet_{0};
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace hearth::http
