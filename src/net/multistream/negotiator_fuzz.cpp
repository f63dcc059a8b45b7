// A side against arbitrary bytes in arbitrary portions: the first byte chooses the side, the second
// the portion. The outcome is that of all bytes at once.
#include <algorithm>
#include <array>

#include <hearth/base/assert.h>
#include <hearth/multistream/negotiator.h>

using namespace hearth;
using namespace hearth::multistream;

namespace {

struct Outcome {
  bool failed = false;
  std::size_t used = 0;
  std::string selected;
  Bytes sent;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run(bool dialer, BytesView input, std::size_t portion) {
  Negotiator negotiator =
      dialer ? Negotiator::dialer({"/a", "/noise"})
             : Negotiator::listener([](std::string_view id) { return id == "/noise"; });
  Outcome outcome;
  while (!input.empty() && negotiator.selected().empty()) {
    const BytesView piece = input.first(std::min(portion, input.size()));
    const auto used = negotiator.receive(piece);
    // How far it came before it noticed depends on the portions.
    if (!used) return {.failed = true};
    HEARTH_ASSERT(*used == piece.size() || !negotiator.selected().empty());
    outcome.used += *used;
    input = input.subspan(*used);
  }
  outcome.selected = negotiator.selected();
  std::array<std::byte, 64> piece;
  while (const std::size_t size = negotiator.poll_transmit(piece))
    append(outcome.sent, BytesView{piece}.first(size));
  HEARTH_ASSERT(outcome.sent.size() <= 64 * (max_proposals + 2));
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const BytesView input = std::as_bytes(std::span{data, size}).subspan(2);
  const bool dialer = data[0] % 2 == 0;
  const Outcome whole = run(dialer, input, input.size());
  const Outcome pieces = run(dialer, input, data[1] % 32 + 1U);
  HEARTH_ASSERT(whole == pieces);
  return 0;
}
