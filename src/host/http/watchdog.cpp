#include <hearth/http/watchdog.h>

namespace hearth::http {

void WatchedStream::allow(std::chrono::seconds quiet) {
  quiet_ = quiet;
  last_ = std::chrono::steady_clock::now();
  arm();
}

// One pending wait however many bytes move: it looks at `last_` when it wakes, and sleeps on.
void WatchedStream::arm() {
  timer_.expires_at(last_ + quiet_);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    if (std::chrono::steady_clock::now() - last_ >= quiet_)
      inner_.reset();
    else
      arm();
  });
}

loop::Task<std::size_t> WatchedStream::read_some(MutableBytes out) {
  const std::size_t count = co_await inner_.read_some(out);
  last_ = std::chrono::steady_clock::now();
  co_return count;
}

loop::Task<void> WatchedStream::write(BytesView data) {
  co_await inner_.write(data);
  last_ = std::chrono::steady_clock::now();
}

}  // namespace hearth::http
