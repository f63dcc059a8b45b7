// Requests and subscriptions, many on one WebSocket.

#include <map>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/system/system_error.hpp>

#include "notation.h"
#include "state.h"
#include <hearth/websocket/frames.h>

namespace hearth::graph_service {

namespace asio = boost::asio;
using http::Request;
using http::Response;
using http::Task;
using nlohmann::json;

namespace {

constexpr std::string_view protocol = "hearth.graph.v1";
constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::size_t max_requests = 64;                  ///< under way
constexpr std::size_t max_output = std::size_t{4} << 20;  ///< unsent, before no more is read
constexpr std::size_t max_subscriptions = 1024;

}  // namespace

/// One connection. Its reader and writer end together; requests may end later, and find it closed.
class Socket : public std::enable_shared_from_this<Socket> {
 public:
  Socket(std::shared_ptr<Service::State> state, Asker asker, loop::ByteStream& stream)
      : state_(std::move(state)),
        asker_(std::move(asker)),
        stream_(&stream),
        output_(state_->executor),
        room_(state_->executor),
        written_(state_->executor) {}

  Task<void> serve();
  void close() {
    ending_ = true;
    output_.say();
    room_.say();
  }
  [[nodiscard]] const Asker& asker() const { return asker_; }

 private:
  using Number = std::uint64_t;

  Task<void> read();
  static Task<void> write(std::shared_ptr<Socket> self);
  /// False: the connection has to end.
  bool take(std::string_view text);
  static Task<void> ask(std::shared_ptr<Socket> self, Number id, json frame);
  static Task<void> subscribe(std::shared_ptr<Socket> self, Number id, json what);
  void unsubscribe(Number id, const json& which);
  void answer(Number id, int status, std::string_view body);
  void send(std::string_view text);
  void tell(Number id);
  void done() {
    --under_way_;
    room_.say();
  }

  std::shared_ptr<Service::State> state_;
  Asker asker_;
  loop::ByteStream* stream_;
  loop::Signal output_;   // there is something to write, or nothing more to come
  loop::Signal room_;     // more may be read
  loop::Signal written_;  // the writer has ended
  std::string waiting_;   // frames
  std::map<Number, std::shared_ptr<Queue>> subscriptions_;
  std::set<Number> ready_;  // of these, who has something to tell
  std::size_t under_way_ = 0;
  bool ending_ = false;
  bool writer_ended_ = false;
  websocket::CloseCode code_ = websocket::CloseCode::normal;
};

Task<void> Socket::serve() {
  const auto self = shared_from_this();
  asio::co_spawn(state_->executor, write(self), asio::detached);
  try {
    co_await read();
  } catch (const boost::system::system_error&) {
    // lost; there is nobody to tell
  }
  // The writer uses the stream: it goes first. A peer that doesn't read doesn't hold us up.
  close();
  asio::steady_timer patience{state_->executor, std::chrono::seconds{2}};
  patience.async_wait([self](boost::system::error_code error) {
    if (!error && !self->writer_ended_) self->stream_->reset();
  });
  while (!writer_ended_) co_await written_.wait();
  patience.cancel();
  for (const auto& [id, queue] : subscriptions_) {
    state_->feed.remove(*queue);
    queue->let_go();
  }
  subscriptions_.clear();
}

Task<void> Socket::read() {
  using websocket::Opcode;
  websocket::FrameReader frames{body_limit};
  Bytes buffer(read_bytes);
  while (!ending_) {
    const auto message = frames.next();
    if (!message) {
      code_ = message.error() == websocket::FrameError::too_big
                  ? websocket::CloseCode::too_big
                  : websocket::CloseCode::protocol_error;
      co_return;
    }
    if (!*message) {
      const std::size_t count = co_await stream_->read_some(buffer);
      if (count == 0) co_return;
      frames.feed(BytesView{buffer}.first(count));
      continue;
    }
    const websocket::Message& got = **message;
    if (got.opcode == Opcode::close) co_return;
    if (got.opcode == Opcode::ping && waiting_.size() < max_output) {
      websocket::append_frame(waiting_, Opcode::pong, got.payload);
      output_.say();
    }
    if (got.opcode == Opcode::binary) {
      code_ = websocket::CloseCode::unsupported;
      co_return;
    }
    if (got.opcode != Opcode::text) continue;
    if (!take(got.payload)) {
      code_ = websocket::CloseCode::protocol_error;
      co_return;
    }
    while (!ending_ && (under_way_ >= max_requests || waiting_.size() > max_output))
      co_await room_.wait();
  }
}

Task<void> Socket::write(std::shared_ptr<Socket> self) {
  std::string buffer;
  try {
    while (true) {
      for (const Number id : std::exchange(self->ready_, {})) self->tell(id);
      buffer = std::exchange(self->waiting_, {});
      self->room_.say();
      if (self->ending_) websocket::append_close(buffer, self->code_);
      if (!buffer.empty()) co_await self->stream_->write(as_bytes(buffer));
      if (self->ending_) break;
      if (self->waiting_.empty() && self->ready_.empty()) co_await self->output_.wait();
    }
    // A reader that waits for bytes has to hear of it, too.
    co_await self->stream_->close_write();
    asio::steady_timer patience{self->state_->executor, std::chrono::milliseconds{200}};
    boost::system::error_code ignored;
    co_await patience.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    self->stream_->reset();
  } catch (const boost::system::system_error&) {
    self->stream_->reset();
  }
  self->ending_ = true;
  self->room_.say();
  self->writer_ended_ = true;
  self->written_.say();
}

void Socket::send(std::string_view text) {
  if (ending_) return;
  websocket::append_frame(waiting_, websocket::Opcode::text, text);
  output_.say();
}

void Socket::answer(Number id, int status, std::string_view body) {
  send("{\"id\":" + std::to_string(id) + ",\"status\":" + std::to_string(status) +
       ",\"body\":" + (body.empty() ? "null" : std::string{body}) + "}");
}

bool Socket::take(std::string_view text) {
  json frame = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!frame.is_object() || !frame.contains("id") || !frame["id"].is_number_unsigned())
    return false;
  const auto id = frame["id"].get<Number>();
  if (frame.contains("unsubscribe")) {
    unsubscribe(id, frame["unsubscribe"]);
    return true;
  }
  ++under_way_;
  auto task = frame.contains("subscribe")
                  ? subscribe(shared_from_this(), id, std::move(frame["subscribe"]))
                  : ask(shared_from_this(), id, std::move(frame));
  asio::co_spawn(state_->executor, std::move(task), asio::detached);
  return true;
}

