#include <algorithm>
#include <utility>

#include <hearth/codec/json.h>
#include <hearth/gun/keys.h>
#include <hearth/gun/relay.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

using codec::append_json_string;

namespace {

/// Short messages are joined up to about this.
constexpr std::size_t joined_bytes = 64 * 1024;

std::string_view error_text(FrameError error) {
  switch (error) {
    case FrameError::not_utf8:
      return "This is not UTF-8.";
    case FrameError::syntax:
      return "DAM JSON parse error.";
    case FrameError::not_messages:
      return "Neither a message nor an array of messages.";
    case FrameError::too_many:
      return "Too many messages in one frame.";
  }
  return "";
}

}  // namespace

std::string_view error_text(StoreError error) {
  switch (error) {
    case StoreError::full:
      return "The disk is full.";
    case StoreError::unavailable:
      return "The disk failed.";
    case StoreError::corrupt:
      return "What is stored here is damaged.";
    case StoreError::too_new:
      return "A later version of this program wrote what is stored here.";
  }
  return "";
}

Relay::Relay(const graph_store::Store& store, const Limits& limits, Entropy& entropy,
             const Moment& at)
    : store_(store),
      limits_(limits),
      records_(store, limits.cache_bytes),
      nodes_(records_),
      seen_(entropy.u64(), at.now),
      next_message_(entropy.u64()),
      heartbeat_at_(at.now + heartbeat_interval),
      at_(at) {
  pid_ = make_id();
  next_message_ = entropy.u64();
  (void)store_.scan(all_deferred(), [this](std::string_view, BytesView) {
    return ++deferred_count_ < limits_.deferred;
  });
  find_next_deferred();
}

// --- connections -----------------------------------------------------------------------------

Relay::Connection* Relay::find(ConnectionId id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : &found->second;
}

const Relay::Connection* Relay::find(ConnectionId id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : &found->second;
}

std::optional<ConnectionId> Relay::connect(const IpAddress& address, const Moment& at) {
  at_ = at;
  const auto known = addresses_.find(address);
  if (connections_.size() >= limits_.connections ||
      (known != addresses_.end() && known->second.connections >= limits_.connections_per_address)) {
    ++counters_.refused_connections;
    return std::nullopt;
  }
  Address& from = addresses_[address];
  if (from.connections++ == 0 && from.refilled == Instant{}) {
    from.tokens = 4.0 * static_cast<double>(limits_.bytes_per_second_per_address);
    from.refilled = at.now;
  }
  const ConnectionId id{next_connection_++};
  connections_[id].address = address;
  send(id, R"({"#":")" + make_id() + R"(","dam":"?","pid":")" + pid_ + "\"}");
  return id;
}

void Relay::disconnect(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  for (const std::string* soul : found->second.subscriptions) {
    const auto subscribers = subscribers_.find(*soul);
    subscribers->second.erase(id);
    if (subscribers->second.empty()) subscribers_.erase(subscribers);
  }
  // An address in debt is remembered: a new connection is no way around the limit.
  const auto address = addresses_.find(found->second.address);
  if (--address->second.connections == 0 && !address->second.paused_until)
    addresses_.erase(address);
  connections_.erase(found);
}

void Relay::spend(const Connection& connection, std::size_t bytes, const Moment& at) {
  const auto rate = static_cast<double>(limits_.bytes_per_second_per_address);
  if (rate == 0) return;
  Address& address = addresses_[connection.address];
  const double seconds = std::chrono::duration<double>(at.now - address.refilled).count();
  address.tokens = std::min(4 * rate, address.tokens + seconds * rate);
  address.refilled = at.now;
  address.tokens -= static_cast<double>(bytes);
  if (address.tokens >= 0) return;
  address.paused_until = at.now + std::chrono::duration_cast<Duration>(
                                      std::chrono::duration<double>(-address.tokens / rate));
}

// --- input -----------------------------------------------------------------------------------

void Relay::receive(ConnectionId id, std::string_view frame, const Moment& at) {
  at_ = at;
  Connection* const connection = find(id);
  if (connection == nullptr || connection->closing) return;
  ++counters_.frames;
  spend(*connection, frame.size(), at);
  const auto complain = [&](std::string_view error) {
    ++counters_.bad_frames;
    std::string text = R"({"dam":"!","err":)";
    append_json_string(text, error);
    send(id, text + "}");
  };
  if (frame.size() > limits_.frame_bytes) return complain("Message too big!");
  const auto messages = parser_.parse(frame);
  if (!messages) return complain(error_text(messages.error()));
  for (const Message& message : *messages) on_message(id, message, at);
}

void Relay::on_message(ConnectionId id, const Message& message, const Moment& at) {
  ++counters_.messages;
  if (!message.verb.empty()) return on_verb(id, message);
  if (!message.id.empty() && seen_.check(id.value(), message.id, at.now)) {
    ++counters_.repeated;
    return;
  }
  if (message.has_put) on_put(id, message, at);
  if (message.query) on_get(id, message);
  if (message.bad_query) refuse(id, message.id, "Invalid get request!");
}

void Relay::on_verb(ConnectionId id, const Message& message) {
  // The other verbs ask a peer to dial or to add peers: nothing that a stranger should have done.
  if (message.verb != "?") return;
  Connection& connection = *find(id);
  if (!message.pid.empty() && message.pid.size() <= 64) connection.pid = message.pid;
  if (message.pid == pid_) {
    connection.closing = true;
    mark_ready(id, connection);
    return;
  }
  if (!message.answers.empty() || message.id.empty()) return;
  std::string text = R"({"#":")" + make_id() + R"(","@":)";
  append_json_string(text, message.id);
  send(id, text + R"(,"dam":"?","pid":")" + pid_ + "\"}");
}

