#pragma once
// An offer or answer for one data-channel session, as browsers exchange it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/sdp/candidate.h>

namespace hearth::sdp {

/// SHA-256 of a certificate's DER form (RFC 8122 §5).
using Fingerprint = std::array<std::byte, 32>;

/// Who begins the DTLS handshake (RFC 8842 §5.2). An offer says actpass; an answer one of the
/// others.
enum class Setup : std::uint8_t { actpass, active, passive };

struct Description {
  std::uint64_t session_id = 0;  // of o=, at most 2^63 - 1
  std::uint64_t session_version = 0;
  std::string mid = "0";     // 1–32 token characters
  std::string ice_ufrag;     // 4–256 ice-chars
  std::string ice_password;  // 22–256 ice-chars
  bool ice_lite = false;
  bool trickle = false;
  Fingerprint fingerprint{};
  Setup setup = Setup::actpass;
  std::uint16_t sctp_port = 5000;
  /// The longest message the writer accepts, in bytes; 0: any (RFC 8841 §6).
  std::uint64_t max_message_size = 65536;
  /// At most max_candidates; those we can't use were skipped.
  std::vector<Candidate> candidates;
  bool end_of_candidates = false;

  friend bool operator==(const Description&, const Description&) = default;
};

inline constexpr std::size_t max_description_size = 16 * 1024;
inline constexpr std::size_t max_candidates = 32;

enum class DescriptionError : std::uint8_t {
  too_long,
  malformed,        // not SDP: no v=0 first, or a line that isn't "x=…"
  no_data_channel,  // not exactly one m=application … webrtc-datachannel, or it was rejected (port
                    // 0)
  bad_ice_credentials,  // absent, too short, too long, or not ice-chars
  bad_fingerprint,      // no sha-256 fingerprint, a malformed one, or two that differ
  bad_attribute,        // another attribute we need, malformed
};

/// Lines end in CRLF or LF. Attributes of the session count for the m-line that lacks them.
[[nodiscard]] Result<Description, DescriptionError> parse_description(std::string_view text);

/// What setRemoteDescription takes; CRLF line ends.
[[nodiscard]] std::string to_string(const Description& description);

/// "sha-256 AB:CD:…" as in SDP.
[[nodiscard]] std::string to_string(const Fingerprint& fingerprint);

}  // namespace hearth::sdp
