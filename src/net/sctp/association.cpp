#include <algorithm>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/sctp/association_impl.h>

namespace hearth::sctp {
namespace {

using namespace std::chrono_literals;

constexpr int most_tries = 10;  // of the handshake, and retransmission timeouts in a row
constexpr Duration longest_handshake_wait = 2s;
// A peer may make us owe answers faster than it lets us send: what doesn't fit is dropped, as if
// lost on the way.
constexpr std::size_t most_control = 16;
// Small messages find room beyond the buffer, but not without end.
constexpr std::size_t room_for_small = 64 * 1024;

constexpr std::uint16_t user_initiated_abort = 12;  // RFC 9260 §3.3.10.12
constexpr std::uint16_t protocol_violation = 13;    // §3.3.10.13

std::uint32_t nonzero(std::uint64_t random) {
  const auto low = static_cast<std::uint32_t>(random);
  return low != 0 ? low : 1;
}

std::unique_ptr<CongestionControl> make_congestion(const Options& options, std::uint32_t seed) {
  const CongestionOptions wanted{.packet = options.mtu, .initial_packets = 10, .seed = seed};
  return options.congestion == Congestion::cubic ? make_cubic(wanted) : make_bbr(wanted);
}

void consider(std::optional<Instant>& first, std::optional<Instant> at) {
  if (at && (!first || *at < *first)) first = at;
}

}  // namespace

Association::Impl::Impl(const Options& options, Entropy& entropy, Instant now)
    : options_(options),
      now_(now),
      tag_(nonzero(entropy.u64())),
      first_tsn_(static_cast<std::uint32_t>(entropy.u64())),
      jar_(entropy),
      flight_(first_tsn_),
      congestion_(make_congestion(options, static_cast<std::uint32_t>(entropy.u64() >> 32))),
      pacer_(options.mtu),
      resets_(first_tsn_),
      reassembly_(options.max_message) {
  HEARTH_ASSERT(options.send_buffer > options.max_message);
  HEARTH_ASSERT(options.receive_buffer > options.max_message);
  HEARTH_ASSERT(options.streams > 0 && options.mtu >= 256);
  control_to(0, ChunkType::init, encode_init(own_init()));
  init_sent_at_ = now;
  handshake_at_ = now + RoundTrip::initial_timeout;
}

Init Association::Impl::own_init() const {
  return {.tag = tag_,
          .window = static_cast<std::uint32_t>(options_.receive_buffer),
          .outbound_streams = options_.streams,
          .inbound_streams = options_.streams,
          .first_tsn = first_tsn_,
          .extensions = {.partial_reliability = true,
                         .reconfiguration = true,
                         .interleaving = options_.interleaving,
                         .zero_checksum = options_.zero_checksum},
          .cookie = {}};
}

// --- The association's life
// -----------------------------------------------------------------------

void Association::Impl::meet(const Init& init) {
  peer_.emplace(init);
  streams_ = std::min({options_.streams, init.outbound_streams, init.inbound_streams});
  queue_.interleave(interleaved());
}

void Association::Impl::establish() {
  if (state_ == State::established) return;
  state_ = State::established;
  handshake_at_.reset();
  peers_cookie_ = {};
  said_window_ = options_.receive_buffer;
  events_.emplace_back(Established{streams_});
}

void Association::Impl::finish(CloseReason why) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  handshake_at_ = retransmit_at_ = probe_at_ = reset_at_ = paced_at_ = std::nullopt;
  queue_ = {};
  flight_ = Flight{first_tsn_};
  events_.emplace_back(Closed{why});
}

void Association::Impl::abort(CloseReason why) {
  if (state_ == State::closed) return;
  control_.clear();
  if (peer_) {
    Bytes cause;
    Writer out{cause};
    out.u16_be(why == CloseReason::closed_here ? user_initiated_abort : protocol_violation);
    out.u16_be(4);
    control(ChunkType::abort, std::move(cause));
  }
  finish(why);
}

void Association::Impl::close(Instant now) {
  set_time(now);
  abort(CloseReason::closed_here);
}

void Association::Impl::control(ChunkType type, Bytes value, std::uint8_t flags) {
  control_to(peer_ ? peer_->tag : 0, type, std::move(value), flags);
}

void Association::Impl::control_to(std::uint32_t tag, ChunkType type, Bytes value,
                                   std::uint8_t flags) {
  if (control_.size() >= most_control) return;
  control_.push_back({type, std::move(value), flags, tag});
}

// --- Time
// -----------------------------------------------------------------------------------------

