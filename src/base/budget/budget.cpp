#include <algorithm>
#include <utility>

#include <hearth/budget/budget.h>

namespace hearth::budget {

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// Of each share and of the whole, kept for the enrolled.
constexpr std::size_t kept(std::size_t size) {
  return size / 8;
}

}  // namespace

std::string_view to_string(Layer layer) {
  switch (layer) {
    case Layer::connections:
      return "connections";
    case Layer::streams:
      return "streams";
    case Layer::webrtc:
      return "webrtc";
    case Layer::http:
      return "http";
    case Layer::relay:
      return "relay";
    case Layer::gun:
      return "gun";
  }
  return "";
}

Sizes sizes_for(const Machine& machine, std::optional<std::size_t> memory_bytes) {
  const std::size_t own = std::min<std::size_t>(256, machine.descriptors / 4);
  const double cores = std::max(1U, machine.cores);
  return {.memory_bytes = memory_bytes.value_or(
              std::clamp(machine.memory_bytes / 16, 64 * mebibyte, 512 * mebibyte)),
          .sockets = machine.descriptors - own,
          .handshakes_per_second = 200 * cores,
          .handshake_burst = 400 * cores};
}

Budget::Budget(const Sizes& sizes)
    : sizes_(sizes),
      total_(sizes.memory_bytes, nullptr, 0, kept(sizes.memory_bytes)),
      // Together more than the whole: no layer is idle room that another can't use.
      shares_{Pool{sizes.memory_bytes / 4, &total_, 0, kept(sizes.memory_bytes / 4)},
              Pool{sizes.memory_bytes / 2, &total_, sizes.memory_bytes / 8,
                   kept(sizes.memory_bytes / 2)},
              Pool{sizes.memory_bytes / 2, &total_, 0, kept(sizes.memory_bytes / 2)},
              Pool{sizes.memory_bytes / 8, &total_, 0, kept(sizes.memory_bytes / 8)},
              Pool{sizes.memory_bytes / 2, &total_, 0, kept(sizes.memory_bytes / 2)},
              Pool{sizes.memory_bytes / 4, &total_, 0, kept(sizes.memory_bytes / 4)}},
      sockets_(sizes.sockets, nullptr, 0, kept(sizes.sockets)),
      tokens_(sizes.handshake_burst) {}

Pool& Budget::memory(Layer layer) {
  return shares_[static_cast<std::size_t>(layer)];
}

bool Budget::may_shake_hands(Instant now, Standing asks) {
  if (filled_) {
    const std::chrono::duration<double> passed = now - *filled_;
    tokens_ = std::min(sizes_.handshake_burst,
                       tokens_ + std::max(0.0, passed.count()) * sizes_.handshakes_per_second);
  }
  filled_ = now;
  if (asks == Standing::enrolled) return true;
  if (tokens_ < 1) {
    ++handshakes_refused_[static_cast<std::size_t>(asks)];
    return false;
  }
  tokens_ -= 1;
  return true;
}

std::vector<Item> Budget::items() const {
  const auto item = [](std::string_view resource, std::string_view layer, const Pool& pool) {
    Item made{.resource = resource,
              .layer = layer,
              .used = pool.used(),
              .limit = pool.limit(),
              .limit_of_strangers = pool.limit_for(Standing::stranger)};
    for (std::size_t i = 0; i < standings; ++i)
      made.refused[i] = pool.refused(static_cast<Standing>(i));
    return made;
  };
  std::vector<Item> all{item("memory", "total", total_)};
  for (std::size_t i = 0; i < layers; ++i)
    all.push_back(item("memory", to_string(static_cast<Layer>(i)), shares_[i]));
  all.push_back(item("sockets", "total", sockets_));
  const auto burst = static_cast<std::size_t>(sizes_.handshake_burst);
  all.push_back({.resource = "handshakes",
                 .layer = "total",
                 .used = burst - std::min(burst, static_cast<std::size_t>(tokens_)),
                 .limit = burst,
                 .limit_of_strangers = burst,
                 .refused = handshakes_refused_});
  return all;
}

void MetricsText::line(std::string_view kind, std::string_view name, const Labels& labels,
                       std::uint64_t value) {
  const std::string full = prefix_ + std::string{name};
  if (full != last_) text_ += "# TYPE " + full + " " + std::string{kind} + "\n";
  last_ = full;
  text_ += full;
  std::string list;
  for (const auto& [key, label] : labels)
    list += (list.empty() ? "" : ",") + std::string{key} + "=\"" + std::string{label} + "\"";
  if (!list.empty()) text_ += "{" + list + "}";
  text_ += " " + std::to_string(value) + "\n";
}

void MetricsText::counter(std::string_view name, const Labels& labels, std::uint64_t value) {
  line("counter", name, labels, value);
}

void MetricsText::gauge(std::string_view name, const Labels& labels, std::uint64_t value) {
  line("gauge", name, labels, value);
}

void MetricsText::add(const std::vector<Item>& items) {
  for (const Item& item : items)
    gauge("budget_used", {{"resource", item.resource}, {"layer", item.layer}}, item.used);
  for (const Item& item : items)
    gauge("budget_limit", {{"resource", item.resource}, {"layer", item.layer}}, item.limit);
  for (const Item& item : items) {
    constexpr std::array<std::string_view, standings> who{"stranger", "newcomer", "enrolled"};
    for (std::size_t i = 0; i < standings; ++i)
      counter("budget_refused_total",
              {{"resource", item.resource}, {"layer", item.layer}, {"who", who[i]}},
              item.refused[i]);
  }
}

}  // namespace hearth::budget
