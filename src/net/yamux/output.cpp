// Connection's sending half: short frames first, then streams in turns.

#include <algorithm>

#include <hearth/yamux/connection.h>

namespace hearth::yamux {
namespace {

// Of one stream while others wait. Alone, it may fill what there is.
constexpr std::size_t turn_bytes = 16 * 1024;
// A data frame shorter than this isn't worth its header if the next output has room for more.
constexpr std::size_t short_frame = 1024;

}  // namespace

class Connection::Output {
 public:
  explicit Output(MutableBytes out) : rest_(out), size_(out.size()) {}

  [[nodiscard]] bool header_fits() const { return rest_.size() >= header_size; }
  [[nodiscard]] std::size_t body_room() const { return rest_.size() - header_size; }
  [[nodiscard]] std::size_t written() const { return size_ - rest_.size(); }

  void header(const FrameHeader& header) {
    encode_header(header, rest_.first<header_size>());
    rest_ = rest_.subspan(header_size);
  }
  void body(ByteQueue& from, std::size_t size) {
    HEARTH_ASSERT(from.read(rest_.first(size)) == size);
    rest_ = rest_.subspan(size);
  }

 private:
  MutableBytes rest_;
  std::size_t size_;
};

std::size_t Connection::poll_transmit(MutableBytes buffer) {
  HEARTH_ASSERT(buffer.size() >= min_transmit);
  Output out{buffer};
  send_session_frames(out);
  while (out.header_fits() && !ready_.empty()) {
    Stream* const stream = find(ready_.front());
    if (stream == nullptr) {
      ready_.pop();
      continue;
    }
    if (!send_stream(*stream, out)) break;
  }
  return out.written();
}

void Connection::send_session_frames(Output& out) {
  if (go_away_ && out.header_fits()) {
    out.header({.type = FrameType::go_away, .length = static_cast<std::uint32_t>(*go_away_)});
    go_away_.reset();
  }
  while (!pongs_.empty() && out.header_fits())
    out.header({.type = FrameType::ping, .flags = flag_ack, .length = pongs_.pop()});
  if (ping_pending_ && out.header_fits()) {
    out.header({.type = FrameType::ping, .flags = flag_syn, .length = ++ping_value_});
    ping_pending_ = false;
    ping_sent_ = now_;
  }
  while (!resets_.empty() && out.header_fits())
    out.header({.type = FrameType::window_update, .flags = flag_rst, .stream = resets_.pop()});
}

// One turn of the stream at the head of ready_. False when the output is too full for it.
bool Connection::send_stream(Stream& stream, Output& out) {
  if (stream.syn_pending || stream.ack_pending || stream.grant > 0) {
    const auto flags = static_cast<std::uint16_t>((stream.syn_pending ? flag_syn : 0) |
                                                  (stream.ack_pending ? flag_ack : 0));
    out.header({.type = FrameType::window_update,
                .flags = flags,
                .stream = stream.id,
                .length = stream.grant});
    stream.syn_pending = stream.ack_pending = false;
    stream.grant = 0;
  }
  const std::size_t sendable =
      static_cast<std::size_t>(std::min<std::uint64_t>(stream.outgoing.size(), stream.send_window));
  if (sendable > 0 && !stream.was_reset) {
    if (!out.header_fits()) return false;
    const std::size_t turn = ready_.size() > 1 ? std::min(sendable, turn_bytes) : sendable;
    const std::size_t size = std::min(turn, out.body_room());
    if (size < turn && size < short_frame && out.written() > 0) return false;
    out.header(
        {.type = FrameType::data, .stream = stream.id, .length = static_cast<std::uint32_t>(size)});
    out.body(stream.outgoing, size);
    stream.send_window -= size;
    stream.sent += size;
    stream.charged -= size;
    budget_.release(size);
    say_writable(stream);
  }
  // On a frame of its own: some receivers act on a FIN before they take the data that comes with
  // it.
  if (stream.write_closed && !stream.fin_sent && !stream.was_reset && stream.outgoing.empty()) {
    if (!out.header_fits()) return false;
    out.header({.type = FrameType::window_update, .flags = flag_fin, .stream = stream.id});
    stream.fin_sent = true;
  }
  ready_.pop();
  stream.ready = false;
  schedule(stream);
  erase_if_over(stream);
  return true;
}

}  // namespace hearth::yamux
