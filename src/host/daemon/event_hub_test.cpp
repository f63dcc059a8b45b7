#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <hearth/daemon/event_hub.h>

namespace hearth::daemon {
namespace {

class Events : public ::testing::Test {
 protected:
  /// Reads once; `while_waiting` runs when the reader has begun.
  std::string read(http::Body& body, const std::function<void()>& while_waiting = [] {}) {
    std::string text;
    boost::asio::co_spawn(
        io_,
        [](http::Body& from) -> loop::Task<std::string> {
          std::array<std::byte, 256> buffer;
          const std::size_t count = co_await from.read_some(buffer);
          co_return to_text(BytesView{buffer}.first(count));
        }(body),
        [&](const std::exception_ptr&, std::string got) { text = std::move(got); });
    io_.restart();
    io_.poll();
    while_waiting();
    while (text.empty() && io_.run_one() > 0) {
    }
    return text;
  }
  boost::asio::io_context io_;
  EventHub hub_{io_.get_executor()};
};

TEST_F(Events, TellEachSubscriberOncePerTopicHoweverOftenItChanged) {
  const http::Response response = hub_.subscribe("");
  EXPECT_EQ(read(*response.body), ":\n\n");
  EXPECT_EQ(read(*response.body, [&] { hub_.notify("devices"); }), "event: devices\ndata: {}\n\n");
  hub_.notify("apps");
  hub_.notify("apps");
  hub_.notify("devices");
  EXPECT_EQ(read(*response.body), "event: apps\ndata: {}\n\nevent: devices\ndata: {}\n\n");
}

TEST_F(Events, ARevokedDevicesSubscriptionsEndAndOthersGoOn) {
  const http::Response hers = hub_.subscribe("tablet");
  const http::Response his = hub_.subscribe("phone");
  EXPECT_EQ(read(*hers.body), ":\n\n");
  EXPECT_EQ(read(*his.body), ":\n\n");
  bool ended = false;
  boost::asio::co_spawn(
      io_,
      [](http::Body& from) -> loop::Task<std::size_t> {
        std::array<std::byte, 256> buffer;
        co_return co_await from.read_some(buffer);
      }(*hers.body),
      [&](const std::exception_ptr&, std::size_t count) { ended = count == 0; });
  io_.restart();
  io_.poll();
  EXPECT_FALSE(ended);
  hub_.cut("tablet");
  io_.restart();
  io_.poll();
  EXPECT_TRUE(ended);
  hub_.notify("apps");
  EXPECT_EQ(read(*his.body), "event: apps\ndata: {}\n\n");
}

TEST_F(Events, AReaderThatGoesIsForgotten) {
  {
    const http::Response response = hub_.subscribe("");
    EXPECT_EQ(hub_.subscribers(), 1U);
  }
  EXPECT_EQ(hub_.subscribers(), 0U);
  hub_.notify("devices");
}

}  // namespace
}  // namespace hearth::daemon
