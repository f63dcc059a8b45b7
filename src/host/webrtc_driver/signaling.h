#pragma once
// The exchange of offer, answer and candidates over a stream of an authenticated connection.

#include <memory>

#include <hearth/libp2p/host.h>
#include <hearth/webrtc_driver/port.h>

namespace hearth::webrtc_driver {

/// Serves /webrtc-signaling/0.0.1: the session's identity is the stream's peer. Ends when the
/// connection stands or failed. Throws system_error.
loop::Task<void> answer_offer(std::shared_ptr<Port> port, libp2p::StreamPtr stream);
/// The other side of it.
loop::Task<libp2p::ConnectionPtr> make_offer(std::shared_ptr<Port> port,
                                             libp2p::ConnectionPtr carrier);

}  // namespace hearth::webrtc_driver
