#pragma once
// WebSocket frames at a server (RFC 6455 section 5).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>

namespace hearth::websocket {

/// The value of Sec-WebSocket-Accept for a client's Sec-WebSocket-Key (section 4.2.2).
[[nodiscard]] std::string accept_key(std::string_view key);

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// Close codes (section 7.4.1).
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported = 1003,
  too_big = 1009,
};

struct Message {
  Opcode opcode = Opcode::text;  ///< text, binary, close, ping or pong
  std::string_view payload;
};

enum class FrameError : std::uint8_t {
  protocol_error,  ///< answer with CloseCode::protocol_error
  too_big,         ///< answer with CloseCode::too_big
};

/// Takes a client's bytes as they come, gives messages. After an error nothing more comes out.
class FrameReader {
 public:
  /// `max_message_bytes` bounds a message, whole or in fragments, and so what is held.
  explicit FrameReader(std::size_t max_message_bytes) : max_(max_message_bytes) {}

  void feed(BytesView bytes);
  /// The next message; nothing: feed() more. The payload lives until the next call of either.
  [[nodiscard]] Result<std::optional<Message>, FrameError> next();

 private:
  [[nodiscard]] Result<std::optional<Message>, FrameError> on_frame(Opcode opcode, bool final,
                                                                    std::string_view payload);

  std::size_t max_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what isn't read yet
  std::string fragments_;
  std::optional<Opcode> fragmented_;
  bool fragments_given_ = false;
  std::optional<FrameError> failed_;
};

/// Appends one whole, unmasked frame, as a server sends it.
void append_frame(std::string& to, Opcode opcode, std::string_view payload);
void append_close(std::string& to, CloseCode code);

}  // namespace hearth::websocket
