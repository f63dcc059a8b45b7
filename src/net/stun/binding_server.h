#pragma once
// Tells strangers their reflexive address, and is of no use for attacking anyone with the answers.

#include <cstddef>
#include <cstdint>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/stun/message.h>
#include <hearth/stun/prefix_table.h>

namespace hearth::stun {

enum class ServerRefusal : std::uint8_t {
  not_a_request,  // not STUN, or not a Binding request
  unpaid,  // the answer would be longer than what its prefix has sent us: a retransmission pays it
  prefix_limited,  // more than Options::per_prefix
  limited,         // more than Options::in_all
  no_room,         // the caller's buffer is too short
};

/// Answers Binding requests (RFC 8489 §6.3.1), keeping no state per client.
///
/// The threat is reflection: requests with a forged source make us send to a victim. So every byte
/// sent to a prefix was first received from it: an answer has 32 bytes (IPv6: 44), and a request
/// that is shorter (browsers send 20) only adds to its prefix's credit; the second one is answered.
/// Padded requests are answered at once. Amplification in bytes and in packets is at most 1.0, per
/// prefix and so in all, whatever is sent; the bounded table may forget credit, never invent it.
///
/// Deviates from RFC 8489 §6.3.1: requests that can't be parsed get silence, not error 400, and no
/// FINGERPRINT or SOFTWARE is sent.
class BindingServer {
 public:
  struct Options {
    Rate::Limit per_prefix{.per_second = 20, .burst = 60};
    Rate::Limit in_all{.per_second = 5'000, .burst = 10'000};
    /// Power of two; four prefixes each (48 bytes a prefix).
    std::size_t table_sets = 1024;
  };
  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t answered = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t unpaid = 0;
    std::uint64_t limited = 0;
  };
  /// Enough for any answer.
  static constexpr std::size_t max_answer_size = 64;

  BindingServer(const Options& options, Entropy& entropy);

  /// The size of the answer, written to `out`, to be sent back to `from` from where the request
  /// came to.
  Result<std::size_t, ServerRefusal> answer(Instant now, const Endpoint& from, BytesView datagram,
                                            MutableBytes out);
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Account {
    Rate rate;
    std::uint32_t credit_bytes = 0;
  };

  Options options_;
  PrefixTable<Account> accounts_;
  Rate all_;
  Counters counters_;
};

}  // namespace hearth::stun
