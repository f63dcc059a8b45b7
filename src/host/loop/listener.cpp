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

#include <hearth/loop/forwarding_stream.h>
#include <hearth/loop/listener.h>
#include <hearth/loop/socket_stream.h>

namespace hearth::loop {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using unix_socket = asio::local::stream_protocol;

namespace {

/// A stream that its listener can end. Serving tasks own it; the listener only knows of it.
class TrackedStream final : public ForwardingStream {
 public:
  using Registry = std::list<TrackedStream*>;

  TrackedStream(std::unique_ptr<ByteStream> inner, std::shared_ptr<void> room,
                std::shared_ptr<Registry> registry)
      : ForwardingStream(std::move(inner)),
        room_(std::move(room)),
        registry_(std::move(registry)),
        place_(registry_->insert(registry_->end(), this)) {}
  ~TrackedStream() override { registry_->erase(place_); }

 private:
  std::shared_ptr<void> room_;
  std::shared_ptr<Registry> registry_;
  Registry::iterator place_;
};

Endpoint endpoint_of(const tcp::endpoint& at) {
  return {.address = *IpAddress::parse(at.address().to_string()), .port = at.port()};
}

bool admits(const ListenerOptions& options, const tcp::socket& socket) {
  if (!options.admit) return true;
  error_code failed;
  const tcp::endpoint peer = socket.remote_endpoint(failed);
  if (failed) return false;
  const tcp::endpoint local = socket.local_endpoint(failed);
  if (failed) return false;
  return options.admit(endpoint_of(peer), endpoint_of(local));
}

bool admits(const ListenerOptions&, unix_socket::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

template <class Protocol>
class SocketListener final : public Listener {
 public:
  using Acceptor = typename Protocol::acceptor;

  SocketListener(Acceptor acceptor, Serve serve, ListenerOptions options, std::string path)
      : state_(std::make_shared<State>(std::move(acceptor), std::move(serve), std::move(options))),
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
    State(Acceptor its_acceptor, Serve its_serve, ListenerOptions its_options)
        : acceptor(std::move(its_acceptor)),
          serve(std::move(its_serve)),
          options(std::move(its_options)) {}
    Acceptor acceptor;
    Serve serve;
    ListenerOptions options;
    std::shared_ptr<TrackedStream::Registry> open = std::make_shared<TrackedStream::Registry>();

    /// Null: there is none.
    [[nodiscard]] std::shared_ptr<void> take_room() const {
      if (open->size() >= options.connections) return nullptr;
      return options.take_room ? options.take_room() : open;
    }
  };

  static Task<void> accept(std::shared_ptr<State> state) {
    asio::steady_timer pause{state->acceptor.get_executor()};
    while (state->acceptor.is_open()) {
      error_code error;
      typename Protocol::socket socket =
          co_await state->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted || !state->acceptor.is_open()) co_return;
      std::shared_ptr<void> room;
      if (!error) room = state->take_room();
      if (room == nullptr) {
        // No descriptors, or too many guests: whoever waits is served when others have gone.
        socket.close(error);
        pause.expires_after(std::chrono::milliseconds{50});
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      if (!admits(state->options, socket)) {
        if (state->options.refused) state->options.refused();
        continue;
      }
      auto stream = std::make_unique<TrackedStream>(make_stream(std::move(socket)), std::move(room),
                                                    state->open);
      asio::co_spawn(state->acceptor.get_executor(), state->serve(std::move(stream)),
                     asio::detached);
    }
  }

  std::shared_ptr<State> state_;
  std::string path_;
};

void remove_stale(const asio::any_io_executor& executor, const std::string& path) {
  unix_socket::socket probe{executor};
  error_code error;
  probe.connect(unix_socket::endpoint{path}, error);
  if (!error) throw boost::system::system_error{asio::error::address_in_use};
  if (error == asio::error::connection_refused) ::unlink(path.c_str());
}

}  // namespace

std::unique_ptr<Listener> Listener::on_tcp(asio::any_io_executor executor, const Endpoint& endpoint,
                                           Serve serve, ListenerOptions options) {
  const tcp::endpoint at{asio::ip::make_address(endpoint.address.to_string()), endpoint.port};
  return std::make_unique<SocketListener<tcp>>(tcp::acceptor{executor, at}, std::move(serve),
                                               std::move(options), std::string{});
}

std::unique_ptr<Listener> Listener::on_unix(asio::any_io_executor executor, const std::string& path,
                                            Serve serve, ListenerOptions options) {
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
  return std::make_unique<SocketListener<unix_socket>>(std::move(*acceptor), std::move(serve),
                                                       std::move(options), path);
}

}  // namespace hearth::loop
