#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/opaque/messages.h>

namespace hearth::opaque {
namespace {

/// Cuts a message whose size was checked into its fields.
class Fields {
 public:
  explicit Fields(BytesView bytes) : rest_(bytes) {}

  template <std::size_t Size>
  std::array<std::byte, Size> array() {
    std::array<std::byte, Size> field;
    std::ranges::copy(take(Size), field.begin());
    return field;
  }
  Result<Ristretto255Element, Error> element() {
    auto parsed = Ristretto255Element::create(take(Ristretto255Element::size));
    if (!parsed) return Failure{Error::invalid_element};
    return *parsed;
  }
  Envelope envelope() {
    const auto nonce = array<32>();
    return {.nonce = nonce, .auth_tag = array<64>()};
  }

 private:
  BytesView take(std::size_t count) {
    HEARTH_ASSERT(rest_.size() >= count);
    const BytesView field = rest_.first(count);
    rest_ = rest_.subspan(count);
    return field;
  }
  BytesView rest_;
};

Bytes concat(std::initializer_list<BytesView> fields) {
  Bytes bytes;
  bytes.reserve(Ke2::size);
  for (const BytesView field : fields) append(bytes, field);
  return bytes;
}

}  // namespace

Result<RegistrationRequest, Error> RegistrationRequest::parse(BytesView bytes) {
  if (bytes.size() != size) return Failure{Error::wrong_size};
  HEARTH_TRY(const auto blinded, Fields{bytes}.element());
  return RegistrationRequest{.blinded = blinded};
}

Bytes RegistrationRequest::encode() const {
  return concat({blinded.bytes()});
}

Result<RegistrationResponse, Error> RegistrationResponse::parse(BytesView bytes) {
  if (bytes.size() != size) return Failure{Error::wrong_size};
  Fields fields{bytes};
  HEARTH_TRY(const auto evaluated, fields.element());
  HEARTH_TRY(const auto server_public_key, fields.element());
  return RegistrationResponse{.evaluated = evaluated, .server_public_key = server_public_key};
}

Bytes RegistrationResponse::encode() const {
  return concat({evaluated.bytes(), server_public_key.bytes()});
}

Result<RegistrationRecord, Error> RegistrationRecord::parse(BytesView bytes) {
  if (bytes.size() != size) return Failure{Error::wrong_size};
  Fields fields{bytes};
  HEARTH_TRY(const auto client_public_key, fields.element());
  const auto masking_key = fields.array<64>();
  return RegistrationRecord{.client_public_key = client_public_key,
                            .masking_key = masking_key,
                            .envelope = fields.envelope()};
}

Bytes RegistrationRecord::encode() const {
  return concat({client_public_key.bytes(), masking_key, envelope.nonce, envelope.auth_tag});
}

Result<Ke1, Error> Ke1::parse(BytesView bytes) {
  if (bytes.size() != size) return Failure{Error::wrong_size};
  Fields fields{bytes};
  HEARTH_TRY(const auto blinded, fields.element());
  const auto client_nonce = fields.array<32>();
  HEARTH_TRY(const auto client_keyshare, fields.element());
  return Ke1{.blinded = blinded, .client_nonce = client_nonce, .client_keyshare = client_keyshare};
}

Bytes Ke1::encode() const {
  return concat({blinded.bytes(), client_nonce, client_keyshare.bytes()});
}

Result<Ke2, Error> Ke2::parse(BytesView bytes) {
  if (bytes.size() != size) return Failure{Error::wrong_size};
  Fields fields{bytes};
  HEARTH_TRY(const auto evaluated, fields.element());
  const auto masking_nonce = fields.array<32>();
  const auto masked_response = fields.array<masked_size>();
  const auto server_nonce = fields.array<32>();
  HEARTH_TRY(const auto server_keyshare, fields.element());
  return Ke2{.evaluated = evaluated,
             .masking_nonce = masking_nonce,
             .masked_response = masked_response,
             .server_nonce = server_nonce,
             .server_keyshare = server_keyshare,
             .server_mac = fields.array<64>()};
}

Bytes Ke2::encode() const {
  return concat({evaluated.bytes(), masking_nonce, masked_response, server_nonce,
                 server_keyshare.bytes(), server_mac});
}

Result<Ke3, Error> Ke3::parse(BytesView bytes) {
  if (bytes.size() != size) return Failure{Error::wrong_size};
  return Ke3{.client_mac = Fields{bytes}.array<64>()};
}

Bytes Ke3::encode() const {
  return concat({client_mac});
}

}  // namespace hearth::opaque
