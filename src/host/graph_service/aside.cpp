// What takes long, on a copy of the store: whoever reads and writes meanwhile doesn't wait.

#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "call.h"
#include "notation.h"
#include "state.h"
#include <hearth/appliance/file.h>

namespace hearth::graph_service {

using http::Response;
using http::Task;
using nlohmann::json;

namespace {

constexpr std::string_view copy_name = "verifying";

/// Gone when it is no longer looked at.
class Copy {
 public:
  Copy(graph_rocks::RocksStore& store, std::filesystem::path directory)
      : directory_(std::move(directory)) {
    remove();
    if (!store.checkpoint(directory_))
      throw std::runtime_error{"The disk holds no copy of the graph. See whether it is full."};
  }
  ~Copy() { remove(); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  void remove() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  std::filesystem::path directory_;
};

/// Fails once it is to stop, so that what goes over all of it ends.
class StoppableStore final : public graph_store::Store {
 public:
  StoppableStore(graph_store::Store& inner, const std::atomic<bool>& stopping)
      : inner_(inner), stopping_(stopping) {}
  using Store::get;
  Result<bool, graph_store::StoreError> get(std::string_view key, Bytes& value) const override {
    HEARTH_CHECK(go_on());
    return inner_.get(key, value);
  }
  Result<Unit, graph_store::StoreError> scan(const graph_store::Range& range,
                                             const Visitor& visit) const override {
    HEARTH_CHECK(go_on());
    const auto scanned = inner_.scan(range, [&](std::string_view key, BytesView value) {
      return !stopping_ && visit(key, value);
    });
    HEARTH_CHECK(go_on());
    return scanned;
  }
  Result<graph_store::Ticket, graph_store::StoreError> write(
      const graph_store::Batch& batch) override {
    HEARTH_CHECK(go_on());
    return inner_.write(batch);
  }
  Result<graph_store::Ticket, graph_store::StoreError> sync() override { return inner_.sync(); }
  [[nodiscard]] graph_store::Ticket durable() const override { return inner_.durable(); }