Task<void> Socket::ask(std::shared_ptr<Socket> self, Number id, json frame) {
  const auto text = [&](const char* name) {
    const auto found = frame.find(name);
    return found != frame.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  std::string method = text("method");
  const std::string path = text("path");
  json body = frame.contains("body") ? std::move(frame["body"]) : json::object();
  if (!body.is_object() || !path.starts_with('/') || method.empty()) {
    const Reply bad =
        reply_of(ApiError{ErrorCode::bad_request,
                          "Send {\"id\", \"method\", \"path\": \"/…\", \"body\"?: {…}}.",
                          {}});
    self->answer(id, bad.status, bad.body);
    self->done();
    co_return;
  }
  std::string target = std::string{api_path} + path;
  Asker asker = self->asker_;
  auto answered =
      self->state_->answer(std::move(method), std::move(target), std::move(body), std::move(asker));
  const Reply reply = co_await std::move(answered);
  self->answer(id, reply.status, reply.body);
  self->done();
}

Task<void> Socket::subscribe(std::shared_ptr<Socket> self, Number id, json what) {
  const auto text = [&](const char* name) -> std::optional<std::string> {
    const auto found = what.find(name);
    if (found == what.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  };
  std::optional<ApiError> wrong;
  if (!what.is_object() || !text("space"))
    wrong = ApiError{ErrorCode::bad_request,
                     "Say which \"space\", and perhaps \"soul\", \"prefix\", \"property\".",
                     {}};
  else if (self->subscriptions_.contains(id))
    wrong = ApiError{ErrorCode::conflict, "There is a subscription of that id.", {}};
  else if (self->subscriptions_.size() + self->under_way_ > max_subscriptions)
    wrong = ApiError{ErrorCode::rate_limited, "A socket has at most 1,024 subscriptions.", {}};
  if (!wrong && self->state_->engine) {
    graph_watch::Interest interest{.soul = text("soul"),
                                   .soul_prefix = text("prefix").value_or(""),
                                   .property = text("property")};
    std::function<void()> wake = [weak = self->weak_from_this(), id] {
      if (const auto alive = weak.lock()) {
        alive->ready_.insert(id);
        alive->output_.say();
      }
    };
    std::string space = *text("space");
    Asker asker = self->asker_;
    auto subscribing = self->state_->subscribe(std::move(space), std::move(interest),
                                               std::move(asker), std::move(wake));
    auto opened = co_await std::move(subscribing);
    if (opened.queue && !self->ending_ && !self->subscriptions_.contains(id)) {
      self->subscriptions_[id] = opened.queue;
      self->answer(id, 200, "{}");
    } else if (opened.queue) {
      self->state_->feed.remove(*opened.queue);
    } else {
      self->answer(id, opened.refusal.status, opened.refusal.body);
    }
  } else if (wrong) {
    const Reply bad = reply_of(*wrong);
    self->answer(id, bad.status, bad.body);
  }
  self->done();
}

void Socket::unsubscribe(Number id, const json& which) {
  const auto found =
      which.is_number_unsigned() ? subscriptions_.find(which.get<Number>()) : subscriptions_.end();
  if (found == subscriptions_.end()) {
    const Reply bad =
        reply_of(ApiError{ErrorCode::not_found, "There is no such subscription.", {}});
    return answer(id, bad.status, bad.body);
  }
  state_->feed.remove(*found->second);
  found->second->let_go();
  subscriptions_.erase(found);
  answer(id, 200, "{}");
}

void Socket::tell(Number id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  Queue& queue = *found->second;
  const Queue::Told told = queue.take();
  const std::string head = "{\"on\":" + std::to_string(id);
  if (told.lost) send(head + ",\"lost\":true}");
  if (!told.changes.empty()) {
    json changes = json::array();
    for (const replica::Changed& change : told.changes) {
      json row{{"soul", change.soul}};
      if (change.property) row["property"] = *change.property;
      changes.push_back(std::move(row));
    }
    send(head + ",\"changes\":" + changes.dump() + "}");
  }
  if (!queue.has_ended()) return;
  send(head + ",\"ended\":true}");
  state_->feed.remove(queue);
  subscriptions_.erase(found);
}

Response Service::State::open_socket(const Request& request, Asker asker) {
  const auto key = request.headers.get("sec-websocket-key");
  if (request.method != "GET" || !key || !request.headers.has_token("connection", "upgrade") ||
      !request.headers.has_token("upgrade", "websocket") ||
      request.headers.get("sec-websocket-version") != "13") {
    Response response =
        response_of(ApiError{ErrorCode::bad_request, "Connect here by WebSocket (RFC 6455).", {}});
    response.status = 426;
    response.headers.set("Upgrade", "websocket");
    response.headers.set("Sec-WebSocket-Version", "13");
    return response;
  }
  Response response = Response::empty(101);
  response.headers = {{"Connection", "Upgrade"},
                      {"Upgrade", "websocket"},
                      {"Sec-WebSocket-Accept", websocket::accept_key(*key)}};
  if (request.headers.has_token("sec-websocket-protocol", protocol))
    response.headers.set("Sec-WebSocket-Protocol", std::string{protocol});
  response.take_over = [self = shared_from_this(),
                        asker = std::move(asker)](loop::ByteStream& stream) -> Task<void> {
    const auto socket = std::make_shared<Socket>(self, asker, stream);
    return serve_socket(self, socket);
  };
  return response;
}

Task<void> Service::State::serve_socket(std::shared_ptr<State> self,
                                        std::shared_ptr<Socket> socket) {
  if (!self->engine) co_return;
  const std::uint64_t number = self->next_socket++;
  self->sockets[number] = {.device = socket->asker().device,
                           .close = [weak = std::weak_ptr{socket}] {
                             if (const auto open = weak.lock()) open->close();
                           }};
  co_await socket->serve();
  self->sockets.erase(number);
}

void accept_socket_token(Request& request) {
  const auto offered = request.headers.get("sec-websocket-protocol");
  if (!offered || request.headers.has("authorization")) return;
  std::string_view rest = *offered;
  while (!rest.empty()) {
    const auto end = rest.find(',');
    std::string_view word = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty() && word != protocol) {
      request.headers.set("Authorization", "Hearth " + std::string{word});
      return;
    }
  }
}

}  // namespace hearth::graph_service
