#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "refusals.h"
#include <hearth/appliance/api.h>
#include <hearth/graph_service/engine.h>
#include <hearth/loop/signal.h>

namespace hearth::graph_service {

namespace asio = boost::asio;
using loop::Task;

namespace {

/// How long relaxed writes stay unsynced.
constexpr std::chrono::milliseconds relaxed_interval{500};

nlohmann::json error_body(const ApiError& error) {
  nlohmann::json body{{"code", to_string(error.code)}, {"message", error.message}};
  if (error.retry_after)
    body["retry_after"] = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
  return {{"error", std::move(body)}};
}

/// Who waits, on the loop.
struct Pending {
  explicit Pending(const asio::any_io_executor& executor) : given(executor) {}
  loop::Signal given;
  std::optional<Reply> reply;

  void give(Reply answer) {
    reply = std::move(answer);
    given.say();
  }
};
using PendingPtr = std::shared_ptr<Pending>;

Task<Reply> reply_to(PendingPtr pending) {
  while (!pending->reply) (void)co_await pending->given.wait();
  co_return std::move(*pending->reply);
}

struct Waiting {
  PendingPtr pending;
  Reply reply;
};

/// What shares a commit's fate.
struct Group {
  std::vector<Waiting> waiting;
  News news;
  std::shared_ptr<graph_rocks::RocksStore> store;
};

}  // namespace

Reply reply_of(const ApiError& error) {
  return {.status = status_of(error.code),
          .body = error_body(error).dump(),
          .retry_after = error.retry_after};
}

Reply reply_of(const appliance::Answered& answered) {
  if (!answered) return reply_of(answered.error());
  return {.status = answered->status,
          .body = answered->body.is_null() ? std::string{} : answered->body.dump()};
}

struct Engine::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor to, Options given, const loop::SystemClock& time, Entropy& entropy,
        Log& log, std::function<void(News)> tell)
      : executor(std::move(to)),
        options(std::move(given)),
        clock(time),
        on_news(std::move(tell)),
        spaces(options.spaces, entropy, log, clock.wall()) {}

  // --- on the graph's thread ---
  void flush_soon();
  void flush();
  void look_at_members(News& news);
  void arm();
  // --- on the thread that syncs ---
  void sync_groups();
  // --- from any ---
  void finish(Group group, bool failed);
  void give(PendingPtr pending, Reply reply);

  asio::any_io_executor executor;
  Options options;
  const loop::SystemClock& clock;
  std::function<void(News)> on_news;
  std::atomic<bool> going{false};
  std::atomic<std::size_t> turns_waiting{0};
  std::atomic<std::uint64_t> turns{0}, commits{0}, syncs{0}, failures{0};

  // The graph's thread alone, once it runs.
  Spaces spaces;
  std::vector<Waiting> waiting;
  std::map<model::SpaceId, model::EntryId> members;
  std::map<model::SpaceId, std::set<std::string>> apps;
  bool flush_is_due = false;
  bool sync_is_due = false;

  std::mutex mutex;
  std::condition_variable ready;
  std::vector<Group> groups;
  bool stopping_sync = false;

  asio::thread_pool thread{1};
  asio::steady_timer deadline{thread.get_executor()};
  asio::steady_timer relaxed_sync{thread.get_executor()};
  asio::thread_pool aside{1};
  std::thread syncer;
};

Engine::Engine(asio::any_io_executor executor, Options options, const loop::SystemClock& clock,
               Entropy& entropy, Log& log, std::function<void(News)> on_news)
    : state_(std::make_shared<State>(std::move(executor), std::move(options), clock, entropy, log,
                                     std::move(on_news))) {
  state_->syncer = std::thread{[state = state_.get()] { state->sync_groups(); }};
  asio::post(state_->thread, [state = state_.get()] { state->flush_soon(); });
}

Engine::~Engine() {
  State& state = *state_;
  state.going = true;
  asio::post(state.thread, [&state] {
    state.flush();
    state.deadline.cancel();
    state.relaxed_sync.cancel();
  });
  state.thread.join();
  state.aside.join();
  {
    const std::lock_guard lock{state.mutex};
    state.stopping_sync = true;
  }
  state.ready.notify_one();
  state.syncer.join();
  if (state.spaces.store()) (void)state.spaces.store()->sync();
}

bool Engine::is_relaxed() const {
  return state_->options.relaxed;
}

EngineCounters Engine::counters() const {
  return {.turns = state_->turns,
          .commits = state_->commits,
          .syncs = state_->syncs,
          .failures = state_->failures};
}

Task<Reply> Engine::ask(Turn turn) {
  State* const state = state_.get();  // not after the wait: the engine may have gone
  const auto pending = std::make_shared<Pending>(state->executor);
  if (state->turns_waiting >= max_turns)
    co_return reply_of(ApiError{.code = ErrorCode::unavailable,
                                .message = "The box has too much to do. Try again in a moment.",
                                .retry_after = std::chrono::seconds{1}});
  ++state->turns_waiting;
  asio::post(state->thread, [state, pending, turn = std::move(turn)] {
    --state->turns_waiting;
    ++state->turns;
    const Timestamp now = state->clock.wall();
    const auto open = state->spaces.ready(now);
    Reply reply = open ? turn(state->spaces, now) : reply_of(open.error());
    if (reply.after_sync)
      state->waiting.push_back({pending, std::move(reply)});
    else
      state->give(pending, std::move(reply));
    state->flush_soon();
  });
  auto answered = reply_to(pending);
  co_return co_await std::move(answered);
}

