#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/http/client.h>
#include <hearth/local/listener.h>
#include <hearth/loop/socket_stream.h>

namespace hearth::local {
namespace {

namespace asio = boost::asio;

loop::Task<http::Response> hello(http::Request request) {
  co_return http::Response::text(200, "hello " + request.target);
}

class OnUnix : public ::testing::Test {
 protected:
  OnUnix() { std::filesystem::create_directories(dir_); }
  ~OnUnix() override { std::filesystem::remove_all(dir_); }

  std::string ask() {
    std::string answer;
    asio::co_spawn(
        io_,
        [](asio::any_io_executor executor, std::string path) -> loop::Task<std::string> {
          auto stream = co_await loop::connect_unix(executor, path);
          http::Request request;
          request.target = "/x";
          http::Response response = co_await http::send(std::move(stream), std::move(request));
          co_return co_await http::read_all(*response.body, 100);
        }(io_.get_executor(), path_),
        [&](const std::exception_ptr& error, std::string text) {
          answer = error ? "error" : std::move(text);
        });
    io_.restart();
    while (answer.empty() && io_.run_one() > 0) {
    }
    return answer;
  }

  std::filesystem::path dir_ = std::filesystem::path{::testing::TempDir()} / "hearth-control";
  std::string path_ = (dir_ / "control.sock").string();
  asio::io_context io_;
};

TEST_F(OnUnix, ServesItsOwnUidAndReplacesAStaleSocket) {
  {
    asio::local::stream_protocol::acceptor stale{io_,
                                                 asio::local::stream_protocol::endpoint{path_}};
  }
  const auto listener = listen_on_unix(io_.get_executor(), path_, hello);
  EXPECT_EQ(ask(), "hello /x");
  EXPECT_THROW(listen_on_unix(io_.get_executor(), path_, hello), boost::system::system_error);
}

TEST_F(OnUnix, AnotherUidGetsEacces) {
  ASSERT_EQ(::geteuid(), 0U) << "run the tests as root";
  const auto listener = listen_on_unix(io_.get_executor(), path_, hello);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(64998) != 0) ::_exit(2);
    asio::io_context io;
    asio::local::stream_protocol::socket socket{io};
    boost::system::error_code error;
    socket.connect(asio::local::stream_protocol::endpoint{path_}, error);
    ::_exit(error == asio::error::access_denied ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(OnTcp, PicksAPortAndRefusesATakenOne) {
  asio::io_context io;
  const auto listener = listen_on_tcp(io.get_executor(), *Endpoint::parse("127.0.0.1:0"), hello);
  EXPECT_NE(listener->port(), 0);
  const Endpoint taken{*IpAddress::parse("127.0.0.1"), listener->port()};
  EXPECT_THROW(listen_on_tcp(io.get_executor(), taken, hello), boost::system::system_error);
}

}  // namespace
}  // namespace hearth::local
