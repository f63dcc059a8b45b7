#pragma once
// /ipfs/ping/1.0.0: 32 bytes there and the same back, as often as wanted on one stream. Whoever
// answers echoes each byte until the end. https://github.com/libp2p/specs/blob/master/ping/ping.md

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>

namespace hearth::identify {

inline constexpr std::string_view ping_protocol = "/ipfs/ping/1.0.0";
inline constexpr std::size_t ping_size = 32;
inline constexpr Duration ping_timeout = std::chrono::seconds{10};

enum class PingError : std::uint8_t {
  wrong_echo,   ///< other bytes than were sent, or more
  unsolicited,  ///< bytes when nothing was sent
};

/// The asking side. One ping at a time.
class Pinger {
 public:
  /// Bytes to write to the stream. `entropy`: an answer given in advance must not pass.
  [[nodiscard]] std::array<std::byte, ping_size> start(Entropy& entropy, Instant now);
  /// Takes bytes in any portions; the round trip once they are complete.
  [[nodiscard]] Result<std::optional<Duration>, PingError> receive(Instant now, BytesView bytes);
  /// When an open ping counts as lost.
  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  std::array<std::byte, ping_size> sent_{};
  std::size_t echoed_ = ping_size;
  Instant started_;
};

}  // namespace hearth::identify
