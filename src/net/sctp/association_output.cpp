// Packets out: control chunks, then acknowledgements with what was lost and what is new.

#include <algorithm>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/sctp/association_impl.h>
#include <hearth/sctp/crc32c.h>

namespace hearth::sctp {
namespace {

// Of a message that goes on: less isn't worth a chunk if the next packet has room for more.
constexpr std::size_t short_fragment = 256;
// Chromium's receive window is 5 MiB, and above nine tenths of it only the next TSN is taken.
constexpr std::size_t most_in_flight = std::size_t{4} << 20;
constexpr std::size_t most_skipped_streams = 64;
constexpr std::size_t sack_header_size = 16;

bool stands_alone(ChunkType type) {
  return type == ChunkType::init || type == ChunkType::init_ack || type == ChunkType::cookie_echo;
}

}  // namespace

std::optional<std::size_t> Association::Impl::poll_transmit(MutableBytes out) {
  HEARTH_ASSERT(out.size() >= options_.mtu);
  const MutableBytes room = out.first(options_.mtu);
  if (!control_.empty()) return transmit_control(room);
  if (state_ == State::established) return transmit_data(room);
  return std::nullopt;
}

std::optional<std::size_t> Association::Impl::transmit_control(MutableBytes out) {
  const std::uint32_t tag = control_.front().tag;
  PacketWriter packet{out, tag};
  bool needs_checksum = false;
  while (!control_.empty() && control_.front().tag == tag) {
    const Control& next = control_.front();
    const bool alone = stands_alone(next.type);
    if (!packet.empty() && (alone || next.value.size() > packet.room())) break;
    packet.add(next.type, next.flags, next.value);
    control_.pop_front();
    needs_checksum = alone;
    if (alone) break;
  }
  return finish_packet(packet, out, needs_checksum);
}

std::size_t Association::Impl::finish_packet(const PacketWriter& packet, MutableBytes out,
                                             bool needs_checksum) {
  ++statistics_.packets_sent;
  const bool may_be_zero =
      options_.zero_checksum && peer_ && peer_->extensions.zero_checksum && !needs_checksum;
  if (!may_be_zero) write_checksum(out.first(packet.size()));
  return packet.size();
}

std::optional<std::size_t> Association::Impl::transmit_data(MutableBytes out) {
  PacketWriter packet{out, peer_->tag};
  TsnTracker& tracker = peer_->tracker;
  const bool sends = may_send_data();
  if (tracker.due() || (tracker.pending() && (sends || probe_due_))) add_sack(packet);
  if (std::exchange(forward_due_, false)) add_forward(packet);
  const std::size_t in_flight = flight_.in_flight();
  std::size_t sent = 0;
  if (std::exchange(probe_due_, false)) sent = add_probe(packet);
  if (sends) {
    sent += add_lost(packet);
    sent += add_new(packet);
  }
  if (sent > 0) {
    congestion_->on_sent(now_, sent, in_flight);
    pacer_.on_sent(sent);
    if (!retransmit_at_) arm_retransmission();
    arm_probe();
  }
  if (packet.empty()) return std::nullopt;
  return finish_packet(packet, out, false);
}

// Whether there is something to send and everybody lets it go. Notes what keeps it back.
bool Association::Impl::may_send_data() {
  paced_at_.reset();
  const bool again = flight_.next_lost().has_value();
  queue_.choose(peers_room());
  const bool wants = again || !queue_.empty();
  const std::size_t window = std::min(congestion_->window(), most_in_flight);
  const bool room = flight_.in_flight() + options_.mtu <= window || flight_.in_flight() == 0;
  const bool starved = !again && (queue_.empty() || !window_allows(queue_.next_size()));
  if (room && starved)
    limited_until_ = std::max<std::uint64_t>(flight_.delivered() + flight_.in_flight(), 1);
  if (!wants || !room || starved) return false;
  if (pacer_.ready(now_)) return true;
  paced_at_ = pacer_.next();
  return false;
}

// What the peer's window leaves for new data.
std::size_t Association::Impl::peers_room() const {
  return peer_->window - std::min<std::size_t>(peer_->window, flight_.outstanding_payload());
}

// One chunk may always try the peer's window (RFC 9260 §6.1 A).
bool Association::Impl::window_allows(std::size_t size) const {
  return flight_.empty() || std::min(size, options_.mtu) <= peers_room();
}

Sack Association::Impl::make_sack(std::size_t room) {
  said_window_ = receive_window();
  return peer_->tracker.make_sack(static_cast<std::uint32_t>(said_window_), room);
}

void Association::Impl::add_sack(PacketWriter& packet) {
  const std::size_t room = packet.room() - std::min<std::size_t>(packet.room(), sack_header_size);
  packet.add(ChunkType::sack, 0, encode_sack(make_sack(room)));
}

void Association::Impl::add_forward(PacketWriter& packet) {
  const std::size_t most = std::min(most_skipped_streams, packet.room() / 8);
  const Bytes value =
      encode_forward_tsn(flight_.forward(queue_, interleaved(), most), interleaved());
  if (value.size() > packet.room()) return;
  packet.add(interleaved() ? ChunkType::i_forward_tsn : ChunkType::forward_tsn, 0, value);
  if (!retransmit_at_) arm_retransmission();
}

void Association::Impl::add_chunk(PacketWriter& packet, Tsn tsn, bool immediate) {
  const Fragment& fragment = flight_.get(tsn).fragment;
  const SendQueue::Message& message = queue_.message(fragment.slot);
  packet.add(DataChunk{.interleaved = interleaved(),
                       .begins = fragment.begins,
                       .ends = fragment.ends,
                       .unordered = message.unordered,
                       .immediate = immediate,
                       .tsn = to_wire(tsn),
                       .stream = message.stream,
                       .message = message.number,
                       .fragment = fragment.index,
                       .ppid = message.ppid,
                       .payload = queue_.payload(fragment)});
}

std::size_t Association::Impl::add_lost(PacketWriter& packet) {
  std::size_t sent = 0;
  for (auto tsn = flight_.next_lost(); tsn; tsn = flight_.next_lost()) {
    const std::size_t size = flight_.get(*tsn).wire_size;
    if (size > packet.room() + chunk_header_size) break;
    if (sent > 0 && flight_.in_flight() + size > congestion_->window()) break;
    flight_.resend(now_, *tsn, limited_until_ > 0);
    // A retransmission of the first one outstanding gets a whole timeout for itself.
    if (*tsn == flight_.cumulative() + 1) arm_retransmission();
    add_chunk(packet, *tsn, !flight_.next_lost() && queue_.empty());
    sent += size;
  }
  return sent;
}

std::size_t Association::Impl::add_new(PacketWriter& packet) {
  std::size_t sent = 0;
  while (!queue_.empty() && !flight_.next_lost()) {
    const std::size_t room = packet.room() + chunk_header_size;
    queue_.choose(peers_room());
    if (room <= chunk_overhead() || !window_allows(queue_.next_size())) break;
    const bool alone = packet.empty();
    const auto fragment = queue_.next(room - chunk_overhead(), alone ? 1 : short_fragment);
    if (!fragment) break;
    const std::size_t size = padded(chunk_overhead() + fragment->size);
    const Tsn tsn = flight_.add(now_, *fragment, size, limited_until_ > 0);
    add_chunk(packet, tsn, queue_.empty());
    sent += size;
  }
  return sent;
}

std::size_t Association::Impl::add_probe(PacketWriter& packet) {
  const auto youngest = flight_.youngest_in_flight();
  if (!youngest) return 0;
  arm_retransmission();
  if (flight_.get(*youngest).wire_size > packet.room() + chunk_header_size) {
    probe_due_ = true;  // in the next packet
    return 0;
  }
  flight_.resend(now_, *youngest, limited_until_ > 0);
  add_chunk(packet, *youngest, true);
  return flight_.get(*youngest).wire_size;
}

}  // namespace hearth::sctp
