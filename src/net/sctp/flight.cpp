#include <algorithm>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/sctp/flight.h>

namespace hearth::sctp {
namespace {

// Chromium's (dcSCTP's) most. Whoever sends so many may have had to leave some out.
constexpr std::size_t full_of_blocks = 20;

}  // namespace

// --- Sending
// --------------------------------------------------------------------------------------

void Flight::note_sent(Instant now, Sent& sent, bool sender_limited) {
  if (in_flight_ == 0) burst_began_ = delivered_at_ = now;
  sent.state = State::in_flight;
  sent.sender_limited = sender_limited;
  sent.sent_at = now;
  sent.burst_began = burst_began_;
  sent.delivered_at = delivered_at_;
  sent.delivered = delivered_;
  ++sent.transmissions;
  in_flight_ += sent.wire_size;
  ++in_flight_chunks_;
}

Tsn Flight::add(Instant now, const Fragment& fragment, std::size_t wire_size, bool sender_limited) {
  const Tsn tsn = next_tsn();
  Sent& sent = sent_.emplace_back();
  sent.fragment = fragment;
  sent.wire_size = static_cast<std::uint16_t>(wire_size);
  outstanding_payload_ += fragment.size;
  note_sent(now, sent, sender_limited);
  order_.push_back({tsn, sent.transmissions});
  was_large_ |= sent_.size() > 64;
  return tsn;
}

std::optional<Tsn> Flight::next_lost() {
  while (!lost_.empty()) {
    const Tsn tsn = lost_.front().first;
    if (tsn >= base_ && at(tsn).state == State::lost) return tsn;
    lost_.remove_to(tsn);
  }
  return std::nullopt;
}

void Flight::resend(Instant now, Tsn tsn, bool sender_limited) {
  Sent& sent = at(tsn);
  if (sent.state == State::in_flight) leave_flight(sent);  // a probe
  if (!lost_.empty() && lost_.front().first == tsn) lost_.remove_to(tsn);
  note_sent(now, sent, sender_limited);
  order_.push_back({tsn, sent.transmissions});
  ++retransmissions_;
}

std::optional<Tsn> Flight::youngest_in_flight() const {
  for (std::size_t i = sent_.size(); i-- > 0;)
    if (sent_[i].state == State::in_flight) return base_ + i;
  return std::nullopt;
}

void Flight::leave_flight(const Sent& sent) {
  in_flight_ -= sent.wire_size;
  --in_flight_chunks_;
}

bool Flight::is_stale(const Transmission& transmission) const {
  if (transmission.tsn < base_) return true;
  const Sent& sent = get(transmission.tsn);
  return sent.state != State::in_flight || sent.transmissions != transmission.number;
}

// --- Acknowledgements
// -----------------------------------------------------------------------------

std::optional<Flight::Outcome> Flight::on_sack(Instant now, const Sack& sack, SendQueue& queue,
                                               RoundTrip& round_trip) {
  const Tsn cumulative = widen(base_, sack.cumulative);
  if (cumulative + 1 < base_ || cumulative >= next_tsn()) return std::nullopt;
  if (!sack.blocks.empty() && cumulative + sack.blocks.back().last >= next_tsn())
    return std::nullopt;

  Outcome outcome;
  outcome.report.now = now;
  sample_valid_ = false;
  outcome.advanced = cumulative >= base_;
  for (; base_ <= cumulative; ++base_) {
    Sent& sent = sent_.front();
    if (sent.state == State::in_flight || sent.state == State::lost)
      deliver(now, base_, round_trip, outcome.report);
    queue.settle(sent.fragment);
    sent_.pop_front();
  }
  gap_acknowledged_.remove_to(cumulative);
  for (const GapBlock& block : sack.blocks) {
    gap_acknowledged_.add({cumulative + block.first, cumulative + block.last}, [&](Range fresh) {
      for (Tsn tsn = fresh.first; tsn <= fresh.last; ++tsn) {
        Sent& sent = at(tsn);
        if (sent.state == State::in_flight || sent.state == State::lost) {
          deliver(now, tsn, round_trip, outcome.report);
          sent.state = State::acknowledged;
        }
      }
    });
  }
  known_until_ =
      sack.blocks.size() < full_of_blocks ? ~Tsn{0} : cumulative + sack.blocks.back().last;
  // A duplicate means that a retransmission wasn't needed: wait longer before the next, but at most
  // once a round trip.
  if (!sack.duplicates.empty() && base_ > duplicates_noted_until_) {
    duplicates_noted_until_ = next_tsn();
    reordering_factor_ = std::min(reordering_factor_ + 1, 8);
    reordering_seen_ = true;
    recoveries_without_duplicates_ = 0;
  }

  outcome.anything = outcome.advanced || outcome.report.acked > 0;
  if (outcome.report.round_trip) round_trip.sample(*outcome.report.round_trip);
  if (outcome.anything) round_trip.forget_backoff();
  if (sample_valid_) {
    burst_began_ = sample_.sent_at;
    const Duration interval =
        std::max(sample_.sent_at - sample_.burst_began, delivered_at_ - sample_.delivered_at);
    if (interval > Duration::zero() && interval >= round_trip.shortest())
      outcome.report.rate =
          RateSample{.bytes_per_second = static_cast<double>(delivered_ - sample_.delivered) /
                                         std::chrono::duration<double>(interval).count(),
                     .delivered_before = sample_.delivered,
                     .sender_limited = sample_.sender_limited};
  }
  detect_losses(now, round_trip, outcome.report);
  advance_over_abandoned();
  if (sent_.empty()) {
    order_.clear();
    lost_.clear();
    if (std::exchange(was_large_, false)) {  // an idle association holds no memory for this
      order_ = {};
      sent_ = {};
    }
  }
  return outcome;
}

void Flight::deliver(Instant now, Tsn tsn, const RoundTrip& round_trip, AckReport& report) {
  const Sent& sent = at(tsn);
  if (sent.state == State::in_flight) leave_flight(sent);
  outstanding_payload_ -= sent.fragment.size;
  delivered_ += sent.wire_size;
  delivered_at_ = now;
  report.acked += sent.wire_size;
  if (!sample_valid_ || sent.sent_at >= sample_.sent_at) {
    sample_ = sent;
    sample_valid_ = true;
    if (sent.transmissions == 1) report.round_trip = now - sent.sent_at;
  }
  if (tsn < highest_delivered_ && sent.transmissions == 1) reordering_seen_ = true;
  highest_delivered_ = std::max(highest_delivered_, tsn);
  // So soon after a retransmission it must have been the first one that arrived.
  const Duration took = now - sent.sent_at;
  if (sent.transmissions > 1 && took < round_trip.shortest()) return;
  if (sent.sent_at > newest_sent_at_ || (sent.sent_at == newest_sent_at_ && tsn > newest_tsn_)) {
    newest_sent_at_ = sent.sent_at;
    newest_tsn_ = tsn;
    newest_round_trip_ = took;
  }
}

// Until reordering was seen, three arrivals past a gap are proof enough (RFC 8985 §6.2).
Duration Flight::reordering_window(const RoundTrip& round_trip) const {
  if (!reordering_seen_ && (in_recovery() || gap_acknowledged_.size() >= 3 ||
                            (!gap_acknowledged_.empty() &&
                             gap_acknowledged_.back().last - gap_acknowledged_.front().first >= 2)))
    return Duration::zero();
  return std::min(round_trip.shortest() / 4 * reordering_factor_,
                  round_trip.smoothed().value_or(Duration::zero()));
}

void Flight::lose(Tsn tsn, AckReport& report) {
  Sent& sent = at(tsn);
  leave_flight(sent);
  sent.state = State::lost;
  lost_.add(tsn);
  report.lost += sent.wire_size;
  report.newest_loss_sent_at = std::max(report.newest_loss_sent_at, sent.sent_at);
}

void Flight::detect_losses(Instant now, const RoundTrip& round_trip, AckReport& report) {
  reorder_deadline_.reset();
  const Duration patience = newest_round_trip_ + reordering_window(round_trip);
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const Transmission transmission = order_[i];
    if (is_stale(transmission)) continue;
    const Sent& sent = get(transmission.tsn);
    if (sent.sent_at > newest_sent_at_ ||
        (sent.sent_at == newest_sent_at_ && transmission.tsn >= newest_tsn_))
      break;
    if (transmission.tsn > known_until_) continue;
    if (sent.sent_at + patience > now) {
      reorder_deadline_ = sent.sent_at + patience;
      break;
    }
    lose(transmission.tsn, report);
  }
  while (!order_.empty() && is_stale(order_.front())) order_.pop_front();
  if (report.lost > 0 && !in_recovery()) {
    recovery_until_ = next_tsn() - 1;
    if (++recoveries_without_duplicates_ >= 16) reordering_factor_ = 1;  // RFC 8985 §7.1
  }
  report.in_flight = in_flight_;
  report.delivered = delivered_;
}

