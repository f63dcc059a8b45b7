#pragma once
// Two small tools for coroutines on one thread: waiting for a state to change, and for at most so
// long.

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/base/time.h>
#include <hearth/loop/byte_stream.h>

namespace hearth::libp2p {

/// Wakes whoever waits; a wait may also end for no reason, so look at the state again. Costs one
/// pointer until someone waits.
class Signal {
 public:
  /// `keep` is held while waiting: the signal lives in it.
  static loop::Task<void> wait(std::shared_ptr<void> keep, Signal& signal,
                               boost::asio::any_io_executor executor) {
    boost::system::error_code ended;
    co_await signal.timer(executor).async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable, ended));
    static_cast<void>(keep);
  }
  /// The same for at most `limit`, for a signal that one coroutine waits for.
  static loop::Task<void> wait_for(std::shared_ptr<void> keep, Signal& signal,
                                   boost::asio::any_io_executor executor, Duration limit) {
    signal.timer(executor).expires_after(limit);
    co_await wait(keep, signal, executor);
    signal.timer_->expires_at(Timer::time_point::max());
  }
  void notify() noexcept {
    try {
      if (timer_) timer_->cancel();
    } catch (...) {  // declared, and can't happen
    }
  }

 private:
  using Timer = boost::asio::steady_timer;
  Timer& timer(const boost::asio::any_io_executor& executor) {
    // A timer that never fires is Asio's condition variable: cancelling it wakes everyone.
    if (!timer_) timer_ = std::make_unique<Timer>(executor, Timer::time_point::max());
    return *timer_;
  }
  std::unique_ptr<Timer> timer_;
};

namespace detail {

template <class T>
struct Settled {
  std::exception_ptr error;
  std::optional<T> value;
};

template <class T>
loop::Task<Settled<T>> settle(loop::Task<T> task) {
  Settled<T> settled;
  try {
    settled.value.emplace(co_await std::move(task));
  } catch (...) {
    settled.error = std::current_exception();
  }
  co_return settled;
}

}  // namespace detail

/// Cancels `task` after `limit` and throws asio::error::timed_out then.
template <class T>
loop::Task<T> within(Duration limit, loop::Task<T> task) {
  using boost::asio::experimental::awaitable_operators::operator||;
  boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
  timer.expires_after(limit);
  auto first =
      co_await (detail::settle(std::move(task)) || timer.async_wait(boost::asio::use_awaitable));
  if (first.index() == 1) throw boost::system::system_error{boost::asio::error::timed_out};
  auto& settled = std::get<0>(first);
  if (settled.error) std::rethrow_exception(settled.error);
  co_return std::move(*settled.value);
}

}  // namespace hearth::libp2p
