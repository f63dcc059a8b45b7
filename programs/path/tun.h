#pragma once
// A tun device in a network namespace, as a file of IP packets.

#include <string>

namespace hearth::path {

/// Makes a device within /run/netns/NAMESPACE; its non-blocking file. Throws std::system_error.
[[nodiscard]] int open_tun(const std::string& network_namespace, const std::string& device);

}  // namespace hearth::path
