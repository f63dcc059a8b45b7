#pragma once
// From fragments to messages, in each stream's order.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/sctp/packet.h>
#include <hearth/sctp/tsn.h>
#include <hearth/sctp/types.h>

namespace hearth::sctp {

enum class ReassemblyError : std::uint8_t { message_too_long };

/// Takes each fragment once, in any order. Fragments that can't belong together stay apart: they
/// take the sender's window until it resets the stream.
class Reassembly {
 public:
  explicit Reassembly(std::size_t max_message) : max_message_(max_message) {}

  Result<Unit, ReassemblyError> add(Tsn tsn, const DataChunk& chunk);
  [[nodiscard]] std::optional<Message> poll();
  [[nodiscard]] bool has_ready() const { return !ready_.empty(); }

  /// The peer gave up on everything up to `cumulative` (DATA) and up to the named messages.
  void skip(Tsn cumulative, const ForwardTsn& forward, bool interleaved);
  /// The stream begins anew; what was incomplete never will be.
  void reset(StreamId stream);
  void reset_all();

  /// What is kept costs the peer's window: its bytes, and this for each piece or message.
  static constexpr std::size_t overhead = 64;
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  /// Fragments that follow each other, of one message.
  struct Run {
    std::uint64_t last = 0;
    std::uint64_t message = 0;
    bool begins = false;
    bool ends = false;
    Ppid ppid;
    std::size_t size = 0;
    std::size_t cost = 0;  // of `held`
    std::vector<Bytes> pieces;
  };
  /// By message (I-DATA; 0 in DATA) and place: the fragment's number, or in DATA its TSN.
  using Key = std::pair<std::uint64_t, std::uint64_t>;
  using Runs = std::map<Key, Run>;
  struct Stream {
    Runs ordered;
    Runs unordered;
    std::map<std::uint64_t, Message> waiting;       // whole, behind one that isn't
    std::uint64_t next = widened_base;              // message number
    std::uint64_t newest_unordered = widened_base;  // for widening I-DATA's
  };

  Result<Unit, ReassemblyError> join(Stream& stream, Runs& runs, Key key, std::uint64_t number,
                                     const DataChunk& chunk);
  void complete(Stream& stream, std::uint64_t number, Message message);
  void release_waiting(Stream& stream);
  void drop(Runs& runs, Runs::iterator from, Runs::iterator to);
  void drop_all(Stream& stream);

  std::size_t max_message_;
  std::map<StreamId, Stream> streams_;  // that ever carried something; bounded by their number
  std::deque<Message> ready_;
  std::size_t held_ = 0;
};

}  // namespace hearth::sctp
