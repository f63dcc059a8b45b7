#pragma once
// HTTP/1.1 messages as values, with streamed bodies. Who parses and who serves stands in server.h
// and client.h.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/loop/byte_stream.h>

namespace hearth::http {

using loop::Task;

/// Fields in order; names compare without case (RFC 9110 section 5.1).
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The first field of that name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }
  /// Whether a comma-separated list field holds `token`, without case.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;
  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void remove(std::string_view name);
  template <class Predicate>
  void remove_if(Predicate predicate) {
    std::erase_if(fields_, [&](const Field& field) { return predicate(field.first); });
  }
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

/// Equality without case, ASCII only.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

/// A body that is pulled. Reading past the end keeps returning 0.
class Body {
 public:
  virtual ~Body() = default;
  /// Fills the front of `out` (not empty); 0 at the end. Throws system_error when the body is cut
  /// short.
  virtual Task<std::size_t> read_some(MutableBytes out) = 0;
  /// Its whole length in bytes, when known in advance.
  [[nodiscard]] virtual std::optional<std::uint64_t> length() const = 0;
};

/// A body held in memory. Empty by default.
[[nodiscard]] std::unique_ptr<Body> make_body(std::string text = {});
[[nodiscard]] std::unique_ptr<Body> make_body(Bytes bytes);

struct BodyTooLarge {};
/// All of it; throws BodyTooLarge beyond `limit` bytes.
Task<std::string> read_all(Body& body, std::size_t limit);

struct Request {
  std::string method = "GET";
  /// Origin form: a path that begins with '/', and perhaps a query.
  std::string target = "/";
  Headers headers;
  std::unique_ptr<Body> body = make_body();

  /// The target without its query.
  [[nodiscard]] std::string_view path() const;
  /// Without the '?'; empty when there is none.
  [[nodiscard]] std::string_view query() const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::unique_ptr<Body> body = make_body();
  /// With status 101 (RFC 9110 section 15.2.2): speaks the new protocol, from its first byte, until
  /// it returns; then the connection ends. No time-outs are kept for it.
  std::function<Task<void>(loop::ByteStream&)> take_over;

  [[nodiscard]] static Response text(int status, std::string text);
  /// `json` is JSON text already.
  [[nodiscard]] static Response json(int status, std::string json);
  [[nodiscard]] static Response empty(int status);
};

/// The standard's reason phrase; "" for what it doesn't name.
[[nodiscard]] std::string_view reason(int status);

/// One form field or query value, percent-decoded; nothing when it isn't there or badly encoded.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace hearth::http
