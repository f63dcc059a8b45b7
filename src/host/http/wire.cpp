#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/http/wire.h>

namespace hearth::http {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;
using boost::system::system_error;

namespace {

/// A read of a head: small while nothing is there, then as large as what is.
constexpr std::size_t first_read = 2 * 1024;
constexpr std::size_t largest_read = 16 * 1024;
constexpr std::size_t body_read_size = 64 * 1024;

/// Of a message, what is anybody's: browsers need less. Beyond it all messages that are under way
/// at one time share a pool, since a stranger may begin thousands of the largest.
constexpr std::size_t free_bytes = 8 * 1024;
/// What a line of a head costs beyond its bytes, in Beast's list and in ours.
constexpr std::size_t line_bytes = 160;

/// The two instantiations of Beast's parser behind one face.
template <bool is_request>
using Parser = bhttp::parser<is_request, bhttp::buffer_body>;

}  // namespace

struct MessageReader::Impl {
  template <class F>
  auto with_parser(F f) {
    return kind == Kind::requests ? f(*request) : f(*response);
  }
  template <class F>
  auto with_parser(F f) const {
    return kind == Kind::requests ? f(*request) : f(*response);
  }

  template <bool is_request>
  void fresh(std::optional<Parser<is_request>>& parser) const {
    parser.emplace();
    parser->header_limit(limits.head_bytes);
    parser->body_limit(boost::none);
    parser->eager(false);
  }

  /// Counts what is held with a buffer of `capacity`; false when there is no room for it.
  [[nodiscard]] bool has_room(std::size_t capacity) {
    const std::size_t due = capacity + 2 * parsed + line_bytes * lines;
    const std::size_t held = free_bytes + large.amount();
    if (!limits.memory || due <= held) return true;
    if (large.amount() > 0) return large.grow(due - held, limits.standing);
    auto claim = budget::Claim::take(limits.memory, due - held, limits.standing);
    if (claim) large = std::move(*claim);
    return claim.has_value();
  }

  /// Parses what is buffered; counts what of it belonged to a head.
  void parse(error_code& error) {
    const bool in_head = with_parser([](auto& parser) { return !parser.is_header_done(); });
    const std::size_t used =
        with_parser([&](auto& parser) { return parser.put(buffer.data(), error); });
    if (in_head) {
      const auto* first = static_cast<const char*>(buffer.data().data());
      lines += static_cast<std::size_t>(std::count(first, first + used, '\n'));
      parsed += used;
    }
    buffer.consume(used);
  }

  /// What follows the last chunk is added to the head.
  [[nodiscard]] bool has_many_trailers() const {
    return with_parser([&](const auto& parser) {
      const auto& fields = parser.get();
      return parser.chunked() && static_cast<std::size_t>(std::distance(
                                     fields.begin(), fields.end())) > limits.head_lines;
    });
  }

  /// False at the end of the stream.
  Task<bool> fill(std::size_t size) {
    const auto space = buffer.prepare(size);
    const MutableBytes out{static_cast<std::byte*>(space.data()), space.size()};
    const std::size_t count = co_await stream.read_some(out);
    buffer.commit(count);
    co_return count > 0;
  }

  /// One more read of a head.
  Task<bool> fill_head() {
    const std::size_t size = std::clamp(buffer.size(), first_read, largest_read);
    // What Beast makes of it.
    if (buffer.size() + size > buffer.capacity() &&
        !has_room(std::max(2 * buffer.size(), buffer.size() + size)))
      throw MalformedMessage{503};
    const bool more = co_await fill(size);
    co_return more;
  }

  /// The same for a body. A buffer that grew with it goes when the body is over.
  Task<bool> fill_body() {
    if (!body_room) body_room.emplace(limits, std::nullopt);
    const bool more = co_await fill(body_room->size);
    co_return more;
  }

  /// Nothing that is held stands for a message any more.
  void begin_anew() {
    if (buffer.capacity() > first_read) buffer.shrink_to_fit();
    body_room.reset();
    large.release();
    parsed = lines = 0;
  }

