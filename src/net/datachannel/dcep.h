#pragma once
// The Data Channel Establishment Protocol's two messages (RFC 8832 §5).

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>

namespace hearth::datachannel {

/// How the opener wants its messages carried (RFC 8832 §5.1). We send all of them reliably.
enum class Reliability : std::uint8_t { reliable, limited_retransmissions, limited_lifetime };

struct Open {
  bool ordered = true;
  Reliability reliability = Reliability::reliable;
  std::uint32_t reliability_parameter = 0;  // retransmissions, or milliseconds
  std::uint16_t priority = 0;
  std::string label;     // UTF-8, at most 65535 bytes
  std::string protocol;  // the same

  friend bool operator==(const Open&, const Open&) = default;
};
struct Ack {
  friend bool operator==(const Ack&, const Ack&) = default;
};
using Dcep = std::variant<Open, Ack>;

enum class DcepError : std::uint8_t {
  truncated,
  trailing_bytes,
  unknown_message,
  unknown_channel_type
};

[[nodiscard]] Result<Dcep, DcepError> parse_dcep(BytesView message);
[[nodiscard]] Bytes encode_dcep(const Dcep& message);

}  // namespace hearth::datachannel
