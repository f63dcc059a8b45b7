#pragma once
// A libp2p host on Asio: connections by any transport, authenticated by PeerId, and streams on them
// named by protocol id. The protocol cores under net/ decide; this drives them.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/entropy.h>
#include <hearth/base/log.h>
#include <hearth/budget/budget.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/identify/peer_info.h>
#include <hearth/libp2p/limits.h>
#include <hearth/libp2p/resource_manager.h>
#include <hearth/loop/byte_stream.h>
#include <hearth/loop/system.h>
#include <hearth/peer/peer_id.h>

namespace hearth::libp2p {

using codec::Multiaddr;
using identify::PeerInfo;
using loop::Task;
using peer::PeerId;

enum class Transport : std::uint8_t { tcp, websocket, webrtc_direct, webrtc, relayed };
inline constexpr std::size_t transports = 5;

/// "tcp", "websocket", "webrtc-direct", "webrtc" or "relayed".
[[nodiscard]] std::string_view transport_name(Transport transport);
enum class Direction : std::uint8_t { inbound, outbound };

class Connection;
using ConnectionPtr = std::shared_ptr<Connection>;

/// One stream, after its protocol was agreed.
class Stream : public loop::ByteStream {
 public:
  [[nodiscard]] virtual const std::string& protocol() const = 0;
  [[nodiscard]] virtual const ConnectionPtr& connection() const = 0;
};
using StreamPtr = std::unique_ptr<Stream>;

/// An authenticated connection to one peer.
class Connection {
 public:
  virtual ~Connection() = default;
  [[nodiscard]] virtual const PeerId& peer() const = 0;
  [[nodiscard]] virtual const Multiaddr& remote_address() const = 0;
  [[nodiscard]] virtual Transport transport() const = 0;
  [[nodiscard]] virtual Direction direction() const = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  /// Relayed under a limit of time or bytes: for signaling, not for data.
  [[nodiscard]] virtual bool is_limited() const { return false; }
  /// When bytes last came from the peer; nothing where that isn't known.
  [[nodiscard]] virtual std::optional<Instant> last_heard() const { return std::nullopt; }
  /// Proposes `protocols` in order of preference. Throws system_error when none is agreed.
  virtual Task<StreamPtr> open_stream(std::vector<std::string> protocols) = 0;
  Task<StreamPtr> open(std::string protocol) {
    std::vector<std::string> one;  // g++ 12 can't have a braced list in a co_await
    one.push_back(std::move(protocol));
    return open_stream(std::move(one));
  }
  /// Ends it and all its streams. Idempotent.
  virtual void close() noexcept = 0;
};

/// Serves one inbound stream; the stream is reset when the task ends without closing it.
using StreamHandler = std::function<Task<void>(StreamPtr)>;
/// Called after a connection stood, or after it ended. Must not throw.
using ConnectionObserver = std::function<void(const ConnectionPtr&)>;
/// Makes a connection by an address that another transport understands. Throws system_error.
using Dialer = std::function<Task<ConnectionPtr>(Multiaddr)>;

using PeerObserver = std::function<void(const PeerInfo&)>;

struct UpgradeOptions {
  Direction direction = Direction::inbound;
  Multiaddr remote;
  /// Refuse anyone else.
  std::optional<PeerId> expected;
  Transport transport = Transport::relayed;
  bool limited = false;
};

struct HostOptions {
  crypto::Ed25519PrivateKey key;
  std::string agent_version = "hearth/0.1.0";
  Limits limits;
  /// Shared with all else that the process does; null: one of its own, of the usual size.
  budget::BudgetPtr budget;
};

class Host {
 public:
  Host(boost::asio::any_io_executor executor, HostOptions options, const loop::SystemClock& clock,
       Entropy& entropy, Log& log);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  [[nodiscard]] const PeerId& id() const;
  [[nodiscard]] const crypto::Ed25519PrivateKey& key() const;

