#pragma once
// What a muxer's user sees: ids, limits, events.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <variant>

#include <hearth/base/strong.h>
#include <hearth/base/time.h>

namespace hearth::yamux {

/// Unique on its connection, never used again. The dialer's are odd, the listener's even.
using StreamId = Strong<struct StreamIdTag, std::uint32_t>;

enum class Role : std::uint8_t { dialer, listener };

struct Limits {
  /// Streams of the peer beyond this are reset. Streams count until they are released.
  std::size_t inbound_streams = 1000;
  /// open_stream() beyond this fails.
  std::size_t outbound_streams = 1000;
  /// The largest receive window of one stream, at least 256 KiB. It starts with 256 KiB, and grows
  /// while the reader keeps up and the budget allows.
  std::uint32_t max_window_bytes = 16U << 20;
  /// Bytes that write() holds for one stream at most.
  std::size_t send_buffer_bytes = 256 * 1024;
  /// A ping is sent when this has passed since the last; without an answer for `ping_timeout` the
  /// connection is dead.
  Duration keep_alive = std::chrono::seconds{30};
  Duration ping_timeout = std::chrono::seconds{30};
  /// How long a stream that was released after close_write() may take to end by itself.
  Duration linger = std::chrono::seconds{30};
};

enum class OpenError : std::uint8_t {
  too_many_streams,  ///< `outbound_streams` are open
  backlog,           ///< 256 of ours wait for the peer's acknowledgement
  closed,            ///< the connection is closing, or not yet secured
};

enum class ReadState : std::uint8_t {
  open,      ///< more may come
  finished,  ///< the peer ended its side and all of it was read
  reset,     ///< aborted by the peer, or there is no such stream
};

/// The peer opened a stream. Release it some day, whatever happens to it.
struct StreamOpened {
  StreamId id;
};
/// There is something to read, and there was nothing before; comes anew only after read() emptied
/// it.
struct Readable {
  StreamId id;
};
/// A write() that took less than it was given can go on.
struct Writable {
  StreamId id;
};
/// The peer ended its side; what it sent before is still to be read.
struct StreamFinished {
  StreamId id;
};
/// The peer, or memory pressure, aborted the stream; what was not read is lost.
struct StreamReset {
  StreamId id;
};
/// After open_stream() failed: it would work now.
struct CanOpen {};

}  // namespace hearth::yamux
