// What takes long, on a copy of the store: whoever reads and writes meanwhile doesn't wait.

#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "call.h"
#include "copy.h"
#include "notation.h"
#include "state.h"
#include "upkeep.h"
#include <hearth/appliance/file.h>
#include <hearth/graph_rocks/stoppable_store.h>

namespace hearth::graph_service {

using http::Response;
using http::Task;
using nlohmann::json;

namespace {

constexpr std::string_view copy_name = "verifying";

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

json verify_space(const Subject& subject, const std::filesystem::path& directory,
                  const std::atomic<bool>& stopping) {
  constexpr std::size_t shown = 1000;
  const Copy copy{*subject.store, directory};
  auto opened =
      graph_rocks::RocksStore::open(copy.directory(), {.block_cache_bytes = std::size_t{4} << 20});
  if (!opened) throw std::runtime_error{"The copy can't be opened."};
  graph_rocks::StoppableStore store{*opened, stopping};
  auto replica = Replica::open(store, replica_prefix(subject.number), subject.id, subject.now);
  if (!replica) return json::array({{{"what", "space"}}});
  const auto found = (*replica)->verify();
  if (!found) return json::array({{{"what", "space"}}});
  json findings = json::array();
  for (const auto& finding : *found)
    if (findings.size() < shown) findings.push_back(to_json(finding));
  return findings;
}

Reply verify_copy(const Subject& subject, const std::filesystem::path& directory,
                  const std::atomic<bool>& stopping) {
  const auto from = std::chrono::steady_clock::now();
  json findings = json::array();
  const bool readable = subject.store->verify_checksums().has_value();
  if (!readable) findings.push_back({{"what", "file"}});
  try {
    for (json& finding : verify_space(subject, directory, stopping))
      findings.push_back(std::move(finding));
  } catch (const std::exception& failed) {
    // A damaged database may not even be copied.
    if (readable) return reply_of(ApiError{ErrorCode::unavailable, failed.what(), {}});
    findings.push_back({{"what", "space"}});
  }
  if (stopping) return reply_of(ApiError{ErrorCode::unavailable, "The box is stopping.", {}});
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - from);
  const bool sound = findings.empty();
  return reply_of(appliance::Answered{
      Answer{.body = {{"ok", sound}, {"findings", std::move(findings)}, {"ms", ms.count()}}}});
}

}  // namespace

void clear_asides(const std::filesystem::path& directory) {
  std::error_code ignored;
  for (const std::string_view name : {copy_name, upkeep_copy_name})
    std::filesystem::remove_all(directory / name, ignored);
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
  if (!looked_after.empty()) body["looked_after"] = looked_after;
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
  // Nothing is changed by ourselves meanwhile.
  const std::shared_ptr<void> counted{nullptr, [state](void*) { --state->backups; }};
  ++state->backups;
  auto copied = state->engine->ask_aside(std::move(work));
  reply = co_await std::move(copied);
  co_return response_of(std::move(reply));
}

}  // namespace hearth::graph_service
