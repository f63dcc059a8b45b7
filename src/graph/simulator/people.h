#pragma once
// Who writes: personas and the devices they certified.

#include <utility>

#include <hearth/base/bytes.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/model/id.h>
#include <hearth/simulator/moments.h>
#include <hearth/simulator/random.h>

namespace hearth::simulator {

struct Persona {
  crypto::Ed25519PrivateKey key;
  model::PersonaKey id;

  explicit Persona(Random& random);
};

struct Device {
  crypto::Ed25519PrivateKey key;
  model::AuthorKey author;
  model::PersonaKey persona;
  Bytes certificate;  ///< empty: it is a persona of its own

  Device(const Persona& owner, Random& random);
  /// Nobody certified it.
  explicit Device(Random& random);
  /// The same key on two machines, which a person should never have.
  [[nodiscard]] Device clone() const;

 private:
  Device(crypto::Ed25519PrivateKey same, const Device& other)
      : key(std::move(same)),
        author(other.author),
        persona(other.persona),
        certificate(other.certificate) {}
};

}  // namespace hearth::simulator
