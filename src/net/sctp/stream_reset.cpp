#include <algorithm>
#include <utility>

#include <hearth/sctp/stream_reset.h>

namespace hearth::sctp {

bool OutgoingResets::is_resetting(StreamId stream) const {
  return waiting_.contains(stream) ||
         (outstanding_ &&
          std::ranges::find(outstanding_->streams, stream) != outstanding_->streams.end());
}

Bytes OutgoingResets::encode(Tsn last_tsn, std::uint32_t peers_last_request) const {
  return encode_reset_request({.request = outstanding_->number,
                               .response = peers_last_request,
                               .last_tsn = to_wire(last_tsn),
                               .streams = outstanding_->streams});
}

OutgoingResets::Answer OutgoingResets::on_response(const ReconfigResponse& response) {
  if (!outstanding_ || response.request != outstanding_->number) return {};
  if (response.result == ReconfigResult::in_progress) {
    outstanding_->number = next_request_++;
    return {.again = true, .performed = false, .done = {}};
  }
  return {.again = false,
          .performed = response.result == ReconfigResult::performed ||
                       response.result == ReconfigResult::nothing_to_do,
          .done = std::exchange(outstanding_, std::nullopt)->streams};
}

std::vector<StreamId> OutgoingResets::give_up() {
  std::vector<StreamId> all{waiting_.begin(), waiting_.end()};
  waiting_.clear();
  return all;
}

ReconfigResponse IncomingResets::answer(ReconfigResult result) {
  last_result_ = result;
  return {expected_++, result};
}

ReconfigResponse IncomingResets::deny(std::uint32_t request) {
  if (request == expected_) return answer(ReconfigResult::denied);
  if (request == last_request()) return {request, last_result_};
  return {request, ReconfigResult::bad_sequence};
}

IncomingResets::Outcome IncomingResets::on_request(const OutgoingResetRequest& request,
                                                   Tsn cumulative) {
  if (request.request == expected_) {
    deferred_ = request;
    return on_progress(cumulative);
  }
  Outcome outcome;
  outcome.answer = request.request == last_request()
                       ? ReconfigResponse{request.request, last_result_}
                       : ReconfigResponse{request.request, ReconfigResult::bad_sequence};
  return outcome;
}

IncomingResets::Outcome IncomingResets::on_progress(Tsn cumulative) {
  if (!deferred_ || widen(cumulative, deferred_->last_tsn) > cumulative) return {};
  Outcome outcome;
  outcome.streams = std::exchange(deferred_, std::nullopt)->streams;
  outcome.every = outcome.streams.empty();
  outcome.answer = answer(ReconfigResult::performed);
  return outcome;
}

}  // namespace hearth::sctp
