#pragma once
// Transaction ids that say whose they are.

#include <cstdint>

#include <hearth/base/entropy.h>
#include <hearth/base/strong.h>
#include <hearth/stun/message.h>

namespace hearth::ice {

/// Names a session among those that share a socket. Its agent's transaction ids begin with it, so
/// that responses find their session without a table of transactions (see Demux).
using SessionTag = Strong<struct SessionTagTag, std::uint32_t>;

/// The tag, then 64 random bits.
[[nodiscard]] stun::TransactionId make_transaction(SessionTag tag, Entropy& entropy);
[[nodiscard]] SessionTag tag_of(const stun::TransactionId& transaction);

}  // namespace hearth::ice
