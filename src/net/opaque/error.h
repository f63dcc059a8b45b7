#pragma once

#include <cstdint>

namespace hearth::opaque {

enum class Error : std::uint8_t {
  wrong_size,
  /// Bytes that are no element of the group, or its identity.
  invalid_element,
  /// A private key out of range.
  invalid_key,
  /// The password hashes to the identity (never by chance).
  invalid_password,
  /// Wrong password, other identities, or a tampered envelope: the client can't tell which (RFC
  /// 9807 §4.1.3).
  envelope_recovery,
  /// The server's MAC is wrong: it doesn't hold the record's keys (RFC 9807 §6.4.3).
  server_authentication,
  /// The client's MAC is wrong: it didn't know the password (RFC 9807 §6.4.4).
  client_authentication,
  /// The key stretching asked for can't be done here.
  key_stretching,
};

}  // namespace hearth::opaque
