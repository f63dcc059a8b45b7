#pragma once
// The STUN message: reading without a copy, writing without allocation (RFC 8489 §5, §14; RFC 8445
// §16).

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/base/result.h>
#include <hearth/base/strong.h>

namespace hearth::stun {

inline constexpr std::size_t header_size = 20;
/// Longer messages are refused: over UDP a message must fit the path (RFC 8489 §6.1).
inline constexpr std::size_t max_message_size = 1280;
inline constexpr std::uint32_t magic_cookie = 0x2112A442;

/// Draw it from a cryptographic source: it is what an off-path forger has to guess.
using TransactionId = Strong<struct TransactionIdTag, std::array<std::byte, 12>>;

enum class Class : std::uint8_t { request = 0, indication = 1, success = 2, error = 3 };
enum class Method : std::uint16_t { binding = 1 };

enum class Attribute : std::uint16_t {
  mapped_address = 0x0001,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000A,
  realm = 0x0014,
  nonce = 0x0015,
  message_integrity_sha256 = 0x001C,
  xor_mapped_address = 0x0020,
  priority = 0x0024,
  use_candidate = 0x0025,
  software = 0x8022,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802A,
};

/// RFC 8489 §14.8, RFC 8445 §7.3.1.1.
enum class ErrorCode : std::uint16_t {
  bad_request = 400,
  unauthenticated = 401,
  unknown_attribute = 420,
  role_conflict = 487,
  server_error = 500,
};

enum class MessageError : std::uint8_t {
  truncated,        // shorter than its header or an attribute says
  not_stun,         // the first two bits, the cookie or the length field's low bits are wrong
  trailing_bytes,   // more bytes than the header says
  too_long,         // more than max_message_size
  bad_method,       // not Binding
  bad_attribute,    // an attribute we know, with a value that can't be
  bad_fingerprint,  // FINGERPRINT present and wrong, or not the last
};

/// Whether a datagram may be STUN by its first byte and cookie (RFC 7983 §7): for demultiplexing.
[[nodiscard]] bool looks_like_stun(BytesView datagram);

/// A parsed message. Borrows the datagram it was parsed from. Of repeated attributes the first
/// counts; what follows MESSAGE-INTEGRITY, other than FINGERPRINT, is ignored (RFC 8489 §14.5).
class Message {
 public:
  [[nodiscard]] static Result<Message, MessageError> parse(BytesView datagram);

  [[nodiscard]] Class message_class() const { return class_; }
  [[nodiscard]] Method method() const { return Method::binding; }
  [[nodiscard]] const TransactionId& transaction() const { return transaction_; }
  [[nodiscard]] BytesView bytes() const { return bytes_; }

  [[nodiscard]] std::optional<BytesView> username() const { return username_; }
  [[nodiscard]] std::optional<BytesView> software() const { return software_; }
  [[nodiscard]] std::optional<Endpoint> xor_mapped_address() const { return xor_mapped_address_; }
  [[nodiscard]] std::optional<std::uint32_t> priority() const { return priority_; }
  [[nodiscard]] bool use_candidate() const { return use_candidate_; }
  /// The sender's tie-breaker in that role.
  [[nodiscard]] std::optional<std::uint64_t> ice_controlled() const { return ice_controlled_; }
  [[nodiscard]] std::optional<std::uint64_t> ice_controlling() const { return ice_controlling_; }
  /// 300 to 699.
  [[nodiscard]] std::optional<std::uint16_t> error_code() const { return error_code_; }
  /// Types of attributes we must understand and don't (RFC 8489 §14); at most 8 are kept.
  [[nodiscard]] std::span<const std::uint16_t> unknown_required() const {
    return std::span{unknown_}.first(unknown_count_);
  }

  [[nodiscard]] bool has_integrity() const { return integrity_offset_ != 0; }
  /// A right one: parse() refuses a wrong one.
  [[nodiscard]] bool has_fingerprint() const { return has_fingerprint_; }
  /// Whether MESSAGE-INTEGRITY is there and made with `key` (for short-term credentials: the
  /// password). The comparison takes constant time.
  [[nodiscard]] bool verify_integrity(BytesView key) const;

 private:
  Message() = default;
  Result<Unit, MessageError> read_attribute(Attribute type, BytesView value);

  BytesView bytes_;
  Class class_ = Class::request;
  TransactionId transaction_;
  std::optional<BytesView> username_;
  std::optional<BytesView> software_;
  std::optional<Endpoint> xor_mapped_address_;
  std::optional<std::uint32_t> priority_;
  std::optional<std::uint64_t> ice_controlled_;
  std::optional<std::uint64_t> ice_controlling_;
  std::optional<std::uint16_t> error_code_;
  std::array<std::uint16_t, 8> unknown_{};
  std::uint8_t unknown_count_ = 0;
  bool use_candidate_ = false;
  bool has_fingerprint_ = false;
  std::size_t integrity_offset_ = 0;  // of the attribute's header; 0: none
};

/// Writes one message into a caller's buffer. integrity() and fingerprint() come last, in this
/// order.
class MessageWriter {
 public:
  MessageWriter(MutableBytes out, Class message_class, const TransactionId& transaction);

  MessageWriter& username(BytesView name);
  /// "left:right", as ICE forms it.
  MessageWriter& username(std::string_view left, std::string_view right);
  MessageWriter& software(std::string_view name);
  MessageWriter& xor_mapped_address(const Endpoint& endpoint);
  MessageWriter& priority(std::uint32_t value);
  MessageWriter& use_candidate();
  MessageWriter& ice_controlled(std::uint64_t tie_breaker);
  MessageWriter& ice_controlling(std::uint64_t tie_breaker);
  /// Without a reason phrase: nobody reads it.
  MessageWriter& error_code(ErrorCode code);
  MessageWriter& unknown_attributes(std::span<const std::uint16_t> types);
  MessageWriter& integrity(BytesView key);
  MessageWriter& fingerprint();

  /// The message's size; nothing when the buffer was too small.
  [[nodiscard]] std::optional<std::size_t> finish() const;

 private:
  MutableBytes begin(Attribute type, std::size_t size);
  void set_length(std::size_t size);

  MutableBytes out_;
  TransactionId transaction_;
  std::size_t size_ = 0;
  bool overflow_ = false;
};

}  // namespace hearth::stun