AckReport Flight::look_for_losses(Instant now, const RoundTrip& round_trip) {
  AckReport report{.now = now, .round_trip = std::nullopt, .rate = std::nullopt};
  detect_losses(now, round_trip, report);
  return report;
}

void Flight::on_timeout() {
  // The first one outstanding can't be acknowledged by a block: the cumulative number would be past
  // it. So the peer has dropped what it had.
  const bool taken_back = !sent_.empty() && sent_.front().state == State::acknowledged;
  if (taken_back) gap_acknowledged_.clear();
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    Sent& sent = sent_[i];
    if (sent.state == State::in_flight) leave_flight(sent);
    if (sent.state == State::in_flight) sent.state = State::lost;
    if (taken_back && sent.state == State::acknowledged) {
      outstanding_payload_ += sent.fragment.size;
      sent.state = State::lost;
    }
    if (sent.state == State::lost) lost_.add(base_ + i);
  }
  order_.clear();
  reorder_deadline_.reset();
  if (!sent_.empty()) recovery_until_ = next_tsn() - 1;
}

// --- Partial reliability
// --------------------------------------------------------------------------

void Flight::abandon(MessageSlot slot, SendQueue& queue) {
  const auto rest = queue.abandon(slot);
  for (Sent& sent : sent_) {
    if (sent.fragment.slot != slot || sent.state == State::abandoned) continue;
    if (sent.state == State::in_flight) leave_flight(sent);
    if (sent.state != State::acknowledged) outstanding_payload_ -= sent.fragment.size;
    sent.state = State::abandoned;
  }
  if (rest) {  // takes a TSN that is never sent, only gone past
    Sent& sent = sent_.emplace_back();
    sent.fragment = *rest;
    sent.state = State::abandoned;
  }
  advance_over_abandoned();
}

