// Every message parser: what parses encodes to the same bytes. The first byte picks the message.

#include <cstdint>
#include <cstdlib>

#include <hearth/opaque/messages.h>
#include <hearth/opaque/server.h>

using namespace hearth;
using namespace hearth::opaque;

template <class Message>
static void check(BytesView bytes) {
  const auto message = Message::parse(bytes);
  if (message && !equal(message->encode(), bytes)) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView bytes = std::as_bytes(std::span{data, size}).subspan(1);
  switch (data[0] % 7) {
    case 0:
      check<RegistrationRequest>(bytes);
      break;
    case 1:
      check<RegistrationResponse>(bytes);
      break;
    case 2:
      check<RegistrationRecord>(bytes);
      break;
    case 3:
      check<Ke1>(bytes);
      break;
    case 4:
      check<Ke2>(bytes);
      break;
    case 5:
      check<Ke3>(bytes);
      break;
    default:
      check<ServerSetup>(bytes);
      break;
  }
  return 0;
}
