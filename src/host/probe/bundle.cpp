#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include <hearth/codec/base64.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/probe/bundle.h>

namespace hearth::probe {

using nlohmann::json;

namespace {

constexpr std::string_view label = "hearth shell bundle 1\n";
constexpr std::uint64_t max_safe = (1ULL << 53) - 1;  // what JavaScript counts to

bool is_word(char c, std::string_view more) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         more.find(c) != std::string_view::npos;
}

bool is_key(std::string_view text) {
  return text.size() == 43 && std::ranges::all_of(text, [](char c) { return is_word(c, "_-"); });
}

/// Segments of letters, digits, dots and the like, none of which begins with a dot.
bool is_path(std::string_view text) {
  if (text.size() < 2 || text.size() > 256 || text.front() != '/' || text.back() == '/')
    return false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '/' && !is_word(text[i], "._-")) return false;
    if (text[i - 1] == '/' && !is_word(text[i], "_-")) return false;
  }
  return true;
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

const std::string* text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::optional<std::uint64_t> count_at(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto value = found->get<std::uint64_t>();
  return value <= max_safe ? std::optional{value} : std::nullopt;
}

bool read_keys(const json& manifest, Bundle& bundle) {
  const auto keys = manifest.find("keys");
  const auto threshold = count_at(manifest, "threshold");
  if (keys == manifest.end() || !keys->is_array() || keys->size() > Bundle::max_keys) return false;
  for (const json& each : *keys) {
    const auto* key = each.get_ptr<const std::string*>();
    if (key == nullptr || !is_key(*key) ||
        std::ranges::find(bundle.keys, *key) != bundle.keys.end())
      return false;
    bundle.keys.push_back(*key);
  }
  if (!threshold || *threshold < 1 || *threshold > bundle.keys.size()) return false;
  bundle.threshold = *threshold;
  return true;
}

bool read_files(const json& manifest, Bundle& bundle) {
  const auto files = manifest.find("files");
  if (files == manifest.end() || !files->is_array() || files->size() > Bundle::max_files)
    return false;
  std::uint64_t total = 0;
  for (const json& file : *files) {
    if (!file.is_object()) return false;
    const auto* path = text_at(file, "path");
    const auto* digest = text_at(file, "sha256");
    const auto size = count_at(file, "size");
    if (path == nullptr || digest == nullptr || !size || text_at(file, "type") == nullptr ||
        !is_path(*path) || !is_digest(*digest) || *size > Bundle::max_total)
      return false;
    total += *size;
    if (!bundle.files.emplace(*path, BundleFile{.sha256 = *digest, .size = *size}).second)
      return false;
  }
  return total <= Bundle::max_total && bundle.files.contains("/index.html") &&
         bundle.files.contains("/sw.js");
}

}  // namespace

Result<Bundle, BundleError> parse_bundle(std::string_view text) {
  const Failure bad{BundleError::malformed};
  if (text.size() > Bundle::max_bytes) return bad;
  const json envelope = json::parse(text, nullptr, false);
  if (!envelope.is_object()) return bad;
  const auto* signed_text = text_at(envelope, "manifest");
  const auto signatures = envelope.find("signatures");
  if (signed_text == nullptr || signatures == envelope.end() || !signatures->is_object() ||
      signatures->size() > 2 * Bundle::max_keys)
    return bad;
  Bundle bundle;
  bundle.manifest = *signed_text;
  for (const auto& [key, value] : signatures->items())
    if (const auto* signature = value.get_ptr<const std::string*>(); signature && is_key(key))
      bundle.signatures.emplace(key, *signature);
  const json manifest = json::parse(bundle.manifest, nullptr, false);
  if (!manifest.is_object() || count_at(manifest, "format") != 1U) return bad;
  const auto version = count_at(manifest, "version");
  if (!version || *version == 0) return bad;
  bundle.version = *version;
  if (!read_keys(manifest, bundle) || !read_files(manifest, bundle)) return bad;
  return bundle;
}

bool is_signed_for(const Bundle& bundle, const Bundle& trusted) {
  const std::string message = std::string{label} + bundle.manifest;
  std::uint64_t good = 0;
  for (const std::string& key : trusted.keys) {
    const auto found = bundle.signatures.find(key);
    if (found == bundle.signatures.end()) continue;
    const auto key_bytes = codec::base64url_decode(key);
    const auto signature = codec::base64url_decode(found->second);
    if (!key_bytes || !signature) continue;
    const auto signer = crypto::Ed25519PublicKey::create(*key_bytes);
    if (signer && signer->verify(as_bytes(message), *signature)) ++good;
  }
  return good >= trusted.threshold;
}

}  // namespace hearth::probe
