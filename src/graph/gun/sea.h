#pragma once
// SEA: which souls are protected, and whether a property may be written to one. A node keeps the
// signed form; only its writer and its readers look inside.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/gun/message.h>
#include <hearth/gun/value.h>

namespace hearth::crypto {
class P256PublicKey;
}

namespace hearth::gun {

enum class Verdict : std::uint8_t {
  allowed,
  omitted,           ///< older than its soul's `<?` allows: dropped, which is no error
  unverified,        ///< no signature, or not the owner's
  account_not_same,  ///< `pub` of an account must be the account
  must_exist,        ///< an alias that links to nothing
  alias_not_same,    ///< an alias that links to anything but its own name
  hash_not_same,     ///< content-addressed, and the content is another
  certificate_expired,
  certificate_fails,
  blocked,  ///< the owner took the right back
};
[[nodiscard]] std::string_view error_text(Verdict verdict);

/// Whether a soul with `<?N` drops a write of that state at `now_ms` (milliseconds since 1970).
[[nodiscard]] bool is_forgotten(std::string_view soul, double state, double now_ms);

/// The public key that writes to `soul` must be signed by, as "x.y"; empty: anybody's.
[[nodiscard]] std::string owner_of(std::string_view soul);

/// A signature that was looked at: SHA-256 of it, its key and its text. Good or bad, it stays so.
struct Checked {
  std::array<std::byte, 32> digest;
  bool is_good = false;
};

class Sea {
 public:
  /// The JSON text of a property as it is kept; nothing when there is none.
  using Lookup =
      std::function<std::optional<std::string>(std::string_view soul, std::string_view name)>;
  Sea();
  ~Sea();

  /// Whether `property` may be written to `soul`. `now_ms` is milliseconds since 1970; `lookup` is
  /// asked for what revokes certificates.
  [[nodiscard]] Verdict check(std::string_view soul, const Property& property, double now_ms,
                              const Lookup& lookup);
  /// While it lives, whatever signature is asked about is told to `to`, remembered or not.
  class Recording {
   public:
    Recording(Sea& sea, std::vector<Checked>& to) : sea_(sea) { sea.record_ = &to; }
    ~Recording() { sea_.record_ = nullptr; }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

   private:
    Sea& sea_;
  };
  /// What another Sea found out isn't looked at anew: the good ones for a long time, the bad ones
  /// until the next call.
  void note(std::span<const Checked> checked);
  /// Signatures looked at, without the ones remembered.
  [[nodiscard]] std::uint64_t verifications() const { return verifications_; }

  /// The soul that a value links to, be it signed or not.
  [[nodiscard]] static std::optional<std::string_view> target_of(std::string_view json,
                                                                 codec::TextArena& arena);

 private:
  struct Signed;
  /// What was signed, if that is how `json` is written.
  [[nodiscard]] static std::string_view unsigned_value(std::string_view json,
                                                       codec::TextArena& arena);
  struct Certificate;
  using Digest = std::array<std::byte, 32>;
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const;
  };

  [[nodiscard]] Verdict check_owned(std::string_view soul, std::string_view owner,
                                    const Property& property, const Lookup& lookup);
  [[nodiscard]] Verdict check_certificate(const Certificate& certificate, std::string_view soul,
                                          std::string_view owner, std::string_view writer,
                                          const Property& property, const Lookup& lookup);
  [[nodiscard]] bool is_blocked(std::string_view block, std::string_view owner,
                                std::string_view writer, const Lookup& lookup);
  [[nodiscard]] bool verify(std::string_view key, std::string_view text,
                            std::string_view signature);
  [[nodiscard]] bool look_at(const Digest& digest, std::string_view key, std::string_view text,
                             std::string_view signature);
  void remember(const Digest& digest);
  [[nodiscard]] const crypto::P256PublicKey* key_of(std::string_view text);

  std::map<std::string, crypto::P256PublicKey, std::less<>> keys_;
  // Good signatures seen lately, in two halves: clients send the same again and again.
  std::unordered_set<Digest, DigestHash> younger_;
  std::unordered_set<Digest, DigestHash> elder_;
  std::unordered_set<Digest, DigestHash> bad_;
  std::vector<Checked>* record_ = nullptr;
  std::uint64_t verifications_ = 0;
};

}  // namespace hearth::gun
