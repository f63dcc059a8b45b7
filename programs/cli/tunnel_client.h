#pragma once
// What the commands that go to a box by themselves share.

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "tunnel.h"
#include <hearth/tunnel/box.h>
#include <hearth/tunnel/line.h>

namespace hearth::cli {

[[nodiscard]] tunnel::Boxes boxes_of(const BoxOptions& options);
/// The one of that name, or the only one. Throws Failure.
[[nodiscard]] tunnel::Box find_box(const tunnel::Boxes& boxes, const std::string& name);

/// This machine's loop, clock and randomness.
struct Machine {
  boost::asio::io_context io{1};
  loop::SystemClock clock;
  loop::SystemEntropy entropy;
  NullLog log;

  [[nodiscard]] tunnel::LineOptions options() {
    return {.executor = io.get_executor(), .clock = clock, .entropy = entropy, .log = log};
  }
  /// Runs one task to its end. Throws Failure for what the box said.
  template <class T>
  T run(loop::Task<T> task) {
    T result{};
    std::exception_ptr failed;
    boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, T value) {
      failed = std::move(error);
      result = std::move(value);
      io.stop();
    });
    io.run();
    try {
      if (failed) std::rethrow_exception(failed);
    } catch (const tunnel::Refused& error) {
      throw Failure{1, error.what()};
    } catch (const tunnel::Unreachable& error) {
      throw Failure{3, error.what()};
    }
    return result;
  }
};

}  // namespace hearth::cli
