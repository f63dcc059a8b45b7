#include <algorithm>

#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <hearth/sandbox/supervisor.h>
#include <hearth/sandbox/testing.h>

namespace hearth::sandbox {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// An "app" that is a listening socket of our own.
class FakeSandbox final : public Sandbox {
 public:
  explicit FakeSandbox(std::string data) : data_(std::move(data)) {}
  Task<StartedApp> start(std::string app) override {
    ++starts;
    if (!refuses.empty()) throw AppUnavailable{refuses};
    if (listens) listen(app);
    co_return StartedApp{.first_uid = ::getuid()};
  }
  Task<void> stop(std::string app) override {
    ++stops;
    listener_ = Fd{};
    ::unlink(path(app).c_str());
    co_return;
  }
  void listen(const std::string& app) {
    std::filesystem::create_directories(std::filesystem::path{path(app)}.parent_path());
    ::unlink(path(app).c_str());
    listener_ = Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path(app), address.sun_path);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(::listen(listener_.get(), 64), 0);
  }
  [[nodiscard]] std::string path(const std::string& app) const {
    return data_ + "/apps/" + app + "/run/app.sock";
  }

  int starts = 0, stops = 0;
  bool listens = true;
  std::string refuses;

 private:
  std::string data_;
  Fd listener_;
};

class Supervising : public ::testing::Test {
 protected:
  void supervise(SupervisorOptions options) {
    options.data_directory = directory_.path();
    supervisor_ = std::make_unique<Supervisor>(io_.get_executor(), sandbox_, options, log_);
  }
  auto connect() { return testing::run(io_, supervisor_->connect("files")); }
  std::string refusal(int* retry = nullptr) {
    try {
      (void)connect();
      return "connected";
    } catch (const AppUnavailable& error) {
      if (retry != nullptr) *retry = error.retry_after_seconds;
      return error.what();
    }
  }

  TemporaryDirectory directory_;
  boost::asio::io_context io_;
  NullLog log_;
  FakeSandbox sandbox_{directory_.path()};
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(Supervising, RequestsAtOnceShareOneStart) {
  supervise({});
  int connected = 0;
  std::vector<std::unique_ptr<loop::ByteStream>> streams;
  const auto one = [&]() -> Task<void> {
    streams.push_back(co_await supervisor_->connect("files"));
    ++connected;
  };
  for (int i = 0; i < 20; ++i) boost::asio::co_spawn(io_, one(), boost::asio::detached);
  EXPECT_TRUE(testing::run_until(io_, [&] { return connected == 20; }));
  EXPECT_EQ(sandbox_.starts, 1);
  EXPECT_EQ(supervisor_->status("files").streams, 20U);
}

TEST_F(Supervising, StopsWhenNobodyAskedForAWhileAndStartsAgain) {
  supervise({.idle = 50ms});
  auto stream = connect();
  EXPECT_FALSE(testing::run_until(
      io_, [&] { return sandbox_.stops > 0; }, 1s))
      << "somebody is there";
  stream.reset();
  EXPECT_TRUE(
      testing::run_until(io_, [&] { return supervisor_->status("files").phase == Phase::idle; }));
  EXPECT_EQ(sandbox_.stops, 1);
  stream = connect();
  EXPECT_EQ(sandbox_.starts, 2);
}

TEST_F(Supervising, GivesUpOnAnAppThatNeverListens) {
  sandbox_.listens = false;
  supervise({.patience = 100ms});
  EXPECT_THAT(refusal(), HasSubstr("doesn't answer"));
  EXPECT_EQ(sandbox_.stops, 1) << "and doesn't leave it running";
  EXPECT_EQ(supervisor_->status("files").phase, Phase::failed);
}

TEST_F(Supervising, WaitsForAnAppThatListensLate) {
  sandbox_.listens = false;
  supervise({});
  std::unique_ptr<loop::ByteStream> stream;
  const auto one = [&]() -> Task<void> { stream = co_await supervisor_->connect("files"); };
  boost::asio::co_spawn(io_, one(), boost::asio::detached);
  EXPECT_TRUE(testing::run_until(
      io_, [&] { return supervisor_->status("files").phase == Phase::starting; }));
  sandbox_.listen("files");
  EXPECT_TRUE(testing::run_until(io_, [&] { return stream != nullptr; }));
}

TEST_F(Supervising, BacksOffFromARestartStorm) {
  sandbox_.refuses = "no room";
  supervise({.first_back_off = 4s, .most_back_off = 10s});
  int retry = 0;
  EXPECT_THAT(refusal(&retry), HasSubstr("no room"));
  EXPECT_THAT(refusal(&retry), HasSubstr("no room")) << "one failure may be chance";
  EXPECT_EQ(sandbox_.starts, 2);
  for (int i = 0; i < 10; ++i)
    EXPECT_THAT(refusal(&retry), HasSubstr("2 times in a row and rests for 4 s: no room"));
  EXPECT_EQ(retry, 4);
  EXPECT_EQ(sandbox_.starts, 2) << "a storm starts nothing";
}

TEST_F(Supervising, CountsAnAppThatEndsByItselfAsAFailure) {
  supervise({.first_back_off = 100ms});
  for (int i = 0; i < 2; ++i) {
    (void)connect();
    supervisor_->ended("files");
    EXPECT_EQ(supervisor_->status("files").phase, Phase::failed);
  }
  EXPECT_THAT(refusal(), HasSubstr("the app ended by itself"));
  EXPECT_TRUE(testing::run_until(io_, [&] { return refusal() == "connected"; }))
      << "it isn't for ever";
}

TEST_F(Supervising, ForgetsFailuresAfterASteadyRun) {
  supervise({.steady = 0ms, .first_back_off = 60s});
  for (int i = 0; i < 5; ++i) {
    (void)connect();
    supervisor_->ended("files");
  }
  EXPECT_EQ(sandbox_.starts, 5);
}

TEST_F(Supervising, ShutsDownByStoppingEveryAppAndResettingItsStreams) {
  supervise({});
  const auto stream = connect();
  testing::run(io_, supervisor_->shut_down());
  EXPECT_EQ(sandbox_.stops, 1);
  EXPECT_THROW(testing::run(io_, stream->write(as_bytes("x"))), std::exception);
  EXPECT_THAT(refusal(), HasSubstr("shutting down"));
}

TEST_F(Supervising, TellsItsObserverOfEachPhase) {
  supervise({.idle = 10ms});
  std::vector<Phase> phases;
  supervisor_->on_change(
      [&](const std::string& app) { phases.push_back(supervisor_->status(app).phase); });
  (void)connect();
  EXPECT_TRUE(
      testing::run_until(io_, [&] { return sandbox_.stops == 1 && phases.back() == Phase::idle; }));
  EXPECT_EQ(phases, (std::vector{Phase::starting, Phase::running, Phase::starting, Phase::idle}));
}

TEST_F(Supervising, KnowsNoAppByAPath) {
  supervise({});
  for (const char* app : {"", "..", "../x", "a/b", "/etc", "files\n"})
    EXPECT_THROW((void)testing::run(io_, supervisor_->connect(app)), AppUnavailable) << app;
  EXPECT_EQ(sandbox_.starts, 0);
}

}  // namespace
}  // namespace hearth::sandbox
