#pragma once
// Packets and their chunks (RFC 9260 §3, 8260 §2, 6525 §3, 3758 §3, 9653 §4), read from views and
// written into the caller's buffer. Nothing in here knows of an association.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/sctp/types.h>

namespace hearth::sctp {

enum class ChunkType : std::uint8_t {
  data = 0,
  init = 1,
  init_ack = 2,
  sack = 3,
  heartbeat = 4,
  heartbeat_ack = 5,
  abort = 6,
  shutdown = 7,
  shutdown_ack = 8,
  error = 9,
  cookie_echo = 10,
  cookie_ack = 11,
  shutdown_complete = 14,
  i_data = 64,
  reconfig = 130,
  forward_tsn = 192,
  i_forward_tsn = 194,
};

enum class PacketError : std::uint8_t {
  truncated,
  /// A length that doesn't fit its place, or a number that means nothing.
  malformed,
};

inline constexpr std::size_t common_header_size = 12;
inline constexpr std::size_t chunk_header_size = 4;
inline constexpr std::size_t data_header_size = 16;    // of the chunk, its own header included
inline constexpr std::size_t i_data_header_size = 20;  // the same
/// Chunks and parameters begin at multiples of four.
[[nodiscard]] constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

struct CommonHeader {
  std::uint16_t source_port;
  std::uint16_t destination_port;
  std::uint32_t verification_tag;
};
/// Of a packet of any length; its checksum isn't looked at.
[[nodiscard]] Result<CommonHeader, PacketError> parse_common_header(BytesView packet);

/// Borrowed from the packet.
struct Chunk {
  ChunkType type;
  std::uint8_t flags;
  BytesView value;
};

/// Walks the chunks of a packet.
class ChunkReader {
 public:
  /// `packet` holds at least the common header.
  explicit ChunkReader(BytesView packet) : rest_(packet.subspan(common_header_size)) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  /// After an error nothing more can be read.
  [[nodiscard]] Result<Chunk, PacketError> next();