void Association::Impl::set_time(Instant now) {
  now_ = std::max(now_, now);
}

void Association::Impl::advance(Instant now) {
  set_time(now);
  const auto due = [this](std::optional<Instant>& timer) {
    if (!timer || *timer > now_) return false;
    timer.reset();
    return true;
  };
  if (due(handshake_at_)) on_handshake_timer();
  if (due(probe_at_)) on_probe_timer();
  if (due(retransmit_at_)) on_retransmission_timer();
  if (due(reset_at_)) on_reset_timer();
  if (state_ != State::established) return;
  peer_->tracker.advance(now_);
  if (const auto at = flight_.reorder_deadline(); at && *at <= now_) {
    const AckReport report = flight_.look_for_losses(now_, round_trip_);
    if (report.lost > 0) congestion_->on_ack(report);
    update_pacing();
  }
  queue_.expire(now_);
  say_writable();
}

std::optional<Instant> Association::Impl::deadline() const {
  if (state_ == State::closed) return std::nullopt;
  std::optional<Instant> first = handshake_at_;
  consider(first, retransmit_at_);
  consider(first, probe_at_);
  consider(first, reset_at_);
  consider(first, paced_at_);
  if (state_ == State::established) {
    consider(first, peer_->tracker.deadline());
    consider(first, flight_.reorder_deadline());
    consider(first, queue_.next_expiry());
  }
  return first;
}

void Association::Impl::on_handshake_timer() {
  if (++handshake_tries_ >= most_tries) return finish(CloseReason::lost);
  init_sent_at_.reset();
  handshake_at_ = now_ + std::min<Duration>(RoundTrip::initial_timeout * (1 << handshake_tries_),
                                            longest_handshake_wait);
  if (state_ == State::cookie_wait) {
    control_to(0, ChunkType::init, encode_init(own_init()));
  } else {
    control(ChunkType::cookie_echo, peers_cookie_);
  }
}

bool Association::Impl::count_error() {
  if (++errors_ <= most_tries) return true;
  abort(CloseReason::lost);
  return false;
}

// T3-rtx (RFC 9260 §6.3.3).
void Association::Impl::on_retransmission_timer() {
  if (flight_.empty()) return;
  ++statistics_.timeouts;
  // A closed window may stay closed for as long as the peer says so (§6.1 A).
  const bool closed = std::exchange(window_closed_, false);
  if (!closed && !count_error()) return;
  round_trip_.back_off();
  flight_.on_timeout();
  flight_.abandon_hopeless(now_, queue_);
  forward_due_ = flight_.must_forward();
  if (!closed) congestion_->on_timeout(now_);
  probe_at_.reset();
  probing_ = probe_due_ = false;
  arm_retransmission();
}

// A lost tail is followed by nothing whose arrival would tell: send something (RFC 8985 §7.3).
void Association::Impl::on_probe_timer() {
  if (flight_.in_flight_chunks() == 0 || probing_) return;
  probe_due_ = probing_ = true;
  ++statistics_.probes;
}

void Association::Impl::arm_probe() {
  probe_at_.reset();
  if (probing_ || flight_.in_flight_chunks() == 0 || !round_trip_.smoothed()) return;
  // The last chunk asks to be acknowledged at once, so no delay of the peer's is waited for.
  probe_at_ = now_ + 2 * *round_trip_.smoothed() + 10ms;
  if (retransmit_at_ && *probe_at_ >= *retransmit_at_) probe_at_.reset();
}

void Association::Impl::arm_retransmission() {
  retransmit_at_.reset();
  if (!flight_.empty()) retransmit_at_ = now_ + round_trip_.timeout();
}

void Association::Impl::update_pacing() {
  if (const auto rate = congestion_->bytes_per_second()) pacer_.set_rate(now_, *rate);
}

// --- Sending
// --------------------------------------------------------------------------------------

Result<Unit, SendError> Association::Impl::send(Instant now, StreamId stream, Ppid ppid,
                                                Ordering ordering, BytesView payload,
                                                const Reliability& reliability) {
  if (state_ != State::established) return Failure{SendError::not_established};
  if (payload.empty() || payload.size() > options_.max_message) return Failure{SendError::bad_size};
  if (stream.value() >= streams_) return Failure{SendError::bad_stream};
  set_time(now);
  const bool small =
      payload.size() <= small_payload && queue_.footprint() < options_.send_buffer + room_for_small;
  if ((!small && payload.size() > writable()) || resets_.is_resetting(stream)) {
    crowded_ = true;
    return Failure{SendError::would_block};
  }
  const Reliability wanted = peer_->extensions.partial_reliability ? reliability : Reliability{};
  queue_.push(now_, stream, ppid, ordering, wanted, payload);
  crowded_ |= queue_.footprint() > options_.send_buffer / 2;
  return Unit{};
}

