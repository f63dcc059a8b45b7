#pragma once
// GunDB's relay, sans-I/O: frames and time come in; frames, batches for the store and a deadline go
// out. It speaks to unmodified clients of npm `gun`; docs/protocol/gun.md says where and why it
// differs from gun's own relay.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <hearth/base/endpoint.h>
#include <hearth/base/entropy.h>
#include <hearth/base/strong.h>
#include <hearth/base/time.h>
#include <hearth/graph_store/store.h>
#include <hearth/gun/message.h>
#include <hearth/gun/nodes.h>
#include <hearth/gun/records.h>
#include <hearth/gun/sea.h>
#include <hearth/gun/seen.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

using ConnectionId = Strong<struct ConnectionIdTag, std::uint64_t>;

/// The local clock and the world's: the second decides about states, the first about all else.
struct Moment {
  Instant now;
  double wall_ms = 0;  ///< since 1970
};

struct Limits {
  std::size_t connections = 1024;
  std::size_t connections_per_address = 256;
  std::size_t frame_bytes = std::size_t{16} << 20;
  /// What waits for a slow reader: beyond it nothing more is read from that peer, and changes are
  /// sent when it has caught up, as what is then the latest.
  std::size_t queue_bytes = std::size_t{1} << 20;
  std::size_t subscriptions_per_connection = 100'000;
  std::size_t subscription_bytes_per_connection = std::size_t{16} << 20;
  /// What all connections of one address may send in a second, on average over four. 0: no bound.
  std::size_t bytes_per_second_per_address = 0;
  std::size_t deferred = 100'000;
  /// States further ahead than this are refused.
  double future_ms = 24.0 * 3600 * 1000;
  std::size_t cache_bytes = std::size_t{48} << 20;
  /// Written and not yet durable: beyond it nothing is read from anybody.
  std::size_t pending_bytes = std::size_t{32} << 20;
};

struct Counters {
  std::uint64_t frames = 0;
  std::uint64_t bad_frames = 0;
  std::uint64_t messages = 0;
  std::uint64_t repeated = 0;  ///< messages seen before
  std::uint64_t puts = 0;
  std::uint64_t refused_puts = 0;
  std::uint64_t verifications = 0;  ///< signatures that nobody had looked at before
  std::uint64_t changed = 0;        ///< properties
  std::uint64_t deferred = 0;
  std::uint64_t gets = 0;
  std::uint64_t forwarded_gets = 0;  ///< to peers that may have what isn't here
  std::uint64_t sent_changes = 0;    ///< messages to subscribers
  std::uint64_t lagged = 0;          ///< changes that a slow subscriber gets later
  std::uint64_t store_errors = 0;
  std::uint64_t refused_connections = 0;
};

class Relay {
 public:
  /// Changes of one node reach its subscribers at most this often.
  static constexpr Duration fan_out_interval = std::chrono::milliseconds{3};
  static constexpr Duration heartbeat_interval = std::chrono::seconds{20};

  /// The store must outlive it, and be written to by what poll_commit() gives alone.
  Relay(const graph_store::Store& store, const Limits& limits, Entropy& entropy, const Moment& at);

  // --- inputs ---
  /// Nothing: too many connections, in all or of that address.
  [[nodiscard]] std::optional<ConnectionId> connect(const IpAddress& address, const Moment& at);
  void disconnect(ConnectionId id);
  void receive(ConnectionId id, std::string_view frame, const Moment& at);
  /// Of frames about to be received; those of the last call count. What isn't said is looked at as
  /// the frame comes in, and takes the caller's time.
  void note_signatures(std::span<const Checked> checked) { sea_.note(checked); }
  /// The batch of the last poll_commit() is durable.
  void committed(const Moment& at);
  /// Nothing of it was kept. What waited for it is answered with an error.
  void commit_failed(StoreError error, const Moment& at);
  void advance(const Moment& at);
  /// Writes are refused while it is.
  void set_full(bool is_full) { is_full_ = is_full; }

