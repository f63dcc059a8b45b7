#include <limits>

#include <hearth/access/records.h>
#include <hearth/base/assert.h>
#include <hearth/codec/cbor.h>

namespace hearth::access {
namespace {

using codec::CborReader;
using codec::CborWriter;

constexpr std::uint64_t version = 1;

template <class T, class E>
Result<T, RecordError> field(Result<T, E> read) {
  if (!read) return Failure{RecordError::malformed};
  return std::move(*read);
}

/// The fields of a record, in order.
class Fields {
 public:
  [[nodiscard]] static Result<Fields, RecordError> open(BytesView bytes, std::uint64_t count) {
    Fields fields{bytes};
    HEARTH_TRY(const auto items, field(fields.reader_.array()));
    if (items == 0) return Failure{RecordError::malformed};
    HEARTH_TRY(const auto said, field(fields.reader_.uint()));
    if (said != version) return Failure{RecordError::unsupported_version};
    if (items != count) return Failure{RecordError::malformed};
    return fields;
  }
  template <class Id>
  [[nodiscard]] Result<Id, RecordError> id() {
    HEARTH_TRY(const auto bytes, field(reader_.bytes()));
    return field(Id::from_bytes(bytes));
  }
  [[nodiscard]] Result<std::string, RecordError> text() {
    HEARTH_TRY(const auto text, field(reader_.text()));
    return std::string{text};
  }
  [[nodiscard]] Result<Bytes, RecordError> bytes() {
    HEARTH_TRY(const auto bytes, field(reader_.bytes()));
    return to_bytes(bytes);
  }
  [[nodiscard]] Result<std::uint64_t, RecordError> number(std::uint64_t highest) {
    HEARTH_TRY(const auto value, field(reader_.uint()));
    if (value > highest) return Failure{RecordError::malformed};
    return value;
  }
  [[nodiscard]] Result<bool, RecordError> boolean() { return field(reader_.boolean()); }
  [[nodiscard]] Result<Unit, RecordError> done() const { return field(reader_.done()); }

 private:
  explicit Fields(BytesView bytes) : reader_(bytes) {}
  CborReader reader_;
};

constexpr std::uint64_t any_time = identity::max_number;
constexpr std::uint64_t any_cost = std::numeric_limits<std::uint32_t>::max();

}  // namespace

std::string_view to_string(Role role) {
  return role == Role::owner ? "owner" : "member";
}

std::string_view to_string(Enrolled how) {
  switch (how) {
    case Enrolled::setup:
      return "setup";
    case Enrolled::password:
      return "password";
    case Enrolled::pairing:
      return "pairing";
  }
  HEARTH_ASSERT(false);
}

Bytes Persona::encode() const {
  return CborWriter{}
      .array(11)
      .uint(version)
      .bytes(id.bytes())
      .text(name)
      .text(display_name)
      .uint(static_cast<std::uint64_t>(role))
      .uint(created)
      .bytes(credentials.record.encode())
      .uint(credentials.stretching.memory_kib)
      .uint(credentials.stretching.iterations)
      .bytes(credentials.vault)
      .bytes(appliance_certificate)
      .take();
}

Result<Persona, RecordError> decode_persona(BytesView bytes) {
  HEARTH_TRY(auto fields, Fields::open(bytes, 11));
  HEARTH_TRY(const auto id, fields.id<PersonaId>());
  HEARTH_TRY(auto name, fields.text());
  HEARTH_TRY(auto display_name, fields.text());
  HEARTH_TRY(const auto role, fields.number(1));
  HEARTH_TRY(const auto created, fields.number(any_time));
  HEARTH_TRY(const auto encoded_record, fields.bytes());
  HEARTH_TRY(const auto record, field(opaque::RegistrationRecord::parse(encoded_record)));
  HEARTH_TRY(const auto memory_kib, fields.number(any_cost));
  HEARTH_TRY(const auto iterations, fields.number(any_cost));
  HEARTH_TRY(auto vault, fields.bytes());
  HEARTH_TRY(auto certificate, fields.bytes());
  HEARTH_CHECK(fields.done());
  return Persona{
      .id = id,
      .name = std::move(name),
      .display_name = std::move(display_name),
      .role = static_cast<Role>(role),
      .created = created,
      .credentials = {.record = record,
                      .stretching = {.memory_kib = static_cast<std::uint32_t>(memory_kib),
                                     .iterations = static_cast<std::uint32_t>(iterations)},
                      .vault = std::move(vault)},
      .appliance_certificate = std::move(certificate)};
}

Bytes Device::encode() const {
  return CborWriter{}
      .array(10)
      .uint(version)
      .bytes(id.bytes())
      .bytes(persona.bytes())
      .text(name)
      .uint(static_cast<std::uint64_t>(kind))
      .uint(added)
      .uint(last_seen)
      .uint(static_cast<std::uint64_t>(how))
      .boolean(remembered)
      .bytes(certificate)
      .take();
}

Result<Device, RecordError> decode_device(BytesView bytes) {
  HEARTH_TRY(auto fields, Fields::open(bytes, 10));
  HEARTH_TRY(const auto id, fields.id<DeviceId>());
  HEARTH_TRY(const auto persona, fields.id<PersonaId>());
  HEARTH_TRY(auto name, fields.text());
  HEARTH_TRY(const auto kind, fields.number(2));
  HEARTH_TRY(const auto added, fields.number(any_time));
  HEARTH_TRY(const auto last_seen, fields.number(any_time));
  HEARTH_TRY(const auto how, fields.number(2));
  HEARTH_TRY(const auto remembered, fields.boolean());
  HEARTH_TRY(auto certificate, fields.bytes());
  HEARTH_CHECK(fields.done());
  return Device{.id = id,
                .persona = persona,
                .name = std::move(name),
                .kind = static_cast<DeviceKind>(kind),
                .added = added,
                .last_seen = last_seen,
                .how = static_cast<Enrolled>(how),
                .remembered = remembered,
                .certificate = std::move(certificate)};
}

}  // namespace hearth::access
