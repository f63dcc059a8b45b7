#pragma once
// The association's state and the three files that work on it: association.cpp (its life and its
// timers), association_input.cpp (chunks in), association_output.cpp (packets out).

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include <hearth/sctp/association.h>
#include <hearth/sctp/congestion.h>
#include <hearth/sctp/cookie.h>
#include <hearth/sctp/flight.h>
#include <hearth/sctp/pacer.h>
#include <hearth/sctp/packet.h>
#include <hearth/sctp/reassembly.h>
#include <hearth/sctp/round_trip.h>
#include <hearth/sctp/send_queue.h>
#include <hearth/sctp/stream_reset.h>
#include <hearth/sctp/tsn_tracker.h>

namespace hearth::sctp {

class Association::Impl {
 public:
  Impl(const Options& options, Entropy& entropy, Instant now);

  void receive(Instant now, BytesView packet);
  void advance(Instant now);
  [[nodiscard]] std::optional<std::size_t> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<Message> poll_message();
  [[nodiscard]] std::optional<Instant> deadline() const;
  Result<Unit, SendError> send(Instant now, StreamId stream, Ppid ppid, Ordering ordering,
                               BytesView payload, const Reliability& reliability);
  [[nodiscard]] std::size_t writable() const;
  [[nodiscard]] std::size_t buffered() const { return queue_.bytes(); }
  void reset_stream(Instant now, StreamId stream);
  void close(Instant now);
  [[nodiscard]] Statistics statistics() const;

 private:
  enum class State : std::uint8_t { cookie_wait, cookie_echoed, established, closed };

  /// A chunk on its own way out, outside the order of data.
  struct Control {
    ChunkType type;
    Bytes value;
    std::uint8_t flags = 0;
    std::uint32_t tag = 0;
  };

  /// All that exists only once the peer is known.
  struct Peer {
    explicit Peer(const Init& init)
        : tag(init.tag),
          window(init.window),
          extensions(init.extensions),
          tracker(init.first_tsn),
          resets(init.first_tsn) {}
    std::uint32_t tag;
    std::size_t window;  // as it last said
    Extensions extensions;
    TsnTracker tracker;
    IncomingResets resets;
  };

  // association.cpp
  void set_time(Instant now);
  [[nodiscard]] Init own_init() const;
  void meet(const Init& init);
  void establish();
  void finish(CloseReason why);
  void abort(CloseReason why);
  void control(ChunkType type, Bytes value = {}, std::uint8_t flags = 0);
  void control_to(std::uint32_t tag, ChunkType type, Bytes value, std::uint8_t flags = 0);
  void on_handshake_timer();
  void on_retransmission_timer();
  void on_probe_timer();
  void on_reset_timer();
  void send_reset_request();
  [[nodiscard]] bool count_error();
  void arm_probe();
  void arm_retransmission();
  void say_writable();
  void request_resets();
  void update_pacing();
  [[nodiscard]] std::size_t receive_window() const;

  // association_input.cpp
  void refuse() { ++statistics_.packets_refused; }
  void on_chunk(const Chunk& chunk);
  void on_init(const Init& init);
  void on_init_ack(const Init& init);
  void on_cookie_echo(BytesView cookie);
  void on_data(const Chunk& chunk);
  void on_sack(BytesView value);
  void on_outcome(const Flight::Outcome& outcome);
  void on_forward_tsn(const Chunk& chunk);
  void on_reconfig(BytesView value);
  void after_packet(bool had_data);
  void act_on(const IncomingResets::Outcome& outcome);
  void on_unknown(const Chunk& chunk);
  [[nodiscard]] bool tag_fits(const CommonHeader& header, const Chunk& first) const;
  [[nodiscard]] bool checksum_fits(BytesView packet) const;

  // association_output.cpp
  [[nodiscard]] std::optional<std::size_t> transmit_control(MutableBytes out);
  [[nodiscard]] std::optional<std::size_t> transmit_data(MutableBytes out);
  [[nodiscard]] Sack make_sack(std::size_t room);
  void add_sack(PacketWriter& packet);
  void add_forward(PacketWriter& packet);
  std::size_t add_lost(PacketWriter& packet);
  std::size_t add_new(PacketWriter& packet);
  std::size_t add_probe(PacketWriter& packet);
  void add_chunk(PacketWriter& packet, Tsn tsn, bool immediate);
  [[nodiscard]] std::size_t peers_room() const;
  [[nodiscard]] bool window_allows(std::size_t size) const;
  [[nodiscard]] bool may_send_data();
  [[nodiscard]] std::size_t finish_packet(const PacketWriter& packet, MutableBytes out,
                                          bool needs_checksum);
  [[nodiscard]] std::size_t chunk_overhead() const {
    return interleaved() ? i_data_header_size : data_header_size;
  }
  [[nodiscard]] bool interleaved() const {
    return peer_ && options_.interleaving && peer_->extensions.interleaving;
  }

  Options options_;
  Instant now_;
  State state_ = State::cookie_wait;

  // Ourselves.
  std::uint32_t tag_;
  std::uint32_t first_tsn_;
  CookieJar jar_;
  Bytes peers_cookie_;  // while it is echoed
  std::uint16_t streams_ = 0;
  std::optional<Peer> peer_;

  // Sending.
  SendQueue queue_;
  Flight flight_;
  RoundTrip round_trip_;
  std::unique_ptr<CongestionControl> congestion_;
  Pacer pacer_;
  OutgoingResets resets_;
  std::uint64_t limited_until_ = 0;  // delivered bytes up to which we had too little to send
  bool crowded_ = false;             // somebody is owed a Writable
  bool forward_due_ = false;
  bool probe_due_ = false;
  bool probing_ = false;  // and nothing was acknowledged since
  bool window_closed_ = false;
  int errors_ = 0;

  // Receiving.
  Reassembly reassembly_;
  std::size_t said_window_ = 0;

  // Timers.
  int handshake_tries_ = 0;
  std::optional<Instant> handshake_at_;
  std::optional<Instant> init_sent_at_;  // for the first round-trip time; none once sent again
  std::optional<Instant> retransmit_at_;
  std::optional<Instant> probe_at_;
  std::optional<Instant> reset_at_;
  std::optional<Instant> paced_at_;

  std::deque<Control> control_;  // bounded by most_control
  std::deque<Event> events_;     // bounded by what one packet can cause; drained after each
  Statistics statistics_;
};

}  // namespace hearth::sctp
