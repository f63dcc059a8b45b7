// Packets in.

#include <algorithm>
#include <utility>

#include <hearth/sctp/association_impl.h>
#include <hearth/sctp/crc32c.h>

namespace hearth::sctp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t reflected_tag = 1;  // the T bit of ABORT and SHUTDOWN COMPLETE
constexpr std::uint16_t unrecognized_chunk = 6;
constexpr std::size_t largest_echo = 512;  // of a heartbeat or of what we report
constexpr std::size_t most_queued_sacks = 12;
constexpr std::size_t checksum_offset = 8;

bool is_data(ChunkType type) {
  return type == ChunkType::data || type == ChunkType::i_data;
}

}  // namespace

void Association::Impl::receive(Instant now, BytesView packet) {
  set_time(now);
  if (state_ == State::closed) return;
  const auto header = parse_common_header(packet);
  if (!header || !checksum_fits(packet)) return refuse();
  ChunkReader chunks{packet};
  auto chunk = chunks.next();
  if (!chunk || !tag_fits(*header, *chunk)) return refuse();
  ++statistics_.packets_received;
  // Where packets come faster than answers leave, each two get theirs still: senders that count
  // acknowledgements (Chromium's) would grow too slowly.
  if (state_ == State::established && peer_->tracker.full() && !peer_->tracker.has_gaps() &&
      control_.size() < most_queued_sacks)
    control(ChunkType::sack, encode_sack(make_sack(0)));
  bool had_data = false;
  while (chunk && state_ != State::closed) {
    had_data |= is_data(chunk->type);
    const auto type = static_cast<std::uint8_t>(chunk->type);
    on_chunk(*chunk);
    const bool alone = chunk->type == ChunkType::init || chunk->type == ChunkType::init_ack;
    const bool known = type <= 14 || is_data(chunk->type) || chunk->type == ChunkType::reconfig ||
                       chunk->type == ChunkType::forward_tsn ||
                       chunk->type == ChunkType::i_forward_tsn;
    if (alone || (!known && !unknown_may_be_skipped(type)) || chunks.empty()) break;
    chunk = chunks.next();
  }
  if (state_ == State::established) after_packet(had_data);
}

// Without the right tag it isn't from the peer (RFC 9260 §8.5).
bool Association::Impl::tag_fits(const CommonHeader& header, const Chunk& first) const {
  if (first.type == ChunkType::init) return header.verification_tag == 0;
  if ((first.type == ChunkType::abort || first.type == ChunkType::shutdown_complete) &&
      (first.flags & reflected_tag) != 0)
    return peer_ && header.verification_tag == peer_->tag;
  return header.verification_tag == tag_;
}

bool Association::Impl::checksum_fits(BytesView packet) const {
  if (options_.zero_checksum && packet.size() > common_header_size) {
    const auto type = static_cast<ChunkType>(packet[common_header_size]);
    const BytesView sum = packet.subspan(checksum_offset, 4);
    if (type != ChunkType::init && type != ChunkType::cookie_echo &&
        std::ranges::all_of(sum, [](std::byte b) { return b == std::byte{0}; }))
      return true;
  }
  return has_valid_checksum(packet);
}

void Association::Impl::after_packet(bool had_data) {
  TsnTracker& tracker = peer_->tracker;
  if (had_data) {
    tracker.on_packet(now_);
    if (peer_->resets.waiting()) act_on(peer_->resets.on_progress(tracker.cumulative()));
  }
  request_resets();
  say_writable();
}

