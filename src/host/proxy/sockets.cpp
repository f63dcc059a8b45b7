#include <algorithm>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/http/client.h>
#include <hearth/proxy/sockets.h>

namespace hearth::proxy {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
using loop::ByteStream;
using loop::Task;

constexpr std::chrono::seconds handshake_timeout{30};
/// For the side that hasn't ended when the other has.
constexpr std::chrono::seconds farewell_timeout{10};
constexpr std::size_t buffer_bytes = std::size_t{32} << 10;

/// Both ends of one socket, while it stands. `client` outlives neither: see join().
struct Pair {
  Pair(ByteStream& its_client, ByteStream& its_app)
      : client(its_client), app(its_app), farewell(app.executor()), ended(app.executor()) {}

  void reset() {
    client.reset();
    app.reset();
  }
  /// One direction is over.
  void on_end() {
    if (--flowing == 0) {
      farewell.cancel();
      ended.cancel();
    }
  }

  ByteStream& client;
  ByteStream& app;
  asio::steady_timer farewell;
  asio::steady_timer ended;
  int flowing = 2;
};

Task<void> carry(std::shared_ptr<Pair> pair, ByteStream& from, ByteStream& to) {
  bool lost = false;
  try {
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes);
    while (const std::size_t count = co_await from.read_some({buffer.get(), buffer_bytes}))
      co_await to.write({buffer.get(), count});
    co_await to.close_write();
  } catch (const system_error&) {
    lost = true;
  }
  if (lost) {
    pair->reset();
  } else if (pair->flowing == 2) {
    pair->farewell.expires_after(farewell_timeout);
    pair->farewell.async_wait([weak = std::weak_ptr{pair}](error_code stopped) {
      const auto late = weak.lock();
      if (!stopped && late && late->flowing > 0) late->reset();
    });
  }
  pair->on_end();
}

/// Returns when both directions are over, so that `client` is there for as long as it is used.
Task<void> join(std::shared_ptr<Pair> pair) {
  pair->ended.expires_at(asio::steady_timer::time_point::max());
  asio::co_spawn(pair->app.executor(), carry(pair, pair->app, pair->client), asio::detached);
  co_await carry(pair, pair->client, pair->app);
  error_code ignored;
  while (pair->flowing > 0)
    co_await pair->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

struct Sockets::State {
  struct Open {
    std::string device;
    std::weak_ptr<Pair> pair;  ///< empty until the app has agreed
  };
  std::map<std::uint64_t, Open> open;
  std::uint64_t next = 0;
};

namespace {

/// One socket's place in the count.
class Place {
 public:
  Place(std::shared_ptr<Sockets::State> state, std::string device)
      : state_(std::move(state)), number_(state_->next++) {
    state_->open[number_].device = std::move(device);
  }
  ~Place() { state_->open.erase(number_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  /// False: cut off meanwhile.
  [[nodiscard]] bool stands() const { return state_->open.contains(number_); }
  void set(const std::shared_ptr<Pair>& pair) { state_->open[number_].pair = pair; }

 private:
  std::shared_ptr<Sockets::State> state_;
  std::uint64_t number_;
};

Task<void> serve(std::shared_ptr<Place> place, std::shared_ptr<ByteStream> app,
                 ByteStream& client) {
  if (!place->stands()) co_return;
  const auto pair = std::make_shared<Pair>(client, *app);
  place->set(pair);
  co_await join(pair);
}

}  // namespace

Sockets::Sockets() : state_(std::make_shared<State>()) {}

void Sockets::cut(std::string_view device) {
  std::vector<std::shared_ptr<Pair>> found;
  std::erase_if(state_->open, [&](auto& entry) {
    if (entry.second.device != device) return false;
    if (auto pair = entry.second.pair.lock()) found.push_back(std::move(pair));
    return true;
  });
  for (const auto& pair : found) pair->reset();
}

std::size_t Sockets::size() const {
  return state_->open.size();
}

bool is_socket_request(const http::Request& request) {
  return request.method == "GET" && request.headers.has_token("connection", "upgrade") &&
         request.headers.has_token("upgrade", "websocket");
}

void refuse_too_many(const Sockets& sockets, std::string_view device) {
  const auto is_theirs = [&](const auto& entry) { return entry.second.device == device; };
  const auto& open = sockets.state()->open;
  if (static_cast<std::size_t>(std::ranges::count_if(open, is_theirs)) < Sockets::per_device)
    return;
  throw AppUnavailable{.status = 429,
                       .code = "rate_limited",
                       .message = "Too many sockets are open on this device. Close some pages.",
                       .retry_after_s = 5};
}

Task<http::Response> open_socket(std::unique_ptr<ByteStream> app, http::Request request,
                                 std::string device, const Sockets& sockets) {
  const auto place = std::make_shared<Place>(sockets.state(), std::move(device));
  request.headers.set("Connection", "Upgrade");
  request.headers.set("Upgrade", "websocket");

  // The stream is upgrade()'s until it returns; null afterwards.
  const auto waiting = std::make_shared<ByteStream*>(app.get());
  asio::steady_timer patience{app->executor(), handshake_timeout};
  patience.async_wait([waiting](error_code stopped) {
    if (!stopped && *waiting != nullptr) (*waiting)->reset();
  });
  const struct Forget {
    ByteStream*& stream;
    ~Forget() { stream = nullptr; }
  } forget{*waiting};
  auto upgraded = co_await http::upgrade(std::move(app), std::move(request));

  http::Response response = std::move(upgraded.response);
  const bool agreed = upgraded.stream != nullptr;
  if (agreed && !response.headers.has_token("upgrade", "websocket"))
    throw system_error{make_error_code(boost::system::errc::protocol_error)};
  strip(response.headers);
  if (!agreed) co_return response;
  response.headers.set("Connection", "Upgrade");
  response.headers.set("Upgrade", "websocket");
  response.take_over = [place, stream = std::shared_ptr{std::move(upgraded.stream)}](
                           ByteStream& client) { return serve(place, stream, client); };
  co_return response;
}

}  // namespace hearth::proxy
