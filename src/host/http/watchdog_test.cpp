#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <hearth/http/watchdog.h>

namespace hearth::http {
namespace {

namespace asio = boost::asio;

class Counted final : public loop::ByteStream {
 public:
  explicit Counted(asio::io_context& io) : io_(io) {}
  loop::Task<std::size_t> read_some(MutableBytes) override { co_return 0; }
  loop::Task<void> write(BytesView) override { co_return; }
  loop::Task<void> close_write() override { co_return; }
  void reset() noexcept override { ++resets; }
  asio::any_io_executor executor() override { return io_.get_executor(); }
  int resets = 0;

 private:
  asio::io_context& io_;
};

/// Runs `first` in the very turn in which the time of `watched` is over, before it is told.
template <class F>
void just_before_its_time_is_over(asio::io_context& io, F first) {
  asio::steady_timer earlier{io, std::chrono::steady_clock::now() - std::chrono::seconds{1}};
  earlier.async_wait([&](boost::system::error_code) { first(); });
  io.run();
}

TEST(WatchedStream, ResetsWhatIsQuietForTooLong) {
  asio::io_context io;
  Counted inner{io};
  WatchedStream watched{inner};
  watched.allow(std::chrono::seconds{0});
  io.run();
  EXPECT_EQ(inner.resets, 1);
}

TEST(WatchedStream, OneThatEndsInTheTurnInWhichItsTimeIsOverIsNotTouchedAnyMore) {
  asio::io_context io;
  Counted inner{io};
  auto watched = std::make_unique<WatchedStream>(inner);
  watched->allow(std::chrono::seconds{0});
  just_before_its_time_is_over(io, [&] { watched.reset(); });
  EXPECT_EQ(inner.resets, 0);
}

TEST(WatchedStream, OneThatRestsFromThatTurnOnIsNotReset) {
  asio::io_context io;
  Counted inner{io};
  WatchedStream watched{inner};
  watched.allow(std::chrono::seconds{0});
  just_before_its_time_is_over(io, [&] { watched.rest(); });
  EXPECT_EQ(inner.resets, 0);
}

}  // namespace
}  // namespace hearth::http