std::size_t Association::Impl::writable() const {
  if (state_ != State::established) return 0;
  const std::size_t used = queue_.footprint() + SendQueue::message_overhead;
  return used >= options_.send_buffer ? 0 : options_.send_buffer - used;
}

void Association::Impl::say_writable() {
  if (!crowded_ || queue_.footprint() > options_.send_buffer / 2) return;
  crowded_ = false;
  events_.emplace_back(Writable{});
}

// --- Stream resets
// --------------------------------------------------------------------------------

void Association::Impl::reset_stream(Instant now, StreamId stream) {
  if (state_ != State::established || stream.value() >= streams_) return;
  set_time(now);
  resets_.add(stream);
  request_resets();
}

void Association::Impl::request_resets() {
  if (state_ != State::established || resets_.idle()) return;
  if (!peer_->extensions.reconfiguration) {
    for (const StreamId stream : resets_.give_up()) events_.emplace_back(ResetDone{stream});
    return;
  }
  if (!resets_.begin([this](StreamId stream) { return queue_.is_drained(stream); })) return;
  send_reset_request();
}

void Association::Impl::on_reset_timer() {
  if (!resets_.has_request() || !count_error()) return;
  round_trip_.back_off();
  send_reset_request();
}

void Association::Impl::send_reset_request() {
  // Deviates from RFC 6525 §5.1.2 A4, which names the last TSN assigned: all of these streams' data
  // is acknowledged, and later data of others is nothing the peer should wait for.
  control(ChunkType::reconfig, resets_.encode(flight_.cumulative(), peer_->resets.last_request()));
  reset_at_ = now_ + round_trip_.timeout();
}

// --- Receiving
// ------------------------------------------------------------------------------------

std::size_t Association::Impl::receive_window() const {
  const std::size_t held = reassembly_.held();
  return held + options_.mtu > options_.receive_buffer ? 0 : options_.receive_buffer - held;
}

std::optional<Event> Association::Impl::poll_event() {
  if (events_.empty()) return std::nullopt;
  const Event event = events_.front();
  events_.pop_front();
  return event;
}

std::optional<Message> Association::Impl::poll_message() {
  auto message = reassembly_.poll();
  // A sender that was stopped is told when it's worth going on.
  if (message && state_ == State::established && said_window_ < options_.receive_buffer / 2 &&
      receive_window() >= said_window_ + options_.receive_buffer / 8)
    peer_->tracker.hurry();
  return message;
}

Statistics Association::Impl::statistics() const {
  Statistics all = statistics_;
  all.chunks_sent_again = flight_.retransmissions();
  all.window = congestion_->window();
  all.in_flight = flight_.in_flight();
  all.bytes_per_second = congestion_->bytes_per_second().value_or(0);
  all.round_trip = round_trip_.smoothed().value_or(Duration{});
  return all;
}

// --- The seam
// -------------------------------------------------------------------------------------

Association::Association(const Options& options, Entropy& entropy, Instant now)
    : impl_(std::make_unique<Impl>(options, entropy, now)) {}
Association::~Association() = default;
Association::Association(Association&&) noexcept = default;
Association& Association::operator=(Association&&) noexcept = default;

void Association::receive(Instant now, BytesView packet) {
  impl_->receive(now, packet);
}
void Association::advance(Instant now) {
  impl_->advance(now);
}
std::optional<std::size_t> Association::poll_transmit(MutableBytes out) {
  return impl_->poll_transmit(out);
}
std::optional<Event> Association::poll_event() {
  return impl_->poll_event();
}
std::optional<Message> Association::poll_message() {
  return impl_->poll_message();
}
std::optional<Instant> Association::deadline() const {
  return impl_->deadline();
}
Result<Unit, SendError> Association::send(Instant now, StreamId stream, Ppid ppid,
                                          Ordering ordering, BytesView payload,
                                          const Reliability& reliability) {
  return impl_->send(now, stream, ppid, ordering, payload, reliability);
}
std::size_t Association::writable() const {
  return impl_->writable();
}
std::size_t Association::buffered() const {
  return impl_->buffered();
}
void Association::reset_stream(Instant now, StreamId stream) {
  impl_->reset_stream(now, stream);
}
void Association::close(Instant now) {
  impl_->close(now);
}
Statistics Association::statistics() const {
  return impl_->statistics();
}

}  // namespace hearth::sctp
