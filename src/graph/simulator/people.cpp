#include <hearth/codec/cbor.h>
#include <hearth/simulator/people.h>
#include <hearth/update/header.h>
#include <hearth/update/signing.h>

namespace hearth::simulator {

namespace {

// As docs/protocol/identity.md has it.
Bytes certificate_of(const Persona& persona, const crypto::Ed25519PublicKey& device) {
  const Bytes payload = codec::CborWriter{}
                            .array(6)
                            .uint(1)
                            .bytes(persona.id.value())
                            .bytes(device.bytes())
                            .text("cli")
                            .uint(static_cast<std::uint64_t>(beginning.ms / second_ms))
                            .bytes({})
                            .take();
  const auto signature = persona.key.sign(update::labelled("hearth/device-certificate", payload));
  return codec::CborWriter{}.array(2).bytes(payload).bytes(signature).take();
}

}  // namespace

Persona::Persona(Random& random)
    : key(random.key()), id(update::author_of(key.public_key()).value()) {}

Device::Device(const Persona& owner, Random& random)
    : key(random.key()),
      author(update::author_of(key.public_key())),
      persona(owner.id),
      certificate(certificate_of(owner, key.public_key())) {}

Device::Device(Random& random)
    : key(random.key()), author(update::author_of(key.public_key())), persona(author.value()) {}

Device Device::clone() const {
  return Device{key.clone(), *this};
}

}  // namespace hearth::simulator
