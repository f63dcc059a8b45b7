#pragma once
// Serves HTTP/1.1 on any byte stream: a socket on loopback or a libp2p stream.

#include <chrono>
#include <functional>
#include <memory>

#include <hearth/budget/pool.h>
#include <hearth/http/message.h>

namespace hearth::http {

/// Answers one request. May throw: what escapes becomes a 500 when nothing was sent yet.
using Handler = std::function<Task<Response>(Request)>;

struct ServeOptions {
  std::uint32_t head_bytes = 64 * 1024;
  /// What all messages share beyond 8 KiB each (503 for a head when it is used up; bodies go on in
  /// smaller pieces when it is half used), and as whom this client asks for it; null: nothing is
  /// counted.
  std::shared_ptr<budget::Pool> memory;
  budget::Standing standing = budget::Standing::stranger;
  std::chrono::seconds head_timeout{30};  ///< from the wait for a request to the end of its head
  std::chrono::seconds idle_timeout{
      120};  ///< without a byte either way while a message is under way
  std::uint64_t drain_bytes =
      256 * 1024;  ///< an unread request body up to this is read and dropped
  /// Of a larger one, after an answer given early: the connection ends, but only when the client
  /// has stopped sending or one of these is over. Ended at once, it would take the answer with it.
  std::uint64_t linger_bytes = std::uint64_t{64} << 20;
  std::chrono::seconds linger_time{10};
};

/// Serves requests one after another until the other side ends, asks to close, or breaks the rules.
/// Request bodies are pulled by the handler; a response is written while its body is pulled, so a
/// slow side slows the other. Owns the stream.
Task<void> serve(std::unique_ptr<loop::ByteStream> stream, Handler handler,
                 ServeOptions options = {});

}  // namespace hearth::http
