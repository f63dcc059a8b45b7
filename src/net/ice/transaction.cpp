#include <array>
#include <cstddef>
#include <span>

#include <hearth/ice/transaction.h>

namespace hearth::ice {

stun::TransactionId make_transaction(SessionTag tag, Entropy& entropy) {
  std::array<std::byte, 12> id;
  for (std::size_t i = 0; i < 4; ++i)
    id[i] = static_cast<std::byte>((tag.value() >> (24 - 8 * i)) & 0xff);
  entropy.fill(std::span{id}.subspan(4));
  return stun::TransactionId{id};
}

SessionTag tag_of(const stun::TransactionId& transaction) {
  std::uint32_t tag = 0;
  for (std::size_t i = 0; i < 4; ++i)
    tag = (tag << 8) | std::to_integer<std::uint32_t>(transaction.value()[i]);
  return SessionTag{tag};
}

}  // namespace hearth::ice
