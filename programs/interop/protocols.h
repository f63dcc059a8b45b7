#pragma once
// What hearth-interop serves besides the host's own: /echo/1.0.0 and /perf/1.0.0, and both asked.

#include <cstdint>
#include <string_view>

#include <hearth/libp2p/host.h>

namespace hearth::interop {

inline constexpr std::string_view echo_protocol = "/echo/1.0.0";
/// libp2p's perf protocol: 8 bytes big endian say how many to send back after the end of the
/// upload. https://github.com/libp2p/specs/blob/master/perf/perf.md
inline constexpr std::string_view perf_protocol = "/perf/1.0.0";

void serve_protocols(libp2p::Host& host);

/// Sends `size` bytes, reads them back, and says whether they came back unchanged.
libp2p::Task<bool> echo(libp2p::ConnectionPtr on, std::uint64_t size);

/// Throws system_error when less comes back.
libp2p::Task<void> perf(libp2p::ConnectionPtr on, std::uint64_t upload, std::uint64_t download);

}  // namespace hearth::interop
