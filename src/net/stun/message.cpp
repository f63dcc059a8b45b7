#include <algorithm>

#include <hearth/crypto/constant_time.h>
#include <hearth/crypto/crc32.h>
#include <hearth/crypto/hmac.h>
#include <hearth/stun/message.h>

namespace hearth::stun {

namespace {

constexpr std::size_t attribute_header_size = 4;
constexpr std::size_t integrity_size = 20;
constexpr std::size_t fingerprint_size = 4;
constexpr std::uint32_t fingerprint_xor = 0x5354554E;
constexpr std::size_t max_username_size = 513 - 1;  // RFC 8489 §14.3: fewer than 513 bytes

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

void put_u16(MutableBytes out, std::uint16_t value) {
  out[0] = static_cast<std::byte>(value >> 8);
  out[1] = static_cast<std::byte>(value & 0xff);
}

void put_u32(MutableBytes out, std::uint32_t value) {
  put_u16(out, static_cast<std::uint16_t>(value >> 16));
  put_u16(out.subspan(2), static_cast<std::uint16_t>(value & 0xffff));
}

void put_u64(MutableBytes out, std::uint64_t value) {
  put_u32(out, static_cast<std::uint32_t>(value >> 32));
  put_u32(out.subspan(4), static_cast<std::uint32_t>(value & 0xffffffff));
}

template <class T>
T get(BytesView bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>((value << 8) | std::to_integer<T>(bytes[i]));
  return value;
}

// §5: the method's twelve bits lie around the two of the class.
constexpr std::uint16_t type_of(Class c, Method m) {
  const auto method = static_cast<std::uint16_t>(m);
  const auto bits = static_cast<std::uint16_t>(c);
  return static_cast<std::uint16_t>((method & 0x000f) | ((method & 0x0070) << 1) |
                                    ((method & 0x0f80) << 2) | ((bits & 1) << 4) |
                                    ((bits & 2) << 7));
}

std::uint32_t fingerprint_of(BytesView before) {
  return crypto::crc32(before) ^ fingerprint_xor;
}

// §14.2: the cookie, then the transaction id, over the address. The bytes of both as they lie in
// the header.
void xor_address(MutableBytes address, const TransactionId& transaction) {
  std::array<std::byte, 16> mask;
  put_u32(mask, magic_cookie);
  std::ranges::copy(transaction.value(), mask.begin() + 4);
  for (std::size_t i = 0; i < address.size(); ++i) address[i] ^= mask[i];
}

std::optional<Endpoint> read_xor_address(BytesView value, const TransactionId& transaction) {
  if (value.size() != 8 && value.size() != 20) return std::nullopt;
  const auto family = std::to_integer<int>(value[1]);
  if (family != (value.size() == 8 ? 1 : 2)) return std::nullopt;
  std::array<std::byte, 16> storage;
  const MutableBytes address = MutableBytes{storage}.first(value.size() - 4);
  std::ranges::copy(value.subspan(4), address.begin());
  xor_address(address, transaction);
  const auto port =
      static_cast<std::uint16_t>(get<std::uint16_t>(value.subspan(2)) ^ (magic_cookie >> 16));
  return Endpoint{*IpAddress::from_bytes(address), port};
}

}  // namespace

bool looks_like_stun(BytesView datagram) {
  return datagram.size() >= header_size && (datagram[0] & std::byte{0xC0}) == std::byte{0} &&
         get<std::uint32_t>(datagram.subspan(4)) == magic_cookie;
}

Result<Message, MessageError> Message::parse(BytesView datagram) {
  if (datagram.size() < header_size) return Failure{MessageError::truncated};
  if (datagram.size() > max_message_size) return Failure{MessageError::too_long};
  if (!looks_like_stun(datagram)) return Failure{MessageError::not_stun};
  const auto type = get<std::uint16_t>(datagram);
  const std::size_t length = get<std::uint16_t>(datagram.subspan(2));
  if (length % 4 != 0) return Failure{MessageError::not_stun};
  if (length > datagram.size() - header_size) return Failure{MessageError::truncated};
  if (length < datagram.size() - header_size) return Failure{MessageError::trailing_bytes};

  Message message;
  message.bytes_ = datagram;
  message.class_ = static_cast<Class>(((type >> 4) & 1) | ((type >> 7) & 2));
  if (type != type_of(message.class_, Method::binding)) return Failure{MessageError::bad_method};
  std::array<std::byte, 12> id;
  std::ranges::copy(datagram.subspan(8, 12), id.begin());
  message.transaction_ = TransactionId{id};

  bool sealed = false;  // by an integrity attribute
  for (std::size_t at = header_size; at < datagram.size();) {
    if (message.has_fingerprint_) return Failure{MessageError::bad_fingerprint};
    const BytesView rest = datagram.subspan(at);
    if (rest.size() < attribute_header_size) return Failure{MessageError::truncated};
    const auto attribute = static_cast<Attribute>(get<std::uint16_t>(rest));
    const std::size_t size = get<std::uint16_t>(rest.subspan(2));
    if (padded(size) > rest.size() - attribute_header_size) return Failure{MessageError::truncated};
    const BytesView value = rest.subspan(attribute_header_size, size);

    if (attribute == Attribute::fingerprint) {
      if (size != fingerprint_size ||
          get<std::uint32_t>(value) != fingerprint_of(datagram.first(at)))
        return Failure{MessageError::bad_fingerprint};
      message.has_fingerprint_ = true;
    } else if (attribute == Attribute::message_integrity && !sealed) {
      if (size != integrity_size) return Failure{MessageError::bad_attribute};
      message.integrity_offset_ = at;
      sealed = true;
    } else if (attribute == Attribute::message_integrity_sha256) {
      sealed = true;
    } else if (!sealed) {
      HEARTH_CHECK(message.read_attribute(attribute, value));
    }
    at += attribute_header_size + padded(size);
  }
  return message;
}

Result<Unit, MessageError> Message::read_attribute(Attribute type, BytesView value) {
  const auto bad = Failure{MessageError::bad_attribute};
  const auto number = [&]<class T>(std::optional<T>& to) {
    if (value.size() != sizeof(T)) return false;
    if (!to) to = get<T>(value);
    return true;
  };
  switch (type) {
    case Attribute::username:
      if (value.size() > max_username_size) return bad;
      if (!username_) username_ = value;
      break;
    case Attribute::software:
      if (!software_) software_ = value;
      break;
    case Attribute::xor_mapped_address: {
      const auto endpoint = read_xor_address(value, transaction_);
      if (!endpoint) return bad;
      if (!xor_mapped_address_) xor_mapped_address_ = *endpoint;
      break;
    }
    case Attribute::priority:
      if (!number(priority_)) return bad;
      break;
    case Attribute::use_candidate:
      if (!value.empty()) return bad;
      use_candidate_ = true;
      break;
    case Attribute::ice_controlled:
      if (!number(ice_controlled_)) return bad;
      break;
    case Attribute::ice_controlling:
      if (!number(ice_controlling_)) return bad;
      break;
    case Attribute::error_code: {
      if (value.size() < 4) return bad;
      const int hundreds = std::to_integer<int>(value[2]) & 7;
      const int rest = std::to_integer<int>(value[3]);
      if (hundreds < 3 || hundreds > 6 || rest > 99) return bad;
      if (!error_code_) error_code_ = static_cast<std::uint16_t>(hundreds * 100 + rest);
      break;
    }
    case Attribute::mapped_address:
    case Attribute::unknown_attributes:
    case Attribute::realm:
    case Attribute::nonce:
      break;  // known, and of no use to us
    default: {
      const auto raw = static_cast<std::uint16_t>(type);
      if (raw < 0x8000 && unknown_count_ < unknown_.size()) unknown_[unknown_count_++] = raw;
      break;
    }
  }
  return Unit{};
}

bool Message::verify_integrity(BytesView key) const {
  if (integrity_offset_ == 0) return false;
  // §14.5: over everything before the attribute, with a length that ends at it.
  std::array<std::byte, max_message_size> copy;
  const MutableBytes covered = MutableBytes{copy}.first(integrity_offset_);
  std::ranges::copy(bytes_.first(integrity_offset_), covered.begin());
  put_u16(covered.subspan(2), static_cast<std::uint16_t>(integrity_offset_ + attribute_header_size +
                                                         integrity_size - header_size));
  return crypto::constant_time_equal(
      crypto::hmac_sha1(key, covered),
      bytes_.subspan(integrity_offset_ + attribute_header_size, integrity_size));
}

MessageWriter::MessageWriter(MutableBytes out, Class message_class,
                             const TransactionId& transaction)
    : out_(out), transaction_(transaction) {
  if (out_.size() < header_size) {
    overflow_ = true;
    return;
  }
  put_u16(out_, type_of(message_class, Method::binding));
  put_u32(out_.subspan(4), magic_cookie);
  std::ranges::copy(transaction.value(), out_.begin() + 8);
  size_ = header_size;
  set_length(size_);
}

void MessageWriter::set_length(std::size_t size) {
  put_u16(out_.subspan(2), static_cast<std::uint16_t>(size - header_size));
}

// Appends an attribute's header and zeroed padding; its value is the caller's to fill. Empty on
// overflow.
MutableBytes MessageWriter::begin(Attribute type, std::size_t size) {
  const std::size_t whole = attribute_header_size + padded(size);
  const std::size_t room = std::min(out_.size(), max_message_size);
  if (overflow_ || whole > room - size_) {
    overflow_ = true;
    return {};
  }
  const MutableBytes attribute = out_.subspan(size_, whole);
  std::ranges::fill(attribute, std::byte{0});
  put_u16(attribute, static_cast<std::uint16_t>(type));
  put_u16(attribute.subspan(2), static_cast<std::uint16_t>(size));
  size_ += whole;
  set_length(size_);
  return attribute.subspan(attribute_header_size, size);
}

MessageWriter& MessageWriter::username(BytesView name) {
  const MutableBytes value = begin(Attribute::username, name.size());
  if (value.size() == name.size()) std::ranges::copy(name, value.begin());
  return *this;
}

MessageWriter& MessageWriter::username(std::string_view left, std::string_view right) {
  const MutableBytes value = begin(Attribute::username, left.size() + 1 + right.size());
  if (value.empty()) return *this;
  std::ranges::copy(as_bytes(left), value.begin());
  value[left.size()] = std::byte{':'};
  std::ranges::copy(as_bytes(right), value.subspan(left.size() + 1).begin());
  return *this;
}

MessageWriter& MessageWriter::software(std::string_view name) {
  const MutableBytes value = begin(Attribute::software, name.size());
  if (!value.empty()) std::ranges::copy(as_bytes(name), value.begin());
  return *this;
}

MessageWriter& MessageWriter::xor_mapped_address(const Endpoint& endpoint) {
  const BytesView address = endpoint.address.bytes();
  const MutableBytes value = begin(Attribute::xor_mapped_address, 4 + address.size());
  if (value.empty()) return *this;
  value[1] = std::byte{static_cast<std::uint8_t>(endpoint.address.is_v4() ? 1 : 2)};
  put_u16(value.subspan(2), static_cast<std::uint16_t>(endpoint.port ^ (magic_cookie >> 16)));
  std::ranges::copy(address, value.subspan(4).begin());
  xor_address(value.subspan(4), transaction_);
  return *this;
}

MessageWriter& MessageWriter::priority(std::uint32_t value) {
  if (const auto out = begin(Attribute::priority, 4); !out.empty()) put_u32(out, value);
  return *this;
}

MessageWriter& MessageWriter::use_candidate() {
  (void)begin(Attribute::use_candidate, 0);
  return *this;
}

MessageWriter& MessageWriter::ice_controlled(std::uint64_t tie_breaker) {
  if (const auto out = begin(Attribute::ice_controlled, 8); !out.empty()) put_u64(out, tie_breaker);
  return *this;
}

MessageWriter& MessageWriter::ice_controlling(std::uint64_t tie_breaker) {
  if (const auto out = begin(Attribute::ice_controlling, 8); !out.empty())
    put_u64(out, tie_breaker);
  return *this;
}

MessageWriter& MessageWriter::error_code(ErrorCode code) {
  const auto number = static_cast<std::uint16_t>(code);
  if (const auto out = begin(Attribute::error_code, 4); !out.empty()) {
    out[2] = static_cast<std::byte>(number / 100);
    out[3] = static_cast<std::byte>(number % 100);
  }
  return *this;
}

MessageWriter& MessageWriter::unknown_attributes(std::span<const std::uint16_t> types) {
  const auto out = begin(Attribute::unknown_attributes, types.size() * 2);
  if (out.size() == types.size() * 2)
    for (std::size_t i = 0; i < types.size(); ++i) put_u16(out.subspan(2 * i), types[i]);
  return *this;
}

MessageWriter& MessageWriter::integrity(BytesView key) {
  const std::size_t before = size_;
  const auto out = begin(Attribute::message_integrity, integrity_size);
  if (!out.empty()) std::ranges::copy(crypto::hmac_sha1(key, out_.first(before)), out.begin());
  return *this;
}

MessageWriter& MessageWriter::fingerprint() {
  const std::size_t before = size_;
  const auto out = begin(Attribute::fingerprint, fingerprint_size);
  if (!out.empty()) put_u32(out, fingerprint_of(out_.first(before)));
  return *this;
}

std::optional<std::size_t> MessageWriter::finish() const {
  return overflow_ ? std::nullopt : std::optional{size_};
}

}  // namespace hearth::stun
