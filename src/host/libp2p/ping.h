#pragma once
// Driving /ipfs/ping/1.0.0 (hearth/identify/ping.h).

#include <hearth/base/time.h>
#include <hearth/identify/ping.h>
#include <hearth/libp2p/host.h>

namespace hearth::libp2p {

/// Answers pings from now on.
void serve_pings(Host& host);

/// One round trip on a stream of its own. Throws system_error: timed_out without an answer.
Task<Duration> ping(Host& host, ConnectionPtr connection);

}  // namespace hearth::libp2p
