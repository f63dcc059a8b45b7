#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/http/client.h>
#include <hearth/http/wire.h>

namespace hearth::http {

namespace {

using boost::system::system_error;

struct Exchange {
  std::unique_ptr<loop::ByteStream> stream;
  Request request;
};

/// Tells a body that breaks off from a stream that takes no more.
class WatchedBody final : public Body {
 public:
  explicit WatchedBody(Body& body) : body_(body) {}
  Task<std::size_t> read_some(MutableBytes out) override {
    reading_ = true;
    const std::size_t count = co_await body_.read_some(out);
    reading_ = false;
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return body_.length(); }
  /// A read has not come to its end.
  [[nodiscard]] bool broken() const { return reading_; }

 private:
  Body& body_;
  bool reading_ = false;
};

/// Sends the request beside the reading of its answer; a loss shows there.
Task<void> send_request(std::shared_ptr<Exchange> exchange) {
  auto& [stream, request] = *exchange;
  const bool has_body = request.body->length() != 0U;
  const Framing framing = !has_body                ? Framing::content_length
                          : request.body->length() ? Framing::content_length
                                                   : Framing::chunked;
  const bool bare = !has_body && (request.method == "GET" || request.method == "HEAD" ||
                                  request.method == "DELETE" || request.method == "OPTIONS");
  WatchedBody body{*request.body};
  bool lost = false;
  try {
    co_await write_head(*stream, request.method + " " + request.target + " HTTP/1.1",
                        request.headers, bare ? Framing::none : framing,
                        request.body->length().value_or(0));
    co_await write_body(*stream, body, bare ? Framing::none : framing);
  } catch (const system_error& error) {
    // A server may answer and stop reading. But a body that we can't finish must not look whole,
    // nor as if there were more to come: who sent it comes back with the rest, and finds the server
    // waiting.
    lost = body.broken() || error.code() == boost::asio::error::eof;
  }
  if (lost) stream->reset();
}

class AnswerBody final : public Body {
 public:
  AnswerBody(std::shared_ptr<Exchange> exchange, std::unique_ptr<MessageReader> reader)
      : exchange_(std::move(exchange)),
        reader_(std::move(reader)),
        length_(reader_->content_length()) {}
  ~AnswerBody() override {
    reader_.reset();
    exchange_->stream->reset();  // ends a request still being sent; a finished stream doesn't mind
  }

  Task<std::size_t> read_some(MutableBytes out) override {
    if (reader_->complete()) co_return 0;
    co_return co_await reader_->read_body(out);
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

 private:
  std::shared_ptr<Exchange> exchange_;
  std::unique_ptr<MessageReader> reader_;
  std::optional<std::uint64_t> length_;
};

/// A stream of which some bytes were read already.
class ReadAhead final : public loop::ByteStream {
 public:
  ReadAhead(Bytes first, std::unique_ptr<loop::ByteStream> rest)
      : first_(std::move(first)), rest_(std::move(rest)) {}

  Task<std::size_t> read_some(MutableBytes out) override {
    if (given_ == first_.size()) co_return co_await rest_->read_some(out);
    const BytesView left = BytesView{first_}.subspan(given_);
    const std::size_t count = std::min(out.size(), left.size());
    std::ranges::copy(left.first(count), out.begin());
    given_ += count;
    co_return count;
  }
  Task<void> write(BytesView data) override { return rest_->write(data); }
  Task<void> close_write() override { return rest_->close_write(); }
  void reset() noexcept override { rest_->reset(); }
  boost::asio::any_io_executor executor() override { return rest_->executor(); }

 private:
  Bytes first_;
  std::size_t given_ = 0;
  std::unique_ptr<loop::ByteStream> rest_;
};

/// Reads up to the head that counts. A switch of protocols does only for who asked for one.
Task<std::unique_ptr<MessageReader>> read_answer(loop::ByteStream& stream, bool head,
                                                 bool may_switch) {
  auto reader = std::make_unique<MessageReader>(stream, MessageReader::Kind::responses);
  try {
    do {
      if (!co_await reader->next(head)) throw system_error{boost::asio::error::eof};
      if (reader->status() == 101 && may_switch) break;
    } while (reader->status() >= 100 && reader->status() < 200);  // interim answers
  } catch (const MalformedMessage&) {
    stream.reset();
    throw system_error{make_error_code(boost::system::errc::protocol_error)};
  } catch (const system_error&) {
    stream.reset();
    throw;
  }
  co_return reader;
}

Response to_response(const std::shared_ptr<Exchange>& exchange,
                     std::unique_ptr<MessageReader> reader) {
  Response response;
  response.status = reader->status();
  response.headers = reader->headers();
  response.body = std::make_unique<AnswerBody>(exchange, std::move(reader));
  return response;
}

}  // namespace

Task<Response> send(std::unique_ptr<loop::ByteStream> stream, Request request) {
  const bool head = request.method == "HEAD";
  request.headers.set("Connection", "close");
  auto exchange = std::make_shared<Exchange>(std::move(stream), std::move(request));
  boost::asio::co_spawn(exchange->stream->executor(), send_request(exchange),
                        boost::asio::detached);
  auto reader = co_await read_answer(*exchange->stream, head, false);
  co_return to_response(exchange, std::move(reader));
}

Task<Upgraded> upgrade(std::unique_ptr<loop::ByteStream> stream, Request request) {
  auto exchange = std::make_shared<Exchange>(std::move(stream), std::move(request));
  const Request& asked = exchange->request;
  std::string start = asked.method + " " + asked.target + " HTTP/1.1";
  co_await write_head(*exchange->stream, std::move(start), asked.headers, Framing::none, 0);
  auto reader = co_await read_answer(*exchange->stream, false, true);
  Upgraded upgraded;
  if (reader->status() != 101) {
    upgraded.response = to_response(exchange, std::move(reader));
    co_return upgraded;
  }
  upgraded.response.status = 101;
  upgraded.response.headers = reader->headers();
  Bytes first = reader->take_buffered();
  reader.reset();
  upgraded.stream = std::make_unique<ReadAhead>(std::move(first), std::move(exchange->stream));
  co_return upgraded;
}

}  // namespace hearth::http
