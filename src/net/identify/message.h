#pragma once
// What two peers tell each other about themselves right after they met, and whenever it changes.
// https://github.com/libp2p/specs/tree/master/identify

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/multiaddr.h>

namespace hearth::identify {

inline constexpr std::string_view identify_protocol = "/ipfs/id/1.0.0";
inline constexpr std::string_view push_protocol = "/ipfs/id/push/1.0.0";

enum class IdentifyError : std::uint8_t {
  malformed,
  too_large,   ///< a frame, a text, or the number of frames or protocols
  wrong_peer,  ///< speaks of another peer than the one we are connected to
  bad_record,  ///< a signed peer record that doesn't verify
};

/// A frame's body, as js-libp2p limits it.
inline constexpr std::size_t max_frame = 8192;
inline constexpr std::size_t max_frames = 10;
/// More addresses than this are passed over.
inline constexpr std::size_t max_addresses = 64;
inline constexpr std::size_t max_protocols = 256;
/// A protocol id, or a version: browsers put their whole user agent there.
inline constexpr std::size_t max_text = 1024;

/// As it stands on the wire. What is absent or empty was not said, which in a push means:
/// unchanged.
struct Message {
  std::optional<Bytes> public_key;
  std::vector<codec::Multiaddr> listen_addresses;
  std::vector<std::string> protocols;
  std::optional<codec::Multiaddr> observed_address;
  std::optional<std::string> protocol_version;
  std::optional<std::string> agent_version;
  std::optional<Bytes> signed_peer_record;
  friend bool operator==(const Message&, const Message&) = default;
};

/// Everything to write to the stream before closing it: length-prefixed frames of `max_frame` bytes
/// at most. No single field may be larger than that.
[[nodiscard]] Bytes encode_frames(const Message& message);

/// Decodes a body, frames merged. Addresses we can't read are left out.
[[nodiscard]] Result<Message, IdentifyError> decode_message(BytesView body);

/// Gathers what a peer writes until it closes. Merging protobuf messages is appending them.
class MessageReader {
 public:
  /// Any portions. After an error reset the stream.
  [[nodiscard]] Result<Unit, IdentifyError> receive(BytesView bytes);
  /// At the end of the stream.
  [[nodiscard]] Result<Message, IdentifyError> finish() const;

 private:
  Bytes body_;
  Bytes partial_;  // less than a frame and its length
  std::size_t frames_ = 0;
};

}  // namespace hearth::identify
