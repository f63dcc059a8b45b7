#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>
#include <malloc.h>

#include <hearth/budget/budget.h>
#include <hearth/http/client.h>
#include <hearth/http/server.h>
#include <hearth/loop/socket_stream.h>

namespace hearth::http {
namespace {

namespace asio = boost::asio;
using loop::ByteStream;

/// One server on one end of a socket pair; the test is at the other.
class Http : public ::testing::Test {
 protected:
  std::unique_ptr<ByteStream> serve_with(Handler handler) {
    return serve_with(std::move(handler), options_);
  }
  std::unique_ptr<ByteStream> serve_with(Handler handler, ServeOptions options) {
    asio::local::stream_protocol::socket ours{io_};
    asio::local::stream_protocol::socket theirs{io_};
    asio::local::connect_pair(ours, theirs);
    asio::co_spawn(io_, serve(loop::make_stream(std::move(theirs)), std::move(handler), options),
                   [this](const std::exception_ptr& error) { served_ = !error; });
    return loop::make_stream(std::move(ours));
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    std::exception_ptr failed;
    io_.restart();
    asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr& error, T value) {
      failed = error;
      result = std::move(value);
    });
    while (!result && !failed && io_.run_one() > 0) {
    }
    if (failed) std::rethrow_exception(failed);
    return std::move(*result);
  }

  /// Everything the server says to these bytes, until it closes.
  std::string raw(Handler handler, std::string request) {
    auto stream = serve_with(std::move(handler));
    return run([](ByteStream& s, std::string text) -> Task<std::string> {
      co_await s.write(as_bytes(text));
      co_await s.close_write();
      std::string answer;
      Bytes buffer(4096);
      while (const std::size_t count = co_await s.read_some(buffer))
        answer += as_text(BytesView{buffer}.first(count));
      co_return answer;
    }(*stream, std::move(request)));
  }

  asio::io_context io_;
  bool served_ = false;
  ServeOptions options_;
};

Task<Response> echo(Request request) {
  std::string body = co_await read_all(*request.body, 1 << 20);
  co_return Response::text(200, request.method + " " + request.target + " " + body);
}

Task<Response> fetch(std::unique_ptr<ByteStream> stream, Request request, std::string* body) {
  Response response = co_await send(std::move(stream), std::move(request));
  *body = co_await read_all(*response.body, 64 << 20);
  co_return response;
}

