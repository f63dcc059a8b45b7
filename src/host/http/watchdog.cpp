#include <hearth/http/watchdog.h>

namespace hearth::http {

namespace {
constexpr std::size_t worth_more_time = 1024;
}

void WatchedStream::allow(std::chrono::seconds quiet) {
  in_all_ = false;
  quiet_ = quiet;
  read_ = 0;
  last_ = std::chrono::steady_clock::now();
  arm();
}

void WatchedStream::allow_in_all(std::chrono::seconds time) {
  allow(time);
  in_all_ = true;
}

void WatchedStream::rest() {
  spent_ = std::chrono::steady_clock::now() - last_;
  ++*turn_;
  timer_.cancel();
}

void WatchedStream::go_on(std::chrono::seconds quiet) {
  in_all_ = false;
  quiet_ = quiet;
  last_ = std::chrono::steady_clock::now() - spent_;
  arm();
}

// One pending wait however many bytes move: it looks at `last_` when it wakes, and sleeps on.
void WatchedStream::arm() {
  timer_.expires_at(last_ + quiet_);
  const unsigned turn = ++*turn_;
  timer_.async_wait([this, turn, still = std::weak_ptr{turn_}](boost::system::error_code error) {
    // A wait that was over when it was cancelled calls all the same, perhaps when we are gone.
    const auto now = still.lock();
    if (error || !now || *now != turn) return;
    if (std::chrono::steady_clock::now() - last_ >= quiet_)
      inner_.reset();
    else
      arm();
  });
}

loop::Task<std::size_t> WatchedStream::read_some(MutableBytes out) {
  const std::size_t count = co_await inner_.read_some(out);
  read_ += count;
  if (read_ >= worth_more_time && !in_all_) {
    read_ = 0;
    last_ = std::chrono::steady_clock::now();
  }
  co_return count;
}

loop::Task<void> WatchedStream::write(BytesView data) {
  co_await inner_.write(data);
  if (!in_all_) last_ = std::chrono::steady_clock::now();
}

}  // namespace hearth::http
