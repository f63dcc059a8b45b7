#include <algorithm>
#include <array>
#include <limits>

#include <hearth/sdp/candidate.h>
#include <hearth/sdp/grammar.h>

namespace hearth::sdp {

namespace {

constexpr std::array<std::string_view, 4> type_names{"host", "srflx", "prflx", "relay"};

// A host name: browsers put <uuid>.local here (RFC 8839 §5.1 allows FQDNs).
bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '.';
  });
}

}  // namespace

bool is_ice_chars(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; });
}

Result<Candidate, CandidateError> parse_candidate(std::string_view text) {
  const Failure malformed{CandidateError::malformed};
  const Failure unsupported{CandidateError::unsupported};
  if (text.size() > max_candidate_size) return malformed;
  if (text.starts_with("a=")) text.remove_prefix(2);
  if (text.starts_with("candidate:")) text.remove_prefix(10);

  Candidate candidate;
  candidate.foundation = next_token(text);
  if (candidate.foundation.empty() || candidate.foundation.size() > 32 ||
      !is_ice_chars(candidate.foundation))
    return malformed;
  const auto component = number<std::uint16_t>(next_token(text));
  if (!component || *component < 1 || *component > 256) return malformed;
  const std::string_view transport = next_token(text);
  if (transport.empty()) return malformed;
  const auto priority = number<std::uint32_t>(next_token(text));
  if (!priority || *priority == 0 || *priority > std::numeric_limits<std::int32_t>::max())
    return malformed;
  candidate.priority = *priority;
  const std::string_view host = next_token(text);
  const auto address = IpAddress::parse(host);
  if (!address && !is_host_name(host)) return malformed;
  const auto port = number<std::uint16_t>(next_token(text));
  if (!port) return malformed;
  if (next_token(text) != "typ") return malformed;
  const std::string_view type = next_token(text);
  if (type.empty()) return malformed;

  // Extensions come in pairs of name and value; raddr and rport before the others, where present.
  std::optional<IpAddress> related_address;
  std::optional<std::uint16_t> related_port;
  while (!text.empty()) {
    const std::string_view name = next_token(text);
    const std::string_view value = next_token(text);
    if (name.empty() || value.empty()) return malformed;
    if (name == "raddr") {
      related_address = IpAddress::parse(value);
      if (!related_address && !is_host_name(value)) return malformed;
    } else if (name == "rport") {
      related_port = number<std::uint16_t>(value);
      if (!related_port) return malformed;
    }
  }
  if (related_address && related_port)
    candidate.related = Endpoint{*related_address, *related_port};

  const auto known = std::ranges::find(type_names, type);
  if (!equals_lower_case(transport, "udp") || *component != 1 || !address ||
      known == type_names.end())
    return unsupported;
  candidate.endpoint = {*address, *port};
  candidate.type = static_cast<CandidateType>(known - type_names.begin());
  return candidate;
}

std::string to_string(const Candidate& candidate) {
  std::string text =
      "candidate:" + candidate.foundation + " 1 udp " + std::to_string(candidate.priority) + " " +
      candidate.endpoint.address.to_string() + " " + std::to_string(candidate.endpoint.port) +
      " typ " + std::string{type_names[static_cast<std::size_t>(candidate.type)]};
  if (candidate.related)
    text += " raddr " + candidate.related->address.to_string() + " rport " +
            std::to_string(candidate.related->port);
  return text;
}

}  // namespace hearth::sdp