/// A body of unknown length: `size` bytes, then, perhaps, a break.
class CountedBody final : public Body {
 public:
  CountedBody(std::size_t size, bool breaks, std::optional<std::uint64_t> length)
      : left_(size), breaks_(breaks), length_(length) {}
  Task<std::size_t> read_some(MutableBytes out) override {
    const std::size_t count = std::min(left_, out.size());
    if (count == 0 && breaks_) throw boost::system::system_error{asio::error::connection_reset};
    std::fill_n(out.begin(), count, std::byte{'x'});
    left_ -= count;
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

 private:
  std::size_t left_;
  bool breaks_;
  std::optional<std::uint64_t> length_;
};

TEST_F(Http, ServesPipelinedRequestsInOrderOnOneConnection) {
  const std::string answer = raw(echo,
                                 "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
                                 "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "3\r\ntwo\r\n0\r\n\r\n"
                                 "GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto a = answer.find("POST /a one");
  const auto b = answer.find("POST /b two");
  const auto c = answer.find("GET /c ");
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
  EXPECT_NE(c, std::string::npos);
}

TEST_F(Http, RefusesTwoFramingsAtOnceAndForeignTargets) {
  for (const std::string request :
       {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "GET http://evil/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "CONNECT evil:80 HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
        "nonsense\r\n\r\n"})
    EXPECT_TRUE(raw(echo, request).starts_with("HTTP/1.1 400 ")) << request;
}

TEST_F(Http, RefusesAHeadThatGrowsWithoutEnd) {
  const std::string request =
      "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(70 * 1024, 'x') + "\r\n\r\n";
  EXPECT_TRUE(raw(echo, request).starts_with("HTTP/1.1 431 "));
}

Task<int> say(ByteStream& stream, std::string text) {
  co_await stream.write(as_bytes(text));
  co_return 0;
}

TEST_F(Http, LargeHeadsShareAnAllowanceAndSmallOnesNeedNone) {
  options_.memory =
      std::make_shared<budget::Pool>(std::size_t{16} << 20, nullptr, 0, std::size_t{1} << 20);
  const std::string part = "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(60 * 1024, 'x');
  std::vector<std::unique_ptr<ByteStream>> held;
  for (int i = 0; i < 400; ++i) {
    held.push_back(serve_with(echo));
    run(say(*held.back(), part));
  }
  EXPECT_TRUE(raw(echo, part + "\r\n\r\n").starts_with("HTTP/1.1 503 "));
  EXPECT_GT(options_.memory->refused(budget::Standing::stranger), 0U);
  EXPECT_TRUE(raw(echo, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 200 "));
  // The enrolled have a part of their own.
  options_.standing = budget::Standing::enrolled;
  EXPECT_TRUE(raw(echo, part + "\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

/// What the heap holds. Nothing under sanitizers, which have their own.
std::size_t heap() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST_F(Http, WhoeverIsRefusedOrSaysNothingHoldsNoMoreThanAStreamIsCountedAs) {
  constexpr std::size_t count = 200;
  const std::string endless = "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(80 * 1024, 'x');
  for (const std::string& said : {std::string{}, std::string{"GET / HT"}, endless}) {
    std::vector<std::unique_ptr<ByteStream>> held;
    held.reserve(count);
    const std::size_t before = heap();
    for (std::size_t i = 0; i < count; ++i) {
      held.push_back(serve_with(echo));
      run(say(*held.back(), said));
    }
    while (io_.poll_one() > 0) {
    }
    EXPECT_LT(heap(), before + count * budget::stream_bytes) << said.size();
  }
}

TEST_F(Http, AnswersThatNobodyReadsShareAnAllowance) {
  constexpr std::size_t count = 200;
  options_.memory = std::make_shared<budget::Pool>(std::size_t{2} << 20);
  const Handler endless = [](Request) -> Task<Response> {
    Response response;
    response.body = std::make_unique<CountedBody>(std::size_t{1} << 40, false, std::nullopt);
    co_return response;
  };
  std::vector<std::unique_ptr<ByteStream>> held;
  const std::size_t before = heap();
  for (std::size_t i = 0; i < count; ++i) {
    held.push_back(serve_with(endless));
    run(say(*held.back(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
  while (io_.poll_one() > 0) {
  }
  EXPECT_LT(heap(), before + options_.memory->limit() + count * 2 * budget::stream_bytes);
  // Bodies leave half of it to heads.
  EXPECT_GT(options_.memory->used(), options_.memory->limit() / 4);
  EXPECT_LE(options_.memory->used(), options_.memory->limit() / 2 + count * 2048);
  const std::string head =
      "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(32 * 1024, 'x') + "\r\n\r\n";
  EXPECT_TRUE(raw(echo, head).starts_with("HTTP/1.1 200 "));
  held.clear();
  while (io_.poll_one() > 0) {
  }
  EXPECT_EQ(options_.memory->used(), 0U);
}

TEST_F(Http, AHeadOfMoreLinesThanAnybodyNeedsIsRefused) {
  const auto head = [](int lines) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < lines; ++i) text += "a:b\r\n";
    return text + "\r\n";
  };
  EXPECT_TRUE(raw(echo, head(100)).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(raw(echo, head(200)).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(raw(echo, head(10'000)).starts_with("HTTP/1.1 431 "));
  // Nor does it help to send them behind the body.
  const auto trailers = [](int lines) {
    std::string text =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
    for (int i = 0; i < lines; ++i) text += "a:b\r\n";
    return text + "\r\n";
  };
  EXPECT_TRUE(raw(echo, trailers(100)).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(raw(echo, trailers(2000)), "");
}

TEST_F(Http, ABrokenHandlerIsA500AndTheConnectionGoesOn) {
  const Handler handler = [](Request request) -> Task<Response> {
    if (request.target == "/bad") throw std::runtime_error{"secret"};
    co_return Response::text(200, "fine");
  };
  const std::string answer =
      raw(handler, "GET /bad HTTP/1.1\r\nHost: h\r\n\r\nGET /ok HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
  EXPECT_NE(answer.find("fine"), std::string::npos);
  EXPECT_EQ(answer.find("secret"), std::string::npos);
}

TEST_F(Http, AHeaderValueCannotEndItsLine) {
  const Handler handler = [](Request) -> Task<Response> {
    Response response = Response::text(200, "ok");
    response.headers.add("X-Bad", "a\r\nSet-Cookie: b");
    co_return response;
  };
  EXPECT_EQ(raw(handler, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").find("Set-Cookie"),
            std::string::npos);
}

TEST_F(Http, ClientAndServerStreamBodiesBothWays) {
  auto stream = serve_with([](Request request) -> Task<Response> {
    Response response;
    response.body = std::move(request.body);  // sends back what comes, as it comes
    co_return response;
  });
  Request request;
  request.method = "POST";
  request.body = std::make_unique<CountedBody>(5'000'000, false, std::nullopt);
  std::string body;
  const Response response = run(fetch(std::move(stream), std::move(request), &body));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(body.size(), 5'000'000U);
}

TEST_F(Http, ABodyCutShortIsAnErrorNeverASuccess) {
  for (const bool chunked : {false, true}) {
    auto stream = serve_with([chunked](Request) -> Task<Response> {
      Response response;
      response.body = std::make_unique<CountedBody>(
          100'000, true, chunked ? std::nullopt : std::optional<std::uint64_t>{200'000});
      co_return response;
    });
    std::string body;
    EXPECT_THROW(run(fetch(std::move(stream), Request{}, &body)), boost::system::system_error);
  }
}

TEST_F(Http, AServerIsNotLeftWaitingForARequestThatBrokeOff) {
  for (const bool chunked : {false, true}) {
    auto stream = serve_with(echo);
    Request request;
    request.method = "PATCH";
    request.body = std::make_unique<CountedBody>(
        100'000, true, chunked ? std::nullopt : std::optional<std::uint64_t>{200'000});
    std::string body;
    EXPECT_THROW(run(fetch(std::move(stream), std::move(request), &body)),
                 boost::system::system_error);
  }
}

TEST_F(Http, HeadHasALengthAndNoBody) {
  const std::string answer = raw(echo, "HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 8\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(Http, A100ContinueComesOnlyWhenTheBodyIsWanted) {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_TRUE(raw(echo, head + "abc").starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "));
  const Handler refuses = [](Request) -> Task<Response> { co_return Response::empty(403); };
  EXPECT_TRUE(raw(refuses, head).starts_with("HTTP/1.1 403 "));
}

/// Writes a head that announces `size` bytes, and those, and only then reads.
Task<std::string> upload_then_read(ByteStream& stream, std::size_t size) {
  const std::string head =
      "PUT /large HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  co_await stream.write(as_bytes(head));
  const Bytes part(65536);
  for (std::size_t sent = 0; sent < size; sent += part.size()) co_await stream.write(part);
  std::string answer;
  Bytes buffer(4096);
  while (const std::size_t count = co_await stream.read_some(buffer))
    answer += as_text(BytesView{buffer}.first(count));
  co_return answer;
}

TEST_F(Http, AnEarlyRefusalReachesAClientThatIsStillSending) {
  for (const int status : {401, 413}) {
    const Handler refuses = [status](Request) -> Task<Response> {
      co_return Response::text(status, "No, and here is why.\n");
    };
    auto stream = serve_with(refuses);
    const std::string answer = run(upload_then_read(*stream, std::size_t{16} << 20));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status))) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("No, and here is why.\n"));
  }
}

TEST_F(Http, AClientThatNeverStopsSendingIsCut) {
  const Handler refuses = [](Request) -> Task<Response> { co_return Response::empty(413); };
  auto stream = serve_with(refuses, {.linger_bytes = 1 << 20});
  EXPECT_THROW(run(upload_then_read(*stream, std::size_t{1} << 40)), boost::system::system_error);
}

/// Says `first`, then a byte each 50 ms for as long as that is taken.
Task<int> drip(ByteStream& stream, std::string first) {
  co_await stream.write(as_bytes(first));
  asio::steady_timer pause{stream.executor()};
  int taken = 0;
  try {
    for (; taken < 100; ++taken) {
      pause.expires_after(std::chrono::milliseconds{50});
      co_await pause.async_wait(asio::use_awaitable);
      co_await stream.write(as_bytes("x"));
    }
  } catch (const boost::system::system_error&) {  // we were thrown out
  }
  co_return taken;
}

TEST_F(Http, AHeadThatDripsHasItsTimeInAll) {
  auto stream = serve_with(echo, {.head_timeout = std::chrono::seconds{1}});
  EXPECT_LT(run(drip(*stream, "GET / HTTP/1.1\r\nHost: h\r\nX: ")), 100);
}

TEST_F(Http, ABodyThatDripsOrNeverComesEndsInItsTime) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n";
  auto dripping = serve_with(echo, {.idle_timeout = std::chrono::seconds{1}});
  EXPECT_LT(run(drip(*dripping, head)), 100);
  auto silent = serve_with(echo, {.idle_timeout = std::chrono::seconds{1}});
  EXPECT_THROW(run([](ByteStream& s, std::string text) -> Task<std::size_t> {
                 co_await s.write(as_bytes(text));
                 Bytes buffer(64);
                 const std::size_t count = co_await s.read_some(buffer);
                 if (count == 0) throw boost::system::system_error{asio::error::eof};
                 co_return count;
               }(*silent, head)),
               boost::system::system_error);
}

TEST(Headers, CompareNamesWithoutCaseAndFindTokens) {
  Headers headers{{"Connection", "keep-alive, Upgrade"}, {"X", "1"}, {"x", "2"}};
  EXPECT_TRUE(headers.has_token("connection", "upgrade"));
  EXPECT_FALSE(headers.has_token("connection", "up"));
  headers.set("X", "3");
  EXPECT_EQ(headers.get("x"), "3");
  EXPECT_EQ(headers.size(), 2U);
}

TEST(Query, DecodesAndRefusesBadEscapes) {
  EXPECT_EQ(query_value("a=1&b=x%20y", "b"), "x y");
  EXPECT_EQ(query_value("a", "a"), "");
  EXPECT_FALSE(query_value("a=%zz", "a"));
  EXPECT_FALSE(percent_decode("%4"));
}

Task<void> shout(ByteStream& stream) {
  Bytes buffer(100);
  while (const std::size_t count = co_await stream.read_some(buffer)) {
    for (std::byte& b : buffer) b = static_cast<std::byte>(std::toupper(std::to_integer<int>(b)));
    co_await stream.write(BytesView{buffer}.first(count));
  }
}

Task<Response> agree(Request) {
  Response response = Response::empty(101);
  response.headers = {{"Connection", "Upgrade"}, {"Upgrade", "shout"}};
  response.take_over = shout;
  co_return response;
}

TEST_F(Http, HandsTheConnectionOverToAnotherProtocol) {
  auto stream = serve_with(agree);
  const std::string heard = run([](ByteStream& s) -> Task<std::string> {
    co_await s.write(
        as_bytes("GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"));
    std::string answer;
    Bytes buffer(4096);
    while (answer.find("\r\n\r\n") == std::string::npos)
      answer += as_text(BytesView{buffer}.first(co_await s.read_some(buffer)));
    co_await s.write(as_bytes("hello"));
    co_await s.close_write();
    while (const std::size_t count = co_await s.read_some(buffer))
      answer += as_text(BytesView{buffer}.first(count));
    co_return answer;
  }(*stream));
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << heard;
  EXPECT_NE(heard.find("Upgrade: shout\r\n"), std::string::npos);
  EXPECT_TRUE(heard.ends_with("\r\n\r\nHELLO")) << heard;
}

TEST_F(Http, HandsNothingOverToAClientThatSpeaksTooSoon) {
  const std::string heard = raw(
      agree, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nhello");
  EXPECT_EQ(heard, "");
}

}  // namespace
}  // namespace hearth::http
