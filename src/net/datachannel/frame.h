#pragma once
// libp2p's framing inside a data channel: a varint length, then a protobuf {flag = 1; message = 2}
// (https://github.com/libp2p/specs/tree/master/webrtc).

#include <cstddef>
#include <cstdint>
#include <optional>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>

namespace hearth::datachannel {

enum class Flag : std::uint8_t {
  /// No more data will follow.
  fin = 0,
  /// The reader has no use for more.
  stop_sending = 1,
  /// Both directions end now; data may be lost.
  reset = 2,
  /// The FIN was seen.
  fin_ack = 3,
};

/// Length prefix and all.
inline constexpr std::size_t max_frame = 16 * 1024;
/// Length prefix (2), flag (2), the message's key and length (1 + 2).
inline constexpr std::size_t max_frame_overhead = 7;
inline constexpr std::size_t max_frame_data = max_frame - max_frame_overhead;

/// Appends one frame; `data` is at most max_frame_data bytes.
void append_frame(Bytes& out, std::optional<Flag> flag, BytesView data);

enum class FrameError : std::uint8_t { too_long, malformed };

/// Takes a channel's bytes in pieces of any size, gives whole frames. Holds at most one frame.
class FrameDecoder {
 public:
  struct Frame {
    std::optional<Flag> flag;
    /// Borrowed: until the next call.
    BytesView data;
  };

  /// The next frame, if it is whole, from what was kept and the front of `input`, which is advanced
  /// by what was used. Call it until it gives nothing. An error is final: reset the stream.
  [[nodiscard]] Result<std::optional<Frame>, FrameError> next(BytesView& input);

  /// Bytes of a frame that isn't whole.
  [[nodiscard]] std::size_t buffered() const { return partial_.size(); }

 private:
  Bytes partial_;
  bool taken_ = false;  // partial_ holds the frame given last
};

}  // namespace hearth::datachannel
