// When spaces are looked after: in quiet times, one after another, and when somebody asks.

#include "call.h"
#include "state.h"
#include "upkeep.h"

namespace hearth::graph_service {

using http::Task;
using loop::Signal;

namespace {

/// With fewer turns in a second nobody is in a hurry.
constexpr std::uint64_t quiet_turns = 200;
/// So long quiet is waited for.
constexpr int patience_s = 600;
/// Between two steps others have so many times as long as the step took.
constexpr int share = 4;

using std::chrono::milliseconds;

ApiError stopping() {
  return {ErrorCode::unavailable, "The box is stopping.", std::chrono::seconds{5}};
}

}  // namespace

struct Service::State::Errand {
  std::optional<Upkeep> upkeep;
  bool more = false;
  std::optional<ApiError> failure;
};

Task<void> Service::State::keep_spaces(std::shared_ptr<State> self) {
  while (self->engine) {
    const auto until = Signal::Clock::now() + self->options.upkeep.interval;
    (void)co_await self->upkeep_signal.wait(until);
    bool more = !self->options.upkeep.only_when_asked;
    while (more && self->engine && self->looked_after.empty()) {
      auto beginning = self->begin_what_is_due();
      const std::shared_ptr<Errand> due = co_await std::move(beginning);
      more = due != nullptr && self->engine && self->looked_after.empty();
      if (!more) break;
      auto running = self->run(due);
      (void)co_await std::move(running);
    }
  }
}

Task<std::shared_ptr<Service::State::Errand>> Service::State::begin_what_is_due() {
  const auto self = shared_from_this();
  Turn look = [](Spaces& spaces, Timestamp now) {
    for (Space* space : spaces.all())
      if (Upkeep::outlook(spaces, *space, Upkeep::Wanted::what_is_due, now).wants_anything())
        return Reply{};
    return Reply{.status = 204};
  };
  auto asked = engine->ask(std::move(look));
  const Reply due = co_await std::move(asked);
  if (due.status != 200 || !engine) co_return nullptr;
  auto quiet = wait_for_quiet();
  co_await std::move(quiet);
  if (!engine) co_return nullptr;
  const auto next = new_errand();
  Turn begin = [errand = next](Spaces& spaces, Timestamp now) {
    for (Space* space : spaces.all()) {
      errand->upkeep = Upkeep::begin(spaces, *space, Upkeep::Wanted::what_is_due, now);
      if (errand->upkeep) break;
    }
    Reply reply;
    reply.after_sync = errand->upkeep.has_value();
    return reply;
  };
  auto beginning = engine->ask(std::move(begin));
  const Reply begun = co_await std::move(beginning);
  co_return begun.status == 200 && next->upkeep ? next : nullptr;
}

std::shared_ptr<Service::State::Errand> Service::State::new_errand() {
  std::erase_if(errands, [](const auto& each) { return each.expired(); });
  auto errand = std::make_shared<Errand>();
  errands.push_back(errand);
  return errand;
}

void Service::State::drop_errands() {
  for (const auto& each : errands)
    if (const auto begun = each.lock()) begun->upkeep.reset();
}

Task<void> Service::State::wait_for_quiet() {
  for (int second = 0; engine && second < patience_s; ++second) {
    const std::uint64_t before = engine->counters().turns;
    const auto until = Signal::Clock::now() + std::chrono::seconds{1};
    (void)co_await upkeep_signal.wait(until);
    if (!engine || (backups == 0 && engine->counters().turns < before + quiet_turns)) co_return;
  }
}

Task<Reply> Service::State::look_after(std::string name, Asker asker) {
  const auto self = shared_from_this();
  const auto asked_for = new_errand();
  Turn turn = [errand = asked_for, name = std::move(name), asker = std::move(asker)](
                  Spaces& spaces, Timestamp now) {
    const Call call{
        .spaces = spaces, .asker = asker, .now = now, .arguments = {name}, .query = {}, .body = {}};
    const auto space = call.space_to_manage();
    if (!space) return reply_of(space.error());
    errand->upkeep = Upkeep::begin(spaces, **space, Upkeep::Wanted::all_that_helps, now);
    Reply reply;
    reply.after_sync = true;
    return reply;
  };
  auto asked = engine->ask(std::move(turn));
  Reply reply = co_await std::move(asked);
  if (reply.status != 200) co_return reply;
  if (!engine) co_return reply_of(stopping());
  if (!asked_for->upkeep)
    co_return reply_of(appliance::Answered{Answer{.body = {{"done", false}}}});
  if (!looked_after.empty())
    co_return reply_of(ApiError{ErrorCode::conflict,
                                "The space '" + looked_after + "' is being looked after just now.",
                                std::chrono::seconds{10}});
  auto running = run(asked_for);
  co_return co_await std::move(running);
}

Task<Reply> Service::State::run(std::shared_ptr<Errand> begun) {
  const auto self = shared_from_this();
  const auto from = Signal::Clock::now();
  const std::string name = begun->upkeep->name();
  looked_after = name;
  const std::shared_ptr<void> after{nullptr, [self](void*) { self->looked_after.clear(); }};

  Engine::Aside look = [begun, directory = options.directory /
                                           upkeep_copy_name](const std::atomic<bool>& ending) {
    const auto looked = begun->upkeep->look(directory, ending);
    begun->more = looked.has_value();
    if (!looked) begun->failure = looked.error();
    return Reply{};
  };
  if (!engine) co_return reply_of(stopping());
  auto looking = engine->ask_aside(std::move(look));
  Reply reply = co_await std::move(looking);

  while (engine && begun->more) {
    const auto at = Signal::Clock::now();
    Turn step = [begun](Spaces& spaces, Timestamp now) {
      const auto more = begun->upkeep->step(spaces, now);
      begun->more = more && *more;
      if (!more) begun->failure = more.error();
      return Reply{};
    };
    auto stepping = engine->ask(std::move(step));
    reply = co_await std::move(stepping);
    if (reply.status != 200) begun->more = false;
    const auto took = Signal::Clock::now() - at;
    auto until = Signal::Clock::now() + took * share;
    while (engine && begun->more && (backups > 0 || Signal::Clock::now() < until)) {
      (void)co_await step_signal.wait(until);
      until = Signal::Clock::now() + (backups > 0 ? milliseconds{100} : milliseconds{0});
    }
  }
  if (!engine) co_return reply_of(stopping());
  if (reply.status != 200) co_return reply;
  Engine::Aside compact = [begun](const std::atomic<bool>& ending) {
    begun->upkeep->compact(ending);
    return Reply{};
  };
  auto compacting = engine->ask_aside(std::move(compact));
  (void)co_await std::move(compacting);
  if (!engine) co_return reply_of(stopping());

  const Upkeep::Done& done = begun->upkeep->done();
  if (begun->failure) {
    log.error("graph.upkeep_failed", {{"space", name}, {"why", begun->failure->message}});
    engine->tell([begun](Spaces& spaces, Timestamp) {
      begun->upkeep->note_failure(spaces, *begun->failure);
    });
    co_return reply_of(*begun->failure);
  }
  log.info("graph.upkeep", {{"space", name},
                            {"checkpoint", std::to_string(done.checkpoint)},
                            {"updates", std::to_string(done.updates)},
                            {"bytes", std::to_string(done.bytes)}});
  nlohmann::json body{
      {"done", true},
      {"proved", done.proved},
      {"reclaimed", {{"updates", done.updates}, {"bytes", done.bytes}}},
      {"rewritten", done.rewritten},
      {"longest_step_ms", static_cast<double>(done.longest_step.count()) / 1000},
      {"ms", std::chrono::duration_cast<milliseconds>(Signal::Clock::now() - from).count()}};
  if (done.checkpoint > 0) body["checkpoint"] = done.checkpoint;
  co_return reply_of(appliance::Answered{Answer{.body = std::move(body)}});
}

}  // namespace hearth::graph_service
