#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <hearth/libp2p/test_hosts.h>

namespace hearth::libp2p {

namespace asio = boost::asio;

TestHosts::TestHosts() : context_(1) {}
TestHosts::~TestHosts() {
  hosts_.clear();
}

Host& TestHosts::add(Limits limits) {
  return *hosts_.emplace_back(
      std::make_unique<Host>(context_.get_executor(),
                             HostOptions{.key = crypto::Ed25519PrivateKey::generate(entropy_),
                                         .limits = std::move(limits)},
                             clock_, entropy_, log_));
}

void TestHosts::run(std::function<Task<void>()> test) {
  std::exception_ptr failed;
  bool ended = false;
  asio::co_spawn(context_, test, [&](std::exception_ptr error) {
    failed = error;
    ended = true;
    context_.stop();
  });
  context_.restart();
  context_.run_for(std::chrono::seconds{20});
  if (failed) std::rethrow_exception(failed);
  if (!ended) throw std::runtime_error{"the test did not end"};
}

Task<void> TestHosts::until(std::function<bool()> holds) {
  asio::steady_timer pause{context_};
  while (!holds()) {
    pause.expires_after(std::chrono::milliseconds{1});
    co_await pause.async_wait(asio::use_awaitable);
  }
}

Task<void> TestHosts::settled(std::function<std::size_t()> value) {
  asio::steady_timer pause{context_};
  std::size_t before = value();
  while (true) {
    pause.expires_after(std::chrono::milliseconds{100});
    co_await pause.async_wait(asio::use_awaitable);
    const std::size_t now = value();
    if (now == before) co_return;
    before = now;
  }
}

Endpoint tcp_endpoint(const Host& host) {
  return *host.listen_addresses().front().tcp();
}

Multiaddr websocket_address(const Host& host) {
  for (const Multiaddr& address : host.listen_addresses())
    if (address.is_websocket()) return address.with_p2p(host.id().bytes());
  return {};
}

void echo_on(Host& host) {
  host.handle("/echo/1.0.0", [](StreamPtr stream) -> Task<void> {
    Bytes buffer(16384);
    while (const std::size_t count = co_await stream->read_some(buffer))
      co_await stream->write(BytesView{buffer}.first(count));
    co_await stream->close_write();
  });
}

namespace {

Task<void> write_all(Stream& stream, const std::string& text) {
  co_await stream.write(as_bytes(text));
  co_await stream.close_write();
}

}  // namespace

Task<std::string> echo(ConnectionPtr connection, std::string text) {
  const StreamPtr stream = co_await connection->open("/echo/1.0.0");
  bool failed = false;
  asio::co_spawn(stream->executor(), write_all(*stream, text),
                 [&failed](std::exception_ptr error) { failed = error != nullptr; });
  std::string got;
  Bytes buffer(16384);
  while (const std::size_t count = co_await stream->read_some(buffer))
    got += as_text(BytesView{buffer}.first(count));
  co_return got;
}

Task<std::string> read_some_text(loop::ByteStream& stream) {
  Bytes buffer(16384);
  const std::size_t count = co_await stream.read_some(buffer);
  co_return to_text(BytesView{buffer}.first(count));
}

Task<std::string> ask_raw(Endpoint server, std::string text) {
  asio::ip::tcp::socket socket{co_await asio::this_coro::executor};
  co_await socket.async_connect({asio::ip::make_address(server.address.to_string()), server.port},
                                asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
  std::string got;
  while (true) {
    char buffer[4096];
    boost::system::error_code error;
    const std::size_t count = co_await socket.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    got.append(buffer, count);
    if (error) co_return got;
  }
}

}  // namespace hearth::libp2p
