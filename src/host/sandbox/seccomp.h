#pragma once
// The system calls an app may make: an allow-list of ours. Everything else answers EPERM, clone3
// ENOSYS (so that libraries fall back to clone, whose flags can be checked), and a call by another
// ABI (x32, i386) kills.

#include <nlohmann/json_fwd.hpp>

namespace hearth::sandbox {

/// The `linux.seccomp` object of a container's config.json.
[[nodiscard]] nlohmann::json seccomp_profile();

}  // namespace hearth::sandbox