void Association::Impl::on_chunk(const Chunk& chunk) {
  // Only one for whom the association stands sends these: our COOKIE ECHO came, its answer got
  // lost.
  if (state_ == State::cookie_echoed &&
      (is_data(chunk.type) || chunk.type == ChunkType::sack || chunk.type == ChunkType::cookie_ack))
    establish();
  switch (chunk.type) {
    case ChunkType::init:
    case ChunkType::init_ack: {
      const auto init = parse_init(chunk.value);
      if (!init) return;
      return chunk.type == ChunkType::init ? on_init(*init) : on_init_ack(*init);
    }
    case ChunkType::cookie_echo:
      return on_cookie_echo(chunk.value);
    case ChunkType::abort:
      return finish(CloseReason::aborted_by_peer);
    case ChunkType::heartbeat:
      if (peer_ && chunk.value.size() <= largest_echo)
        control(ChunkType::heartbeat_ack, to_bytes(chunk.value));
      return;
    case ChunkType::cookie_ack:
    case ChunkType::heartbeat_ack:
    case ChunkType::error:
    case ChunkType::shutdown_ack:
    case ChunkType::shutdown_complete:
      return;
    default:
      break;
  }
  if (state_ != State::established) return;
  switch (chunk.type) {
    case ChunkType::data:
    case ChunkType::i_data:
      return on_data(chunk);
    case ChunkType::sack:
      return on_sack(chunk.value);
    case ChunkType::forward_tsn:
    case ChunkType::i_forward_tsn:
      return on_forward_tsn(chunk);
    case ChunkType::reconfig:
      return on_reconfig(chunk.value);
    case ChunkType::shutdown:
      // What it still waits for from us is nothing to anybody above once the channels are over.
      control(ChunkType::shutdown_ack);
      return finish(CloseReason::shut_down_by_peer);
    default:
      return on_unknown(chunk);
  }
}

void Association::Impl::on_unknown(const Chunk& chunk) {
  if (!unknown_wants_report(static_cast<std::uint8_t>(chunk.type)) ||
      chunk.value.size() > largest_echo)
    return;
  Bytes cause;
  Writer out{cause};
  out.u16_be(unrecognized_chunk);
  out.u16_be(static_cast<std::uint16_t>(8 + chunk.value.size()));
  out.u8(static_cast<std::uint8_t>(chunk.type));
  out.u8(chunk.flags);
  out.u16_be(static_cast<std::uint16_t>(4 + chunk.value.size()));
  out.bytes(chunk.value);
  control(ChunkType::error, std::move(cause));
}

// --- Setting up (RFC 9260 §5.1, §5.2)
// -------------------------------------------------------------

// Answered alike in every state, and nothing is kept. Deviates from §5.2.2, which has a new tag for
// a peer that began anew: its cookie will end this association anyway.
void Association::Impl::on_init(const Init& init) {
  Init answer = own_init();
  const Bytes cookie = jar_.bake(now_, init);
  answer.cookie = cookie;
  control_to(init.tag, ChunkType::init_ack, encode_init(answer));
}

void Association::Impl::on_init_ack(const Init& init) {
  if (state_ != State::cookie_wait || init.cookie.empty() ||
      init.cookie.size() > options_.mtu - common_header_size - chunk_header_size)
    return;
  meet(init);
  state_ = State::cookie_echoed;
  peers_cookie_ = to_bytes(init.cookie);
  control(ChunkType::cookie_echo, peers_cookie_);
  handshake_tries_ = 0;
  handshake_at_ = now_ + RoundTrip::initial_timeout;
  if (!init_sent_at_) return;
  round_trip_.sample(now_ - *init_sent_at_);
  congestion_->on_ack({.now = now_, .round_trip = now_ - *init_sent_at_, .rate = std::nullopt});
  update_pacing();
}

void Association::Impl::on_cookie_echo(BytesView cookie) {
  const auto init = jar_.open(now_, cookie);
  if (!init) return;
  if (state_ == State::established) {
    // Data channels have no meaning across a restart.
    if (init->tag != peer_->tag) return finish(CloseReason::aborted_by_peer);
  } else {
    // Both sides connect: the peer got here first.
    if (!peer_ || init->tag != peer_->tag) meet(*init);
    establish();
  }
  control(ChunkType::cookie_ack);
}

// --- Data
// -----------------------------------------------------------------------------------------

void Association::Impl::on_data(const Chunk& chunk) {
  const auto data = parse_data(chunk);
  if (!data || data->interleaved != interleaved()) return;
  TsnTracker& tracker = peer_->tracker;
  const Tsn tsn = tracker.widen_tsn(data->tsn);
  if (!tracker.is_new(tsn)) {
    if (tsn <= tracker.cumulative() + TsnTracker::reach) tracker.add_duplicate(tsn);
    return;
  }
  // Beyond the window nothing is kept, and so nothing kept is ever dropped. Only when all that is
  // kept is unfinished, what may finish it gets a message's room more.
  const std::size_t after = reassembly_.held() + data->payload.size();
  const bool may_finish = tsn == tracker.cumulative() + 1 && !reassembly_.has_ready() &&
                          after <= options_.receive_buffer + options_.max_message;
  if (after > options_.receive_buffer && !may_finish) return tracker.hurry();
  tracker.add(tsn);
  if (data->immediate) tracker.hurry();
  if (data->stream.value() >= streams_) return;
  if (!reassembly_.add(tsn, *data)) abort(CloseReason::message_too_long);
}

