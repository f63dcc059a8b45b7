#include <algorithm>
#include <utility>

#include <hearth/codec/json.h>
#include <hearth/gun/answer.h>
#include <hearth/gun/relay.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

using codec::append_json_string;
using codec::TextArena;

namespace {

/// Answers longer than this come in several messages.
constexpr std::size_t chunk_bytes = 64 * 1024;
/// gun's own: a LEX without a limit, or with a larger one, gets the first record alone.
constexpr double max_lex_bytes = 100'000;

std::string begin_answer(const std::string& id, std::string_view get) {
  std::string text = R"({"#":")" + id + R"(","@":)";
  append_json_string(text, get);
  return text;
}

}  // namespace

void Relay::on_get(ConnectionId id, const Message& message) {
  ++counters_.gets;
  const Query& query = *message.query;
  if (query.soul.exact) {
    const std::string_view soul = *query.soul.exact;
    const auto name = query.property ? query.property->exact : std::nullopt;
    if (soul.empty() || soul.size() > FrameParser::max_name_bytes) {
      if (!message.id.empty()) send(id, begin_answer(make_id(), message.id) + "}");
      return;
    }
    subscribe(id, soul, name);
    if (message.id.empty()) return;
    if (!query.property) return answer_node(id, message.id, soul, std::nullopt);
    if (name) {
      const auto held = nodes_.property(soul, *name);
      if (!held) {
        ++counters_.store_errors;
        return refuse(id, message.id, error_text(held.error()));
      }
      if (!*held) ask_others(id, soul, name);
      std::string text = begin_answer(make_id(), message.id);
      if (*held) {
        GraphText graph;
        graph.add(soul, *name, (*held)->state, (*held)->json);
        text += R"(,"put":)" + graph.finish();
      }
      const Progress progress =
          records_.pending_bytes() > 0 ? nodes_.progress(soul, *name) : Progress::durable;
      return send_gated(
          id, progress,
          {.to = id, .answers = std::string{message.id}, .text = std::move(text) + "}"});
    }
  }
  if (!message.id.empty()) answer_lex(id, message.id, query);
}

/// All of a node, or what comes after one of its properties, as far as the peer's queue has room.
void Relay::answer_node(ConnectionId id, std::string_view get, std::string_view soul,
                        std::optional<std::string> after) {
  Connection& connection = *find(id);
  std::optional<Lex> rest;
  if (after) rest = Lex{.from = std::string_view{*after}};
  GraphText graph;
  std::vector<std::string> chunks;
  std::size_t bytes = 0;
  bool more = false;
  std::string last;
  const auto read = nodes_.read(soul, rest, [&](std::string_view, const Held& held) {
    if (after && held.name == *after) return true;
    if (graph.size() >= chunk_bytes) {
      bytes += graph.size();
      chunks.push_back(graph.finish());
      if (connection.queued_bytes + bytes > limits_.queue_bytes) {
        more = true;
        return false;
      }
    }
    graph.add(soul, held.name, held.state, held.json);
    last = held.name;
    return true;
  });
  if (!read) {
    ++counters_.store_errors;
    return refuse(id, get, error_text(read.error()));
  }
  if (graph.empty() && chunks.empty() && !after) ask_others(id, soul, std::nullopt);
  if (!graph.empty() || chunks.empty()) chunks.push_back(graph.empty() ? "" : graph.finish());
  // What isn't durable yet waits for it. Of a large node every property would have to be asked for;
  // those wait when anything does.
  Progress progress = Progress::durable;
  if (records_.pending_bytes() > 0)
    progress = chunks.size() > 1 || more || after ? slowest() : nodes_.progress(soul);
  std::string chunk_id = make_id();
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const bool follows = more || i + 1 < chunks.size();
    std::string text = begin_answer(chunk_id, get);
    chunk_id = make_id();
    if (!chunks[i].empty()) text += R"(,"put":)" + chunks[i];
    if (follows) text += R"(,"%":")" + chunk_id + "\"";
    send_gated(id, progress,
               {.to = id, .answers = std::string{get}, .text = std::move(text) + "}"});
  }
  if (more)
    connection.cursors.push_back(
        {.get = std::string{get}, .soul = std::string{soul}, .after = std::move(last)});
}

