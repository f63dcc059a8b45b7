#pragma once
// What hearthd may ask of hearth-sandboxd, and nothing else. The reader of these bytes is root, so
// the protocol is closed: fixed fields, an app id of a narrow grammar, a digest. No path, no mount,
// no option.
//
// A frame is a length (u16, big endian, of what follows) and then:
//   order  version 1 | verb u8 | id u32 | app: u8 length, bytes | digest: 32 bytes (prepare only)
//   reply  version 1 | 0x80    | id u32 | outcome u8 | state u8 | uid u32 | text: u16 length, bytes
// Replies come in the order of the orders. Events are replies with id 0: the app's id is their
// text.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>

namespace hearth::sandbox {

/// SHA-256 over an app's files (tree.h).
using Digest = std::array<std::byte, 32>;

enum class Verb : std::uint8_t {
  prepare = 1,  ///< copy the app's files to where only root writes, if their digest is this
  start = 2,
  stop = 3,
  state = 4,
  kill_all = 5,  ///< without an app
  erase = 6,     ///< stop it, and delete its copy and its data; its uid range is never given again
  log = 7,       ///< the last of what the app wrote to its standard output and error
};

struct Order {
  Verb verb = Verb::state;
  std::uint32_t id = 0;  ///< not 0
  std::string app;       ///< is_app_id; empty for kill_all
  Digest digest{};       ///< of prepare
  friend bool operator==(const Order&, const Order&) = default;
};

enum class Outcome : std::uint8_t { done = 0, refused = 1, unavailable = 2, failed = 3, event = 4 };
enum class AppState : std::uint8_t { unknown = 0, prepared = 1, running = 2, failed = 3 };

struct Reply {
  std::uint32_t id = 0;
  Outcome outcome = Outcome::done;
  AppState state = AppState::unknown;
  std::uint32_t uid = 0;  ///< first host uid of the app's 65,536; 0 when it has none yet
  std::string text;       ///< why not, in words; the log; an event's app
  friend bool operator==(const Reply&, const Reply&) = default;
};

enum class OrderError : std::uint8_t {
  truncated,
  wrong_version,
  unknown_verb,
  bad_id,
  bad_app,
  bad_text,
  trailing_bytes
};

inline constexpr std::size_t max_order_bytes = 128;
inline constexpr std::size_t max_reply_text = 16 * 1024;
inline constexpr std::size_t max_reply_bytes = max_reply_text + 32;

/// `[a-z][a-z0-9-]{0,31}`, no '-' at the end.
[[nodiscard]] bool is_app_id(std::string_view text);

/// Whole frames, length included. Texts beyond their bound are cut.
[[nodiscard]] Bytes encode(const Order& order);
[[nodiscard]] Bytes encode(const Reply& reply);

/// One frame without its length; every byte must be used.
[[nodiscard]] Result<Order, OrderError> decode_order(BytesView frame);
[[nodiscard]] Result<Reply, OrderError> decode_reply(BytesView frame);

}  // namespace hearth::sandbox
