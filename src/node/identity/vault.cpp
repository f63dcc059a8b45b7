#include <algorithm>

#include <hearth/crypto/hkdf.h>
#include <hearth/crypto/xchacha20_poly1305.h>
#include <hearth/identity/vault.h>

namespace hearth::identity {
namespace {

constexpr std::string_view label = "hearth/persona-vault";

crypto::Secret<32> vault_key(std::span<const std::byte, 64> export_key) {
  crypto::Sha256Digest prk = crypto::hkdf_sha256_extract({}, export_key);
  Bytes expanded = crypto::hkdf_sha256_expand(prk, as_bytes(label), 32);
  crypto::Secret<32> key{BytesView{expanded}.first<32>()};
  crypto::wipe(prk);
  crypto::wipe(expanded);
  return key;
}

}  // namespace

Bytes seal_vault(std::span<const std::byte, 64> export_key,
                 std::span<const std::byte, 32> persona_seed, Entropy& entropy) {
  const auto key = vault_key(export_key);
  return crypto::xchacha20_poly1305_seal(key.bytes(), entropy, as_bytes(label), persona_seed);
}

std::optional<crypto::Secret<32>> open_vault(std::span<const std::byte, 64> export_key,
                                             BytesView vault) {
  if (vault.size() != vault_size) return std::nullopt;
  const auto key = vault_key(export_key);
  auto opened = crypto::xchacha20_poly1305_open(key.bytes(), as_bytes(label), vault);
  if (!opened) return std::nullopt;
  crypto::Secret<32> seed{BytesView{*opened}.first<32>()};
  crypto::wipe(*opened);
  return seed;
}

}  // namespace hearth::identity
