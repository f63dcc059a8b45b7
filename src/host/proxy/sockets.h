#pragma once
// Sockets through the proxy: how they are counted and cut, and WebSockets. Private to this folder.

#include <map>

#include <hearth/proxy/app_proxy.h>
#include <hearth/proxy/carry.h>

namespace hearth::proxy {

struct Sockets::State {
  struct Open {
    SocketKey key;
    std::weak_ptr<Pair> pair;  ///< empty until the other side has agreed
  };
  std::map<std::uint64_t, Open> open;
  std::uint64_t next = 0;
};

/// One socket's place in the count.
class Place {
 public:
  Place(std::shared_ptr<Sockets::State> state, SocketKey key)
      : state_(std::move(state)), number_(state_->next++) {
    state_->open[number_].key = std::move(key);
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

/// Carries for as long as the place stands.
loop::Task<void> serve(std::shared_ptr<Place> place, std::shared_ptr<loop::ByteStream> far,
                       loop::ByteStream& client, Farewell farewell);

/// Whether it asks for a WebSocket (RFC 6455 section 4.1).
[[nodiscard]] bool is_socket_request(const http::Request& request);

/// Throws AppUnavailable when `device` has as many as it may have.
void refuse_too_many(const Sockets& sockets, std::string_view device);

/// Asks the app, over a fresh stream to it. Its refusals come back as they are; throws system_error
/// when it doesn't answer in time or not by the rules.
loop::Task<http::Response> open_socket(std::unique_ptr<loop::ByteStream> app, http::Request request,
                                       SocketKey key, const Sockets& sockets);

}  // namespace hearth::proxy
