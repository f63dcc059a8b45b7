#pragma once
// One line of an exported space: JSON for people, and the signed bytes for machines
// (docs/protocol/graph.md, section 7).

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/model/id.h>
#include <hearth/update/header.h>

namespace hearth::graph_lines {

/// No line is longer; nothing that a space holds makes one.
inline constexpr std::size_t max_line_size = std::size_t{8} << 20;  ///< bytes

enum class LineError : std::uint8_t {
  too_long,
  malformed,  ///< not JSON, or not as its kind is written
  wrong_version,
};

/// The first line.
struct Beginning {
  model::SpaceId space;
  friend bool operator==(const Beginning&, const Beginning&) = default;
};
/// A signed membership entry.
struct EntryLine {
  Bytes statement;
  friend bool operator==(const EntryLine&, const EntryLine&) = default;
};
/// A signed checkpoint.
struct CheckpointLine {
  Bytes statement;
  friend bool operator==(const CheckpointLine&, const CheckpointLine&) = default;
};
struct UpdateLine {
  update::Update update;
  Bytes certificate;  ///< with the first of a log alone
  friend bool operator==(const UpdateLine&, const UpdateLine&) = default;
};
/// The last line: a file that was cut short has none.
struct End {
  std::uint64_t lines = 0;  ///< before it
  friend bool operator==(const End&, const End&) = default;
};

using Line = std::variant<Beginning, EntryLine, CheckpointLine, UpdateLine, End>;

/// Without a line feed. Statements and headers keep their formats' rules, as a replica's do.
[[nodiscard]] std::string write_line(const Line& line);
/// `space` is that of the first line. Says nothing about signatures.
[[nodiscard]] Result<Line, LineError> read_line(std::string_view line, const model::SpaceId& space);

}  // namespace hearth::graph_lines
