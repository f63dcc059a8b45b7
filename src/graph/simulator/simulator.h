#pragma once
// Many replicas of one space in one process, with everything that happens to them: a seed is a
// whole history, and says again what went wrong.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/simulator/run.h>

namespace hearth::simulator {

/// Something broken on purpose, which a checker has to notice.
enum class Sabotage : std::uint8_t {
  none,
  lying_disk,          ///< says that it synced, and did not: durability
  deaf_machine,        ///< never takes one author's updates: convergence
  unchecked_signature  ///< takes any signature: authorisation
};

struct Options {
  std::uint64_t seed = 0;
  std::size_t replicas = 0;  ///< at the beginning; 0: 3 to 6, as the seed says
  std::size_t steps = 0;     ///< 0: 100 to 500, as the seed says
  Sabotage sabotage = Sabotage::none;
  std::function<void(std::string_view line)> on_line;  ///< the trace, as it happens
};

struct Outcome {
  std::optional<std::string> failure;  ///< nothing: every checker was content
  std::vector<std::string> tail;       ///< of the trace
  std::uint64_t trace_hash = 0;        ///< equal for equal options
  Bytes state;                         ///< which all replicas have in the end
  Totals totals;
};

[[nodiscard]] Outcome simulate(const Options& options);

}  // namespace hearth::simulator
