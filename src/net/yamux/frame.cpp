#include <hearth/yamux/frame.h>

namespace hearth::yamux {

std::optional<FrameHeader> decode_header(std::span<const std::byte, header_size> bytes) {
  const auto number = [&](std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = (value << 8) | std::to_integer<std::uint32_t>(bytes[at + i]);
    return value;
  };
  if (number(0, 1) != 0 || number(1, 1) > 3) return std::nullopt;
  return FrameHeader{.type = static_cast<FrameType>(number(1, 1)),
                     .flags = static_cast<std::uint16_t>(number(2, 2)),
                     .stream = number(4, 4),
                     .length = number(8, 4)};
}

void encode_header(const FrameHeader& header, std::span<std::byte, header_size> out) {
  const auto put = [&](std::size_t at, std::size_t size, std::uint32_t value) {
    for (std::size_t i = 0; i < size; ++i)
      out[at + i] = static_cast<std::byte>((value >> (8 * (size - 1 - i))) & 0xff);
  };
  put(0, 1, 0);
  put(1, 1, static_cast<std::uint32_t>(header.type));
  put(2, 2, header.flags);
  put(4, 4, header.stream);
  put(8, 4, header.length);
}

}  // namespace hearth::yamux
