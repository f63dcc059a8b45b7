// Any bytes: no crash, and what was read can be written and read again.
#include <hearth/base/assert.h>
#include <hearth/stun/message.h>

using namespace hearth;
using namespace hearth::stun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = Message::parse(std::as_bytes(std::span{data, size}));
  if (!message) return 0;
  (void)message->verify_integrity(as_bytes("password"));

  std::array<std::byte, max_message_size> out;
  MessageWriter writer{out, message->message_class(), message->transaction()};
  if (message->username()) writer.username(*message->username());
  if (message->xor_mapped_address()) writer.xor_mapped_address(*message->xor_mapped_address());
  if (message->priority()) writer.priority(*message->priority());
  if (message->use_candidate()) writer.use_candidate();
  if (message->ice_controlled()) writer.ice_controlled(*message->ice_controlled());
  if (message->ice_controlling()) writer.ice_controlling(*message->ice_controlling());
  const auto written = writer.integrity(as_bytes("password")).fingerprint().finish();
  if (!written) return 0;
  const auto again = Message::parse(std::span{out}.first(*written));
  HEARTH_ASSERT(again);
  HEARTH_ASSERT(again->verify_integrity(as_bytes("password")));
  HEARTH_ASSERT(again->xor_mapped_address() == message->xor_mapped_address());
  HEARTH_ASSERT(again->priority() == message->priority());
  HEARTH_ASSERT(again->use_candidate() == message->use_candidate());
  HEARTH_ASSERT(again->ice_controlled() == message->ice_controlled());
  HEARTH_ASSERT(again->ice_controlling() == message->ice_controlling());
  HEARTH_ASSERT(again->username().has_value() == message->username().has_value());
  if (message->username()) HEARTH_ASSERT(equal(*again->username(), *message->username()));
  return 0;
}
