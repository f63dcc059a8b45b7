#pragma once
// The messages of /webrtc-signaling/0.0.1
// (https://github.com/libp2p/specs/blob/master/webrtc/webrtc.md): each a varint length and a
// protobuf {type = 1; data = 2} on the stream.

#include <cstddef>
#include <cstdint>
#include <string>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>

namespace hearth::webrtc {

inline constexpr const char* signaling_protocol = "/webrtc-signaling/0.0.1";

struct SignalingMessage {
  enum class Type : std::uint8_t { sdp_offer = 0, sdp_answer = 1, ice_candidate = 2 };
  Type type = Type::sdp_offer;
  /// An SDP, or the JSON of an RTCIceCandidate. UTF-8.
  std::string data;

  friend bool operator==(const SignalingMessage&, const SignalingMessage&) = default;
};

/// Longer ones end the exchange: an SDP has a few hundred bytes.
inline constexpr std::size_t max_signaling_message = 16 * 1024;

enum class SignalingError : std::uint8_t { malformed, unknown_type };

/// `message` without its length prefix. An absent type or one of a later version is unknown_type.
[[nodiscard]] Result<SignalingMessage, SignalingError> parse_signaling(BytesView message);
/// With its length prefix.
[[nodiscard]] Bytes encode_signaling(const SignalingMessage& message);

}  // namespace hearth::webrtc
