#include <algorithm>
#include <limits>
#include <utility>

#include <hearth/base/bytes.h>
#include <hearth/sdp/description.h>
#include <hearth/sdp/grammar.h>

namespace hearth::sdp {

namespace {

constexpr std::size_t max_lines = 256;

// What may stand in the session's part or in the m-line's; the latter counts.
struct Scope {
  std::optional<std::string_view> ufrag;
  std::optional<std::string_view> password;
  std::optional<Fingerprint> fingerprint;
  std::optional<Setup> setup;
  bool trickle = false;
};

// token of RFC 8866 §9.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`{|}~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
  });
}

bool is_credential(std::string_view text, std::size_t at_least) {
  return text.size() >= at_least && text.size() <= 256 && is_ice_chars(text);
}

std::optional<Fingerprint> parse_fingerprint(std::string_view hex) {
  Fingerprint fingerprint{};
  if (hex.size() != fingerprint.size() * 3 - 1) return std::nullopt;
  for (std::size_t i = 0; i < fingerprint.size(); ++i) {
    if (i + 1 < fingerprint.size() && hex[3 * i + 2] != ':') return std::nullopt;
    const auto byte = from_hex(hex.substr(3 * i, 2));
    if (!byte) return std::nullopt;
    fingerprint[i] = byte->front();
  }
  return fingerprint;
}

class Parser {
 public:
  Result<Description, DescriptionError> parse(std::string_view text);

 private:
  Result<Unit, DescriptionError> line(char kind, std::string_view value);
  Result<Unit, DescriptionError> media(std::string_view value);
  Result<Unit, DescriptionError> attribute(std::string_view name, std::string_view value);
  Result<Unit, DescriptionError> finish();

  Description out_;
  Scope session_;
  Scope stream_;
  bool in_stream_ = false;
};

Result<Description, DescriptionError> Parser::parse(std::string_view text) {
  if (text.size() > max_description_size) return Failure{DescriptionError::too_long};
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line_text = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line_text.ends_with('\r')) line_text.remove_suffix(1);
    if (line_text.empty() && text.empty()) break;
    if (++count > max_lines) return Failure{DescriptionError::too_long};
    if (line_text.size() < 2 || line_text[1] != '=' || (count == 1) != (line_text == "v=0"))
      return Failure{DescriptionError::malformed};
    HEARTH_CHECK(line(line_text[0], line_text.substr(2)));
  }
  HEARTH_CHECK(finish());
  return std::move(out_);
}