void Association::Impl::on_sack(BytesView value) {
  Sack sack;
  if (!parse_sack(value, sack)) return;
  const auto outcome = flight_.on_sack(now_, sack, queue_, round_trip_);
  if (!outcome) return;
  peer_->window = sack.window;
  // Less than a packet's worth is none: what is sent against it may be dropped.
  const bool closed = sack.window < options_.mtu;
  const bool opened = window_closed_ && !closed;
  window_closed_ = closed;
  if (outcome->anything || window_closed_) errors_ = 0;
  on_outcome(*outcome);
  // What was sent against the closed window was dropped, and nobody will say so.
  if (opened && !flight_.empty()) {
    flight_.on_timeout();
    arm_retransmission();
  }
}

void Association::Impl::on_outcome(const Flight::Outcome& outcome) {
  if (flight_.delivered() > limited_until_) limited_until_ = 0;
  if (outcome.anything || outcome.report.lost > 0) congestion_->on_ack(outcome.report);
  update_pacing();
  flight_.abandon_hopeless(now_, queue_);
  forward_due_ = flight_.must_forward();
  if (outcome.anything) probing_ = false;
  if (outcome.advanced || flight_.empty()) arm_retransmission();  // R2, R3
  if (outcome.anything) arm_probe();
}

void Association::Impl::on_forward_tsn(const Chunk& chunk) {
  auto forward = parse_forward_tsn(chunk);
  if (!forward || interleaved() != (chunk.type == ChunkType::i_forward_tsn)) return;
  TsnTracker& tracker = peer_->tracker;
  const Tsn to = tracker.widen_tsn(forward->cumulative);
  if (to <= tracker.cumulative()) return tracker.hurry();  // ours got lost
  std::erase_if(forward->skipped,
                [this](const ForwardTsn::Skipped& one) { return one.stream.value() >= streams_; });
  tracker.forward(to);
  reassembly_.skip(to, *forward, interleaved());
  if (peer_->resets.waiting()) act_on(peer_->resets.on_progress(tracker.cumulative()));
}

// --- Stream resets
// --------------------------------------------------------------------------------

void Association::Impl::on_reconfig(BytesView value) {
  const auto reconfig = parse_reconfig(value);
  if (!reconfig) return;
  for (const auto& response : reconfig->responses) {
    if (!response) continue;
    const OutgoingResets::Answer answer = resets_.on_response(*response);
    if (answer.again) reset_at_ = now_ + round_trip_.smoothed().value_or(100ms) + 10ms;
    if (answer.done.empty()) continue;
    reset_at_.reset();
    errors_ = 0;
    round_trip_.forget_backoff();
    for (const StreamId stream : answer.done) {
      // Denied or failed, the channel is over either way; only its numbers go on.
      if (answer.performed) queue_.reset(stream);
      events_.emplace_back(ResetDone{stream});
    }
  }
  if (reconfig->reset)
    act_on(peer_->resets.on_request(*reconfig->reset, peer_->tracker.cumulative()));
  if (reconfig->other)
    control(ChunkType::reconfig,
            encode_reconfig_response(peer_->resets.deny(reconfig->other->request)));
}

void Association::Impl::act_on(const IncomingResets::Outcome& outcome) {
  if (outcome.answer) control(ChunkType::reconfig, encode_reconfig_response(*outcome.answer));
  if (outcome.every) {
    reassembly_.reset_all();
    for (std::uint16_t id = 0; id < streams_; ++id) events_.emplace_back(PeerReset{StreamId{id}});
  }
  for (const StreamId stream : outcome.streams) {
    if (stream.value() >= streams_) continue;
    reassembly_.reset(stream);
    events_.emplace_back(PeerReset{stream});
  }
}

}  // namespace hearth::sctp
