#pragma once
// What one process may spend on others: memory, sockets and handshakes, over all of its layers.
//
// The threat: each layer is bounded by itself, and a stranger who fills all of them at once holds
// the sum. Here each layer has a share of one whole. Of the whole and of each share a part is kept
// for those who are enrolled, so that the box stays its people's however many strangers come.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/time.h>
#include <hearth/budget/pool.h>

namespace hearth::budget {

/// Where strangers can make us hold memory.
enum class Layer : std::uint8_t {
  connections,  ///< TCP, WebSocket, TLS; what each costs when idle
  streams,      ///< each stream; what it received and isn't read, was written and isn't sent
  webrtc,       ///< sessions over UDP
  http,         ///< heads of requests, and what bodies pass through, beyond what each may have
  relay,        ///< circuits
  gun,          ///< WebSockets at /gun
};
inline constexpr std::size_t layers = 6;
[[nodiscard]] std::string_view to_string(Layer layer);

/// What is counted for things whose bytes can't be.
inline constexpr std::size_t connection_bytes = std::size_t{32} << 10;
inline constexpr std::size_t stream_bytes = std::size_t{8} << 10;
inline constexpr std::size_t webrtc_session_bytes = std::size_t{128} << 10;
inline constexpr std::size_t circuit_bytes = std::size_t{128} << 10;
inline constexpr std::size_t gun_connection_bytes = std::size_t{64} << 10;

struct Sizes {
  std::size_t memory_bytes = std::size_t{512} << 20;
  std::size_t sockets = 4096;
  /// Of strangers, from everywhere together, and how many more at once. Each costs us about 0.5 ms.
  double handshakes_per_second = 200;
  double handshake_burst = 400;
};

struct Machine {
  std::size_t memory_bytes = 0;
  std::size_t descriptors = 0;  ///< that the process may open
  unsigned cores = 1;
};

/// A sixteenth of the memory, from 64 to 512 MiB, unless `memory_bytes` says how much; the
/// descriptors less 256 of our own (or a quarter) for files, apps and other machines of the
/// owner's; handshakes for a tenth of the processor's time.
[[nodiscard]] Sizes sizes_for(const Machine& machine, std::optional<std::size_t> memory_bytes = {});

/// One line of the account.
struct Item {
  std::string_view resource;  ///< "memory", "sockets" or "handshakes"
  std::string_view layer;     ///< "total" where it is about all of them
  std::size_t used = 0;
  std::size_t limit = 0;
  std::size_t limit_of_strangers = 0;
  /// By standing; each refusal is counted once, where there was no room.
  std::array<std::uint64_t, standings> refused{};
};

class Budget : public std::enable_shared_from_this<Budget> {
 public:
  [[nodiscard]] static std::shared_ptr<Budget> create(const Sizes& sizes) {
    return std::make_shared<Budget>(sizes);
  }
  explicit Budget(const Sizes& sizes);  // use create()

  [[nodiscard]] const Sizes& sizes() const { return sizes_; }
  [[nodiscard]] Pool& memory(Layer layer);
  [[nodiscard]] Pool& sockets() { return sockets_; }
  /// The same, keeping all of it alive: for what outlives its layer.
  [[nodiscard]] std::shared_ptr<Pool> share(Layer layer) {
    return {shared_from_this(), &memory(layer)};
  }
  [[nodiscard]] std::shared_ptr<Pool> share_sockets() { return {shared_from_this(), &sockets_}; }

  /// A handshake is about to cost us. Those from where somebody enrolled was of late always may.
  [[nodiscard]] bool may_shake_hands(Instant now, Standing asks);

  [[nodiscard]] std::vector<Item> items() const;

 private:
  Sizes sizes_;
  Pool total_;
  std::array<Pool, layers> shares_;
  Pool sockets_;
  double tokens_;
  std::optional<Instant> filled_;
  std::array<std::uint64_t, standings> handshakes_refused_{};
};
using BudgetPtr = std::shared_ptr<Budget>;

/// Prometheus' text format, version 0.0.4. Names begin with the prefix: "hearthd_".
class MetricsText {
 public:
  explicit MetricsText(std::string prefix) : prefix_(std::move(prefix)) {}
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  void counter(std::string_view name, std::uint64_t value) { counter(name, {}, value); }
  void gauge(std::string_view name, std::uint64_t value) { gauge(name, {}, value); }
  /// Those of one name follow one another.
  void counter(std::string_view name, const Labels& labels, std::uint64_t value);
  void gauge(std::string_view name, const Labels& labels, std::uint64_t value);
  void add(const std::vector<Item>& items);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void line(std::string_view kind, std::string_view name, const Labels& labels,
            std::uint64_t value);

  std::string prefix_;
  std::string text_;
  std::string last_;
};

}  // namespace hearth::budget