 private:
  BytesView rest_;
};

/// What the highest bits of a type we don't know ask for (RFC 9260 §3.2).
[[nodiscard]] constexpr bool unknown_may_be_skipped(std::uint8_t type) {
  return (type & 0x80) != 0;
}
[[nodiscard]] constexpr bool unknown_wants_report(std::uint8_t type) {
  return (type & 0x40) != 0;
}

// --- Setting up ---------------------------------------------------------------------------------

/// What a side can do beyond RFC 9260.
struct Extensions {
  bool partial_reliability = false;
  bool reconfiguration = false;
  bool interleaving = false;
  /// Takes packets whose checksum is zero, since DTLS is below (RFC 9653).
  bool zero_checksum = false;
  friend bool operator==(const Extensions&, const Extensions&) = default;
};

/// INIT and INIT ACK.
struct Init {
  std::uint32_t tag = 0;
  std::uint32_t window = 0;
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
  std::uint32_t first_tsn = 0;
  Extensions extensions;
  /// Only in an INIT ACK. Borrowed.
  BytesView cookie;
};
[[nodiscard]] Result<Init, PacketError> parse_init(BytesView value);

// --- Data ---------------------------------------------------------------------------------------

/// DATA, or I-DATA when `interleaved`.
struct DataChunk {
  bool interleaved = false;
  bool begins = false;
  bool ends = false;
  bool unordered = false;
  /// The sender asks for an acknowledgement at once (RFC 9260 §3.3.1's I bit).
  bool immediate = false;
  std::uint32_t tsn = 0;
  StreamId stream;
  /// Stream sequence number (16 bits), or I-DATA's message identifier.
  std::uint32_t message = 0;
  /// I-DATA's; in DATA the TSN does this.
  std::uint32_t fragment = 0;
  /// In I-DATA only the first fragment has it.
  Ppid ppid;
  BytesView payload;
};
[[nodiscard]] Result<DataChunk, PacketError> parse_data(const Chunk& chunk);

/// TSNs from `cumulative` + first to `cumulative` + last have come.
struct GapBlock {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  friend bool operator==(const GapBlock&, const GapBlock&) = default;
};
struct Sack {
  std::uint32_t cumulative = 0;
  std::uint32_t window = 0;
  /// In order and apart. At most what fits a packet.
  std::vector<GapBlock> blocks;
  std::vector<std::uint32_t> duplicates;
};
/// Refuses blocks that are empty, overlap or go backwards.
[[nodiscard]] Result<Unit, PacketError> parse_sack(BytesView value, Sack& into);

/// FORWARD-TSN and I-FORWARD-TSN: what the sender gave up on.
struct ForwardTsn {
  struct Skipped {
    StreamId stream;
    bool unordered = false;
    std::uint32_t message = 0;
    friend bool operator==(const Skipped&, const Skipped&) = default;
  };
  std::uint32_t cumulative = 0;
  std::vector<Skipped> skipped;
};
[[nodiscard]] Result<ForwardTsn, PacketError> parse_forward_tsn(const Chunk& chunk);

// --- RE-CONFIG ----------------------------------------------------------------------------------

/// "Our outgoing streams begin anew" (RFC 6525 §4.1). No streams: all of them.
struct OutgoingResetRequest {
  std::uint32_t request = 0;
  std::uint32_t response = 0;
  std::uint32_t last_tsn = 0;
  std::vector<StreamId> streams;
};
enum class ReconfigResult : std::uint32_t {
  nothing_to_do = 0,
  performed = 1,
  denied = 2,
  wrong_ssn = 3,
  request_in_progress = 4,
  bad_sequence = 5,
  in_progress = 6,
};
struct ReconfigResponse {
  std::uint32_t request = 0;
  ReconfigResult result = ReconfigResult::nothing_to_do;
};
/// The other requests, none of which we grant: only their numbers matter.
struct OtherRequest {
  std::uint32_t request = 0;
};
struct Reconfig {
  std::optional<OutgoingResetRequest> reset;
  std::optional<OtherRequest> other;
  std::array<std::optional<ReconfigResponse>, 2> responses;
};
/// At most two parameters (§3.1).
[[nodiscard]] Result<Reconfig, PacketError> parse_reconfig(BytesView value);

// --- Writing ------------------------------------------------------------------------------------

/// Writes fixed fields front to back; the caller has measured.
class FieldWriter {
 public:
  explicit FieldWriter(MutableBytes out) : rest_(out) {}
  void u8(std::uint8_t value) { number(value, 1); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void bytes(BytesView bytes);

 private:
  void number(std::uint32_t value, std::size_t width);
  MutableBytes rest_;
};

/// Builds one packet in the caller's buffer.
class PacketWriter {
 public:
  /// Both sides' port (RFC 8841 §5.1's usual value): one association, so nothing to tell apart.
  static constexpr std::uint16_t port = 5000;

  /// `out` is the whole packet's room, at least the common header's size.
  PacketWriter(MutableBytes out, std::uint32_t verification_tag);

  /// Bytes that a chunk's value may have.
  [[nodiscard]] std::size_t room() const;
  [[nodiscard]] bool empty() const { return size_ == common_header_size; }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Adds a chunk and returns the place of its value, of `size` bytes, at most room().
  MutableBytes chunk(ChunkType type, std::uint8_t flags, std::size_t size);
  void add(ChunkType type, std::uint8_t flags, BytesView value);
  void add(const DataChunk& data);

 private:
  MutableBytes out_;
  std::size_t size_ = common_header_size;
};

[[nodiscard]] Bytes encode_init(const Init& init);
[[nodiscard]] Bytes encode_sack(const Sack& sack);
[[nodiscard]] Bytes encode_forward_tsn(const ForwardTsn& forward, bool interleaved);
[[nodiscard]] Bytes encode_reset_request(const OutgoingResetRequest& request);
[[nodiscard]] Bytes encode_reconfig_response(const ReconfigResponse& response);

}  // namespace hearth::sctp
