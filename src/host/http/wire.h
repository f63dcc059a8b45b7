#pragma once
// Reading and writing one HTTP/1.1 message on a byte stream. Private to server.cpp and client.cpp.
//
// Parsing is Boost.Beast's; this adds what a proxy must refuse (two framings at once, a target that
// isn't in origin form) and turns the body into something pulled, so that a slow reader slows the
// sender.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <hearth/budget/pool.h>
#include <hearth/http/message.h>

namespace hearth::http {

struct WireLimits {
  std::uint32_t head_bytes = 64 * 1024;
  /// Lines of a head: browsers send some thirty. Each costs far more than its bytes once parsed.
  std::size_t head_lines = 128;
  /// What messages share beyond 8 KiB each; null: nothing is counted.
  std::shared_ptr<budget::Pool> memory;
  budget::Standing standing = budget::Standing::stranger;
};

/// What a body passes through, sized by how long it is said to be: 64 KiB at most, and 8 KiB when
/// the pool is half used, so that bodies leave room for heads.
struct BodyRoom {
  BodyRoom(const WireLimits& limits, std::optional<std::uint64_t> length);
  std::size_t size;
  budget::Claim claim;
};

/// Thrown for a message that breaks the rules; `status` is what a server answers.
struct MalformedMessage {
  int status = 400;
};

/// Reads the messages of one stream, one after another. Not both kinds on one stream.
class MessageReader {
 public:
  enum class Kind : std::uint8_t { requests, responses };

  /// The stream must outlive it.
  MessageReader(loop::ByteStream& stream, Kind kind, WireLimits limits = {});
  ~MessageReader();

  /// Reads up to the end of the next head. False at a clean end of the stream before its first
  /// byte. Throws MalformedMessage, or system_error when the stream is lost.
  Task<bool> next(bool head_request = false);

  /// Of the message whose head was read:
  [[nodiscard]] std::string method() const;
  [[nodiscard]] std::string target() const;
  [[nodiscard]] int status() const;
  [[nodiscard]] Headers headers() const;
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool is_http_1_0() const;
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;

  /// Fills the front of `out`; 0 once the body is complete. Throws system_error when it is cut
  /// short.
  Task<std::size_t> read_body(MutableBytes out);
  [[nodiscard]] bool complete() const;
  /// Whether bytes of a next message were already taken from the stream.
  [[nodiscard]] bool has_buffered() const;
  /// Those bytes; they are no part of a message any more.
  [[nodiscard]] Bytes take_buffered();
  /// Gives back all that it holds. The last call.
  void discard() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// How the body of an outgoing message is delimited.
enum class Framing : std::uint8_t { none, content_length, chunked, until_close };

/// Writes a head; drops fields whose name or value could end the line, and the framing fields,
/// which it sets itself.
Task<void> write_head(loop::ByteStream& stream, std::string start_line, const Headers& headers,
                      Framing framing, std::uint64_t length);
Task<void> write_body(loop::ByteStream& stream, Body& body, Framing framing,
                      WireLimits limits = {});

}  // namespace hearth::http
