#pragma once
// Orders for hearth-interop, a line of JSON each on standard input; the answers are lines of JSON
// on standard output, in the order in which they are done:
//
//     {"id":1,"do":"dial","address":"/ip4/…/p2p/…"}      {"id":1,"ok":true,"peer":"…","ms":1.2,…}
//     {"id":2,"do":"echo","peer":"…","bytes":1000000,"streams":4}
//     {"id":3,"do":"perf","peer":"…","upload":0,"download":1000}
//     {"id":4,"do":"ping|info|close","peer":"…"}   {"do":"connections|resources|addresses"}
//     {"id":5,"do":"reserve","address":"/ip4/…/p2p/…"}   keeps a reservation at a relay
//     {"id":6,"do":"handle","protocol":"/x/1"}           serves nothing; told by identify-push

#include <hearth/libp2p/host.h>
#include <hearth/libp2p/relay_client.h>

namespace hearth::interop {

/// Serves orders until standard input ends.
libp2p::Task<void> serve_control(libp2p::Host& host, libp2p::RelayClient& relays);

}  // namespace hearth::interop
