#include <algorithm>
#include <string>
#include <utility>

#include <hearth/appliance/file.h>
#include <hearth/appliance/keys.h>
#include <hearth/codec/cbor.h>
#include <hearth/crypto/secret.h>

namespace hearth::appliance {
namespace {

using crypto::Ed25519PrivateKey;
using identity::HostCertificate;
using identity::RootId;

constexpr std::uint64_t host_file_version = 1;
constexpr std::size_t file_limit = 4096;

/// A file's bytes, wiped when they go.
class SecretFile {
 public:
  explicit SecretFile(const std::filesystem::path& path)
      : content_(read_private(path, file_limit)) {}
  ~SecretFile() {
    if (content_) crypto::wipe(*content_);
  }
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  explicit operator bool() const { return content_.has_value(); }
  const Bytes& operator*() const { return *content_; }

 private:
  std::optional<Bytes> content_;
};

HostCertificate certify(const Ed25519PrivateKey& root, const Ed25519PrivateKey& host,
                        std::uint64_t epoch, Timestamp wall) {
  return {.root = RootId{root.public_key()},
          .peer_id = peer::PeerId::from_public_key(host.public_key()),
          .epoch = epoch,
          .not_before = static_cast<std::uint64_t>(std::max<std::int64_t>(0, wall.seconds()))};
}

void write_host_file(const std::filesystem::path& path, const Ed25519PrivateKey& host,
                     BytesView certificate) {
  Bytes content = codec::CborWriter{}
                      .array(3)
                      .uint(host_file_version)
                      .bytes(host.seed())
                      .bytes(certificate)
                      .take();
  write_private(path, content);
  crypto::wipe(content);
}

struct HostFile {
  Ed25519PrivateKey key;
  Bytes certificate;
};

std::optional<HostFile> parse_host_file(BytesView content) {
  codec::CborReader reader{content};
  if (!reader.array(3)) return std::nullopt;
  const auto version = reader.uint();
  if (!version || *version != host_file_version) return std::nullopt;
  const auto seed = reader.bytes();
  const auto certificate = reader.bytes();
  if (!seed || !certificate || !reader.done()) return std::nullopt;
  auto key = Ed25519PrivateKey::from_seed(*seed);
  if (!key) return std::nullopt;
  return HostFile{.key = std::move(*key), .certificate = to_bytes(*certificate)};
}

}  // namespace

Keys::Keys(std::filesystem::path directory, RootId root, std::optional<Ed25519PrivateKey> root_key,
           Ed25519PrivateKey host, Bytes certificate, opaque::ServerSetup opaque)
    : directory_(std::move(directory)),
      root_(root),
      root_key_(std::move(root_key)),
      host_(std::move(host)),
      certificate_([&] {
        const auto verified = HostCertificate::verify(certificate);
        if (!verified || verified->root != root_ ||
            verified->peer_id != peer::PeerId::from_public_key(host_.public_key()))
          throw KeysError{"host.key holds a certificate of another host or root"};
        return *verified;
      }()),
      encoded_certificate_(std::move(certificate)),
      opaque_(std::move(opaque)) {}

crypto::Ed25519PrivateKey load_or_make_key(const std::filesystem::path& path, Entropy& entropy) {
  if (const auto seed = read_private(path, 32)) {
    auto key = crypto::Ed25519PrivateKey::from_seed(*seed);
    if (!key) throw KeysError{path.string() + ": this is no key."};
    return std::move(*key);
  }
  auto key = crypto::Ed25519PrivateKey::generate(entropy);
  write_private(path, key.seed());
  return key;
}

Keys Keys::open(const std::filesystem::path& directory, Entropy& entropy, Timestamp wall) {
  std::filesystem::create_directories(directory);
  const auto root_path = directory / "root.key";
  const auto public_path = directory / "root.pub";
  const auto host_path = directory / "host.key";
  const auto opaque_path = directory / "opaque.key";

  // A first start that was cut off is taken up where it stopped: root, then OPAQUE, then host. Once
  // host.key is there, nothing may be missing.
  const SecretFile host_file{host_path};
  std::optional<Ed25519PrivateKey> root_key;
  if (const SecretFile file{root_path}; file) {
    auto parsed = Ed25519PrivateKey::from_seed(*file);
    if (!parsed) throw KeysError{"root.key is damaged"};
    root_key = std::move(*parsed);
  }
  const auto public_file = read_private(public_path, file_limit);
  if (!root_key && !public_file) {
    if (host_file) throw KeysError{"host.key is here, but root.key and root.pub are not"};
    root_key = Ed25519PrivateKey::generate(entropy);
    write_private(root_path, root_key->seed());
  }
  if (root_key && !public_file) write_private(public_path, root_key->public_key().bytes());
  const auto root = root_key ? RootId{root_key->public_key()} : [&] {
    const auto parsed = RootId::from_bytes(*public_file);
    if (!parsed) throw KeysError{"root.pub is damaged"};
    return *parsed;
  }();
  if (public_file && !equal(*public_file, root.bytes()))
    throw KeysError{"root.key and root.pub are not of one root"};

  const SecretFile opaque_file{opaque_path};
  if (!opaque_file && host_file) throw KeysError{"opaque.key is missing: no password would work"};
  auto setup =
      opaque_file
          ? opaque::ServerSetup::parse(*opaque_file)
          : Result<opaque::ServerSetup, opaque::Error>{opaque::ServerSetup::generate(entropy)};
  if (!setup) throw KeysError{"opaque.key is damaged"};
  if (!opaque_file) {
    Bytes encoded = setup->encode();
    write_private(opaque_path, encoded);
    crypto::wipe(encoded);
  }

  if (host_file) {
    auto host = parse_host_file(*host_file);
    if (!host) throw KeysError{"host.key is damaged"};
    return Keys{directory,
                root,
                std::move(root_key),
                std::move(host->key),
                std::move(host->certificate),
                std::move(*setup)};
  }
  if (!root_key) throw KeysError{"host.key is missing, and the root that could certify another"};
  auto host = Ed25519PrivateKey::generate(entropy);
  Bytes certificate = certify(*root_key, host, 1, wall).sign(*root_key);
  write_host_file(host_path, host, certificate);
  return Keys{directory,        root, std::move(root_key), std::move(host), std::move(certificate),
              std::move(*setup)};
}

std::optional<identity::RecoveryWords> Keys::recovery_words() const {
  if (!root_key_) return std::nullopt;
  return identity::recovery_words(root_key_->seed().first<32>());
}

void Keys::forget_root_key() {
  wipe_file(directory_ / "root.key");
  root_key_.reset();
}

void Keys::rotate_host_key(const Ed25519PrivateKey& root_key, Entropy& entropy, Timestamp wall) {
  if (RootId{root_key.public_key()} != root_) throw KeysError{"these words are another root's"};
  auto host = Ed25519PrivateKey::generate(entropy);
  auto certificate = certify(root_key, host, certificate_.epoch + 1, wall);
  Bytes encoded = certificate.sign(root_key);
  write_host_file(directory_ / "host.key", host, encoded);
  host_ = std::move(host);
  certificate_ = std::move(certificate);
  encoded_certificate_ = std::move(encoded);
}

}  // namespace hearth::appliance
