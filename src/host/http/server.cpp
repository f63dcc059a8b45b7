#include <ctime>

#include <boost/system/system_error.hpp>

#include <hearth/http/server.h>
#include <hearth/http/watchdog.h>
#include <hearth/http/wire.h>

namespace hearth::http {

namespace {

/// A request's body, pulled from the wire. Shared with the serving loop, because a handler may keep
/// it (as a proxied response does) for longer than its own call.
class IncomingBody final : public Body {
 public:
  struct Wire {
    WatchedStream* stream;
    MessageReader* reader;  // null once the loop has gone
    bool expects_continue;
    std::chrono::seconds patience;  // with a client that owes us the body
    bool handling = true;           // nobody else watches the time
  };
  IncomingBody(std::shared_ptr<Wire> wire, std::optional<std::uint64_t> length)
      : wire_(std::move(wire)), length_(length) {}

  Task<std::size_t> read_some(MutableBytes out) override {
    if (wire_->reader == nullptr || wire_->reader->complete()) co_return 0;
    if (wire_->expects_continue) {
      wire_->expects_continue = false;
      co_await wire_->stream->write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    if (!wire_->handling) co_return co_await wire_->reader->read_body(out);
    wire_->stream->go_on(wire_->patience);
    const std::size_t count = co_await wire_->reader->read_body(out);
    if (wire_->handling) wire_->stream->rest();
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

 private:
  std::shared_ptr<Wire> wire_;
  std::optional<std::uint64_t> length_;
};

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

Framing framing_of(const Response& response, bool http_1_0) {
  if (response.status == 204 || response.status == 304 || response.status < 200)
    return Framing::none;
  if (response.body->length()) return Framing::content_length;
  return http_1_0 ? Framing::until_close : Framing::chunked;
}

Task<void> respond(loop::ByteStream& stream, Response& response, const WireLimits& limits,
                   bool head, bool http_1_0, bool keep_alive) {
  const Framing framing = framing_of(response, http_1_0);
  response.headers.remove("connection");
  if (!response.headers.has("date")) response.headers.add("Date", http_date());
  response.headers.add("Connection",
                       keep_alive && framing != Framing::until_close ? "keep-alive" : "close");
  std::string start = "HTTP/1.1 " + std::to_string(response.status) + " ";
  start += reason(response.status);
  co_await write_head(stream, std::move(start), response.headers, framing,
                      response.body->length().value_or(0));
  if (!head) co_await write_body(stream, *response.body, framing, limits);
}

/// What follows one exchange.
enum class After : std::uint8_t {
  next,    ///< another request
  end,     ///< nothing; the client knows
  linger,  ///< nothing, though the client may still be sending
};

/// Switches protocols as the handler agreed to.
Task<After> hand_over(WatchedStream& stream, const MessageReader& reader, Response& response) {
  // Whoever speaks before hearing our agreement speaks neither protocol.
  if (!reader.complete() || reader.has_buffered()) co_return After::linger;
  co_await write_head(stream, "HTTP/1.1 101 Switching Protocols", response.headers, Framing::none,
                      0);
  stream.rest();
  co_await response.take_over(stream);
  co_return After::end;
}

/// Reads what the handler left of a body; false when that is more than `limit`.
Task<bool> drain(MessageReader& reader, std::uint64_t limit) {
  if (reader.complete()) co_return true;
  if (const auto length = reader.content_length(); length && *length > limit) co_return false;
  Bytes scratch(8192);
  std::uint64_t dropped = 0;
  while (!reader.complete()) {
    const std::size_t count = co_await reader.read_body(scratch);
    dropped += count;
    if (dropped > limit) co_return false;
    if (count == 0) break;
  }
  co_return true;
}

Task<Response> answer(const Handler& handler, Request request) {
  // No co_await inside a handler: g++ forbids it, and the connection must outlive a broken handler.
  try {
    co_return co_await handler(std::move(request));
  } catch (const BodyTooLarge&) {
    co_return Response::text(413, "The request is too large.\n");
  } catch (const boost::system::system_error&) {
    throw;  // the stream itself is lost
  } catch (const std::exception&) {
    co_return Response::text(500, "Something went wrong here. Try again.\n");
  }
}

/// The answer is sent and our side closed: lets the client find it.
Task<void> linger(WatchedStream& stream, const ServeOptions& options) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + options.linger_time;
  stream.allow(options.linger_time);
  Bytes scratch(4096);  // thousands may linger at a time
  for (std::uint64_t dropped = 0; dropped < options.linger_bytes && Clock::now() < until;) {
    const std::size_t count = co_await stream.read_some(scratch);
    if (count == 0) co_return;
    dropped += count;
  }
}

Task<After> serve_one(WatchedStream& stream, MessageReader& reader, const Handler& handler,
                      const ServeOptions& options, const WireLimits& limits) {
  stream.allow_in_all(options.head_timeout);
  int refused = 0;
  try {
    if (!co_await reader.next()) co_return After::end;
  } catch (const MalformedMessage& malformed) {
    refused = malformed.status;
  }
  if (refused != 0) {
    reader.discard();
    Response response = Response::text(refused, std::string{reason(refused)} + "\n");
    co_await respond(stream, response, limits, false, false, false);
    co_return After::linger;
  }
  stream.allow(options.idle_timeout);

  Request request;
  request.method = reader.method();
  request.target = reader.target();
  request.headers = reader.headers();
  const bool head = request.method == "HEAD";
  const bool http_1_0 = reader.is_http_1_0();
  bool keep_alive = reader.keep_alive();
  auto wire = std::make_shared<IncomingBody::Wire>(
      &stream, &reader, request.headers.has_token("expect", "100-continue"), options.idle_timeout);
  request.body = std::make_unique<IncomingBody>(wire, reader.content_length());
  const struct Detach {
    IncomingBody::Wire& wire;
    ~Detach() { wire.reader = nullptr; }
  } detach{*wire};

  // The time for the work itself is the handler's to bound: an app may start first.
  stream.rest();
  Response response = co_await answer(handler, std::move(request));
  wire->handling = false;
  stream.allow(options.idle_timeout);
  if (response.status == 101 && response.take_over)
    co_return co_await hand_over(stream, reader, response);
  // A client that still waits for our word to send its body won't send it; a long one isn't worth
  // keeping the connection for.
  const auto length = reader.content_length();
  if (!reader.complete() && (wire->expects_continue || (length && *length > options.drain_bytes)))
    keep_alive = false;
  co_await respond(stream, response, limits, head, http_1_0, keep_alive);
  response.body.reset();
  if (keep_alive && co_await drain(reader, options.drain_bytes)) co_return After::next;
  co_return reader.complete() ? After::end : After::linger;
}

}  // namespace

Task<void> serve(std::unique_ptr<loop::ByteStream> stream, Handler handler, ServeOptions options) {
  WatchedStream watched{*stream};
  const WireLimits limits{
      .head_bytes = options.head_bytes, .memory = options.memory, .standing = options.standing};
  MessageReader reader{watched, MessageReader::Kind::requests, limits};
  try {
    After after = After::next;
    while (after == After::next)
      after = co_await serve_one(watched, reader, handler, options, limits);
    reader.discard();
    co_await watched.close_write();
    if (after == After::linger) co_await linger(watched, options);
  } catch (const boost::system::system_error&) {
    stream->reset();
  }
}

}  // namespace hearth::http
