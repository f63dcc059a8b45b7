#pragma once
// Private to this module: positions as entries and checkpoints write them.

#include <vector>

#include <hearth/codec/cbor.h>
#include <hearth/update/membership.h>

namespace hearth::update {

[[nodiscard]] Result<Position, UpdateError> read_position(codec::CborReader& from);
/// By author, each once.
[[nodiscard]] Result<std::vector<Position>, UpdateError> read_positions(codec::CborReader& from);
void write_positions(codec::CborWriter& to, const std::vector<Position>& positions);

}  // namespace hearth::update