  // --- outputs ---
  /// What must become durable next; nothing while a batch is on its way.
  [[nodiscard]] std::optional<graph_store::Batch> poll_commit();
  /// A connection that has frames to send, or is to be closed; each is named once until then.
  [[nodiscard]] std::optional<ConnectionId> poll_ready();
  /// The next frame for it; empty when there is none. Short messages travel together.
  [[nodiscard]] std::string next_frame(ConnectionId id, const Moment& at);
  [[nodiscard]] bool should_close(ConnectionId id) const;
  /// False: don't read from it for now; ask again after any input, and when a frame was sent.
  [[nodiscard]] bool wants_input(ConnectionId id) const;
  [[nodiscard]] std::optional<Instant> deadline() const;

  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }
  [[nodiscard]] std::size_t pending_bytes() const { return records_.pending_bytes(); }

 private:
  struct Interest {
    bool whole = false;
    std::vector<std::string> names;
  };
  using Subscribers = std::map<ConnectionId, Interest>;

  /// A large answer that goes on when the peer has read what it got.
  struct Cursor {
    std::string get;
    std::string soul;
    std::string after;  ///< the last property that was sent
  };
  struct Connection {
    IpAddress address;
    std::string pid;
    std::string small;  ///< messages that travel together, with commas between
    std::size_t small_count = 0;
    std::deque<std::string> frames;
    std::size_t queued_bytes = 0;
    std::vector<const std::string*> subscriptions;
    std::size_t subscription_count = 0;
    std::size_t subscription_bytes = 0;
    std::set<std::string, std::less<>> missed;  ///< souls whose changes it must still get
    std::deque<Cursor> cursors;
    bool ready = false;
    bool closing = false;
  };
  struct Address {
    std::size_t connections = 0;
    double tokens = 0;
    Instant refilled;
    std::optional<Instant> paused_until;
  };

  /// What may leave once a batch is durable: an acknowledgement, or an answer.
  struct Gated {
    ConnectionId to;
    std::string answers;  ///< the message that hears of a failure
    std::string text;     ///< empty: an acknowledgement
  };
  /// Who doesn't need to hear of a property's latest value.
  using Knowing = std::vector<ConnectionId>;
  using ChangedNames = std::map<std::string, Knowing, Utf16Less>;
  using Changes = std::map<std::string, ChangedNames>;
  /// The latest durable value of a property that changed.
  struct Current {
    const std::string* soul;
    const std::string* name;
    double state;
    std::string json;
    const Knowing* knowing;
  };

  // relay.cpp: connections, frames, output
  void on_message(ConnectionId id, const Message& message, const Moment& at);
  void on_verb(ConnectionId id, const Message& message);
  void send(ConnectionId id, std::string_view text);
  void send_gated(ConnectionId id, Progress progress, Gated gated);
  void release(std::vector<Gated>& gated);
  void refuse(ConnectionId id, std::string_view answers, std::string_view error);
  [[nodiscard]] std::string acknowledgement(std::string_view answers);
  [[nodiscard]] std::string make_id();
  void mark_ready(ConnectionId id, Connection& connection);
  [[nodiscard]] Connection* find(ConnectionId id);
  [[nodiscard]] const Connection* find(ConnectionId id) const;
  void spend(const Connection& connection, std::size_t bytes, const Moment& at);

  // relay_put.cpp
  void on_put(ConnectionId id, const Message& message, const Moment& at);
  [[nodiscard]] std::string_view check_put(const Message& message, const Moment& at);
  [[nodiscard]] Result<Progress, StoreError> apply(std::string_view soul,
                                                   std::span<const Property> properties,
                                                   const Knowing& knowing);
  [[nodiscard]] Result<Unit, StoreError> defer(std::string_view soul, const Property& property);
  void merge_due(const Moment& at);
  void find_next_deferred();
  [[nodiscard]] Knowing knowing(ConnectionId id, std::string_view also_sent_to) const;

  // relay_get.cpp
  void on_get(ConnectionId id, const Message& message);
  void answer_node(ConnectionId id, std::string_view get, std::string_view soul,
                   std::optional<std::string> after);
  void ask_others(ConnectionId id, std::string_view soul, std::optional<std::string_view> name);
  void answer_lex(ConnectionId id, std::string_view get, const Query& query);
  void subscribe(ConnectionId id, std::string_view soul, std::optional<std::string_view> name);
  void fan_out(const Moment& at);
  void fan_out(const std::string& soul, const ChangedNames& names);
  [[nodiscard]] std::vector<Current> current(const std::string& soul, const ChangedNames& names);
  void catch_up(ConnectionId id, Connection& connection);
  [[nodiscard]] Progress slowest() const;

  const graph_store::Store& store_;
  const Limits limits_;
  Records records_;
  Nodes nodes_;
  Sea sea_;
  FrameParser parser_;
  Seen seen_;
  Counters counters_;
  std::string pid_;
  std::uint64_t next_message_;
  std::uint64_t next_connection_ = 1;
  bool is_full_ = false;

  std::map<ConnectionId, Connection> connections_;
  std::map<IpAddress, Address> addresses_;
  std::unordered_map<std::string, Subscribers, TextHash, std::equal_to<>> subscribers_;
  std::vector<ConnectionId> ready_;

  std::vector<Gated> waiting_;
  std::vector<Gated> in_flight_;
  Changes waiting_changes_;
  Changes in_flight_changes_;
  Changes settled_changes_;  ///< durable, not yet sent
  Changes sent_changes_;     ///< the last round's
  Changes earlier_changes_;  ///< the round's before that
  std::optional<Instant> fan_out_at_;
  Instant fanned_out_;
  Instant heartbeat_at_;

  std::size_t deferred_count_ = 0;
  std::optional<double> next_deferred_ms_;
  Moment at_;  ///< the last input's
};

/// For people, and for gun's `err`.
[[nodiscard]] std::string_view error_text(StoreError error);

}  // namespace hearth::gun
