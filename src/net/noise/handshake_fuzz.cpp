// A side against arbitrary bytes, or against a real peer whose bytes are altered at a few places.
// The first byte chooses.
#include <array>

#include <hearth/base/assert.h>
#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/noise/handshake.h>

using namespace hearth;
using namespace hearth::noise;

namespace {

struct World {
  SeededEntropy entropy;
  crypto::Ed25519PrivateKey key = crypto::Ed25519PrivateKey::generate(entropy);
  Credentials credentials{key, entropy};
  Handshake side(Role role) {
    return {credentials, {.role = role, .stream_muxers = {"/yamux/1.0.0"}}, entropy};
  }
};

// False once the receiver refused.
bool carry(Handshake& from, Handshake& to, BytesView& changes) {
  std::array<std::byte, 1024> buffer;
  const std::size_t size = from.poll_transmit(buffer);
  if (!changes.empty()) {
    const std::size_t count = std::min<std::size_t>(std::to_integer<std::size_t>(changes[0]), 4);
    changes = changes.subspan(1);
    for (std::size_t i = 0; i < count && changes.size() >= 2 && size > 0; ++i) {
      buffer[std::to_integer<std::size_t>(changes[0]) * 3 % size] ^= changes[1];
      changes = changes.subspan(2);
    }
  }
  return to.receive(BytesView{buffer}.first(size)).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  BytesView input = std::as_bytes(std::span{data, size}).subspan(1);
  static World* const world = new World;  // keys once: they are the slow part
  Handshake initiator = world->side(Role::initiator);
  Handshake responder = world->side(Role::responder);
  switch (data[0] % 3) {
    case 0:
      (void)responder.receive(input);
      return 0;
    case 1:
      (void)initiator.receive(input);
      return 0;
    default:
      break;
  }
  if (!carry(initiator, responder, input) || !carry(responder, initiator, input) ||
      !carry(initiator, responder, input))
    return 0;
  if (initiator.done() && responder.done())
    HEARTH_ASSERT(initiator.take().handshake_hash == responder.take().handshake_hash);
  return 0;
}
