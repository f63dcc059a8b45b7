#pragma once
// For tests: associations of both makes at the ends of simulated paths, in one simulated time.

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <hearth/sctp/association.h>
#include <hearth/sctp/usrsctp_for_test.h>

namespace hearth::sctp {

/// What usrsctp takes for the wall clock; defined beside its test.
extern Instant wall_clock;

class TestDice {
 public:
  explicit TestDice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  std::uint64_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ ^ (state_ >> 29)) * 0xbf58476d1ce4e5b9u >> 11;
  }
  /// From 0 up to 1.
  double fraction() { return static_cast<double>(next() % (1u << 30)) / (1u << 30); }
  bool chance(double probability) { return probability > 0 && fraction() < probability; }

 private:
  std::uint64_t state_;
};

class TestEntropy final : public Entropy {
 public:
  explicit TestEntropy(std::uint64_t seed) : dice_(seed) {}
  void fill(MutableBytes out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(dice_.next());
  }

 private:
  TestDice dice_;
};

/// One direction of a path. Several may send into it.
struct Path {
  Duration delay = std::chrono::milliseconds{1};
  double loss = 0;
  double duplicates = 0;
  double reordered = 0;  // come a quarter of the delay later
  /// 0: no bottleneck.
  double bytes_per_second = 0;
  Duration queue = std::chrono::milliseconds{50};  // longest wait before it
  /// Packets come in lumps, at multiples of this.
  Duration lumps{};
  /// The receiving program takes this long for each, and its socket holds so many.
  Duration receive_cost{};
  int receive_buffer = 56;

  // What happened.
  std::uint64_t lost = 0;        // by chance
  std::uint64_t overflowed = 0;  // the queue or the socket
  std::uint64_t carried = 0;     // bytes
  Instant free_at{};
  Instant reader_free_at{};

  /// When it arrives, if it does. Below SCTP there are DTLS, UDP and IP.
  std::optional<Instant> take(Instant now, std::size_t size, TestDice& dice) {
    const double bytes = static_cast<double>(size + 65);
    if (dice.chance(loss)) return ++lost, std::nullopt;
    Instant at = now;
    if (bytes_per_second > 0) {
      const Instant begins = std::max(now, free_at);
      if (begins - now > queue) return ++overflowed, std::nullopt;
      free_at = begins + Duration{static_cast<Duration::rep>(bytes / bytes_per_second * 1e9)};
      at = free_at;
    }
    at += delay;
    if (lumps > Duration::zero()) at = Instant{(at.time_since_epoch() / lumps + 1) * lumps};
    if (receive_cost > Duration::zero()) {
      if (reader_free_at - at > receive_cost * receive_buffer) return ++overflowed, std::nullopt;
      reader_free_at = std::max(reader_free_at, at) + receive_cost;
      at = reader_free_at;
    }
    if (dice.chance(reordered)) at += delay / 4;
    carried += size;
    return at;
  }
};

/// Either make of association.
class TestPeer {
 public:
  virtual ~TestPeer() = default;
  virtual void receive(Instant now, BytesView packet) = 0;
  virtual void advance(Instant now) = 0;
  virtual std::optional<std::size_t> poll_transmit(MutableBytes out) = 0;
  virtual std::optional<Event> poll_event() = 0;
  virtual std::optional<Message> poll_message() = 0;
  [[nodiscard]] virtual std::optional<Instant> deadline() const = 0;
  virtual Result<Unit, SendError> send(Instant now, StreamId stream, Ppid ppid, Ordering ordering,
                                       BytesView payload) = 0;
  [[nodiscard]] virtual std::size_t writable() const = 0;
  [[nodiscard]] virtual std::size_t buffered() const = 0;
  virtual void reset_stream(Instant now, StreamId stream) = 0;
  virtual void close(Instant now) = 0;
  [[nodiscard]] virtual Association* own() { return nullptr; }
};

template <class Made>
class TestPeerOf final : public TestPeer {
 public:
  template <class... Arguments>
  explicit TestPeerOf(Arguments&&... arguments) : made_(std::forward<Arguments>(arguments)...) {}
  void receive(Instant now, BytesView packet) override { made_.receive(now, packet); }
  void advance(Instant now) override { made_.advance(now); }
  std::optional<std::size_t> poll_transmit(MutableBytes out) override {
    return made_.poll_transmit(out);
  }
  std::optional<Event> poll_event() override { return made_.poll_event(); }
  std::optional<Message> poll_message() override { return made_.poll_message(); }
  std::optional<Instant> deadline() const override { return made_.deadline(); }
  Result<Unit, SendError> send(Instant now, StreamId stream, Ppid ppid, Ordering ordering,
                               BytesView payload) override {
    return made_.send(now, stream, ppid, ordering, payload);
  }
  std::size_t writable() const override { return made_.writable(); }
  std::size_t buffered() const override { return made_.buffered(); }
  void reset_stream(Instant now, StreamId stream) override { made_.reset_stream(now, stream); }
  void close(Instant now) override { made_.close(now); }
  Association* own() override {
    if constexpr (std::is_same_v<Made, Association>) return &made_;
    return nullptr;
  }

 private:
  Made made_;
};

