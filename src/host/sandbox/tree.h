#pragma once
// An app as it is shipped: a directory with app.json and rootfs/. Its digest covers every name,
// kind, executable bit, link target and byte, so that what runs is what was meant.

#include <string>

#include <hearth/sandbox/order.h>

namespace hearth::sandbox {

inline constexpr std::size_t max_tree_entries = 100'000;
inline constexpr std::uint64_t max_tree_bytes = std::uint64_t{4} << 30;

/// Refuses what a file system for apps has no business holding: devices, sockets, pipes, setuid.
/// Throws Trouble.
[[nodiscard]] Digest tree_digest(int directory);

/// Copies while digesting: files become 0644 or 0755, owned by who copies. `to` is an empty
/// directory. Throws Trouble.
[[nodiscard]] Digest copy_tree(int from, int to);

}  // namespace hearth::sandbox
