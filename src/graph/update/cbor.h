#pragma once
// Private to this module: reading what all its formats share.

#include <algorithm>

#include <hearth/codec/cbor.h>
#include <hearth/model/id.h>
#include <hearth/model/value.h>
#include <hearth/update/error.h>

namespace hearth::update {

inline constexpr auto max_number = static_cast<std::uint64_t>(model::max_integer);

template <class T>
Result<T, UpdateError> parsed(Result<T, codec::CborError> read) {
  if (read) return std::move(*read);
  return Failure{UpdateError::malformed};
}

template <class T>
Result<T, UpdateError> parsed(Result<T, model::ModelError> read) {
  if (read) return std::move(*read);
  return Failure{read.error() == model::ModelError::too_large ? UpdateError::too_large
                                                              : UpdateError::malformed};
}

/// At most max_number.
inline Result<std::uint64_t, UpdateError> read_count(codec::CborReader& from) {
  HEARTH_TRY(const std::uint64_t value, parsed(from.uint()));
  if (value > max_number) return Failure{UpdateError::out_of_range};
  return value;
}

template <class Id>
Result<Id, UpdateError> read_id(codec::CborReader& from) {
  HEARTH_TRY(const BytesView bytes, parsed(from.bytes(32)));
  return *model::id_from<Id>(bytes);
}

inline Result<Unit, UpdateError> read_version(codec::CborReader& from) {
  HEARTH_TRY(const std::uint64_t version, parsed(from.uint()));
  if (version != 1) return Failure{UpdateError::wrong_version};
  return Unit{};
}

}  // namespace hearth::update
