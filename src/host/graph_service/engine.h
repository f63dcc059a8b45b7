#pragma once
// The graph's own thread. Turns come in and answers go out; whoever waits is a coroutine on the
// loop, which never waits for a disk. Writes of many turns become one commit, and commits that come
// while the disk syncs share the next sync, which another thread does.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/graph_service/spaces.h>
#include <hearth/loop/byte_stream.h>
#include <hearth/loop/system.h>

namespace hearth::graph_service {

struct Reply {
  int status = 200;
  std::string body;  ///< JSON; empty: none
  std::optional<Duration> retry_after;
  /// It wrote, or tells of what was written a moment ago: held back until all of that is synced.
  bool after_sync = false;
};
[[nodiscard]] Reply reply_of(const ApiError& error);
[[nodiscard]] Reply reply_of(const appliance::Answered& answered);

/// Runs on the graph's thread.
using Turn = std::function<Reply(Spaces& spaces, Timestamp now)>;

/// What commits came to, said on the loop.
struct News {
  std::vector<std::pair<model::SpaceId, std::vector<replica::Changed>>> changes;
  /// Of spaces whose members changed: who may read now; nothing: everybody.
  std::vector<std::pair<model::SpaceId, std::optional<std::set<PersonaKey>>>> readers;
  /// Of a space: apps that may read no more.
  std::vector<std::pair<model::SpaceId, std::string>> barred;
  std::vector<model::SpaceId> gone;  ///< spaces that are here no more
  bool lost = false;                 ///< and perhaps more: everything has to be looked at again

  [[nodiscard]] bool empty() const {
    return changes.empty() && readers.empty() && barred.empty() && gone.empty() && !lost;
  }
};

struct EngineCounters {
  std::uint64_t turns = 0, commits = 0, syncs = 0, failures = 0;
};

class Engine {
 public:
  struct Options {
    Spaces::Options spaces;
    /// Answers don't wait for the disk; what half a second holds may be lost with the power.
    bool relaxed = false;
  };
  static constexpr std::size_t max_turns = 10'000;  ///< waiting; more are unavailable

  /// `on_news` is called on `executor`. Opens the store, which may take a while.
  Engine(boost::asio::any_io_executor executor, Options options, const loop::SystemClock& clock,
         Entropy& entropy, Log& log, std::function<void(News)> on_news);
  /// Does what was asked, syncs it, and says nothing more.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] loop::Task<Reply> ask(Turn turn);
  /// For what nobody waits for.
  void tell(std::function<void(Spaces& spaces, Timestamp now)> turn);

  /// Something long beside the graph, on a third thread, one after another. It ends soon after
  /// `stopping` is set.
  using Aside = std::function<Reply(const std::atomic<bool>& stopping)>;
  [[nodiscard]] loop::Task<Reply> ask_aside(Aside work);

  [[nodiscard]] bool is_relaxed() const;
  [[nodiscard]] EngineCounters counters() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hearth::graph_service
