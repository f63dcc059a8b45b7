#pragma once
// The header of every Yamux frame: 12 bytes, big endian.
// https://github.com/hashicorp/yamux/blob/master/spec.md

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <hearth/base/bytes.h>

namespace hearth::yamux {

inline constexpr std::size_t header_size = 12;
/// The window of every new stream, both ways.
inline constexpr std::uint32_t initial_window = 256 * 1024;

enum class FrameType : std::uint8_t { data = 0, window_update = 1, ping = 2, go_away = 3 };

enum Flag : std::uint16_t { flag_syn = 1, flag_ack = 2, flag_fin = 4, flag_rst = 8 };

/// The `length` field of a GoAway.
enum class GoAway : std::uint32_t { normal = 0, protocol_error = 1, internal_error = 2 };

struct FrameHeader {
  FrameType type = FrameType::data;
  std::uint16_t flags = 0;
  std::uint32_t stream = 0;
  /// Bytes that follow (data), bytes granted (window update), a value to echo (ping), or a GoAway.
  std::uint32_t length = 0;

  [[nodiscard]] bool has(Flag flag) const { return (flags & flag) != 0; }
  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

/// Nothing for another version or an unknown type.
[[nodiscard]] std::optional<FrameHeader> decode_header(
    std::span<const std::byte, header_size> bytes);
void encode_header(const FrameHeader& header, std::span<std::byte, header_size> out);

}  // namespace hearth::yamux
