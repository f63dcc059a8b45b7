#pragma once
// One ICE candidate and its text (RFC 8839 §5.1).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/endpoint.h>
#include <hearth/base/result.h>

namespace hearth::sdp {

enum class CandidateType : std::uint8_t { host, server_reflexive, peer_reflexive, relayed };

/// A UDP candidate of component 1.
struct Candidate {
  std::string foundation;      // 1–32 ice-chars
  std::uint32_t priority = 0;  // 1 to 2^31 - 1
  Endpoint endpoint;
  CandidateType type = CandidateType::host;
  /// Of reflexive and relayed candidates; what a browser hides is 0.0.0.0:0.
  std::optional<Endpoint> related;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

enum class CandidateError : std::uint8_t {
  malformed,    // not the grammar
  unsupported,  // well-formed, but TCP, another component, a host name (mDNS) or an unknown type
};

/// Longer lines are malformed.
inline constexpr std::size_t max_candidate_size = 512;

/// Accepts "a=candidate:…", "candidate:…" (RTCIceCandidate.candidate) and what follows the colon.
/// Extension attributes (generation, ufrag, network-cost…) are skipped.
[[nodiscard]] Result<Candidate, CandidateError> parse_candidate(std::string_view text);

/// "candidate:…", without "a=": RTCIceCandidate.candidate.
[[nodiscard]] std::string to_string(const Candidate& candidate);

/// ice-char = ALPHA / DIGIT / "+" / "/" (RFC 8839 §5.1).
[[nodiscard]] bool is_ice_chars(std::string_view text);

}  // namespace hearth::sdp