enum class Make : std::uint8_t { own, usrsctp };

class World {
 public:
  struct Side {
    std::unique_ptr<TestPeer> association;
    std::size_t path = 0;   // of what it sends
    std::size_t other = 0;  // who gets it
    bool reads = true;
    bool keeps = true;  // what it reads
    std::vector<Message> messages;
    std::vector<Event> events;
    std::size_t received = 0;  // bytes of messages
    /// After everything that happens to this side.
    std::function<void(Side&)> work = [](Side&) {};

    template <class T>
    [[nodiscard]] std::vector<T> all() const {
      std::vector<T> found;
      for (const Event& e : events)
        if (const auto* one = std::get_if<T>(&e)) found.push_back(*one);
      return found;
    }
    [[nodiscard]] bool established() const { return !all<Established>().empty(); }
  };

  explicit World(std::uint64_t seed = 1) : dice_(seed) {}

  std::size_t add_path(const Path& path) {
    paths_.push_back(path);
    return paths_.size() - 1;
  }
  /// Two that talk over these paths; the index of the first, the second's follows.
  std::size_t add_pair(Make first, Make second, std::size_t there, std::size_t back,
                       const Options& options = {}) {
    const std::size_t index = sides_.size();
    add_side(first, options, there, index + 1);
    add_side(second, options, back, index);
    return index;
  }

  Side& side(std::size_t index) { return *sides_[index]; }
  Path& path(std::size_t index) { return paths_[index]; }
  [[nodiscard]] Instant now() const { return now_; }
  /// Sees, and may alter, what `side` sends; true drops it.
  std::function<bool(std::size_t side, Bytes& packet)> drop = [](std::size_t, Bytes&) {
    return false;
  };

  void drain_all() {
    for (std::size_t i = 0; i < sides_.size(); ++i) drain(i);
  }
  void run(Duration time) {
    run_until([] { return false; }, time);
  }
  bool run_until(const std::function<bool()>& done, Duration at_most) {
    const Instant end = now_ + at_most;
    drain_all();
    while (!done()) {
      std::optional<Instant> next;
      if (!in_flight_.empty()) next = in_flight_.begin()->first.first;
      std::optional<std::size_t> timer;
      for (std::size_t i = 0; i < sides_.size(); ++i) {
        const auto at = sides_[i]->association->deadline();
        if (!at || (next && *at >= *next)) continue;
        next = at;
        timer = i;
      }
      if (!next || *next > end) {
        set_time(end);
        return done();
      }
      set_time(std::max(now_, *next));
      if (timer) {
        sides_[*timer]->association->advance(now_);
        drain(*timer);
      } else {
        const Packet packet = std::move(in_flight_.begin()->second);
        in_flight_.erase(in_flight_.begin());
        sides_[packet.to]->association->receive(now_, packet.bytes);
        drain(packet.to);
      }
    }
    return true;
  }

 private:
  struct Packet {
    std::size_t to;
    Bytes bytes;
  };

  void add_side(Make make, const Options& options, std::size_t path, std::size_t other) {
    auto side = std::make_unique<Side>();
    TestEntropy entropy{dice_.next()};
    if (make == Make::own) {
      side->association = std::make_unique<TestPeerOf<Association>>(options, entropy, now_);
    } else {
      side->association = std::make_unique<TestPeerOf<UsrsctpAssociation>>(options, entropy, now_);
    }
    side->path = path;
    side->other = other;
    sides_.push_back(std::move(side));
  }
  void set_time(Instant now) {
    now_ = now;
    wall_clock = now;
  }
  void drain(std::size_t index) {
    Side& side = *sides_[index];
    TestPeer& association = *side.association;
    while (const auto event = association.poll_event()) side.events.push_back(*event);
    side.work(side);
    while (side.reads) {
      auto message = association.poll_message();
      if (!message) break;
      side.received += message->payload.size();
      if (side.keeps) side.messages.push_back(std::move(*message));
    }
    while (const auto event = association.poll_event()) side.events.push_back(*event);
    std::array<std::byte, 1500> buffer;
    while (const auto size = association.poll_transmit(buffer)) {
      Bytes packet = to_bytes(BytesView{buffer}.first(*size));
      if (drop(index, packet)) continue;
      Path& path = paths_[side.path];
      const int copies = dice_.chance(path.duplicates) ? 2 : 1;
      for (int i = 0; i < copies; ++i)
        if (const auto at = path.take(now_, packet.size(), dice_))
          in_flight_.emplace(std::pair{*at, sequence_++}, Packet{side.other, packet});
    }
  }

  TestDice dice_;
  Instant now_ = Instant{} + std::chrono::seconds{1};
  std::uint64_t sequence_ = 0;
  std::vector<Path> paths_;
  std::vector<std::unique_ptr<Side>> sides_;
  std::map<std::pair<Instant, std::uint64_t>, Packet> in_flight_;
};

/// Bytes that differ from place to place, so that nothing misplaced goes unseen.
inline Bytes pattern(std::size_t size, std::size_t seed = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>((seed * 31 + i * 7 + i / 251) & 0xff);
  return bytes;
}

}  // namespace hearth::sctp
