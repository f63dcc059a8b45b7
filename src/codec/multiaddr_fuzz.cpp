// The first byte chooses text or bytes; what reads also writes to the same.
#include <hearth/base/assert.h>
#include <hearth/codec/multiaddr.h>

using namespace hearth;
using namespace hearth::codec;

namespace {

void look_at(const Multiaddr& address) {
  (void)address.tcp();
  (void)address.udp();
  (void)address.dns_tcp();
  (void)address.p2p();
  (void)address.certhashes();
  (void)address.is_secure_websocket();
  (void)address.without_p2p();
  if (const auto before = address.before_circuit()) {
    const Multiaddr again =
        before->with(Protocol::p2p_circuit).encapsulate(address.after_circuit().value());
    HEARTH_ASSERT(again == address);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView input = std::as_bytes(std::span{data, size}).subspan(1);
  const auto address =
      data[0] % 2 == 0 ? Multiaddr::from_bytes(input) : Multiaddr::parse(as_text(input));
  if (!address) return 0;
  if (data[0] % 2 == 0) HEARTH_ASSERT(equal(address->bytes(), input));
  look_at(*address);
  if (address->empty()) return 0;
  const auto from_text = Multiaddr::parse(address->to_string());
  HEARTH_ASSERT(from_text && *from_text == *address);
  const auto from_bytes = Multiaddr::from_bytes(address->bytes());
  HEARTH_ASSERT(from_bytes && *from_bytes == *address);
  return 0;
}
