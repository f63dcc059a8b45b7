// hearth-files: the Files app. Listens on one unix socket, knows no network.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service.h"
#include <hearth/http/server.h>
#include <hearth/http/watchdog.h>
#include <hearth/loop/socket_stream.h>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using hearth::BytesView;
using hearth::MutableBytes;
using hearth::loop::ByteStream;
using hearth::loop::Task;
using LocalSocket = asio::local::stream_protocol;

constexpr int most_connections = 256;
// Nothing moving for this long ends a connection, even in the middle of an upload: it can be
// resumed.
constexpr auto most_quiet = 180s;

/// A stream that ends itself when nothing moves.
class Watched final : public ByteStream {
 public:
  explicit Watched(std::unique_ptr<ByteStream> inner)
      : inner_(std::move(inner)), watched_(*inner_) {
    watched_.allow(most_quiet);
  }
  Task<std::size_t> read_some(MutableBytes out) override { return watched_.read_some(out); }
  Task<void> write(BytesView data) override { return watched_.write(data); }
  Task<void> close_write() override { return watched_.close_write(); }
  void reset() noexcept override { watched_.reset(); }
  asio::any_io_executor executor() override { return watched_.executor(); }

 private:
  std::unique_ptr<ByteStream> inner_;
  hearth::http::WatchedStream watched_;
};

struct Server {
  explicit Server(asio::io_context& its_io, hearth::files::Service& its_service)
      : io(its_io),
        service(its_service),
        acceptor(its_io),
        room(its_io, asio::steady_timer::time_point::max()) {}

  Task<void> serve(LocalSocket::socket socket) {
    ++connections;
    try {
      hearth::http::Handler handler = [this](hearth::http::Request request) {
        return service.handle(std::move(request));
      };
      std::unique_ptr<ByteStream> stream =
          std::make_unique<Watched>(hearth::loop::make_stream(std::move(socket)));
      co_await hearth::http::serve(std::move(stream), std::move(handler),
                                   {.head_bytes = 32 * 1024});
    } catch (const std::exception&) {
      // The connection broke: whoever it was comes again.
    }
    --connections;
    room.cancel();
  }

  Task<void> accept() {
    for (;;) {
      boost::system::error_code error;
      // Those beyond wait in the kernel's queue.
      while (connections >= most_connections)
        co_await room.async_wait(asio::redirect_error(asio::use_awaitable, error));
      LocalSocket::socket socket =
          co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (!error) {
        asio::co_spawn(io, serve(std::move(socket)), asio::detached);
        continue;
      }
      asio::steady_timer pause{io, 100ms};
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }

  Task<void> tidy(hearth::files::Worker& worker) {
    asio::steady_timer timer{io};
    for (;;) {
      auto act = [this] { service.expire(); };
      try {
        co_await worker.run(act);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "hearth-files: %s\n", error.what());
      }
      timer.expires_after(1h);
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  asio::io_context& io;
  hearth::files::Service& service;
  LocalSocket::acceptor acceptor;
  asio::steady_timer room;
  int connections = 0;
};

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

int main(int count, char** arguments) {
  std::string socket = "/run/hearth/app.sock";
  hearth::files::ServiceOptions options{
      .data_directory = "/data", .web_directory = "/web", .now_ms = now_ms};
  for (int i = 1; i < count; ++i) {
    const auto value = [&](const char* name, std::string& into) {
      if (std::strcmp(arguments[i], name) != 0 || i + 1 >= count) return false;
      into = arguments[++i];
      return true;
    };
    if (!value("--socket", socket) && !value("--data", options.data_directory) &&
        !value("--web", options.web_directory)) {
      std::fputs("hearth-files [--socket PATH] [--data DIR] [--web DIR]\n", stderr);
      return 2;
    }
  }
  ::umask(0007);
  try {
    hearth::files::Worker worker{4};
    asio::io_context io{1};
    hearth::files::Service service{std::move(options), worker};
    Server server{io, service};
    ::unlink(socket.c_str());
    server.acceptor.open();
    server.acceptor.bind(LocalSocket::endpoint{socket});
    // Its directory decides who gets here.
    ::chmod(socket.c_str(), 0770);
    server.acceptor.listen(most_connections);
    asio::signal_set signals{io, SIGTERM, SIGINT};
    signals.async_wait([&](const boost::system::error_code&, int) { io.stop(); });
    ::signal(SIGPIPE, SIG_IGN);
    asio::co_spawn(io, server.accept(), asio::detached);
    asio::co_spawn(io, server.tidy(worker), asio::detached);
    io.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hearth-files: %s\n", error.what());
    return 1;
  }
  // What is acknowledged is on the disk, and what isn't can go on: nothing to wind up.
  std::_Exit(0);
}
