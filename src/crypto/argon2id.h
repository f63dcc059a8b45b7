#pragma once
// Argon2id version 1.3 (RFC 9106), parallelism 1.

#include <cstddef>
#include <cstdint>
#include <span>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/strong.h>

namespace hearth::crypto {

struct Argon2idCost {
  std::uint32_t memory_kib = 65536;  // 8 to 4,194,303
  std::uint32_t iterations = 3;      // 1 to 1,000
  friend bool operator==(const Argon2idCost&, const Argon2idCost&) = default;
};

enum class Argon2idError : std::uint8_t { cost_out_of_range, no_memory };

/// `size` bytes (16 to 1,024) from a password of any length. Takes memory_kib of memory and, at the
/// default cost, about 100 ms: never on a thread that serves others.
[[nodiscard]] Result<Bytes, Argon2idError> argon2id(BytesView password,
                                                    std::span<const std::byte, 16> salt,
                                                    Argon2idCost cost, std::size_t size);

}  // namespace hearth::crypto
