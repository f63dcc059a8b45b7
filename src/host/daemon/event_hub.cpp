#include <algorithm>
#include <cstring>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <hearth/daemon/event_hub.h>

namespace hearth::daemon {

namespace asio = boost::asio;

class EventHub::Subscriber final : public http::Body {
 public:
  Subscriber(asio::any_io_executor executor, std::shared_ptr<Registry> registry, std::string whose)
      : timer_(std::move(executor)), registry_(std::move(registry)), whose_(std::move(whose)) {
    registry_->insert(this);
  }
  ~Subscriber() override { registry_->erase(this); }

  void notify(std::string_view topic) {
    changed_.emplace(topic);
    timer_.cancel();
  }

  [[nodiscard]] const std::string& whose() const { return whose_; }
  void cut() {
    is_cut_ = true;
    timer_.cancel();
  }

  loop::Task<std::size_t> read_some(MutableBytes out) override {
    if (is_cut_) co_return 0;
    if (text_.empty() && changed_.empty()) {
      timer_.expires_after(std::chrono::seconds{15});
      boost::system::error_code ignored;
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (is_cut_) co_return 0;
    for (const std::string& topic : changed_) text_ += "event: " + topic + "\ndata: {}\n\n";
    changed_.clear();
    if (text_.empty()) text_ = ":\n\n";
    const std::size_t count = std::min(out.size(), text_.size());
    std::memcpy(out.data(), text_.data(), count);
    text_.erase(0, count);
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<Registry> registry_;
  std::string whose_;
  bool is_cut_ = false;
  std::set<std::string, std::less<>> changed_;
  std::string text_ = ":\n\n";  // at once, so that the reader knows it is subscribed
};

void EventHub::notify(std::string_view topic) {
  for (Subscriber* subscriber : *subscribers_) subscriber->notify(topic);
}

void EventHub::cut(std::string_view whose) {
  for (Subscriber* subscriber : *subscribers_)
    if (subscriber->whose() == whose) subscriber->cut();
}

http::Response EventHub::subscribe(std::string whose) {
  http::Response response;
  response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
  response.body = std::make_unique<Subscriber>(executor_, subscribers_, std::move(whose));
  return response;
}

}  // namespace hearth::daemon
