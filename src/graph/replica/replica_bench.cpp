// What merging costs: updates applied, with and without their signatures, and three devices that
// come back with 10,000 edits each. Edits and updates per second; over a store in memory.

#include <algorithm>
#include <chrono>

#include <benchmark/benchmark.h>

#include "world_for_test.h"

namespace hearth::replica::testing {
namespace {

using model::Value;

enum class Work { distinct_nodes, one_node, counters, sets, lists };

void edit(Draft& draft, Work work, std::size_t number) {
  const auto text = std::to_string(number);
  switch (work) {
    case Work::distinct_nodes:
      (void)draft.put("node/" + text, "name", "name " + text);
      (void)draft.put("node/" + text, "size", static_cast<double>(number));
      break;
    case Work::one_node:
      (void)draft.put("node", "name", "name " + text);
      (void)draft.put("node", "size", static_cast<double>(number));
      break;
    case Work::counters:
      (void)draft.add("node/" + std::to_string(number % 100), "count", 1);
      break;
    case Work::sets:
      (void)draft.include("node/" + std::to_string(number % 100), "set", text);
      break;
    case Work::lists:
      (void)draft.insert("node/" + std::to_string(number % 100), "list", 0, {text});
      break;
  }
}

// Updates of one device, one edit each.
std::vector<Message> written(const Space& space, std::size_t device, Work work, std::size_t count,
                             std::int64_t offset_ms = 0) {
  Place place{space.id, beginning};
  deliver(*place.replica, space.founding());
  std::vector<Message> messages;
  for (std::size_t i = 0; i < count; ++i) {
    const Timestamp now{.ms = beginning.ms + offset_ms + static_cast<std::int64_t>(i)};
    auto draft = place.replica->draft(update::author_of(space.devices[device].public_key()), now);
    edit(*draft, work, i);
    messages.push_back(
        {.kind = Message::Kind::update,
         .update = *place.replica->write(*draft, space.devices[device], space.certificates[device]),
         .bytes = space.certificates[device]});
  }
  return messages;
}

void applied(benchmark::State& state, Work work) {
  const Space space{1};
  const auto messages = written(space, 0, work, 10'000);
  const Timestamp end{.ms = beginning.ms + day_ms};
  for (auto _ : state) {
    Place place{space.id, end};
    deliver(*place.replica, space.founding());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      deliver(*place.replica, messages[i]);
      if (i % 1000 == 999) benchmark::DoNotOptimize(place.replica->commit());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(messages.size()));
}
BENCHMARK_CAPTURE(applied, distinct_nodes, Work::distinct_nodes)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(applied, one_node, Work::one_node)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(applied, counters, Work::counters)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(applied, sets, Work::sets)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(applied, lists, Work::lists)->Unit(benchmark::kMillisecond);

// As a box takes them in: signature, hash, decoding, merging, writing.
void verified_and_applied(benchmark::State& state) {
  const Space space{1};
  const auto messages = written(space, 0, Work::distinct_nodes, 5'000);
  const Timestamp end{.ms = beginning.ms + day_ms};
  for (auto _ : state) {
    Place place{space.id, end};
    deliver(*place.replica, space.founding());
    update::Verifier verifier;
    std::size_t count = 0;
    for (const Message& message : messages) {
      auto update = verifier.verify(message.update);
      HEARTH_ASSERT(update);
      HEARTH_ASSERT(place.replica->add(std::move(*update), message.bytes));
      if (++count % 1000 == 0) benchmark::DoNotOptimize(place.replica->commit());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(messages.size()));
}
BENCHMARK(verified_and_applied)->Unit(benchmark::kMillisecond);

// The signature alone, which no cleverness of ours makes faster.
void verified(benchmark::State& state) {
  const Space space{1};
  const auto messages = written(space, 0, Work::distinct_nodes, 1'000);
  update::Verifier verifier;
  for (auto _ : state)
    for (const Message& message : messages)
      benchmark::DoNotOptimize(verifier.verify(message.update));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(messages.size()));
}
BENCHMARK(verified)->Unit(benchmark::kMillisecond);

// Each of three has 10,000 edits of its own and gets the 20,000 of the others, verified.
void three_devices_meet(benchmark::State& state) {
  const Space space{3};
  std::vector<std::vector<Message>> logs;
  for (std::size_t device = 0; device < 3; ++device)
    logs.push_back(written(space, device, static_cast<Work>(device % 2 == 0 ? 0 : 4), 10'000,
                           static_cast<std::int64_t>(device)));
  const Timestamp end{.ms = beginning.ms + day_ms};
  for (auto _ : state) {
    std::vector<Bytes> digests;
    for (std::size_t own = 0; own < 3; ++own) {
      state.PauseTiming();
      Place place{space.id, end};
      deliver(*place.replica, space.founding());
      for (const Message& message : logs[own]) deliver(*place.replica, message);
      state.ResumeTiming();
      update::Verifier verifier;
      for (std::size_t other = 1; other < 3; ++other)
        for (const Message& message : logs[(own + other) % 3])
          HEARTH_ASSERT(place.replica->add(*verifier.verify(message.update), message.bytes));
      digests.push_back(to_bytes(*place.replica->digest()));
    }
    HEARTH_ASSERT(digests[0] == digests[1] && digests[1] == digests[2]);
  }
}
BENCHMARK(three_devices_meet)->Unit(benchmark::kMillisecond)->Iterations(1);

// Nodes that a purge reads over, and of every tenth something that it forgets: how long whoever
// asks for something may wait, and what it takes in all.
void purged(benchmark::State& state, bool in_steps) {
  constexpr std::size_t nodes = 200'000, at_once = 1'000;
  const Space space{1};
  const auto author = update::author_of(space.devices[0].public_key());
  std::chrono::duration<double, std::milli> longest{0};
  for (auto _ : state) {
    state.PauseTiming();
    Place place{space.id, beginning, {.max_cached_nodes = 8192, .purge_in_steps = in_steps}};
    deliver(*place.replica, space.founding());
    Timestamp now = beginning;
    for (std::size_t i = 0; i < nodes; i += at_once) {
      now.ms += 1;
      auto draft = place.replica->draft(author, now);
      for (std::size_t j = i; j < i + at_once; ++j) edit(*draft, Work::distinct_nodes, j);
      for (std::size_t j = i; j < i + at_once; j += 10)
        HEARTH_ASSERT(draft->remove("node/" + std::to_string(j), "size"));
      HEARTH_ASSERT(place.replica->write(*draft, space.devices[0], space.certificates[0]));
      HEARTH_ASSERT(place.replica->commit());
    }
    now.ms += 31 * day_ms;
    HEARTH_ASSERT(place.replica->checkpoint(space.home, now));
    HEARTH_ASSERT(place.replica->commit());
    now.ms += day_ms;
    state.ResumeTiming();
    const auto timed = [&](const auto& step) {
      const auto from = std::chrono::steady_clock::now();
      const bool more = step();
      longest = std::max<decltype(longest)>(longest, std::chrono::steady_clock::now() - from);
      return more;
    };
    (void)timed([&] {
      HEARTH_ASSERT(place.replica->advance(now) && place.replica->commit());
      return true;
    });
    while (timed([&] {
      const bool more = *place.replica->sweep(500);
      HEARTH_ASSERT(place.replica->commit());
      return more;
    }))
      continue;
  }
  state.counters["longest_ms"] = longest.count();
}
BENCHMARK_CAPTURE(purged, at_once, false)->Unit(benchmark::kMillisecond)->Iterations(3);
BENCHMARK_CAPTURE(purged, in_steps, true)->Unit(benchmark::kMillisecond)->Iterations(3);

// Bytes in the store of a node of two properties and of the update that made it, before any
// compression.
void stored_bytes(benchmark::State& state) {
  const Space space{1};
  const auto messages = written(space, 0, Work::distinct_nodes, 10'000);
  double bytes = 0;
  for (auto _ : state) {
    Place place{space.id, {.ms = beginning.ms + day_ms}};
    deliver(*place.replica, space.founding());
    for (const Message& message : messages) deliver(*place.replica, message);
    HEARTH_ASSERT(place.replica->commit());
    bytes = static_cast<double>(place.store->size_bytes());
  }
  state.counters["bytes_per_update"] = bytes / static_cast<double>(messages.size());
}
BENCHMARK(stored_bytes)->Unit(benchmark::kMillisecond)->Iterations(1);

// What a restart costs before the first node is read.
void opened(benchmark::State& state) {
  const Space space{1};
  Place place{space.id, beginning};
  deliver(*place.replica, space.founding());
  for (const Message& message : written(space, 0, Work::distinct_nodes, 10'000))
    deliver(*place.replica, message);
  for (auto _ : state) place.reopen(beginning);
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(opened)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hearth::replica::testing
