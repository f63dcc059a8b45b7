#pragma once
// What an appliance keeps of its personas and their devices, and its one encoding.

#include <cstdint>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/argon2id.h>
#include <hearth/identity/id.h>
#include <hearth/identity/statement.h>
#include <hearth/opaque/messages.h>

namespace hearth::access {

using identity::DeviceId;
using identity::DeviceKind;
using identity::PersonaId;

enum class Role : std::uint8_t { owner = 0, member = 1 };
[[nodiscard]] std::string_view to_string(Role role);

/// How a persona shows that it knows its password, and the key it gets for it.
struct Credentials {
  opaque::RegistrationRecord record;
  /// The client needs it again at each login.
  crypto::Argon2idCost stretching;
  Bytes vault;  ///< the persona's seed, sealed (identity/vault.h)
};

struct Persona {
  PersonaId id;
  std::string name;  ///< unique on the appliance
  std::string display_name;
  Role role = Role::member;
  std::uint64_t created = 0;  ///< seconds since 1970
  Credentials credentials;
  /// By which the persona certified this appliance; empty until it has.
  Bytes appliance_certificate;

  [[nodiscard]] Bytes encode() const;
};

enum class Enrolled : std::uint8_t { setup = 0, password = 1, pairing = 2 };
[[nodiscard]] std::string_view to_string(Enrolled how);

struct Device {
  DeviceId id;
  PersonaId persona;
  std::string name;
  DeviceKind kind = DeviceKind::browser;
  std::uint64_t added = 0;      ///< seconds since 1970
  std::uint64_t last_seen = 0;  ///< seconds since 1970
  Enrolled how = Enrolled::password;
  /// False: forgotten some minutes after it has gone.
  bool remembered = true;
  Bytes certificate;  ///< empty until there is one

  [[nodiscard]] Bytes encode() const;
};

/// CBOR, first element the version; whatever a decoder doesn't know, it refuses.
enum class RecordError : std::uint8_t { malformed, unsupported_version };
[[nodiscard]] Result<Persona, RecordError> decode_persona(BytesView bytes);
[[nodiscard]] Result<Device, RecordError> decode_device(BytesView bytes);

}  // namespace hearth::access
