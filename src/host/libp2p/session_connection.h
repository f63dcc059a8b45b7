#pragma once
// A connection made of a byte stream: drives session::Session, and serves its streams.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include <hearth/libp2p/async.h>
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/muxed_stream.h>
#include <hearth/libp2p/raw_streams.h>
#include <hearth/libp2p/resource_manager.h>
#include <hearth/multistream/negotiator.h>
#include <hearth/noise/credentials.h>
#include <hearth/session/session.h>

namespace hearth::libp2p {

class SessionConnection;
struct StreamState;

/// What a host lends to all of its connections. Scratch buffers are used within one turn of the
/// loop only, never across a suspension.
struct Shared {
  Shared(boost::asio::any_io_executor executor, HostOptions options, const loop::SystemClock& clock,
         Entropy& entropy, Log& log);

  boost::asio::any_io_executor executor;
  HostOptions options;
  const loop::SystemClock& clock;
  Entropy& entropy;
  Log& log;
  PeerId id;
  noise::Credentials credentials;
  budget::BudgetPtr budget;
  ResourceManager resources;
  session::MemoryBudget memory;
  std::function<bool(const PeerId&)> is_enrolled;

  [[nodiscard]] budget::Standing standing_of(const PeerId& peer) const {
    return is_enrolled && is_enrolled(peer) ? budget::Standing::enrolled
                                            : budget::Standing::stranger;
  }

  static constexpr std::size_t scratch_bytes = std::size_t{256} << 10;
  std::unique_ptr<std::byte[]> receive_scratch;
  std::unique_ptr<std::byte[]> transmit_scratch;
  [[nodiscard]] MutableBytes receiving() const { return {receive_scratch.get(), scratch_bytes}; }
  [[nodiscard]] MutableBytes transmitting() const {
    return {transmit_scratch.get(), scratch_bytes};
  }
};

/// Who owns connections and serves their streams: the host.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  /// The peer is known, and limits allow it.
  virtual void on_secured(const std::shared_ptr<SessionConnection>& connection) = 0;
  /// A stream of the peer's that said something; its protocol isn't agreed yet.
  virtual void on_stream(std::shared_ptr<SessionConnection> connection,
                         std::shared_ptr<StreamState> stream) = 0;
  /// Comes after on_secured(), or without it.
  virtual void on_closed(const std::shared_ptr<SessionConnection>& connection) = 0;
};

struct StreamState : MuxedState<SessionConnection> {
  StreamState(std::shared_ptr<SessionConnection> on, session::StreamId stream, StreamLease held);

  StreamLease lease;
  Instant opened;

  void release() noexcept;
};
using StreamStatePtr = std::shared_ptr<StreamState>;

/// Agrees on the protocol, within the limits' time, and makes the handle.
Task<StreamPtr> agree_on(StreamStatePtr state, multistream::Negotiator negotiator);

class SessionConnection final : public Connection,
                                public std::enable_shared_from_this<SessionConnection> {
 public:
  SessionConnection(std::shared_ptr<Shared> shared, std::weak_ptr<ConnectionOwner> owner,
                    RawStream raw, UpgradeOptions options, ConnectionLease lease);
  ~SessionConnection() override;

  /// Starts driving. Then wait until secured.
  void start();
  /// Throws when the handshake fails, or limits refuse this peer.
  Task<void> wait_secured();

  const PeerId& peer() const override { return *peer_; }
  const Multiaddr& remote_address() const override { return options_.remote; }
  Transport transport() const override { return options_.transport; }
  Direction direction() const override { return options_.direction; }
  bool is_open() const override { return peer_.has_value() && !session_.closed(); }
  bool is_limited() const override { return options_.limited; }
  std::optional<Instant> last_heard() const override { return heard_; }
  Task<StreamPtr> open_stream(std::vector<std::string> protocols) override;
  void close() noexcept override;

  [[nodiscard]] session::CloseReason close_reason() const { return close_reason_; }
  [[nodiscard]] Shared& shared() const { return *shared_; }
  void set_standing(budget::Standing standing);

  // --- for its streams (muxed_stream.h) ---
  using State = MuxedState<SessionConnection>;
  [[nodiscard]] session::Session& muxer() { return session_; }
  [[nodiscard]] MuxedStates<SessionConnection>& streams() { return streams_; }
  [[nodiscard]] const boost::asio::any_io_executor& executor() const { return shared_->executor; }
  [[nodiscard]] bool ended() const { return ended_; }
  void touch();

 private:
  static Task<void> read_loop(std::shared_ptr<SessionConnection> self);
  static Task<void> read_direct(std::shared_ptr<SessionConnection> self, DirectAccess& direct);
  static Task<void> read_buffered(std::shared_ptr<SessionConnection> self);
  static Task<void> write_pending(std::shared_ptr<SessionConnection> self);
  static Task<void> end_raw(std::shared_ptr<SessionConnection> self);
  /// How many events came of it.
  std::size_t received(BytesView bytes);
  void lost() noexcept;
  void write_failed() noexcept;
  void transmit();
  std::size_t drain_events();
  void on_event(const session::Event& event);
  void on_closed(session::CloseReason reason);
  void sweep_silent(Instant now);
  void arm_timer();
  [[nodiscard]] State* find(session::StreamId id) const;
  static Task<StreamPtr> open_and_agree(std::shared_ptr<SessionConnection> self,
                                        std::vector<std::string> protocols);

  std::shared_ptr<Shared> shared_;
  std::weak_ptr<ConnectionOwner> owner_;
  UpgradeOptions options_;
  ConnectionLease lease_;
  RawStream raw_;
  DirectAccess* direct_;
  session::MemoryBudget memory_;
  session::Session session_;
  std::optional<PeerId> peer_;
  std::optional<Instant> heard_;
  session::CloseReason close_reason_ = session::CloseReason::closed_by_us;
  MuxedStates<SessionConnection> streams_;
  // The peer's, without a byte so far: nothing is begun for them, since most of a flood never says
  // one. Each holds this connection.
  std::map<session::StreamId, StreamStatePtr> silent_;
  std::optional<Instant> sweep_at_;
  Signal changed_;  // secured, closed, or streams can be opened
  boost::asio::steady_timer timer_;
  std::optional<Instant> armed_for_;
  Bytes pending_;  // what the pipe didn't take at once
  bool writing_ = false;
  bool deaf_ = false;  // the peer takes no more
  bool transmit_scheduled_ = false;
  bool refused_ = false;
  bool ended_ = false;
};

}  // namespace hearth::libp2p