void Flight::abandon_hopeless(Instant now, SendQueue& queue) {
  for (std::optional<Tsn> tsn = next_lost(); tsn; tsn = next_lost()) {
    const Sent& sent = get(*tsn);
    const SendQueue::Message& message = queue.message(sent.fragment.slot);
    const bool too_old = message.expires && *message.expires <= now;
    const bool too_often = message.reliability.max_retransmissions &&
                           sent.transmissions > *message.reliability.max_retransmissions;
    if (!too_old && !too_often) return;
    abandon(sent.fragment.slot, queue);
  }
}

void Flight::advance_over_abandoned() {
  advanced_ = std::max(advanced_, base_ - 1);
  while (advanced_ + 1 < next_tsn() && get(advanced_ + 1).state == State::abandoned) ++advanced_;
}

ForwardTsn Flight::forward(const SendQueue& queue, bool interleaved, std::size_t most) const {
  ForwardTsn forward{.cumulative = to_wire(advanced_), .skipped = {}};
  for (Tsn tsn = base_; tsn <= advanced_; ++tsn) {
    const SendQueue::Message& message = queue.message(get(tsn).fragment.slot);
    // DATA numbers no unordered messages.
    if (message.unordered && !interleaved) continue;
    const auto same = [&message](const ForwardTsn::Skipped& one) {
      return one.stream == message.stream && one.unordered == message.unordered;
    };
    const auto found = std::ranges::find_if(forward.skipped, same);
    if (found != forward.skipped.end()) {
      found->message = message.number;  // the last of each stream
    } else if (forward.skipped.size() < most) {
      forward.skipped.push_back({message.stream, message.unordered, message.number});
    } else {
      forward.cumulative = to_wire(tsn - 1);
      break;
    }
  }
  return forward;
}

}  // namespace hearth::sctp
