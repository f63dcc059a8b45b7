#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <hearth/codec/base64.h>
#include <hearth/codec/jsnumber.h>
#include <hearth/codec/json.h>
#include <hearth/crypto/p256.h>
#include <hearth/crypto/sha2.h>
#include <hearth/gun/sea.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

using codec::append_json_string;
using codec::JsonReader;
using codec::string_of;
using codec::TextArena;

namespace {

constexpr std::size_t max_keys = 4096;
constexpr std::size_t max_remembered = 32'768;  // per half; 32 bytes and a little each

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

/// JavaScript's parseFloat, for what a soul or a certificate holds: no exponents.
std::optional<double> parse_float(std::string_view text) {
  std::size_t size = 0;
  bool point = false;
  while (size < text.size() &&
         ((text[size] >= '0' && text[size] <= '9') || (text[size] == '.' && !point)))
    point |= text[size++] == '.';
  std::string number{text.substr(0, size)};
  if (number.starts_with('.')) number.insert(0, 1, '0');
  if (number.ends_with('.')) number.pop_back();
  const std::size_t zeros = std::min(number.find_first_not_of('0'), number.find('.') - 1);
  if (zeros != std::string::npos && zeros < number.size()) number.erase(0, zeros);
  return codec::parse_js_number(number);
}

/// What of an object a reader holds: text after text, with nothing decoded.
struct Member {
  std::string_view key;
  std::string_view json;
};
std::optional<std::vector<Member>> members_of(std::string_view json, TextArena& arena) {
  JsonReader reader{json, arena};
  if (reader.peek() != '{') return std::nullopt;
  std::vector<Member> members;
  JsonReader::Place place = reader.enter('{');
  std::string_view key;
  while (reader.next_member(place, key)) {
    const std::string_view value = reader.skip();
    members.push_back({.key = key, .json = value});
  }
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return members;
}

/// The last of that name, as JSON.parse has it; empty: there is none.
std::string_view member(const std::vector<Member>& members, std::string_view key) {
  std::string_view found;
  for (const Member& each : members)
    if (each.key == key) found = each.json;
  return found;
}

std::string_view text_or_empty(std::string_view json, TextArena& arena) {
  return string_of(json, arena).value_or(std::string_view{});
}

std::vector<std::string_view> elements_of(std::string_view json, TextArena& arena) {
  JsonReader reader{json, arena};
  if (reader.peek() != '[') return {json};
  std::vector<std::string_view> elements;
  JsonReader::Place place = reader.enter('[');
  while (reader.next_element(place)) elements.push_back(reader.skip());
  return elements;
}

std::optional<Lex> lex_of(std::string_view json, TextArena& arena) {
  if (json.empty()) return std::nullopt;
  JsonReader reader{json, arena};
  return read_lex(reader);
}

/// Whether a rule of a certificate lets `name` be written at `path`, the soul after its first
/// slash.
bool rule_allows(std::string_view rule, std::string_view path, std::string_view name,
                 std::string_view writer, TextArena& arena) {
  const std::string whole =
      path.empty() ? std::string{name} : std::string{path} + "/" + std::string{name};
  if (rule.starts_with('"')) return text_or_empty(rule, arena) == whole;
  const auto members = members_of(rule, arena);
  if (!members) return false;
  const auto paths = lex_of(member(*members, "#"), arena);
  const auto names = lex_of(member(*members, "."), arena);
  // Deviates from gun, where a rule with both allows every name below the path.
  const bool allowed = paths && names ? paths->matches(path) && names->matches(name)
                       : paths        ? paths->matches(path) || paths->matches(whole)
                       : names        ? names->matches(name)
                                      : lex_of(rule, arena).value_or(Lex{}).matches(whole);
  if (!allowed) return false;
  const bool names_writer = member(*members, "+").find('*') != std::string_view::npos;
  return !names_writer || path.empty() || path.find(writer) != std::string_view::npos ||
         name.find(writer) != std::string_view::npos;
}

}  // namespace

std::string_view error_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::allowed:
    case Verdict::omitted:
      return "";
    case Verdict::unverified:
      return "Unverified data.";
    case Verdict::account_not_same:
      return "Account not same!";
    case Verdict::must_exist:
      return "Data must exist!";
    case Verdict::alias_not_same:
      return "Alias not same!";
    case Verdict::hash_not_same:
      return "Data hash not same as hash!";
    case Verdict::certificate_expired:
      return "Certificate expired.";
    case Verdict::certificate_fails:
      return "Certificate verification fail.";
    case Verdict::blocked:
      return "Certificant blocked.";
  }
  return "";
}

bool is_forgotten(std::string_view soul, double state, double now_ms) {
  const std::size_t mark = soul.find("<?");
  if (mark == std::string_view::npos) return false;
  const auto seconds = parse_float(soul.substr(mark + 2));
  return seconds && *seconds != 0 && state < now_ms - *seconds * 1000;
}