  template <bool is_request>
  void check_head(const Parser<is_request>& parser) const {
    const auto& head = parser.get();
    // Two framings at once is how requests are smuggled past a proxy (RFC 9112 section 6.3).
    if (head.count(bhttp::field::transfer_encoding) > 0 &&
        (head.count(bhttp::field::content_length) > 0 || !parser.chunked()))
      throw MalformedMessage{400};
    if constexpr (is_request) {
      const auto target = head.target();
      if (target.empty() || target.front() != '/' || target.size() > 8192)
        throw MalformedMessage{target.size() > 8192 ? 414 : 400};
      if (head.version() != 11 && head.version() != 10) throw MalformedMessage{400};
    }
  }

  loop::ByteStream& stream;
  Kind kind;
  WireLimits limits;
  beast::flat_buffer buffer{};
  budget::Claim large{};
  std::size_t parsed = 0;  // of the head
  std::size_t lines = 0;
  std::optional<BodyRoom> body_room{};
  std::optional<Parser<true>> request{};
  std::optional<Parser<false>> response{};
};

MessageReader::MessageReader(loop::ByteStream& stream, Kind kind, WireLimits limits)
    : impl_(new Impl{.stream = stream, .kind = kind, .limits = limits}) {}
MessageReader::~MessageReader() = default;

Task<bool> MessageReader::next(bool head_request) {
  Impl& self = *impl_;
  self.begin_anew();
  if (self.kind == Kind::requests) {
    self.fresh<true>(self.request);
  } else {
    self.fresh<false>(self.response);
    self.response->skip(head_request);
  }
  while (true) {
    if (self.buffer.size() == 0 && !co_await self.fill_head()) {
      if (self.parsed == 0) co_return false;
      throw system_error{boost::asio::error::eof};
    }
    error_code error;
    self.parse(error);
    if (self.lines > self.limits.head_lines) throw MalformedMessage{431};
    if (!self.has_room(self.buffer.capacity())) throw MalformedMessage{503};
    const bool have_head = self.with_parser([](auto& parser) { return parser.is_header_done(); });
    if (have_head && (!error || error == bhttp::error::need_buffer ||
                      error == bhttp::error::need_more || error == bhttp::error::end_of_chunk))
      break;
    if (error == bhttp::error::header_limit) throw MalformedMessage{431};
    if (error && error != bhttp::error::need_more) throw MalformedMessage{400};
    if (self.buffer.size() > self.limits.head_bytes) throw MalformedMessage{431};
    if (self.buffer.size() > 0 && !co_await self.fill_head())
      throw system_error{boost::asio::error::eof};
  }
  self.with_parser([&](const auto& parser) { self.check_head(parser); });
  co_return true;
}

void MessageReader::discard() noexcept {
  impl_->request.reset();
  impl_->response.reset();
  impl_->buffer = {};
  impl_->begin_anew();
}

std::string MessageReader::method() const {
  return std::string{impl_->request->get().method_string()};
}
std::string MessageReader::target() const {
  return std::string{impl_->request->get().target()};
}
int MessageReader::status() const {
  return static_cast<int>(impl_->response->get().result_int());
}

Headers MessageReader::headers() const {
  Headers headers;
  impl_->with_parser([&](const auto& parser) {
    for (const auto& field : parser.get())
      headers.add(std::string{field.name_string()}, std::string{field.value()});
  });
  return headers;
}

bool MessageReader::keep_alive() const {
  return impl_->with_parser([](const auto& parser) { return parser.keep_alive(); });
}
bool MessageReader::is_http_1_0() const {
  return impl_->with_parser([](const auto& parser) { return parser.get().version() == 10; });
}
std::optional<std::uint64_t> MessageReader::content_length() const {
  return impl_->with_parser([](const auto& parser) -> std::optional<std::uint64_t> {
    if (parser.is_done() && !parser.chunked() && !parser.content_length()) return 0;
    if (const auto length = parser.content_length()) return *length;
    return std::nullopt;
  });
}

bool MessageReader::complete() const {
  return impl_->with_parser([](const auto& parser) { return parser.is_done(); });
}
bool MessageReader::has_buffered() const {
  return impl_->buffer.size() > 0;
}

Bytes MessageReader::take_buffered() {
  auto& buffer = impl_->buffer;
  const auto* first = static_cast<const std::byte*>(buffer.data().data());
  Bytes taken(first, first + buffer.size());
  buffer.consume(buffer.size());
  return taken;
}

Task<std::size_t> MessageReader::read_body(MutableBytes out) {
  Impl& self = *impl_;
  const auto taken = [&] {
    return self.with_parser([&](auto& parser) { return out.size() - parser.get().body().size; });
  };
  self.with_parser([&](auto& parser) {
    parser.get().body().data = out.data();
    parser.get().body().size = out.size();
    parser.get().body().more = true;
  });
  bool parse = self.buffer.size() > 0;
  while (!complete()) {
    error_code error;
    if (parse) {
      const std::size_t before = self.buffer.size();
      self.parse(error);
      if (error == bhttp::error::need_buffer) error = {};
      if (!error && self.has_many_trailers()) error = bhttp::error::header_limit;
      if (error && error != bhttp::error::need_more) throw system_error{error};
      if (taken() > 0 || complete()) break;
      if (!error && self.buffer.size() < before && self.buffer.size() > 0) continue;
    }
    parse = true;
    if (!co_await self.fill_body()) {
      self.with_parser([&](auto& parser) { parser.put_eof(error); });
      if (error) throw system_error{error};
      break;
    }
  }
  co_return taken();
}

BodyRoom::BodyRoom(const WireLimits& limits, std::optional<std::uint64_t> length)
    : size(static_cast<std::size_t>(
          std::clamp<std::uint64_t>(length.value_or(body_read_size), 1, body_read_size))) {
  if (!limits.memory || size <= free_bytes) return;
  const std::size_t more = size - free_bytes;
  if (limits.memory->used() + more <= limits.memory->limit_for(limits.standing) / 2)
    if (auto room = budget::Claim::take(limits.memory, more, limits.standing)) {
      claim = std::move(*room);
      return;
    }
  size = free_bytes;
}

namespace {

bool is_safe_field(const Headers::Field& field) {
  const auto breaks = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  return !field.first.empty() && std::ranges::none_of(field.second, breaks) &&
         std::ranges::none_of(field.first,
                              [&](char c) { return breaks(c) || c == ':' || c == ' '; });
}

}  // namespace

Task<void> write_head(loop::ByteStream& stream, std::string start_line, const Headers& headers,
                      Framing framing, std::uint64_t length) {
  std::string head = std::move(start_line);
  head += "\r\n";
  for (const auto& field : headers) {
    if (!is_safe_field(field) || same_name(field.first, "content-length") ||
        same_name(field.first, "transfer-encoding"))
      continue;
    head += field.first + ": " + field.second + "\r\n";
  }
  if (framing == Framing::content_length)
    head += "Content-Length: " + std::to_string(length) + "\r\n";
  if (framing == Framing::chunked) head += "Transfer-Encoding: chunked\r\n";
  head += "\r\n";
  co_await stream.write(as_bytes(head));
}

Task<void> write_body(loop::ByteStream& stream, Body& body, Framing framing, WireLimits limits) {
  if (framing == Framing::none) co_return;
  // Room for a chunk's size line in front and its line end behind, so that a chunk is one write.
  constexpr std::size_t front = 10;
  const BodyRoom room{limits, body.length()};
  Bytes buffer(front + room.size + 2);
  std::uint64_t sent = 0;
  while (true) {
    const std::size_t count =
        co_await body.read_some(MutableBytes{buffer}.subspan(front, room.size));
    if (count == 0) break;
    sent += count;
    if (framing != Framing::chunked) {
      co_await stream.write(BytesView{buffer}.subspan(front, count));
      continue;
    }
    std::array<char, 17> digits{};
    const int length = std::snprintf(digits.data(), digits.size(), "%zx\r\n", count);
    const auto size = static_cast<std::size_t>(length);
    std::ranges::copy(as_bytes({digits.data(), size}),
                      buffer.begin() + static_cast<std::ptrdiff_t>(front - size));
    buffer[front + count] = std::byte{'\r'};
    buffer[front + count + 1] = std::byte{'\n'};
    co_await stream.write(BytesView{buffer}.subspan(front - size, size + count + 2));
  }
  if (framing == Framing::chunked) co_await stream.write(as_bytes("0\r\n\r\n"));
  // A promise of more bytes than came must not look like a whole body.
  if (framing == Framing::content_length && body.length() && sent != *body.length())
    throw system_error{boost::asio::error::eof};
}

}  // namespace hearth::http
