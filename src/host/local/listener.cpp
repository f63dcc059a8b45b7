#include <list>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hearth/local/listener.h>
#include <hearth/loop/socket_stream.h>

namespace hearth::local {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using unix_socket = asio::local::stream_protocol;

namespace {

/// A stream that its listener can end. Serving tasks own it; the listener only knows of it.
class TrackedStream final : public loop::ByteStream {
 public:
  using Registry = std::list<TrackedStream*>;

  TrackedStream(std::unique_ptr<loop::ByteStream> inner, std::shared_ptr<Registry> registry)
      : inner_(std::move(inner)),
        registry_(std::move(registry)),
        place_(registry_->insert(registry_->end(), this)) {}
  ~TrackedStream() override { registry_->erase(place_); }

  loop::Task<std::size_t> read_some(MutableBytes out) override { return inner_->read_some(out); }
  loop::Task<void> write(BytesView data) override { return inner_->write(data); }
  loop::Task<void> close_write() override { return inner_->close_write(); }
  void reset() noexcept override { inner_->reset(); }
  asio::any_io_executor executor() override { return inner_->executor(); }

 private:
  std::unique_ptr<loop::ByteStream> inner_;
  std::shared_ptr<Registry> registry_;
  Registry::iterator place_;
};

template <class Protocol>
class SocketListener final : public Listener {
 public:
  using Acceptor = typename Protocol::acceptor;
  using Admit = std::function<bool(typename Protocol::socket&)>;

  SocketListener(Acceptor acceptor, http::Handler handler, ListenerOptions options, Admit admit,
                 std::string path)
      : state_(std::make_shared<State>(std::move(acceptor), std::move(handler), options,
                                       std::move(admit))),
        path_(std::move(path)) {
    asio::co_spawn(state_->acceptor.get_executor(), accept(state_), asio::detached);
  }

  ~SocketListener() override {
    error_code ignored;
    state_->acceptor.close(ignored);
    for (TrackedStream* stream : *state_->open) stream->reset();
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  [[nodiscard]] std::uint16_t port() const override {
    if constexpr (std::is_same_v<Protocol, tcp>)
      return state_->acceptor.local_endpoint().port();
    else
      return 0;
  }

 private:
  struct State {
    State(Acceptor a, http::Handler h, ListenerOptions o, Admit ad)
        : acceptor(std::move(a)), handler(std::move(h)), options(o), admit(std::move(ad)) {}
    Acceptor acceptor;
    http::Handler handler;
    ListenerOptions options;
    Admit admit;
    std::shared_ptr<TrackedStream::Registry> open = std::make_shared<TrackedStream::Registry>();
  };

  static loop::Task<void> accept(std::shared_ptr<State> state) {
    asio::steady_timer pause{state->acceptor.get_executor()};
    while (state->acceptor.is_open()) {
      error_code error;
      typename Protocol::socket socket =
          co_await state->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted || !state->acceptor.is_open()) co_return;
      if (error || state->open->size() >= state->options.connections) {
        // No descriptors, or too many guests: whoever waits is served when others have gone.
        socket.close(error);
        pause.expires_after(std::chrono::milliseconds{50});
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      if (!state->admit(socket)) continue;
      auto stream =
          std::make_unique<TrackedStream>(loop::make_stream(std::move(socket)), state->open);
      asio::co_spawn(state->acceptor.get_executor(), http::serve(std::move(stream), state->handler),
                     asio::detached);
    }
  }

  std::shared_ptr<State> state_;
  std::string path_;
};

bool is_own_or_root(unix_socket::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

void remove_stale(const asio::any_io_executor& executor, const std::string& path) {
  unix_socket::socket probe{executor};
  error_code error;
  probe.connect(unix_socket::endpoint{path}, error);
  if (!error) throw boost::system::system_error{asio::error::address_in_use};
  if (error == asio::error::connection_refused) ::unlink(path.c_str());
}

}  // namespace

std::unique_ptr<Listener> Listener::on_tcp(asio::any_io_executor executor, const Endpoint& endpoint,
                                           http::Handler handler, ListenerOptions options) {
  const tcp::endpoint at{asio::ip::make_address(endpoint.address.to_string()), endpoint.port};
  tcp::acceptor acceptor{executor, at};
  return std::make_unique<SocketListener<tcp>>(
      std::move(acceptor), std::move(handler), options, [](tcp::socket&) { return true; },
      std::string{});
}

std::unique_ptr<Listener> Listener::on_unix(asio::any_io_executor executor, const std::string& path,
                                            http::Handler handler, ListenerOptions options) {
  remove_stale(executor, path);
  const mode_t before = ::umask(0177);
  std::optional<unix_socket::acceptor> acceptor;
  try {
    acceptor.emplace(executor, unix_socket::endpoint{path});
  } catch (...) {
    ::umask(before);
    throw;
  }
  ::umask(before);
  return std::make_unique<SocketListener<unix_socket>>(std::move(*acceptor), std::move(handler),
                                                       options, is_own_or_root, path);
}

}  // namespace hearth::local
