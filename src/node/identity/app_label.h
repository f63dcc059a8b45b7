#pragma once

#include <string>
#include <string_view>

#include <hearth/identity/id.h>

namespace hearth::identity {

/// The first label of an app's origin: 26 characters of `a-z 2-7`, the same for one app of one root
/// for good, another for everybody else's.
[[nodiscard]] std::string app_label(const RootId& root, std::string_view app_id);

}  // namespace hearth::identity
