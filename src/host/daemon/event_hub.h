#pragma once
// Server-Sent Events (WHATWG HTML 9.2) that say what changed: a page asks again for what it shows.

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/http/message.h>

namespace hearth::daemon {

/// Topics are few and fixed, and a subscriber holds each at most once: a slow one costs nothing.
class EventHub {
 public:
  explicit EventHub(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  /// Tells every subscriber that something under `topic` changed.
  void notify(std::string_view topic);
  /// `200`, `text/event-stream`, until the reader goes. Says something every 15 s, so that a reader
  /// that vanished is noticed. `whose`: by which cut() finds it; may be empty.
  [[nodiscard]] http::Response subscribe(std::string whose);
  /// Ends all of those subscriptions, at once.
  void cut(std::string_view whose);
  [[nodiscard]] std::size_t subscribers() const { return subscribers_->size(); }

 private:
  class Subscriber;
  using Registry = std::set<Subscriber*>;

  boost::asio::any_io_executor executor_;
  std::shared_ptr<Registry> subscribers_ = std::make_shared<Registry>();
};

}  // namespace hearth::daemon
