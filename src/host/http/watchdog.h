#pragma once
// Resets a stream on which too little moved for too long.

#include <chrono>
#include <memory>

#include <boost/asio/steady_timer.hpp>

#include <hearth/loop/byte_stream.h>

namespace hearth::http {

/// Wraps a stream that the caller keeps alive for as long as the watchdog lives.
class WatchedStream final : public loop::ByteStream {
 public:
  explicit WatchedStream(loop::ByteStream& inner) : inner_(inner), timer_(inner.executor()) {}
  ~WatchedStream() override { timer_.cancel(); }

  /// From now on: this much quiet time is allowed. What is written starts it anew, and each KiB
  /// that is read: a byte now and then (slowloris) is as good as none.
  void allow(std::chrono::seconds quiet);
  /// From now on: this much time in all, whatever moves.
  void allow_in_all(std::chrono::seconds time);
  /// Stops the clock; go_on() lets it go on, with what was left of the time.
  void rest();
  void go_on(std::chrono::seconds quiet);

  loop::Task<std::size_t> read_some(MutableBytes out) override;
  loop::Task<void> write(BytesView data) override;
  loop::Task<void> close_write() override { return inner_.close_write(); }
  void reset() noexcept override { inner_.reset(); }
  boost::asio::any_io_executor executor() override { return inner_.executor(); }

 private:
  void arm();

  std::shared_ptr<unsigned> turn_ = std::make_shared<unsigned>();  // of the wait that counts
  loop::ByteStream& inner_;
  boost::asio::steady_timer timer_;
  std::chrono::seconds quiet_{0};
  std::size_t read_ = 0;  // since the time last started
  bool in_all_ = false;
  std::chrono::steady_clock::time_point last_{};
  std::chrono::steady_clock::duration spent_{};
};

}  // namespace hearth::http
