#include <hearth/codec/base32.h>
#include <hearth/crypto/sha2.h>
#include <hearth/identity/app_label.h>

namespace hearth::identity {

std::string app_label(const RootId& root, std::string_view app_id) {
  crypto::Sha256 hash;
  hash.update(root.bytes());
  hash.update(as_bytes(app_id));
  return codec::base32_encode(hash.finish()).substr(0, 26);
}

}  // namespace hearth::identity
