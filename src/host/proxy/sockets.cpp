#include <algorithm>

#include <boost/asio/steady_timer.hpp>
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
constexpr Farewell farewell{.time = std::chrono::seconds{10}};

}  // namespace

Task<void> serve(std::shared_ptr<Place> place, std::shared_ptr<ByteStream> far, ByteStream& client,
                 Farewell patience) {
  if (!place->stands()) co_return;
  const auto pair = std::make_shared<Pair>(client, *far, patience);
  place->set(pair);
  co_await pair->join();
}

Sockets::Sockets() : state_(std::make_shared<State>()) {}

void Sockets::cut(std::string_view device) {
  cut_if([device](const SocketKey& key) { return key.device == device; });
}

void Sockets::cut_if(const std::function<bool(const SocketKey&)>& whose) {
  std::vector<std::shared_ptr<Pair>> found;
  std::erase_if(state_->open, [&](auto& entry) {
    if (!whose(entry.second.key)) return false;
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
  const auto is_theirs = [&](const auto& entry) { return entry.second.key.device == device; };
  const auto& open = sockets.state()->open;
  if (static_cast<std::size_t>(std::ranges::count_if(open, is_theirs)) < Sockets::per_device)
    return;
  throw AppUnavailable{.status = 429,
                       .code = "rate_limited",
                       .message = "Too many sockets are open on this device. Close some pages.",
                       .retry_after_s = 5};
}

Task<http::Response> open_socket(std::unique_ptr<ByteStream> app, http::Request request,
                                 SocketKey key, const Sockets& sockets) {
  const auto place = std::make_shared<Place>(sockets.state(), std::move(key));
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
                           ByteStream& client) { return serve(place, stream, client, farewell); };
  co_return response;
}

}  // namespace hearth::proxy
