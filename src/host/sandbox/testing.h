#pragma once
// For this module's tests: files, and a coroutine run to its end.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <hearth/base/temporary_directory_for_test.h>
#include <hearth/loop/byte_stream.h>

namespace hearth::sandbox::testing {

inline void put(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
  std::ofstream{path, std::ios::binary} << text;
}

/// Runs the loop until `task` ends, and hands on what it gave or threw. A minute at most.
template <class T>
T run(boost::asio::io_context& io, loop::Task<T> task) {
  auto result = boost::asio::co_spawn(io, std::move(task), boost::asio::use_future);
  io.restart();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (result.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error{"the task hangs"};
    io.restart();
    io.run_one_for(std::chrono::milliseconds{200});
  }
  return result.get();
}

/// Runs the loop until `done` says so; false after `most`.
template <class Done>
bool run_until(boost::asio::io_context& io, Done done,
               std::chrono::seconds most = std::chrono::seconds{20}) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    io.restart();
    io.run_one_for(std::chrono::milliseconds{20});
  }
  return true;
}

inline loop::Task<std::string> read_to_end(loop::ByteStream& stream) {
  std::string text;
  std::array<std::byte, 4096> part;
  for (;;) {
    const std::size_t count = co_await stream.read_some(part);
    if (count == 0) co_return text;
    text += as_text(BytesView{part}.first(count));
  }
}

}  // namespace hearth::sandbox::testing