std::string owner_of(std::string_view soul) {
  const std::size_t tilde = soul.find('~');
  if (tilde == std::string_view::npos) return {};
  const std::string_view rest = soul.substr(tilde + 1, soul.find('~', tilde + 1) - tilde - 1);
  const auto cut = std::find_if_not(rest.begin(), rest.end(), is_key_character);
  if (cut == rest.end()) return {};
  const auto first = static_cast<std::size_t>(cut - rest.begin());
  // JavaScript cuts at UTF-16 units: between the two of an astral character lies an empty piece.
  const auto lead = static_cast<std::uint8_t>(*cut);
  std::string owner{rest.substr(0, first)};
  owner += '.';
  if (lead >= 0xf0) return owner;
  std::size_t second = first + 1;
  while (second < rest.size() && (static_cast<std::uint8_t>(rest[second]) & 0xc0) == 0x80) ++second;
  const auto end = std::find_if_not(rest.begin() + static_cast<std::ptrdiff_t>(second), rest.end(),
                                    is_key_character);
  owner.append(rest.begin() + static_cast<std::ptrdiff_t>(second), end);
  return owner;
}

/// A value as a user writes it: {":": value, "~": signature, "*": writer, "+": certificate}.
struct Sea::Signed {
  std::string_view value;
  std::string_view signature;
  std::string_view writer;
  std::string_view certificate;

  static std::optional<Signed> read(std::string_view text, TextArena& arena) {
    const auto members = members_of(text, arena);
    if (!members) return std::nullopt;
    Signed found{.value = member(*members, ":"),
                 .signature = text_or_empty(member(*members, "~"), arena),
                 .writer = text_or_empty(member(*members, "*"), arena),
                 .certificate = member(*members, "+")};
    if (found.value.empty() || found.signature.empty()) return std::nullopt;
    if (found.writer.empty() && !member(*members, "*").empty()) return std::nullopt;
    return found;
  }
};

/// {m: {c, w, e, wb}, s}, m perhaps as a string.
struct Sea::Certificate {
  std::string_view text;  ///< what is signed
  std::string_view signature;
};