// --- output ----------------------------------------------------------------------------------

std::string Relay::make_id() {
  constexpr std::string_view digits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  // An odd factor: no two of 2^64 are the same, and of 62^9 none for a long time.
  std::uint64_t rest = ++next_message_ * 0x9e3779b97f4a7c15;
  std::string id(9, '0');
  for (char& c : id) {
    c = digits[rest % digits.size()];
    rest /= digits.size();
  }
  return id;
}

void Relay::mark_ready(ConnectionId id, Connection& connection) {
  if (std::exchange(connection.ready, true)) return;
  ready_.push_back(id);
}

void Relay::send(ConnectionId id, std::string_view text) {
  Connection* const connection = find(id);
  if (connection == nullptr || connection->closing) return;
  if (connection->small.size() + text.size() > joined_bytes && connection->small_count > 0) {
    connection->frames.push_back("[" + std::exchange(connection->small, {}) + "]");
    connection->small_count = 0;
  }
  if (connection->small_count++ > 0) connection->small += ',';
  connection->small += text;
  connection->queued_bytes += text.size();
  mark_ready(id, *connection);
}

void Relay::send_gated(ConnectionId id, Progress progress, Gated gated) {
  if (progress == Progress::durable) {
    send(id, gated.text.empty() ? acknowledgement(gated.answers) : gated.text);
    return;
  }
  (progress == Progress::waiting ? waiting_ : in_flight_).push_back(std::move(gated));
}

std::string Relay::acknowledgement(std::string_view answers) {
  std::string text = R"({"#":")" + make_id() + R"(","@":)";
  append_json_string(text, answers);
  return text + R"(,"ok":true})";
}

void Relay::release(std::vector<Gated>& gated) {
  for (const Gated& each : std::exchange(gated, {}))
    send(each.to, each.text.empty() ? acknowledgement(each.answers) : each.text);
}

void Relay::refuse(ConnectionId id, std::string_view answers, std::string_view error) {
  if (answers.empty()) return;
  std::string text = R"({"#":")" + make_id() + R"(","@":)";
  append_json_string(text, answers);
  text += R"(,"err":)";
  append_json_string(text, error);
  send(id, text + "}");
}

std::optional<graph_store::Batch> Relay::poll_commit() {
  if (records_.in_flight() || !records_.waiting()) return std::nullopt;
  in_flight_ = std::exchange(waiting_, {});
  in_flight_changes_ = std::exchange(waiting_changes_, {});
  return records_.take();
}