  /// /ip4|ip6/…/tcp/PORT serves libp2p over raw TCP and WebSocket on the one port, told apart by
  /// the first byte; other HTTP requests go to `set_http_fallback`. Port 0 picks one. Returns
  /// the port. Throws system_error.
  std::uint16_t listen(const Multiaddr& address);
  /// The same with TLS (wss and https). `certificate` and `key` are PEM files.
  std::uint16_t listen_tls(const Multiaddr& address, const std::string& certificate,
                           const std::string& key);
  /// Takes raw TCP connections that speak HTTP and no WebSocket for libp2p (a flock's static
  /// files).
  void set_http_fallback(std::function<Task<void>(std::unique_ptr<loop::ByteStream>)> serve);

  /// What we listen on (no /p2p suffix; 0.0.0.0 and :: as the machine's own addresses), and what
  /// we tell others: with those announced, relayed ones among them.
  [[nodiscard]] std::vector<Multiaddr> listen_addresses() const;
  [[nodiscard]] std::vector<Multiaddr> announced_addresses() const;
  void announce(const Multiaddr& address);
  void stop_announcing(const Multiaddr& address);

  void handle(std::string protocol, StreamHandler handler);
  void on_connected(ConnectionObserver observer);
  void on_disconnected(ConnectionObserver observer);
  /// After each identify and identify-push of a connected peer.
  void on_identified(PeerObserver observer);
  /// Of a connected peer that has been identified.
  [[nodiscard]] std::optional<PeerInfo> peer_info(const PeerId& peer) const;

  /// The best open connection to the peer (direct before relayed), or a new one by the first
  /// address that works. Throws system_error.
  Task<ConnectionPtr> dial(PeerId peer, std::vector<Multiaddr> addresses);
  /// Always a new connection by exactly this address, which ends in /p2p/ID.
  Task<ConnectionPtr> dial_address(Multiaddr address);
  /// Addresses that `takes` says yes to are dialed by `dial` (WebRTC, circuits); asked before our
  /// own.
  void add_dialer(std::function<bool(const Multiaddr&)> takes, Dialer dial);
  /// Makes a connection of a byte stream: the end-to-end connection inside a relay's circuit.
  Task<ConnectionPtr> upgrade(std::unique_ptr<loop::ByteStream> raw, UpgradeOptions options);

  // For transports that make their own connections (WebRTC).
  /// Adopts a connection: it counts, is observed, identified and found like our own. Throws
  /// system_error when limits refuse it. Its maker calls retire() when it has ended.
  void adopt(ConnectionPtr connection);
  void retire(const ConnectionPtr& connection);
  /// Agrees on the protocol of a stream that the peer opened on an adopted connection, and serves
  /// it.
  void serve_raw(ConnectionPtr connection, std::unique_ptr<loop::ByteStream> raw);
  /// Agrees on one of `protocols` on a stream that we opened; for the maker's open_stream().
  Task<StreamPtr> agree(ConnectionPtr connection, std::unique_ptr<loop::ByteStream> raw,
                        std::vector<std::string> protocols);
  /// Runs the handler of an inbound stream whose protocol is agreed already.
  void serve_inbound(StreamPtr stream);
  /// What handle() was called for, and identify tells others.
  [[nodiscard]] std::vector<std::string> protocols() const;

  [[nodiscard]] std::vector<ConnectionPtr> connections() const;
  [[nodiscard]] std::vector<ConnectionPtr> connections_to(const PeerId& peer) const;
  void close_peer(const PeerId& peer) noexcept;

  /// Who is enrolled: what the budget keeps is for them. Nobody, until it is said. Asked when a
  /// connection is authenticated, and again by review().
  void set_is_enrolled(std::function<bool(const PeerId&)> is_enrolled);
  /// The answer may have become another one: for everybody who is connected.
  void review();
  [[nodiscard]] const budget::BudgetPtr& budget() const;
  [[nodiscard]] budget::Standing standing_of(const PeerId& peer) const;
  [[nodiscard]] ResourceCounters resources() const;
  [[nodiscard]] const Limits& limits() const;
  [[nodiscard]] boost::asio::any_io_executor executor() const;
  [[nodiscard]] const loop::SystemClock& clock() const;
  [[nodiscard]] Entropy& entropy() const;
  [[nodiscard]] Log& log() const;
  /// Refuses new connections, ends all. Returns when they are gone.
  Task<void> shut_down();

 private:
  struct Impl;
  // Shared: connections and coroutines on their way out may hold it longer.
  std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::libp2p