Result<Unit, DescriptionError> Parser::line(char kind, std::string_view value) {
  switch (kind) {
    case 'o': {
      (void)next_token(value);
      const auto id = number<std::uint64_t>(next_token(value));
      const auto version = number<std::uint64_t>(next_token(value));
      if (!id || !version || *id > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
        return Failure{DescriptionError::malformed};
      out_.session_id = *id;
      out_.session_version = *version;
      return Unit{};
    }
    case 'm':
      return media(value);
    case 'a': {
      const std::size_t colon = value.find(':');
      return attribute(value.substr(0, colon),
                       colon == std::string_view::npos ? "" : value.substr(colon + 1));
    }
    default:
      return Unit{};
  }
}

Result<Unit, DescriptionError> Parser::media(std::string_view value) {
  const Failure bad{DescriptionError::no_data_channel};
  if (in_stream_) return bad;
  in_stream_ = true;
  if (next_token(value) != "application") return bad;
  const auto port = number<std::uint16_t>(next_token(value));
  if (!port || *port == 0) return bad;
  const std::string_view protocol = next_token(value);
  if (protocol != "UDP/DTLS/SCTP" && protocol != "DTLS/SCTP") return bad;
  if (value != "webrtc-datachannel") return bad;
  return Unit{};
}

Result<Unit, DescriptionError> Parser::attribute(std::string_view name, std::string_view value) {
  const Failure bad{DescriptionError::bad_attribute};
  Scope& scope = in_stream_ ? stream_ : session_;
  if (name == "ice-ufrag") {
    if (!is_credential(value, 4)) return Failure{DescriptionError::bad_ice_credentials};
    scope.ufrag = value;
  } else if (name == "ice-pwd") {
    if (!is_credential(value, 22)) return Failure{DescriptionError::bad_ice_credentials};
    scope.password = value;
  } else if (name == "ice-lite") {
    out_.ice_lite = true;
  } else if (name == "ice-options") {
    while (!value.empty())
      if (next_token(value) == "trickle") scope.trickle = true;
  } else if (name == "fingerprint") {
    if (!equals_lower_case(next_token(value), "sha-256")) return Unit{};
    const auto fingerprint = parse_fingerprint(value);
    if (!fingerprint || (scope.fingerprint && scope.fingerprint != fingerprint))
      return Failure{DescriptionError::bad_fingerprint};
    scope.fingerprint = fingerprint;
  } else if (name == "setup") {
    if (value == "actpass") {
      scope.setup = Setup::actpass;
    } else if (value == "active") {
      scope.setup = Setup::active;
    } else if (value == "passive") {
      scope.setup = Setup::passive;
    } else {
      return bad;
    }
  } else if (!in_stream_) {
    return Unit{};
  } else if (name == "mid") {
    if (!is_token(value) || value.size() > 32) return bad;
    out_.mid = value;
  } else if (name == "sctp-port") {
    const auto port = number<std::uint16_t>(value);
    if (!port || *port == 0) return bad;
    out_.sctp_port = *port;
  } else if (name == "max-message-size") {
    const auto size = number<std::uint64_t>(value);
    if (!size) return bad;
    out_.max_message_size = *size;
  } else if (name == "candidate") {
    const auto candidate = parse_candidate(value);
    if (!candidate && candidate.error() == CandidateError::malformed) return bad;
    if (candidate && out_.candidates.size() < max_candidates) out_.candidates.push_back(*candidate);
  } else if (name == "end-of-candidates") {
    out_.end_of_candidates = true;
  }
  return Unit{};
}

Result<Unit, DescriptionError> Parser::finish() {
  if (!in_stream_) return Failure{DescriptionError::no_data_channel};
  const auto ufrag = stream_.ufrag ? stream_.ufrag : session_.ufrag;
  const auto password = stream_.password ? stream_.password : session_.password;
  if (!ufrag || !password) return Failure{DescriptionError::bad_ice_credentials};
  const auto fingerprint = stream_.fingerprint ? stream_.fingerprint : session_.fingerprint;
  if (!fingerprint) return Failure{DescriptionError::bad_fingerprint};
  const auto setup = stream_.setup ? stream_.setup : session_.setup;
  if (!setup) return Failure{DescriptionError::bad_attribute};
  out_.ice_ufrag = *ufrag;
  out_.ice_password = *password;
  out_.fingerprint = *fingerprint;
  out_.setup = *setup;
  out_.trickle = stream_.trickle || session_.trickle;
  return Unit{};
}

std::string_view name_of(Setup setup) {
  switch (setup) {
    case Setup::actpass:
      return "actpass";
    case Setup::active:
      return "active";
    case Setup::passive:
      return "passive";
  }
  return "";
}

}  // namespace

Result<Description, DescriptionError> parse_description(std::string_view text) {
  return Parser{}.parse(text);
}

std::string to_string(const Fingerprint& fingerprint) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text = "sha-256 ";
  for (const std::byte b : fingerprint) {
    if (text.back() != ' ') text += ':';
    text += digits[std::to_integer<std::size_t>(b >> 4)];
    text += digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return text;
}

std::string to_string(const Description& d) {
  std::string text;
  const auto line = [&](std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) text += part;
    text += "\r\n";
  };
  // RFC 8839 §5.4: before any candidate is chosen, the default destination is 0.0.0.0:9.
  line({"v=0"});
  line({"o=- ", std::to_string(d.session_id), " ", std::to_string(d.session_version),
        " IN IP4 0.0.0.0"});
  line({"s=-"});
  line({"t=0 0"});
  line({"a=group:BUNDLE ", d.mid});
  if (d.ice_lite) line({"a=ice-lite"});
  line({"m=application 9 UDP/DTLS/SCTP webrtc-datachannel"});
  line({"c=IN IP4 0.0.0.0"});
  line({"a=mid:", d.mid});
  line({"a=ice-ufrag:", d.ice_ufrag});
  line({"a=ice-pwd:", d.ice_password});
  line({"a=ice-options:", d.trickle ? "ice2 trickle" : "ice2"});
  line({"a=fingerprint:", to_string(d.fingerprint)});
  line({"a=setup:", name_of(d.setup)});
  line({"a=sctp-port:", std::to_string(d.sctp_port)});
  line({"a=max-message-size:", std::to_string(d.max_message_size)});
  for (const Candidate& candidate : d.candidates) line({"a=", to_string(candidate)});
  if (d.end_of_candidates) line({"a=end-of-candidates"});
  return text;
}

}  // namespace hearth::sdp