/// Browsers keep what they have seen: one that follows a soul we know nothing of may have it. What
/// it answers is merged, and so reaches whoever asked, as a subscriber.
void Relay::ask_others(ConnectionId id, std::string_view soul,
                       std::optional<std::string_view> name) {
  constexpr std::size_t at_most = 3;
  const auto subscribers = subscribers_.find(soul);
  if (subscribers == subscribers_.end()) return;
  std::string text = R"({"#":")" + make_id() + R"(","get":{"#":)";
  append_json_string(text, soul);
  if (name) {
    text += R"(,".":)";
    append_json_string(text, *name);
  }
  text += "}}";
  std::size_t asked = 0;
  for (const auto& [other, interest] : subscribers->second) {
    if (other == id || find(other)->queued_bytes > limits_.queue_bytes) continue;
    ++counters_.forwarded_gets;
    send(other, text);
    if (++asked == at_most) return;
  }
}

void Relay::answer_lex(ConnectionId id, std::string_view get, const Query& query) {
  const double limit =
      query.limit_bytes && *query.limit_bytes <= max_lex_bytes ? *query.limit_bytes : 1;
  double bytes = 0;
  GraphText graph;
  const auto visit = [&](std::string_view soul, const Held& held) {
    graph.add(soul, held.name, held.state, held.json);
    bytes += static_cast<double>(held.json.size());
    return bytes < limit;
  };
  const auto read = query.soul.exact ? nodes_.read(*query.soul.exact, query.property, visit)
                                     : nodes_.read_all(query.soul, query.property, visit);
  if (!read) {
    ++counters_.store_errors;
    return refuse(id, get, error_text(read.error()));
  }
  const Progress progress = slowest();
  std::string text = begin_answer(make_id(), get);
  if (!graph.empty()) text += R"(,"put":)" + graph.finish();
  send_gated(id, progress, {.to = id, .answers = std::string{get}, .text = std::move(text) + "}"});
}

/// How far everything has come.
Progress Relay::slowest() const {
  if (records_.waiting()) return Progress::waiting;
  return records_.in_flight() ? Progress::in_flight : Progress::durable;
}

// --- subscriptions ---------------------------------------------------------------------------

void Relay::subscribe(ConnectionId id, std::string_view soul,
                      std::optional<std::string_view> name) {
  Connection& connection = *find(id);
  const std::size_t bytes = soul.size() + (name ? name->size() : 0);
  const bool full =
      connection.subscription_count >= limits_.subscriptions_per_connection ||
      connection.subscription_bytes + bytes > limits_.subscription_bytes_per_connection;
  auto found = subscribers_.find(soul);
  if (found == subscribers_.end()) {
    if (full) return;
    found = subscribers_.emplace(std::string{soul}, Subscribers{}).first;
  }
  auto interest = found->second.find(id);
  if (interest == found->second.end()) {
    if (full) return;
    interest = found->second.emplace(id, Interest{}).first;
    connection.subscriptions.push_back(&found->first);
  }
  auto& [whole, names] = interest->second;
  if (whole) return;
  if (!name) {
    whole = true;
    names.clear();
  } else if (std::find(names.begin(), names.end(), *name) == names.end()) {
    if (full) return;
    // Someone who follows so many of one node may as well follow all of it.
    if (names.size() == 64) {
      whole = true;
      names.clear();
    } else {
      names.emplace_back(*name);
    }
  } else {
    return;
  }
  ++connection.subscription_count;
  connection.subscription_bytes += bytes;
}

void Relay::fan_out(const Moment& at) {
  fan_out_at_.reset();
  fanned_out_ = at.now;
  earlier_changes_ = std::exchange(sent_changes_, std::exchange(settled_changes_, {}));
  for (const auto& [soul, names] : sent_changes_) fan_out(soul, names);
}

std::vector<Relay::Current> Relay::current(const std::string& soul, const ChangedNames& names) {
  std::vector<Current> values;
  for (const auto& [name, knowing] : names) {
    const auto held = nodes_.property(soul, name, View::durable);
    if (held && *held)
      values.push_back({&soul, &name, (*held)->state, std::string{(*held)->json}, &knowing});
  }
  return values;
}

