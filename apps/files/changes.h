#pragma once
// What a person does to files, folders and the trash, and what takes it back.

#include <string_view>

#include "messages.h"

namespace hearth::files {

/// From a request's body to the answer, with the request that undoes it. Blocking.
using Change = Json (*)(Space&, const Json&);

/// By the path below /api/v1; nothing for others.
[[nodiscard]] Change change_at(std::string_view path);

}  // namespace hearth::files
