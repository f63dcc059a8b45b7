#include "state.h"

#include <algorithm>

#include <hearth/crypto/hmac.h>

namespace hearth::appliance {
namespace {

access::Directory load(const ApiOptions& options) {
  auto directory = access::Directory::load(options.store, options.now());
  if (!directory)
    throw StateFailed{directory.error() == storage::StoreError::corrupt
                          ? "a record of a persona or device can't be read"
                          : "the database can't be read"};
  return std::move(*directory);
}

std::string load_name(const ApiOptions& options) {
  const auto stored = options.store.get("setting/name");
  if (!stored) throw StateFailed{"the database can't be read"};
  return *stored ? to_text(**stored) : options.default_name;
}

crypto::Secret<32> fake_key_of(const opaque::ServerSetup& setup) {
  Bytes encoded = setup.encode();
  const auto digest = crypto::hmac_sha256(encoded, as_bytes("hearth/fake-persona"));
  crypto::wipe(encoded);
  return crypto::Secret<32>{digest};
}

}  // namespace

State::State(ApiOptions given_options, ApiEvents given_events)
    : options(std::move(given_options)),
      events(std::move(given_events)),
      name(load_name(options)),
      directory(load(options)),
      gate(options.entropy, directory.claimed()),
      fake_key(fake_key_of(options.keys.opaque())) {}

std::uint64_t State::seconds() const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, wall().seconds()));
}

void State::revoke(const DeviceId& device) {
  sessions.close(device);
  pairings.close_made_by(device);
  change_guesses.erase(device.to_string());
  if (events.on_device_revoked) events.on_device_revoked(device);
  changed("devices");
}

Bytes Call::owner() const {
  if (caller.peer) return caller.peer->bytes();
  return to_bytes(caller.console ? "console" : "loopback");
}

}  // namespace hearth::appliance
