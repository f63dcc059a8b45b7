#pragma once
// Yamux: many streams over one reliable pipe, each with its own flow control.
// https://github.com/hashicorp/yamux/blob/master/spec.md, and libp2p's specs/yamux.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/yamux/budget.h>
#include <hearth/yamux/byte_queue.h>
#include <hearth/yamux/fifo.h>
#include <hearth/yamux/frame.h>
#include <hearth/yamux/rate.h>
#include <hearth/yamux/types.h>

namespace hearth::yamux {

enum class EndCause : std::uint8_t {
  closed_by_us,
  closed_by_peer,
  pipe_ended,
  protocol_error,
  peer_error,
  abuse,
  unresponsive,
};

/// The last event. What was received can still be read; nothing more is sent but a GoAway.
struct Ended {
  EndCause cause;
};

using Event =
    std::variant<StreamOpened, Readable, Writable, StreamFinished, StreamReset, CanOpen, Ended>;

/// One end of one connection, sans-I/O. session::Session wraps it, and its header says how the
/// calls are meant; here are the differences.
///
/// What a peer can make us hold: `inbound_streams` records, for each what its window allows, all of
/// it counted against the budget. A stream's charge is the growth of its window, and what it holds
/// within the initial window, and what waits to be sent. A stream whose data the budget refuses is
/// reset.
class Connection {
 public:
  /// Smallest `out` of poll_transmit().
  static constexpr std::size_t min_transmit = 64;
  /// Streams of ours the peer has not acknowledged (the specification's ACK backlog).
  static constexpr std::size_t max_unacknowledged = 256;

  /// `budget` outlives the connection. A ping is sent at once: it measures the round trip.
  Connection(Role role, const Limits& limits, MemoryBudget& budget, Instant now);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void receive(Instant now, BytesView bytes);
  void end(Instant now);
  void advance(Instant now);
  /// Writes whole frames.
  [[nodiscard]] std::size_t poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<Instant> deadline() const;

  [[nodiscard]] Result<StreamId, OpenError> open_stream(Instant now);
  [[nodiscard]] std::size_t write(StreamId id, BytesView bytes);
  [[nodiscard]] std::size_t writable(StreamId id) const;
  [[nodiscard]] std::size_t read(StreamId id, MutableBytes out);
  [[nodiscard]] BytesView peek(StreamId id) const;
  void consume(StreamId id, std::size_t count);
  [[nodiscard]] ReadState read_state(StreamId id) const;
  void close_write(StreamId id);
  [[nodiscard]] bool flushed(StreamId id) const;
  void reset(StreamId id);
  void release(StreamId id);
  void close();

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::optional<Duration> round_trip() const { return round_trip_; }
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }
  [[nodiscard]] std::size_t inbound_streams() const { return inbound_; }

 private:
  struct Stream {
    std::uint32_t id = 0;
    // Sending.
    ByteQueue outgoing;
    std::uint64_t send_window = initial_window;
    std::uint64_t sent = 0;
    // Receiving.
    ByteQueue incoming;
    std::uint32_t window = initial_window;        // what we grant in all
    std::uint32_t receive_left = initial_window;  // what the peer may still send
    std::uint32_t consumed = 0;                   // read by the user, not granted again yet
    std::uint32_t grant = 0;                      // to be sent
    Instant granted;                              // when we last did
    std::size_t charged = 0;                      // to the budget

    bool inbound = false;
    bool acknowledged = false;  // by the peer, of ours
    bool syn_pending = false;
    bool ack_pending = false;
    bool write_closed = false;  // by the user
    bool fin_sent = false;
    bool remote_finished = false;
    bool was_reset = false;
    bool released = false;     // lingers
    bool ready = false;        // is in ready_
    bool wants_write = false;  // is owed a Writable
    bool readable_said = false;
  };
  struct Linger {
    Instant until;
    std::uint32_t id;
  };

  // connection.cpp
  [[nodiscard]] Stream* find(std::uint32_t id);
  [[nodiscard]] Stream* held(StreamId id);  // by the user: neither unknown nor released
  [[nodiscard]] const Stream* held(StreamId id) const;
  Stream& add(std::uint32_t id, bool inbound);
  void erase(Stream& stream);
  void erase_if_over(Stream& stream);
  void abort(Stream& stream);
  void say_reset(std::uint32_t id);
  void forget_lingered();
  [[nodiscard]] bool owes(const Stream& stream) const;
  void schedule(Stream& stream);
  [[nodiscard]] std::size_t room(const Stream& stream) const;
  void say_writable(Stream& stream);
  [[nodiscard]] std::size_t due_charge(const Stream& stream) const;
  [[nodiscard]] bool charge(Stream& stream);
  void grant_more(Stream& stream);
  void finish(EndCause cause, std::optional<GoAway> say);

  // input.cpp
  void on_header(const FrameHeader& header);
  void on_data(const FrameHeader& header);
  void on_window_update(const FrameHeader& header);
  void on_ping(const FrameHeader& header);
  void on_go_away(const FrameHeader& header);
  [[nodiscard]] Stream* stream_of(const FrameHeader& header);
  [[nodiscard]] bool on_syn(const FrameHeader& header);
  void on_fin(Stream& stream);
  void on_rst(Stream& stream);
  void on_body(BytesView bytes);
  void refuse(std::uint32_t id);

  // output.cpp
  class Output;
  void send_session_frames(Output& out);
  [[nodiscard]] bool send_stream(Stream& stream, Output& out);

  Role role_;
  Limits limits_;
  MemoryBudget& budget_;
  Instant now_;

  std::map<std::uint32_t, Stream> streams_;
  std::size_t inbound_ = 0;
  std::size_t unacknowledged_ = 0;
  std::uint32_t next_id_;
  bool wants_open_ = false;  // is owed a CanOpen

  // Input: a header may come in pieces; a body is passed on as it comes.
  std::array<std::byte, header_size> partial_{};
  std::size_t partial_size_ = 0;
  std::uint32_t body_left_ = 0;
  std::uint32_t body_stream_ = 0;  // 0: dropped
  bool body_ends_stream_ = false;

  // Output. Streams take turns in ready_; ids of streams that are gone are passed over.
  Fifo<std::uint32_t> ready_;
  Fifo<std::uint32_t> resets_;
  Fifo<std::uint32_t> pongs_;
  std::optional<GoAway> go_away_;
  Fifo<Linger> lingering_;
  Fifo<Event> events_;

  Instant ping_at_;  // when the next is due
  bool ping_pending_ = true;
  std::optional<Instant> ping_sent_;
  std::uint32_t ping_value_ = 0;
  std::optional<Duration> round_trip_;

  Rate stream_aborts_;
  Rate ping_rate_;
  bool peer_leaves_ = false;
  bool ended_ = false;
};

}  // namespace hearth::yamux