void Engine::tell(std::function<void(Spaces&, Timestamp)> turn) {
  asio::post(state_->thread, [state = state_.get(), turn = std::move(turn)] {
    const Timestamp now = state->clock.wall();
    if (state->spaces.ready(now)) turn(state->spaces, now);
    state->flush_soon();
  });
}

Task<Reply> Engine::ask_aside(Aside work) {
  State* const state = state_.get();
  const auto pending = std::make_shared<Pending>(state->executor);
  asio::post(state->aside, [state, pending, work = std::move(work)] {
    if (!state->going) state->give(pending, work(state->going));
  });
  auto answered = reply_to(pending);
  co_return co_await std::move(answered);
}

// --- the graph's thread ----------------------------------------------------------------------

/// Behind all turns that wait by now: they share a commit.
void Engine::State::flush_soon() {
  if (std::exchange(flush_is_due, true)) return;
  asio::post(thread, [this] { flush(); });
}

void Engine::State::flush() {
  flush_is_due = false;
  // Reads come here, too: time may have passed.
  for (Space* space : spaces.all()) (void)spaces.replica(*space, clock.wall());
  const auto committed = spaces.commit();
  auto done = spaces.take_committed();
  Group group{.waiting = std::exchange(waiting, {}),
              .news = {.changes = std::move(done.changes)},
              .store = spaces.store()};
  look_at_members(group.news);
  if (done.wrote) ++commits;
  if (!committed) {
    ++failures;
    finish(std::move(group), true);
  } else if (!done.wrote && !sync_is_due && group.news.changes.empty() && group.waiting.empty()) {
    if (!group.news.empty()) finish(std::move(group), false);
  } else if (options.relaxed) {
    finish(std::move(group), false);
    if (done.wrote && !std::exchange(sync_is_due, true)) {
      relaxed_sync.expires_after(relaxed_interval);
      relaxed_sync.async_wait([this](boost::system::error_code error) {
        sync_is_due = false;
        if (error || !spaces.store()) return;
        const std::lock_guard lock{mutex};
        groups.push_back({.waiting = {}, .news = {}, .store = spaces.store()});
        ready.notify_one();
      });
    }
  } else {
    {
      const std::lock_guard lock{mutex};
      groups.push_back(std::move(group));
    }
    ready.notify_one();
  }
  if (!going && spaces.work()) flush_soon();
  arm();
}

/// Who reads along may have lost the right to.
void Engine::State::look_at_members(News& news) {
  const std::vector<Space*> all = spaces.all();
  std::erase_if(members, [&](const auto& known) {
    if (std::ranges::find(all, known.first, &Space::id) != all.end()) return false;
    news.gone.push_back(known.first);
    apps.erase(known.first);
    return true;
  });
  for (Space* space : all) {
    if (!space->replica || space->replica->ledger().membership.empty()) continue;
    std::set<std::string>& known_apps = apps[space->id];
    for (const std::string& app : std::exchange(known_apps, {}))
      if (!space->apps.contains(app)) news.barred.emplace_back(space->id, app);
    for (const auto& [app, access] : space->apps) known_apps.insert(app);
    const auto& membership = space->replica->ledger().membership;
    auto [known, is_new] = members.try_emplace(space->id, membership.head());
    if (is_new || known->second == membership.head()) continue;
    known->second = membership.head();
    std::set<PersonaKey> readers;
    for (const auto& [persona, role] : membership.members())
      if (Spaces::may_read(*space, role)) readers.insert(persona);
    if (membership.kind() == update::SpaceKind::guarded)
      news.readers.emplace_back(space->id, std::move(readers));
  }
}

void Engine::State::arm() {
  const auto due = spaces.deadline();
  if (!due || going) return;
  // The clock may be set: looked at again after a minute at the latest.
  const std::int64_t wait = std::clamp<std::int64_t>(due->ms - clock.wall().ms, 1, 60'000);
  deadline.expires_after(std::chrono::milliseconds{wait});
  deadline.async_wait([this](boost::system::error_code error) {
    if (!error) flush_soon();
  });
}

// --- the thread that syncs -------------------------------------------------------------------

void Engine::State::sync_groups() {
  while (true) {
    std::vector<Group> taken;
    {
      std::unique_lock lock{mutex};
      ready.wait(lock, [this] { return stopping_sync || !groups.empty(); });
      if (groups.empty()) return;
      taken = std::exchange(groups, {});
    }
    const bool synced = taken.back().store && taken.back().store->sync().has_value();
    ++syncs;
    if (!synced) {
      ++failures;
      if (!going)
        asio::post(thread, [this] {
          (void)spaces.store_failed();
          flush_soon();
        });
    }
    for (Group& group : taken) {
      group.store.reset();
      finish(std::move(group), !synced);
    }
  }
}

// --- from any --------------------------------------------------------------------------------

void Engine::State::finish(Group group, bool failed) {
  if (failed) {
    const Reply reply = reply_of(disk_error());
    for (Waiting& each : group.waiting)
      if (each.reply.status < 300) each.reply = reply;
    group.news.changes.clear();
    group.news.lost = true;
  }
  asio::post(executor, [state = weak_from_this(), group = std::move(group)]() mutable {
    const auto self = state.lock();
    if (!self || self->going) return;
    if (!group.news.empty()) self->on_news(std::move(group.news));
    for (Waiting& each : group.waiting) each.pending->give(std::move(each.reply));
  });
}

void Engine::State::give(PendingPtr pending, Reply reply) {
  asio::post(executor, [pending = std::move(pending), reply = std::move(reply)]() mutable {
    pending->give(std::move(reply));
  });
}

}  // namespace hearth::graph_service