 private:
  [[nodiscard]] Result<Unit, graph_store::StoreError> go_on() const {
    if (stopping_) return Failure{graph_store::StoreError::unavailable};
    return Unit{};
  }
  graph_store::Store& inner_;
  const std::atomic<bool>& stopping_;
};

json to_json(const replica::Finding& finding) {
  if (finding.what == replica::Finding::What::node)
    return {{"what", "node"}, {"soul", finding.soul}};
  return {{"what", "update"}, {"author", id_text(finding.author)}, {"seq", finding.seq}};
}

/// What a turn hands to the work beside the graph.
struct Subject {
  std::shared_ptr<graph_rocks::RocksStore> store;
  std::uint32_t number = 0;
  model::SpaceId id;
  Timestamp now;
};

Reply verify_copy(const Subject& subject, const std::filesystem::path& directory,
                  const std::atomic<bool>& stopping) {
  constexpr std::size_t shown = 1000;
  const auto from = std::chrono::steady_clock::now();
  json findings = json::array();
  bool sound = true;
  try {
    const Copy copy{*subject.store, directory};
    auto opened = graph_rocks::RocksStore::open(copy.directory(),
                                                {.block_cache_bytes = std::size_t{4} << 20});
    if (!opened) throw std::runtime_error{"The copy can't be opened."};
    const bool readable = opened->verify_checksums().has_value();
    if (!readable) findings.push_back({{"what", "file"}});
    StoppableStore store{*opened, stopping};
    auto replica = Replica::open(store, replica_prefix(subject.number), subject.id, subject.now);
    if (!replica) {
      findings.push_back({{"what", "space"}});
    } else if (auto found = (*replica)->verify()) {
      for (const auto& finding : *found)
        if (findings.size() < shown) findings.push_back(to_json(finding));
    } else {
      findings.push_back({{"what", "space"}});
    }
    sound = findings.empty();
  } catch (const std::exception& failed) {
    return reply_of(ApiError{ErrorCode::unavailable, failed.what(), {}});
  }
  if (stopping) return reply_of(ApiError{ErrorCode::unavailable, "The box is stopping.", {}});
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - from);
  return reply_of(appliance::Answered{
      Answer{.body = {{"ok", sound}, {"findings", std::move(findings)}, {"ms", ms.count()}}}});
}

}  // namespace

void clear_asides(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::filesystem::remove_all(directory / copy_name, ignored);
}

Task<Reply> Service::State::verify(std::string name, Asker asker) {
  const auto self = shared_from_this();
  const auto subject = std::make_shared<Subject>();
  Turn turn = [subject, name = std::move(name), asker = std::move(asker)](Spaces& spaces,
                                                                          Timestamp now) {
    Space* const space = spaces.find(name);
    // Of a damaged space, too, by the box's owners.
    const bool may =
        space != nullptr &&
        (space->replica ? spaces.role(*space, asker) >= update::Role::admin : asker.owns_box);
    if (!may)
      return reply_of(ApiError{
          ErrorCode::denied, "There is no such space, or you are no admin or owner there.", {}});
    *subject = {.store = spaces.store(), .number = space->number, .id = space->id, .now = now};
    Reply reply;
    reply.after_sync = true;
    return reply;
  };
  auto asked = engine->ask(std::move(turn));
  Reply reply = co_await std::move(asked);
  if (reply.status != 200 || !engine) co_return reply;
  Engine::Aside work = [subject, directory = options.directory /
                                             copy_name](const std::atomic<bool>& stopping) {
    Reply done = verify_copy(*subject, directory, stopping);
    subject->store.reset();
    return done;
  };
  auto verified = engine->ask_aside(std::move(work));
  co_return co_await std::move(verified);
}

Task<Reply> Service::State::stats() {
  const auto self = shared_from_this();
  json body{{"sync", options.relaxed ? "relaxed" : "always"},
            {"cache_bytes", options.cache_bytes},
            {"subscribers", feed.size()},
            {"sockets", sockets.size()}};
  const EngineCounters counters = engine->counters();
  body["turns"] = counters.turns;
  body["commits"] = counters.commits;
  body["syncs"] = counters.syncs;
  body["failures"] = counters.failures;
  Turn turn = [body = std::move(body)](Spaces& spaces, Timestamp) {
    json all = body;
    all["spaces"] = spaces.all().size();
    all["disk_bytes"] = spaces.store()->size_bytes();
    return reply_of(appliance::Answered{Answer{.body = std::move(all)}});
  };
  auto asked = engine->ask(std::move(turn));
  co_return co_await std::move(asked);
}

Task<Response> Service::back_up(std::filesystem::path directory) {
  const auto state = state_;
  const auto subject = std::make_shared<Subject>();
  Turn turn = [subject](Spaces& spaces, Timestamp) {
    subject->store = spaces.store();
    Reply reply;
    reply.after_sync = true;
    return reply;
  };
  auto asked = state->engine->ask(std::move(turn));
  Reply reply = co_await std::move(asked);
  if (reply.status != 200 || !state->engine) co_return response_of(std::move(reply));
  Engine::Aside work = [subject, directory = std::move(directory),
                        from = state->options.directory](const std::atomic<bool>&) {
    const auto store = std::exchange(subject->store, nullptr);
    try {
      std::filesystem::create_directory(directory);
      std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
      if (!store->checkpoint(directory / "spaces"))
        throw std::runtime_error{directory.string() + ": the copy can't be made."};
      make_restorable(directory / "spaces");
      // So that the spaces' home stays the home. The author's key stays here: a copy that is opened
      // somewhere writes under a key of its own.
      if (const auto key = appliance::read_private(from / "home.key", 64))
        appliance::write_private(directory / "home.key", *key);
    } catch (const std::exception& failed) {
      return reply_of(ApiError{ErrorCode::unavailable, failed.what(), {}});
    }
    return reply_of(appliance::Answered{Answer{.body = {{"backup", directory.string()}}}});
  };
  auto copied = state->engine->ask_aside(std::move(work));
  reply = co_await std::move(copied);
  co_return response_of(std::move(reply));
}

}  // namespace hearth::graph_service
