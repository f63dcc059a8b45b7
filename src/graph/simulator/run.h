#pragma once
// What every part of one run shares: its time, its chance, what it saw, and what went wrong.

#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/time.h>
#include <hearth/model/id.h>
#include <hearth/simulator/moments.h>
#include <hearth/simulator/random.h>
#include <hearth/update/header.h>
#include <hearth/update/verifier.h>

namespace hearth::simulator {

/// How often things happened, by their names.
using Totals = std::map<std::string, std::uint64_t, std::less<>>;

/// An update as it travels, with the certificate that begins its log.
struct Letter {
  update::Update update;
  Bytes certificate;
};
using LetterPtr = std::shared_ptr<const Letter>;

/// For traces: the first 8 digits.
[[nodiscard]] std::string name_of(BytesView id);

inline std::string part(std::string_view text) {
  return std::string{text};
}
inline std::string part(std::integral auto number) {
  return std::to_string(number);
}
template <class Tag>
std::string part(const Strong<Tag, model::Bytes32>& id) {
  return name_of(id.value());
}

class Run {
 public:
  static constexpr std::size_t tail_size = 60;

  Run(std::uint64_t seed, std::function<void(std::string_view)> on_line)
      : random{seed}, on_line_(std::move(on_line)) {}

  Random random;
  Totals totals;
  Timestamp time = beginning;  ///< the true one
  update::Verifier verifier;
  /// Updates that were verified once: all machines are one process, and signatures cost most.
  std::map<model::UpdateId, LetterPtr> verified;
  /// Authors whose personas never were members, and whose updates are good for nothing where
  /// members alone write.
  std::set<model::AuthorKey> strangers;
  /// All that honest people wrote, whatever became of it.
  std::map<model::UpdateId, LetterPtr> written;
  bool checks_signatures = true;  ///< false: sabotage, for tests of the checkers

  void count(std::string_view what, std::uint64_t times = 1);
  /// A line of the trace.
  template <class... Parts>
  void note(const Parts&... parts) {
    std::string line = std::to_string(time.ms - beginning.ms);
    ((line += ' ', line += part(parts)), ...);
    add_line(std::move(line));
  }
  /// The first failure stays.
  template <class... Parts>
  void fail(const Parts&... parts) {
    if (failure_) return;
    std::string text;
    ((text += text.empty() ? "" : " ", text += part(parts)), ...);
    note("FAILED", text);
    failure_ = std::move(text);
  }
  [[nodiscard]] bool has_failed() const { return failure_.has_value(); }
  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }
  [[nodiscard]] const std::deque<std::string>& tail() const { return tail_; }

 private:
  void add_line(std::string line);

  std::function<void(std::string_view)> on_line_;
  std::deque<std::string> tail_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::optional<std::string> failure_;
};

}  // namespace hearth::simulator
