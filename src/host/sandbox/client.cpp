#include <array>
#include <deque>
#include <map>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <hearth/loop/socket_stream.h>
#include <hearth/sandbox/client.h>

namespace hearth::sandbox {

namespace asio = boost::asio;

struct Client::Impl : std::enable_shared_from_this<Impl> {
  struct Waiter {
    explicit Waiter(const asio::any_io_executor& executor)
        : woken(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer woken;
    std::optional<Reply> reply;
  };

  Impl(asio::any_io_executor its_executor, Fd control) : executor(std::move(its_executor)) {
    asio::local::stream_protocol::socket socket{executor};
    socket.assign(asio::local::stream_protocol{}, control.release());
    stream = loop::make_stream(std::move(socket));
  }

  Task<Reply> send(Order order) {
    const auto self = shared_from_this();
    order.id = ++last_id;
    if (order.id == 0) order.id = ++last_id;
    const auto waiter = std::make_shared<Waiter>(executor);
    if (!open) throw AppUnavailable{gone};
    waiting.emplace(order.id, waiter);
    outgoing.push_back(encode(order));
    if (!writing) asio::co_spawn(executor, write(self), asio::detached);
    boost::system::error_code ignored;
    if (!waiter->reply)
      co_await waiter->woken.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    waiting.erase(order.id);
    if (!waiter->reply) throw AppUnavailable{gone};
    co_return std::move(*waiter->reply);
  }

  static Task<void> write(std::shared_ptr<Impl> self) {
    self->writing = true;
    try {
      while (!self->outgoing.empty()) {
        const Bytes frame = std::move(self->outgoing.front());
        self->outgoing.pop_front();
        co_await self->stream->write(frame);
      }
    } catch (const std::exception&) {
      self->end();
    }
    self->writing = false;
  }

  static Task<void> read(std::shared_ptr<Impl> self) {
    try {
      for (;;) {
        std::array<std::byte, 2> head;
        co_await loop::read_exactly(*self->stream, head);
        const std::size_t length =
            std::to_integer<std::size_t>(head[0]) << 8 | std::to_integer<std::size_t>(head[1]);
        Bytes frame(length);
        co_await loop::read_exactly(*self->stream, frame);
        const auto reply = decode_reply(frame);
        if (!reply) break;
        if (reply->id == 0) {
          if (self->observer) self->observer(reply->text);
          continue;
        }
        const auto waiter = self->waiting.find(reply->id);
        if (waiter == self->waiting.end()) continue;
        waiter->second->reply = *reply;
        waiter->second->woken.cancel();
      }
    } catch (const std::exception&) {
    }
    self->end();
  }

  void end() {
    open = false;
    stream->reset();
    for (const auto& [id, waiter] : waiting) waiter->woken.cancel();
  }

  static constexpr const char* gone = "the sandbox for apps isn't running, so apps can't start";

  asio::any_io_executor executor;
  std::unique_ptr<loop::ByteStream> stream;
  bool open = true;
  bool writing = false;
  std::uint32_t last_id = 0;
  std::deque<Bytes> outgoing;
  std::map<std::uint32_t, std::shared_ptr<Waiter>> waiting;
  std::function<void(const std::string&)> observer;
};

namespace {
Reply checked(Reply reply) {
  if (reply.outcome != Outcome::done) throw AppUnavailable{reply.text};
  return reply;
}
}  // namespace

Client::Client(asio::any_io_executor executor, Fd control)
    : impl_(std::make_shared<Impl>(executor, std::move(control))) {
  asio::co_spawn(executor, Impl::read(impl_), asio::detached);
}

Client::~Client() {
  impl_->observer = nullptr;
  impl_->end();
}

void Client::on_ended(std::function<void(const std::string&)> observer) {
  impl_->observer = std::move(observer);
}
bool Client::is_open() const {
  return impl_->open;
}

Task<void> Client::prepare(std::string app, Digest digest) {
  const auto impl = impl_;
  Order order{.verb = Verb::prepare, .app = std::move(app), .digest = digest};
  checked(co_await impl->send(std::move(order)));
}

Task<StartedApp> Client::start(std::string app) {
  const auto impl = impl_;
  Order order{.verb = Verb::start, .app = std::move(app)};
  const Reply reply = checked(co_await impl->send(std::move(order)));
  co_return StartedApp{.first_uid = reply.uid};
}

Task<void> Client::stop(std::string app) {
  const auto impl = impl_;
  Order order{.verb = Verb::stop, .app = std::move(app)};
  checked(co_await impl->send(std::move(order)));
}

Task<AppReport> Client::state(std::string app) {
  const auto impl = impl_;
  Order order{.verb = Verb::state, .app = std::move(app)};
  const Reply reply = checked(co_await impl->send(std::move(order)));
  co_return AppReport{reply.state, reply.text};
}

Task<std::string> Client::log(std::string app) {
  const auto impl = impl_;
  Order order{.verb = Verb::log, .app = std::move(app)};
  Reply reply = checked(co_await impl->send(std::move(order)));
  co_return std::move(reply.text);
}

Task<void> Client::erase(std::string app) {
  const auto impl = impl_;
  Order order{.verb = Verb::erase, .app = std::move(app)};
  checked(co_await impl->send(std::move(order)));
}

Task<void> Client::kill_all() {
  const auto impl = impl_;
  Order order{.verb = Verb::kill_all};
  checked(co_await impl->send(std::move(order)));
}

}  // namespace hearth::sandbox
