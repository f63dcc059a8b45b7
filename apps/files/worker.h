#pragma once
// Blocking work off the loop: a few threads, values in, values out.

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <hearth/loop/byte_stream.h>

namespace hearth::files {

class Worker {
 public:
  explicit Worker(std::size_t threads) : pool_(threads) {}
  ~Worker() { pool_.join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs `act` on a thread and gives what it gives, or throws what it throws, on the caller's
  /// executor.
  template <class Act>
  loop::Task<std::invoke_result_t<Act&>> run(Act act) {
    using Value = std::invoke_result_t<Act&>;
    using Kept = std::conditional_t<std::is_void_v<Value>, bool, Value>;
    std::optional<Kept> value;
    std::exception_ptr error;
    auto start = [&](auto handler) {
      auto job = [&value, &error, &act, handler = std::move(handler)]() mutable {
        try {
          if constexpr (std::is_void_v<Value>) {
            act();
            value = true;
          } else {
            value.emplace(act());
          }
        } catch (...) {
          error = std::current_exception();
        }
        const auto executor = boost::asio::get_associated_executor(handler);
        boost::asio::post(executor, std::move(handler));
      };
      boost::asio::post(pool_, std::move(job));
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
        start, boost::asio::use_awaitable);
    if (error) std::rethrow_exception(error);
    if constexpr (!std::is_void_v<Value>) co_return std::move(*value);
  }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace hearth::files