/// Sends the latest durable values of what changed. A property that has changed again since comes
/// once more, when that is durable. What is new behind a link travels ahead of it: whoever sees the
/// link would ask for that next, and gun.js asks once, also when the connection falls meanwhile.
/// Node and link may have come in two messages, and so in two commits.
void Relay::fan_out(const std::string& soul, const ChangedNames& names) {
  const auto subscribers = subscribers_.find(soul);
  if (subscribers == subscribers_.end()) return;
  const std::vector<Current> values = current(soul, names);
  /// What changed behind a link, by the link and by what it leads to.
  std::map<const Current*, std::string_view> targets;
  std::map<std::string_view, std::vector<Current>> behind;
  std::size_t total = values.size();
  for (const Current& value : values) {
    TextArena arena;
    const auto target = Sea::target_of(value.json, arena);
    if (!target || *target == soul) continue;
    const std::string key{*target};
    auto change = sent_changes_.find(key);
    if (change == sent_changes_.end()) {
      change = earlier_changes_.find(key);
      if (change == earlier_changes_.end()) continue;
    }
    targets.emplace(&value, change->first);
    const auto [each, is_new] = behind.try_emplace(change->first);
    if (!is_new) continue;
    each->second = current(change->first, change->second);
    total += each->second.size();
  }

  std::vector<const Current*> chosen;
  const auto message = [&] {
    GraphText graph;
    for (const Current* value : chosen)
      graph.add(*value->soul, *value->name, value->state, value->json);
    return R"({"#":")" + make_id() + R"(","put":)" + graph.finish() + "}";
  };
  std::string whole_text;  // what most subscribers get is made once
  for (const auto& [id, interest] : subscribers->second) {
    const auto knows = [id](const Current& value) {
      return std::find(value.knowing->begin(), value.knowing->end(), id) != value.knowing->end();
    };
    chosen.clear();
    for (const Current& value : values) {
      const bool wanted = interest.whole || std::find(interest.names.begin(), interest.names.end(),
                                                      *value.name) != interest.names.end();
      if (wanted && !knows(value)) chosen.push_back(&value);
    }
    if (chosen.empty()) continue;
    std::set<std::string_view> led_to;
    for (const Current* value : chosen)
      if (const auto target = targets.find(value); target != targets.end())
        led_to.insert(target->second);
    std::vector<const Current*> ahead;
    for (const std::string_view target : led_to)
      for (const Current& value : behind.at(target))
        if (!knows(value)) ahead.push_back(&value);
    chosen.insert(chosen.begin(), ahead.begin(), ahead.end());
    Connection& connection = *find(id);
    if (connection.queued_bytes > limits_.queue_bytes) {
      ++counters_.lagged;
      connection.missed.insert(soul);
      continue;
    }
    ++counters_.sent_changes;
    if (chosen.size() < total) {
      send(id, message());
      continue;
    }
    if (whole_text.empty()) whole_text = message();
    send(id, whole_text);
  }
}

/// A peer has read what it had: on with its large answers, then what it missed, as it is now.
void Relay::catch_up(ConnectionId id, Connection& connection) {
  while (connection.queued_bytes < limits_.queue_bytes / 2 && !connection.cursors.empty()) {
    Cursor cursor = std::move(connection.cursors.front());
    connection.cursors.pop_front();
    answer_node(id, cursor.get, cursor.soul, std::move(cursor.after));
    if (!waiting_.empty() || !in_flight_.empty()) break;  // it may wait for a commit
  }
  while (connection.queued_bytes < limits_.queue_bytes / 2 && !connection.missed.empty()) {
    const std::string soul =
        std::move(connection.missed.extract(connection.missed.begin()).value());
    const auto subscribers = subscribers_.find(soul);
    if (subscribers == subscribers_.end()) continue;
    const auto interest = subscribers->second.find(id);
    if (interest == subscribers->second.end()) continue;
    GraphText graph;
    const auto add = [&](std::string_view, const Held& held) {
      const auto& [whole, names] = interest->second;
      if (whole || std::find(names.begin(), names.end(), held.name) != names.end())
        graph.add(soul, held.name, held.state, held.json);
      return true;
    };
    if (const auto read = nodes_.read(soul, std::nullopt, add); !read) ++counters_.store_errors;
    if (graph.empty()) continue;
    ++counters_.sent_changes;
    send_gated(id, slowest(),
               {.to = id,
                .answers = {},
                .text = R"({"#":")" + make_id() + R"(","put":)" + graph.finish() + "}"});
  }
}

}  // namespace hearth::gun
