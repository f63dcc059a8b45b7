#pragma once
// Messages to be sent: by stream, in turns, cut into fragments only when there is a packet for
// them.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/time.h>
#include <hearth/sctp/packet.h>
#include <hearth/sctp/types.h>

namespace hearth::sctp {

/// Names a message while any of its bytes may still have to be sent.
using MessageSlot = std::uint32_t;

/// A piece of a message that got its place in the order of sending.
struct Fragment {
  MessageSlot slot = 0;
  std::uint32_t offset = 0;
  std::uint16_t size = 0;  // of the payload
  bool begins = false;
  bool ends = false;
  std::uint32_t index = 0;  // among the message's fragments
};

/// Owns the payloads from send() until every fragment is settled (acknowledged or given up).
class SendQueue {
 public:
  struct Message {
    StreamId stream;
    Ppid ppid;
    bool unordered = false;
    bool started = false;  // has its number
    bool abandoned = false;
    std::uint32_t number = 0;  // stream sequence number, or I-DATA's message identifier
    std::uint32_t fragments = 0;
    std::uint32_t unsettled = 0;
    std::size_t taken = 0;  // bytes given out as fragments
    Reliability reliability;
    std::optional<Instant> expires;
    Bytes payload;
    std::optional<MessageSlot> next;  // of the same stream
  };

  void push(Instant now, StreamId stream, Ppid ppid, Ordering ordering,
            const Reliability& reliability, BytesView payload);

  /// Whole messages follow each other (DATA), or fragments of several streams (I-DATA).
  void interleave(bool on) { interleaved_ = on; }

  [[nodiscard]] bool empty() const { return turns_.empty(); }
  /// Among interleaved messages: gives the turn to one that may be sent now, if there is one. None
  /// begins beside others whose rests don't fit into `window` with it, the peer's room for what
  /// wasn't sent yet: else unfinished ones could fill that room, and none of them ever end. Looks
  /// at each stream that waits once.
  void choose(std::size_t window);
  /// The next fragment's payload, at most `room` bytes. Nothing when `room` isn't worth a fragment
  /// of the message whose turn it is, or nothing waits. Not when empty().
  [[nodiscard]] std::optional<Fragment> next(std::size_t room, std::size_t worthwhile);
  /// What is left of the message whose turn it is. Not when empty().
  [[nodiscard]] std::size_t next_size() const;

  [[nodiscard]] const Message& message(MessageSlot slot) const { return messages_[slot]; }
  [[nodiscard]] BytesView payload(const Fragment& fragment) const;

  /// The fragment will not be sent again: acknowledged, or given up. The last one frees the
  /// message.
  void settle(const Fragment& fragment);
  /// Drops what was not given out yet. Its fragments that were are the caller's to give up, and so
  /// is an empty last one, where the message had begun: the peer has to learn that no more will
  /// come.
  std::optional<Fragment> abandon(MessageSlot slot);
  /// Gives up what nobody has seen a fragment of and whose time is over.
  void expire(Instant now);
  [[nodiscard]] std::optional<Instant> next_expiry() const;

  /// Whether everything sent on the stream is settled.
  [[nodiscard]] bool is_drained(StreamId stream) const;
  /// Its next message is the first of a new life.
  void reset(StreamId stream) { streams_.erase(stream); }

  /// Payload bytes not settled.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// What they and their accounts take.
  [[nodiscard]] std::size_t footprint() const { return bytes_ + live_ * message_overhead; }
  static constexpr std::size_t message_overhead = 64;

 private:
  struct Stream {
    // Those not yet given out whole, linked by Message::next.
    std::optional<MessageSlot> first;
    std::optional<MessageSlot> last;
    std::uint32_t next_ordered = 0;
    std::uint32_t next_unordered = 0;  // of I-DATA, which numbers these too
    std::uint32_t unsettled = 0;       // messages
    bool in_turns = false;
  };
  void end_turn(Stream& stream, StreamId id, bool message_ended);
  void unlink(Stream& stream, MessageSlot slot);
  void free(MessageSlot slot);

  std::vector<Message> messages_;
  std::vector<MessageSlot> free_;
  std::map<StreamId, Stream> streams_;  // those that were ever used; bounded by their number
  std::deque<StreamId> turns_;
  std::size_t bytes_ = 0;
  std::size_t live_ = 0;
  std::size_t mortal_ = 0;  // messages that can expire
  std::size_t begun_ = 0;   // bytes not given out of messages of which others were
  bool interleaved_ = false;
};

}  // namespace hearth::sctp
