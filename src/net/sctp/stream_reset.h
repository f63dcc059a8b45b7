#pragma once
// Streams begin anew (RFC 6525, as RFC 8831 §6.7 uses it): each side resets its own sending
// direction. The requests of both directions, their numbers and their answers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/sctp/packet.h>
#include <hearth/sctp/tsn.h>
#include <hearth/sctp/types.h>

namespace hearth::sctp {

/// Our own requests: one at a time is on its way.
class OutgoingResets {
 public:
  /// More than this waits for the next request; it fits a packet.
  static constexpr std::size_t most_streams = 128;

  explicit OutgoingResets(std::uint32_t first_request) : next_request_(first_request) {}

  void add(StreamId stream) {
    if (!is_resetting(stream)) waiting_.insert(stream);
  }
  /// Nothing may be sent on it until it is done.
  [[nodiscard]] bool is_resetting(StreamId stream) const;
  [[nodiscard]] bool idle() const { return waiting_.empty() && !outstanding_; }

  /// Begins a request for the waiting streams that `is_drained` lets go. Whether there is one to
  /// send now.
  template <class IsDrained>
  bool begin(IsDrained is_drained) {
    if (outstanding_) return false;
    std::vector<StreamId> streams;
    for (const StreamId stream : waiting_) {
      if (streams.size() == most_streams) break;
      if (is_drained(stream)) streams.push_back(stream);
    }
    if (streams.empty()) return false;
    for (const StreamId stream : streams) waiting_.erase(stream);
    outstanding_ = Request{next_request_++, std::move(streams)};
    return true;
  }
  [[nodiscard]] bool has_request() const { return outstanding_.has_value(); }
  /// The request that is outstanding, as a parameter.
  [[nodiscard]] Bytes encode(Tsn last_tsn, std::uint32_t peers_last_request) const;

  struct Answer {
    /// To be asked again, under a new number, after a while: the peer lacks data of before.
    bool again = false;
    bool performed = false;
    /// Over, performed or not.
    std::vector<StreamId> done;
  };
  [[nodiscard]] Answer on_response(const ReconfigResponse& response);
  /// The peer knows nothing of resets: all that waits is over.
  [[nodiscard]] std::vector<StreamId> give_up();

 private:
  struct Request {
    std::uint32_t number;
    std::vector<StreamId> streams;
  };
  std::set<StreamId> waiting_;  // bounded by the number of streams
  std::optional<Request> outstanding_;
  std::uint32_t next_request_;
};

/// The peer's requests.
class IncomingResets {
 public:
  explicit IncomingResets(std::uint32_t first_request) : expected_(first_request) {}

  struct Outcome {
    std::optional<ReconfigResponse> answer;
    /// Begin anew now; all when `every`.
    std::vector<StreamId> streams;
    bool every = false;
  };
  /// A request that names TSNs not yet here waits in here, at most one.
  // Deviates from RFC 6525 §5.2.2 E2, which answers "in progress" to it: senders then wait a
  // retransmission timeout before they ask again. Without an answer they ask again as well, and
  // mostly the answer comes before that.
  [[nodiscard]] Outcome on_request(const OutgoingResetRequest& request, Tsn cumulative);
  /// Looks whether the one that waits is due.
  [[nodiscard]] Outcome on_progress(Tsn cumulative);
  /// Requests of other kinds are denied.
  [[nodiscard]] ReconfigResponse deny(std::uint32_t request);
  [[nodiscard]] bool waiting() const { return deferred_.has_value(); }
  [[nodiscard]] std::uint32_t last_request() const { return expected_ - 1; }

 private:
  [[nodiscard]] ReconfigResponse answer(ReconfigResult result);

  std::uint32_t expected_;
  ReconfigResult last_result_ = ReconfigResult::nothing_to_do;
  std::optional<OutgoingResetRequest> deferred_;
};

}  // namespace hearth::sctp
