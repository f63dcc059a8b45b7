// `hearth open`: the shell from this machine's own disk, so that no server has a say in its code.

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "commands.h"
#include "output.h"
#include <hearth/codec/multiaddr.h>
#include <hearth/daemon/options.h>
#include <hearth/http/client.h>
#include <hearth/identity/name.h>
#include <hearth/local/listener.h>
#include <hearth/local/origins.h>
#include <hearth/loop/resolve.h>
#include <hearth/loop/socket_stream.h>

namespace hearth::cli {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

local::Site site(const std::string& given, const char* beside, const char* flag) {
  const std::string directory = given.empty() ? daemon::find_beside_program(beside) : given;
  if (directory.empty())
    throw Failure{1,
                  std::string{"The shell's files aren't beside this program: name their directory "
                              "with "} +
                      flag + "."};
  try {
    return local::Site::load_checked(directory);
  } catch (const std::exception& error) {
    throw Failure{1, error.what()};
  }
}

/// What a page asks of the flock that serves it: where to look names up.
std::string describe(const codec::Multiaddr& address) {
  const std::string text = address.to_string();
  const std::string id = text.substr(text.rfind('/') + 1);
  return json{{"peer_id", id}, {"addrs", {text}}}.dump();
}

loop::Task<std::string> ask_over_http(std::string host, std::uint16_t port) {
  const auto executor = co_await asio::this_coro::executor;
  auto resolving = loop::resolve(host, port);
  const auto endpoints = co_await std::move(resolving);
  asio::ip::tcp::socket socket{executor};
  co_await asio::async_connect(socket, endpoints, asio::use_awaitable);
  http::Request request;
  request.target = "/.well-known/hearth-flock";
  request.headers.set("Host", host + ":" + std::to_string(port));
  auto stream = loop::make_stream(std::move(socket));
  http::Response response = co_await http::send(std::move(stream), std::move(request));
  co_return co_await http::read_all(*response.body, 65536);
}

/// What HOST:PORT says of itself. Nothing hangs on its truth: names are signed by their roots.
std::string ask_flock(const std::string& where) {
  const std::size_t colon = where.rfind(':');
  const std::string_view digits =
      std::string_view{where}.substr(std::min(colon, where.size() - 1) + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (colon == std::string::npos || error != std::errc{} || end != digits.data() + digits.size())
    throw Failure{2, "--flock takes a multiaddr that ends in /p2p/ID, or HOST:PORT."};
  asio::io_context io;
  std::exception_ptr failed;
  std::string text;
  asio::co_spawn(io, ask_over_http(where.substr(0, colon), port),
                 [&](const std::exception_ptr& why, std::string answer) {
                   failed = why;
                   text = std::move(answer);
                 });
  io.run_for(std::chrono::seconds{10});
  const json info = json::parse(text, nullptr, false);
  if (failed || !info.is_object() || !info.contains("peer_id"))
    throw Failure{3, "No flock answers at http://" + where + "."};
  return text;
}

/// The answer to /.well-known/hearth-flock on the page's own origin.
std::string flock_info(const Context& context, const std::string& given) {
  if (!given.empty() && !given.starts_with('/')) return ask_flock(given);
  std::string text = given;
  if (text.empty()) {
    try {
      const json flocks = context.client.call("GET", "/api/v1/flocks").at("flocks");
      if (!flocks.empty()) text = flocks.front().at("multiaddr");
    } catch (const Failure&) {  // no box on this machine
    }
  }
  if (text.empty()) throw Failure{2, "Name a flock that knows the box: --flock MULTIADDR."};
  const auto address = codec::Multiaddr::parse(text);
  if (!address || !address->p2p())
    throw Failure{2, "--flock takes a multiaddr that ends in /p2p/ID, or HOST:PORT."};
  return describe(*address);
}

loop::Task<http::Response> answer(const local::Origins& origins, const std::string& flock,
                                  http::Request request) {
  const bool known =
      origins.origin_of(request.headers.get("host").value_or("")) != local::Origin::unknown;
  const std::string path{request.path()};
  if (known && path == "/.well-known/hearth-flock") co_return http::Response::json(200, flock);
  if (path.starts_with("/.well-known/") || path.starts_with("/api/"))
    co_return http::Response::empty(404);
  co_return origins.serve(request);
}

}  // namespace

int open_name(const Context& context, const OpenOptions& options) {
  if (!identity::is_flock_name(options.name))
    throw Failure{2, options.name + ": a name has 3 to 32 of a-z, 0-9 and hyphens."};
  const std::string flock = flock_info(context, options.flock);
  local::Site shell = site(options.shell, "web/shell", "--shell");
  local::Site boot = site(options.boot, "web/boot", "--boot");

  asio::io_context io{1};
  std::optional<local::Origins> origins;
  std::unique_ptr<loop::Listener> listener;
  try {
    listener = local::listen_on_tcp(
        io.get_executor(), {.address = *IpAddress::parse("127.0.0.1"), .port = options.port},
        [&](http::Request request) { return answer(*origins, flock, std::move(request)); });
  } catch (const boost::system::system_error&) {
    throw Failure{1, "Port " + std::to_string(options.port) +
                         " is taken: choose another with --port (the browser keeps keys by port)."};
  }
  const std::string port = std::to_string(listener->port());
  origins.emplace(local::OriginsOptions{.base = "hearth.localhost:" + port,
                                        .bare = {"127.0.0.1:" + port, "localhost:" + port}},
                  std::move(shell), std::move(boot));
  const std::string address = origins->shell_origin() + "/login?box=" + options.name;
  if (context.json)
    print(json{{"address", address}, {"name", options.name}, {"flock", json::parse(flock)}}.dump() +
          "\n");
  else
    print("Open  " + address +
          "\nEverything but what the box itself says comes from this machine.\n"
          "Stop with Ctrl+C.\n");
  std::fflush(stdout);

  asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](const boost::system::error_code&, int) { io.stop(); });
  io.run();
  return 0;
}

}  // namespace hearth::cli
