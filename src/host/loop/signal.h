#pragma once
// One coroutine waits, others on the same executor wake it. What was said before the wait counts.

#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <hearth/loop/byte_stream.h>

namespace hearth::loop {

class Signal {
 public:
  using Clock = boost::asio::steady_timer::clock_type;

  explicit Signal(const boost::asio::any_io_executor& executor) : timer_(executor) {}
  void say() {
    said_ = true;
    timer_.cancel();
  }
  /// Until it was said, or that time came; true: it was said.
  Task<bool> wait(Clock::time_point until = Clock::time_point::max()) {
    if (!said_) {
      timer_.expires_at(until);
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    co_return std::exchange(said_, false);
  }

 private:
  boost::asio::steady_timer timer_;
  bool said_ = false;
};

}  // namespace hearth::loop