std::size_t Sea::DigestHash::operator()(const Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::string_view Sea::unsigned_value(std::string_view json, TextArena& arena) {
  // Most values are no JSON within a string.
  if (!json.starts_with("\"{") && !json.starts_with("\"SEA{")) return json;
  const auto text = string_of(json, arena);
  if (!text) return json;
  const auto value = Signed::read(*text, arena);
  return value ? value->value : json;
}

std::optional<std::string_view> Sea::target_of(std::string_view json, TextArena& arena) {
  return link_of(unsigned_value(json, arena), arena);
}

Sea::Sea() = default;
Sea::~Sea() = default;

Verdict Sea::check(std::string_view soul, const Property& property, double now_ms,
                   const Lookup& lookup) {
  if (soul.find_first_of("~#<") == std::string_view::npos) return Verdict::allowed;
  if (is_forgotten(soul, property.state, now_ms)) return Verdict::omitted;
  TextArena arena;
  if (soul.starts_with("~@")) {
    if (property.value.kind == ValueKind::null) return Verdict::must_exist;
    const std::string_view link = link_of(property.value.json, arena).value_or("");
    const bool in_list = soul == "~@" && link.starts_with("~@") && link.substr(2) == property.name;
    return !link.empty() && (link == property.name || in_list) ? Verdict::allowed
                                                               : Verdict::alias_not_same;
  }
  if (const std::string owner = owner_of(soul); !owner.empty())
    return check_owned(soul, owner, property, lookup);
  if (soul.find('#') != std::string_view::npos) {
    const std::string_view json = property.value.json;
    const Digest digest = crypto::sha256(as_bytes(string_of(json, arena).value_or(json)));
    const std::string_view named =
        property.name.substr(property.name.rfind('#') + 1);  // npos + 1 is 0
    if (named == codec::base64_encode(digest)) return Verdict::allowed;
    const auto hex = from_hex(named);
    return hex && equal(*hex, digest) ? Verdict::allowed : Verdict::hash_not_same;
  }
  return Verdict::allowed;
}

Verdict Sea::check_owned(std::string_view soul, std::string_view owner, const Property& property,
                         const Lookup& lookup) {
  TextArena arena;
  const auto text = string_of(property.value.json, arena);
  if (property.name == "pub" && soul.size() == owner.size() + 1 && soul.ends_with(owner))
    return text == owner ? Verdict::allowed : Verdict::account_not_same;
  if (!text) return Verdict::unverified;
  const auto value = Signed::read(*text, arena);
  if (!value) return Verdict::unverified;

  std::string payload = "{\"#\":";
  append_json_string(payload, soul);
  payload += ",\".\":";
  append_json_string(payload, property.name);
  payload += ",\":\":";
  JsonReader reader{value->value, arena};
  const Value canonical = read_value(reader);
  // An object is signed as its writer wrote it.
  payload += canonical.kind == ValueKind::invalid ? value->value : canonical.json;
  payload += ",\">\":";
  codec::append_js_number(payload, property.state);
  payload += '}';
  const bool own = value->writer.empty() || value->writer == owner;
  if (!verify(own ? owner : value->writer, payload, value->signature)) return Verdict::unverified;
  if (own) return Verdict::allowed;

  // Deviates from gun, which lets a stranger's signature in when no certificate comes with it.
  const auto members = members_of(value->certificate, arena);
  if (!members) return Verdict::certificate_fails;
  const std::string_view policy = member(*members, "m");
  const Certificate certificate{.text = string_of(policy, arena).value_or(policy),
                                .signature = text_or_empty(member(*members, "s"), arena)};
  return check_certificate(certificate, soul, owner, value->writer, property, lookup);
}

Verdict Sea::check_certificate(const Certificate& certificate, std::string_view soul,
                               std::string_view owner, std::string_view writer,
                               const Property& property, const Lookup& lookup) {
  TextArena arena;
  if (!verify(owner, certificate.text, certificate.signature)) return Verdict::certificate_fails;
  const auto policy = members_of(certificate.text, arena);
  if (!policy) return Verdict::certificate_fails;

  if (const std::string_view expiry = member(*policy, "e"); !expiry.empty()) {
    const auto until = parse_float(string_of(expiry, arena).value_or(expiry));
    if (until && property.state > *until) return Verdict::certificate_expired;
  }
  const auto certified = elements_of(member(*policy, "c"), arena);
  if (std::none_of(certified.begin(), certified.end(), [&](std::string_view json) {
        const std::string_view who = text_or_empty(json, arena);
        return who == writer || who == "*";
      }))
    return Verdict::certificate_fails;

  const std::size_t slash = soul.find('/');
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view{} : soul.substr(slash + 1);
  const auto rules = elements_of(member(*policy, "w"), arena);
  if (std::none_of(rules.begin(), rules.end(), [&](std::string_view rule) {
        return rule_allows(rule, path, property.name, writer, arena);
      }))
    return Verdict::certificate_fails;

  if (const std::string_view block = member(*policy, "wb"); !block.empty()) {
    std::string_view soul_of_block = text_or_empty(block, arena);
    if (const auto members = members_of(block, arena))
      soul_of_block = text_or_empty(member(*members, "#"), arena);
    if (!soul_of_block.empty() && is_blocked(soul_of_block, owner, writer, lookup))
      return Verdict::blocked;
  }
  return Verdict::allowed;
}

/// `block` names a soul, or a property of the owner's account that links to one.
bool Sea::is_blocked(std::string_view block, std::string_view owner, std::string_view writer,
                     const Lookup& lookup) {
  TextArena arena;
  std::string soul{block};
  if (!soul.starts_with('~')) {
    const std::string account = "~" + std::string{owner};
    soul = account + "/" + soul;
    if (const auto link = lookup(account, block))
      if (const auto target = target_of(*link, arena)) soul = *target;
  }
  const auto value = lookup(soul, writer);
  if (!value) return false;
  const std::string_view json = unsigned_value(*value, arena);
  return json == "1" || json == "true";
}

const crypto::P256PublicKey* Sea::key_of(std::string_view text) {
  if (const auto found = keys_.find(text); found != keys_.end()) return &found->second;
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return nullptr;
  const auto x = codec::base64url_decode(text.substr(0, point));
  const auto y = codec::base64url_decode(text.substr(point + 1));
  if (!x || !y) return nullptr;
  auto key = crypto::P256PublicKey::create(*x, *y);
  if (!key) return nullptr;
  if (keys_.size() == max_keys) keys_.clear();
  return &keys_.emplace(std::string{text}, std::move(*key)).first->second;
}

bool Sea::verify(std::string_view key, std::string_view text, std::string_view signature) {
  crypto::Sha256 whole;
  for (const std::string_view part : {key, signature, text}) {
    const std::uint64_t size = part.size();
    whole.update(std::as_bytes(std::span{&size, 1}));
    whole.update(as_bytes(part));
  }
  const Digest digest = whole.finish();
  const bool is_good = look_at(digest, key, text, signature);
  if (record_ != nullptr) record_->push_back({.digest = digest, .is_good = is_good});
  return is_good;
}

bool Sea::look_at(const Digest& digest, std::string_view key, std::string_view text,
                  std::string_view signature) {
  if (younger_.contains(digest) || elder_.contains(digest)) return true;
  if (bad_.contains(digest)) return false;
  const auto raw = codec::base64_decode(signature);
  const crypto::P256PublicKey* const owner = raw ? key_of(key) : nullptr;
  ++verifications_;
  if (owner == nullptr || !owner->verify(crypto::sha256(as_bytes(text)), *raw)) return false;
  remember(digest);
  return true;
}

void Sea::remember(const Digest& digest) {
  if (younger_.size() == max_remembered) elder_ = std::exchange(younger_, {});
  younger_.insert(digest);
}

void Sea::note(std::span<const Checked> checked) {
  bad_.clear();
  for (const Checked& each : checked) {
    if (each.is_good)
      remember(each.digest);
    else
      bad_.insert(each.digest);
  }
}

}  // namespace hearth::gun
