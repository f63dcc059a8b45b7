#include <algorithm>
#include <utility>

#include <hearth/gun/keys.h>
#include <hearth/gun/relay.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

Relay::Knowing Relay::knowing(ConnectionId id, std::string_view also_sent_to) const {
  Knowing all{id};
  // gun itself looks at the first 99 characters, which hold up to 7 names.
  std::string_view rest = also_sent_to.substr(0, 99);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view pid = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    if (pid.empty()) continue;
    for (const auto& [other, connection] : connections_)
      if (connection.pid == pid) all.push_back(other);
  }
  return all;
}

/// Why the put as a whole can't be taken; empty when it can.
std::string_view Relay::check_put(const Message& message, const Moment& at) {
  if (message.put_error != PutError::none) return error_text(message.put_error);
  if (is_full_) return "This space is full.";
  const Sea::Lookup lookup = [this](std::string_view soul, std::string_view name) {
    const auto held = nodes_.property(soul, name);
    return held && *held ? std::optional{std::string{(*held)->json}} : std::nullopt;
  };
  std::size_t deferred = 0;
  for (const Node& node : message.nodes) {
    for (const Property& property : node.properties) {
      if (property.state > at.wall_ms && deferred_count_ + ++deferred > limits_.deferred)
        return "Too many writes wait for their time here.";
      if (property.state > at.wall_ms + limits_.future_ms)
        return "The state lies too far in the future: look at this device's clock.";
      const Verdict verdict = sea_.check(node.soul, property, at.wall_ms, lookup);
      if (verdict != Verdict::allowed && verdict != Verdict::omitted) return error_text(verdict);
    }
  }
  return {};
}

void Relay::on_put(ConnectionId id, const Message& message, const Moment& at) {
  ++counters_.puts;
  // What answers a get of somebody's is merged like any other write, and acknowledged to nobody.
  const std::string_view acknowledge = message.answers.empty() ? message.id : std::string_view{};
  const std::string_view error = check_put(message, at);
  counters_.verifications = sea_.verifications();
  if (!error.empty()) {
    ++counters_.refused_puts;
    return refuse(id, acknowledge, error);
  }
  const Knowing who = knowing(id, message.also_sent_to);
  Progress progress = Progress::durable;
  std::vector<Property> now;
  for (const Node& node : message.nodes) {
    // Nearly always all of a node is for now, and nothing of it may be forgotten.
    const bool plain =
        node.soul.find("<?") == std::string_view::npos &&
        std::none_of(node.properties.begin(), node.properties.end(),
                     [&](const Property& property) { return property.state > at.wall_ms; });
    std::span<const Property> properties = node.properties;
    if (!plain) {
      now.clear();
      for (const Property& property : node.properties) {
        if (is_forgotten(node.soul, property.state, at.wall_ms)) continue;
        if (property.state <= at.wall_ms) {
          now.push_back(property);
          continue;
        }
        if (const auto done = defer(node.soul, property); !done)
          return refuse(id, acknowledge, error_text(done.error()));
        progress = Progress::waiting;
      }
      properties = now;
    }
    const auto applied = apply(node.soul, properties, who);
    if (!applied) {
      ++counters_.store_errors;
      return refuse(id, acknowledge, error_text(applied.error()));
    }
    progress = std::max(progress, *applied);
  }
  if (!acknowledge.empty())
    send_gated(id, progress, {.to = id, .answers = std::string{acknowledge}, .text = {}});
}

/// Says how far the latest values of what was given have come.
Result<Progress, StoreError> Relay::apply(std::string_view soul,
                                          std::span<const Property> properties,
                                          const Knowing& knowing) {
  std::vector<std::size_t> changed;
  HEARTH_CHECK(nodes_.merge(soul, properties, changed));
  if (changed.empty()) {
    // Stale or the same: acknowledged no sooner than what it lost to is safe.
    Progress progress = Progress::durable;
    if (records_.pending_bytes() > 0)
      for (const Property& property : properties)
        progress = std::max(progress, nodes_.progress(soul, property.name));
    return progress;
  }
  counters_.changed += changed.size();
  // Also of what nobody follows yet: a link to it may be what somebody follows.
  if (!subscribers_.empty()) {
    auto& names = waiting_changes_[std::string{soul}];
    for (const std::size_t index : changed)
      names.insert_or_assign(std::string{properties[index].name}, knowing);
  }
  return Progress::waiting;
}

// --- what lies in the future -----------------------------------------------------------------

Result<Unit, StoreError> Relay::defer(std::string_view soul, const Property& property) {
  const std::string key = deferred_key(property.state, soul, property.name);
  HEARTH_TRY(const auto held, records_.get(key));
  if (held && compare_utf16(property.value.json, as_text(*held)) <= 0) return Unit{};
  if (!held) ++deferred_count_;
  ++counters_.deferred;
  records_.put(key, to_bytes(property.value.json));
  next_deferred_ms_ = std::min(next_deferred_ms_.value_or(property.state), property.state);
  return Unit{};
}

void Relay::merge_due(const Moment& at) {
  constexpr std::size_t at_once = 1000;
  struct Due {
    std::string key;
    DeferredKey place;
    std::string json;
  };
  std::vector<Due> due;
  const auto scanned = records_.scan(deferred_until(at.wall_ms), [&due](std::string_view key,
                                                                        BytesView value) {
    if (auto place = parse_deferred_key(key))
      due.push_back({.key = std::string{key}, .place = std::move(*place), .json = to_text(value)});
    return due.size() < at_once;
  });
  bool damaged = !scanned;
  for (const Due& each : due) {
    const Property property{.name = each.place.name,
                            .value = {.kind = ValueKind::string, .json = each.json},
                            .state = each.place.state};
    if (!apply(each.place.soul, {&property, 1}, {})) {
      damaged = true;
      continue;
    }
    records_.erase(each.key);
    deferred_count_ -= std::min<std::size_t>(deferred_count_, 1);
  }
  find_next_deferred();
  if (!damaged) return;
  // What damaged storage refuses stays where it is, and is tried again in a while.
  ++counters_.store_errors;
  next_deferred_ms_ = at.wall_ms + 60'000;
}

void Relay::find_next_deferred() {
  next_deferred_ms_.reset();
  (void)records_.scan(all_deferred(), [this](std::string_view key, BytesView) {
    if (const auto place = parse_deferred_key(key)) next_deferred_ms_ = place->state;
    return !next_deferred_ms_;
  });
}

}  // namespace hearth::gun
