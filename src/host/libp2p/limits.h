#pragma once
// Every bound on what strangers can make one host hold or do. ResourceManager enforces them, within
// the budget that all layers of the process share (<hearth/budget/budget.h>).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <hearth/base/time.h>

namespace hearth::libp2p {

struct Limits {
  // --- connections ---
  /// Open connections in all, both directions: a thousand strangers, and what is kept for the
  /// enrolled. One costs about 20 KiB when idle.
  std::size_t connections = 1280;
  /// Of them (a quarter at most), for prefixes that hold few (fewer than 4): a handful of strangers
  /// with all that each may have can't keep everybody else out.
  std::size_t connections_for_newcomers = 256;
  /// Of them (a quarter at most), for those who turn out to be enrolled. More than may be half
  /// open, so that whoever is enrolled can say so.
  std::size_t connections_for_enrolled = 192;
  /// To one peer: a direct and a relayed one, twice, while both sides dial at once.
  std::size_t connections_per_peer = 8;
  /// Inbound from one IP prefix (below): a household behind one NAT.
  std::size_t connections_per_prefix = 64;
  /// Inbound and not yet authenticated, in all: what an attacker fills first.
  std::size_t half_open = 128;
  /// Of them (a quarter at most), for prefixes where somebody enrolled was of late.
  std::size_t half_open_for_known = 32;
  /// Inbound and not yet authenticated, from one prefix.
  std::size_t half_open_per_prefix = 16;
  /// Inbound connections begun per second by one prefix, after a burst: each costs us two key
  /// agreements and a signature.
  double handshakes_per_second = 5;
  double handshake_burst = 40;
  /// An IPv4 address is its own prefix; of IPv6 one customer holds this many bits.
  unsigned ipv6_prefix_bits = 56;
  /// Prefixes remembered for their rate; the one idle longest gives way.
  std::size_t prefixes = 4096;
  /// Loopback is subject to the totals alone: proxies, tests and the machine's own tools live
  /// there.
  bool exempt_loopback = true;

  // --- streams ---
  /// A thousand for a peer's own purposes, and room for identify, ping and the like.
  std::size_t inbound_streams_per_connection = 1024;
  std::size_t outbound_streams_per_connection = 1024;
  /// In all, both directions, over every connection.
  std::size_t streams = 16384;
  /// Of them (a quarter at most), for connections that hold few (fewer than 64).
  std::size_t streams_for_newcomers = 4096;
  /// Of them (an eighth at most), for the enrolled.
  std::size_t streams_for_enrolled = 2048;
  /// Inbound streams of one protocol on one connection; `stream_limits` overrides it by protocol
  /// id.
  std::size_t inbound_streams_per_protocol = 1024;
  std::map<std::string, std::size_t, std::less<>> stream_limits = {
      {"/ipfs/id/1.0.0", 2},          {"/ipfs/id/push/1.0.0", 2},
      {"/ipfs/ping/1.0.0", 4},        {"/libp2p/circuit/relay/0.2.0/stop", 64},
      {"/webrtc-signaling/0.0.1", 4},
  };
  /// Inbound streams whose protocol isn't agreed yet, per connection.
  std::size_t negotiating_streams_per_connection = 1024;

  // --- memory ---
  /// What the streams of one connection hold and may be sent: received and not read, written and
  /// not sent, windows grown beyond their first 256 KiB. A stream that would exceed it is reset;
  /// windows only stop growing.
  std::size_t memory_bytes_per_connection = std::size_t{16} << 20;
  /// The same over all connections; the share of streams in the budget, if that is less.
  std::size_t memory_bytes = std::size_t{256} << 20;
  /// Of it (a quarter at most), for connections that hold little (256 KiB): those that hold much
  /// can't take it all, and so starve none that come later.
  std::size_t memory_bytes_for_newcomers = std::size_t{64} << 20;
  /// The largest window of one stream: 8 MiB fill 1 Gbit/s at 65 ms.
  std::size_t max_stream_window_bytes = std::size_t{8} << 20;

  // --- time ---
  /// From the first byte to an authenticated connection, both directions.
  Duration upgrade_timeout = std::chrono::seconds{10};
  /// For one address: name, connection, upgrade.
  Duration dial_timeout = std::chrono::seconds{15};
  /// To agree on a stream's protocol.
  Duration negotiation_timeout = std::chrono::seconds{10};
  /// Between the starts of attempts at several addresses (happy eyeballs, RFC 8305 section 5).
  Duration dial_stagger = std::chrono::milliseconds{250};
};

}  // namespace hearth::libp2p
