#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <hearth/loop/listener.h>
#include <hearth/loop/resolve.h>

namespace hearth::loop {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;
using testing::IsEmpty;

/// A socket that answers as Avahi does: one line, then it closes.
class ResolveTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("avahi-" + std::to_string(::getpid()));
    avahi_ = Listener::on_unix(io_.get_executor(), path_, [this](std::unique_ptr<ByteStream> one) {
      return serve(this, std::move(one));
    });
  }

  static Task<void> serve(ResolveTest* self, std::unique_ptr<ByteStream> stream) {
    std::array<std::byte, 512> buffer{};
    const MutableBytes room{buffer};
    const std::size_t count = co_await stream->read_some(room);
    self->asked_.push_back(to_text(room.first(count)));
    if (self->answers_.empty()) co_return;
    const std::string answer = self->answers_.front();
    self->answers_.erase(self->answers_.begin());
    const BytesView bytes = as_bytes(answer);
    co_await stream->write(bytes);
  }

  std::vector<std::string> resolved(const std::string& host) {
    std::vector<std::string> texts;
    std::exception_ptr failed;
    bool done = false;
    asio::co_spawn(io_, resolve(host, 443, path_),
                   [&](const std::exception_ptr& error, const auto& endpoints) {
                     failed = error;
                     for (const auto& each : endpoints) texts.push_back(each.address().to_string());
                     done = true;
                   });
    while (!done) io_.run_one();
    if (failed) texts.emplace_back("failed");
    return texts;
  }

  asio::io_context io_;
  std::string path_;
  std::unique_ptr<Listener> avahi_;
  std::vector<std::string> answers_;
  std::vector<std::string> asked_;
};

TEST_F(ResolveTest, A7AsksAvahiForAMachineOfTheHomeByIPv6AndThenIPv4) {
  answers_ = {"+ 3 1 flock.local fe80::1\n", "+ 3 0 flock.local 192.168.1.7\n"};
  EXPECT_THAT(resolved("flock.local"), ElementsAre(testing::StartsWith("fe80::1%"), "192.168.1.7"));
  EXPECT_THAT(asked_, ElementsAre("RESOLVE-HOSTNAME-IPV6 flock.local\n",
                                  "RESOLVE-HOSTNAME-IPV4 flock.local\n"));
}

TEST_F(ResolveTest, OneFamilyIsEnough) {
  answers_ = {"-15 Timeout reached\n", "+ 3 0 flock.local 192.168.1.7\n"};
  EXPECT_THAT(resolved("flock.local"), ElementsAre("192.168.1.7"));
}

TEST_F(ResolveTest, WhatAvahiDoesNotKnowOrSaysWronglyIsTheSystemsToAnswer) {
  for (const std::string answer :
       {"-15 Timeout reached\n", "+ 3 0 flock.local nonsense\n", "+\n", "\n"}) {
    answers_ = {answer, answer};
    EXPECT_THAT(resolved("no-such-machine.local"), ElementsAre("failed"));
  }
  answers_ = {std::string(4096, 'x'), ""};
  EXPECT_THAT(resolved("no-such-machine.local"), ElementsAre("failed"));
}

TEST_F(ResolveTest, AsksAvahiForNothingElse) {
  EXPECT_THAT(resolved("192.0.2.1"), ElementsAre("192.0.2.1"));
  EXPECT_THAT(resolved("localhost"), testing::Contains("127.0.0.1"));
  EXPECT_THAT(resolved("a\nHELP\n.local"), ElementsAre("failed"));
  EXPECT_THAT(asked_, IsEmpty());
}

}  // namespace
}  // namespace hearth::loop
