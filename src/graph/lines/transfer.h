#pragma once
// A space as lines of text, out of a replica and into one.
//
//   Exporter exporter{replica};
//   while (auto line = *exporter.next()) out << *line;            // each ends with a line feed
//
//   auto replica = *Replica::open(store, prefix, *space_of(first_line), now);
//   Importer importer{*replica, [](std::uint64_t line, ImportError why) { … }};
//   while (chunk) HEARTH_CHECK(importer.feed(chunk));             // of any size
//   const Imported imported = *importer.finish();

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/graph_lines/line.h>
#include <hearth/replica/replica.h>
#include <hearth/update/verifier.h>

namespace hearth::graph_lines {

/// Everything that a replica holds and that may count, a line at a time: a function of what it
/// holds. What is written to it meanwhile is left out, or may be; nothing then is missing that what
/// is there needs.
class Exporter {
 public:
  explicit Exporter(replica::Replica& replica);
  /// The next line, with its line feed. Nothing: that was all.
  [[nodiscard]] Result<std::optional<std::string>, replica::Refusal> next();

 private:
  enum class Part : std::uint8_t { beginning, statements, updates, end, done };
  struct Log {
    crdt::AuthorNumber author = 0;
    std::uint64_t last = 0;  // seq
  };
  [[nodiscard]] std::string finished(const Line& line);
  [[nodiscard]] Result<std::optional<std::string>, replica::Refusal> next_update();

  replica::Replica& replica_;
  Part part_ = Part::beginning;
  std::vector<std::pair<Bytes, bool>> statements_;  // with whether it is an entry
  std::size_t next_statement_ = 0;
  std::vector<Log> logs_;  // by author key
  std::size_t next_log_ = 0;
  ledger::AuthorLog::Place position_;  // of the update written last
  std::uint64_t lines_ = 0;
};

enum class ImportError : std::uint8_t {
  too_long,
  malformed,
  wrong_version,
  wrong_space,
  out_of_place,   ///< a first line later, anything after the last, another count there
  bad_signature,  ///< or a body that is not its header's
  refused,        ///< by the replica: not allowed, without a certificate, inconsistent
  waiting,        ///< what it follows is missing
  cut_short,      ///< no last line
  unproved,       ///< logs have gaps, and the rest isn't what the space's home signed
};

struct Imported {
  std::uint64_t lines = 0;
  std::uint64_t added = 0;    ///< entries, checkpoints and updates that were new
  std::uint64_t refused = 0;  ///< lines
  bool complete = false;      ///< the last line was there, and nothing was refused
};

/// The space that a first line names.
[[nodiscard]] Result<model::SpaceId, LineError> space_of(std::string_view first_line);

/// Checks every signature, many at a time, and adds what is right. A line that is refused is named
/// and skipped. Of a space that took space back (Replica::reclaim), what is missing must be so by a
/// checkpoint's digest: where `unproved` is said, the replica is of no use. Holds a line and a
/// batch of updates in memory. Commits the replica as it goes; what it added is durable once the
/// store is synced.
class Importer {
 public:
  using Refused = std::function<void(std::uint64_t line, ImportError why)>;

  Importer(replica::Replica& replica, Refused refused);
  /// Errors: Refusal::store alone.
  [[nodiscard]] Result<Unit, replica::Refusal> feed(std::string_view chunk);
  [[nodiscard]] Result<Imported, replica::Refusal> finish();

 private:
  [[nodiscard]] Result<Unit, replica::Refusal> take_line(std::string_view text);
  [[nodiscard]] Result<Unit, replica::Refusal> take(Line line);
  [[nodiscard]] Result<Unit, replica::Refusal> take_batch();
  [[nodiscard]] Result<Unit, replica::Refusal> note(
      const Result<replica::Accepted, replica::Refusal>& answer, std::uint64_t line);
  void refuse(std::uint64_t line, ImportError why);

  struct Waiting {
    UpdateLine update;
    std::uint64_t line = 0;
  };

  replica::Replica& replica_;
  Refused refused_;
  update::Verifier verifier_;
  std::string partial_;       // a line whose end has not come
  bool is_too_long_ = false;  // and is read over
  bool has_begun_ = false, has_ended_ = false;
  std::vector<Waiting> batch_;
  std::size_t batch_bytes_ = 0;
  Imported imported_;
};

}  // namespace hearth::graph_lines