void Relay::committed(const Moment& at) {
  at_ = at;
  records_.committed();
  release(in_flight_);
  for (auto& [soul, names] : std::exchange(in_flight_changes_, {}))
    for (auto& [name, knowing] : names) settled_changes_[soul][name] = std::move(knowing);
  if (settled_changes_.empty()) return;
  fan_out_at_ = std::max(at.now, fanned_out_ + fan_out_interval);
  if (*fan_out_at_ <= at.now) fan_out(at);
}

void Relay::commit_failed(StoreError error, const Moment& at) {
  at_ = at;
  ++counters_.store_errors;
  records_.failed();
  in_flight_changes_.clear();
  waiting_changes_.clear();
  for (auto* list : {&in_flight_, &waiting_})
    for (const Gated& each : std::exchange(*list, {}))
      refuse(each.to, each.answers, error_text(error));
  find_next_deferred();
}

std::optional<ConnectionId> Relay::poll_ready() {
  while (!ready_.empty()) {
    const ConnectionId id = ready_.back();
    ready_.pop_back();
    if (Connection* const connection = find(id)) {
      connection->ready = false;
      return id;
    }
  }
  return std::nullopt;
}

std::string Relay::next_frame(ConnectionId id, const Moment& at) {
  at_ = at;
  Connection* const connection = find(id);
  if (connection == nullptr) return {};
  if (connection->queued_bytes < limits_.queue_bytes / 2) catch_up(id, *connection);
  std::string frame;
  if (!connection->frames.empty()) {
    frame = std::move(connection->frames.front());
    connection->frames.pop_front();
  } else if (connection->small_count > 0) {
    frame =
        connection->small_count == 1 ? std::move(connection->small) : "[" + connection->small + "]";
    connection->small.clear();
    connection->small_count = 0;
  }
  connection->queued_bytes -= std::min(connection->queued_bytes, frame.size());
  if (connection->frames.empty() && connection->small_count == 0) connection->queued_bytes = 0;
  return frame;
}

bool Relay::should_close(ConnectionId id) const {
  const Connection* const connection = find(id);
  return connection == nullptr || connection->closing;
}

bool Relay::wants_input(ConnectionId id) const {
  const Connection* const connection = find(id);
  if (connection == nullptr || connection->closing) return false;
  const auto address = addresses_.find(connection->address);
  return connection->queued_bytes <= limits_.queue_bytes && connection->cursors.size() < 16 &&
         records_.pending_bytes() <= limits_.pending_bytes &&
         (address == addresses_.end() || !address->second.paused_until);
}

// --- time ------------------------------------------------------------------------------------

std::optional<Instant> Relay::deadline() const {
  Instant next = heartbeat_at_;
  if (fan_out_at_) next = std::min(next, *fan_out_at_);
  if (next_deferred_ms_) {
    // A minute at most: the world's clock may be set.
    const double wait_ms = std::clamp(*next_deferred_ms_ - at_.wall_ms, 0.0, 60'000.0);
    next = std::min(next, at_.now + std::chrono::ceil<Duration>(
                                        std::chrono::duration<double, std::milli>(wait_ms)));
  }
  for (const auto& [address, state] : addresses_)
    if (state.paused_until) next = std::min(next, *state.paused_until);
  return next;
}

void Relay::advance(const Moment& at) {
  at_ = at;
  if (at.now >= heartbeat_at_) {
    heartbeat_at_ = at.now + heartbeat_interval;
    sent_changes_.clear();
    earlier_changes_.clear();
    for (auto& [id, connection] : connections_) {
      if (connection.queued_bytes > 0) continue;  // that will do
      connection.frames.emplace_back("[]");
      mark_ready(id, connection);
    }
  }
  for (auto address = addresses_.begin(); address != addresses_.end();) {
    auto& [ip, state] = *address;
    if (state.paused_until && at.now >= *state.paused_until) state.paused_until.reset();
    address = state.connections == 0 && !state.paused_until ? addresses_.erase(address)
                                                            : std::next(address);
  }
  if (next_deferred_ms_ && *next_deferred_ms_ <= at.wall_ms) merge_due(at);
  if (fan_out_at_ && at.now >= *fan_out_at_) fan_out(at);
}

}  // namespace hearth::gun
