// What takes more than one look: lists, histories, search, indexes.

#include <algorithm>

#include "call.h"
#include "notation.h"
#include <hearth/codec/base64.h>

namespace hearth::graph_service {

using nlohmann::json;

namespace {

constexpr std::size_t search_looks = 5000;   ///< nodes a request
constexpr std::size_t search_values = 1000;  ///< of a set or list
constexpr std::size_t max_matches = 8;       ///< shown of a node
constexpr std::size_t snippet_before = 40, snippet_size = 160;

std::string cursor_text(std::string_view raw) {
  return codec::base64url_encode(as_bytes(raw));
}

/// Empty when there is none.
Result<std::string, ApiError> cursor_of(const Call& call, const char* name) {
  HEARTH_TRY(const auto text, call.text(name));
  if (!text) return std::string{};
  const auto bytes = codec::base64url_decode(*text);
  if (!bytes || bytes->empty() || bytes->size() > 4096)
    return refuse(ErrorCode::bad_request,
                  "'" + std::string{name} + "' has to be a 'next' of an earlier answer.");
  return to_text(*bytes);
}

/// Souls above `after`, at most `count`, of those that begin with `prefix`.
Result<std::vector<std::string>, ApiError> souls_after(Call& call, Space& space,
                                                       const std::string& after,
                                                       const std::string& prefix,
                                                       std::size_t count) {
  HEARTH_TRY(Replica* const replica, call.replica(space));
  std::vector<std::string> souls;
  const auto scanned = replica->souls(std::max(after, prefix), [&](std::string_view soul) {
    if (!soul.starts_with(prefix)) return false;
    if (soul != after) souls.emplace_back(soul);
    return souls.size() < count;
  });
  if (!scanned) return Failure{call.spaces.store_failed()};
  return souls;
}

/// Null when nothing is left of it.
Result<const crdt::Node*, ApiError> node_of(Replica& replica, std::string_view soul) {
  const auto node = replica.node(soul);
  if (!node)
    return refuse(ErrorCode::unavailable, "The node '" + std::string{soul} +
                                              "' can't be read: what the disk holds of it is "
                                              "damaged. `hearth graph verify` says more.");
  return *node;
}

bool shows_anything(const crdt::Node& node) {
  return std::ranges::any_of(node.properties(),
                             [](const auto& each) { return each.kind().has_value(); });
}

/// Small letters of what most of Europe writes; everything else as it is.
std::string folded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c + 32);
      continue;
    }
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1])
                                          : static_cast<unsigned char>(0);
    if (c == 0xc3 && next >= 0x80 && next <= 0x9e && next != 0x97) {  // À … Þ
      out += static_cast<char>(c);
      out += static_cast<char>(next + 0x20);
      ++i;
    } else if (c == 0xce && next >= 0x91 && next <= 0xa9) {  // Α … Ω
      const unsigned lower = next + 0x20U;
      out += static_cast<char>(lower < 0xc0 ? 0xce : 0xcf);
      out += static_cast<char>(lower < 0xc0 ? lower : lower - 0x40);
      ++i;
    } else if (c == 0xd0 && next >= 0x90 && next <= 0xaf) {  // А … Я
      const unsigned lower = next + 0x20U;
      out += static_cast<char>(lower < 0xc0 ? 0xd0 : 0xd1);
      out += static_cast<char>(lower < 0xc0 ? lower : lower - 0x40);
      ++i;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : folded(text)) {
    if (c != ' ' && c != '\t' && c != '\n') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

/// Finds words in a node. Each has to be somewhere.
class Finder {
 public:
  explicit Finder(std::vector<std::string> words) : words_(std::move(words)) {}

  /// Nothing, or the places.
  std::optional<json> look(std::string_view soul, const crdt::Node& node,
                           const crdt::Authors& authors) {
    found_.assign(words_.size(), false);
    matches_ = json::array();
    look_at(soul, nullptr);
    for (const crdt::Property& property : node.properties()) {
      const auto kind = property.kind();
      if (!kind) continue;
      look_at(property.name, &property.name);
      look_at(property, *kind, authors);
    }
    if (!std::ranges::all_of(found_, [](bool found) { return found; })) return std::nullopt;
    return std::move(matches_);
  }

 private:
  void look_at(const crdt::Property& property, crdt::Kind kind, const crdt::Authors& authors) {
    if (kind == crdt::Kind::value) look_at(property.value->value, property.name);
    std::size_t left = search_values;
    if (kind == crdt::Kind::set)
      for (const auto& element : property.set->elements()) {
        if (left-- == 0) return;
        look_at(element.value, property.name);
        for (const update::Field& field : element.fields) look_at(field.value, property.name);
      }
    if (kind == crdt::Kind::list)
      for (const auto& value : property.list->values(authors)) {
        if (left-- == 0) return;
        look_at(value, property.name);
      }
  }
  void look_at(const model::Value& value, const std::string& property) {
    if (const auto* text = std::get_if<std::string>(&value)) look_at(*text, &property);
    if (const auto* link = std::get_if<model::Link>(&value)) look_at(link->soul, &property);
  }
  void look_at(std::string_view text, const std::string* property) {
    // Folding keeps the number of bytes, so places are the same.
    const std::string small = folded(text);
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const auto at = small.find(words_[i]);
      if (at == std::string::npos) continue;
      found_[i] = true;
      first = std::min(first.value_or(at), at);
    }
    if (!first || matches_.size() == max_matches) return;
    json match{{"text", snippet(text, *first)}};
    if (property != nullptr) match["property"] = *property;
    matches_.push_back(std::move(match));
  }
  static std::string snippet(std::string_view text, std::size_t at) {
    const auto is_inside = [&](std::size_t i) {
      return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
    };
    std::size_t from = at > snippet_before ? at - snippet_before : 0;
    while (is_inside(from)) ++from;
    std::size_t to = std::min(text.size(), from + snippet_size);
    while (is_inside(to)) ++to;
    return (from > 0 ? "…" : "") + std::string{text.substr(from, to - from)} +
           (to < text.size() ? "…" : "");
  }

  std::vector<std::string> words_;
  std::vector<bool> found_;
  json matches_;
};

json row_of(std::string_view soul, const crdt::Node& node) {
  json row{{"soul", soul}};
  if (std::string summary = summary_of(node); !summary.empty()) row["summary"] = std::move(summary);
  return row;
}

}  // namespace

Answered list_nodes(Call& call) {
  HEARTH_TRY(Space* const space, call.space());
  HEARTH_TRY(const auto limit, call.limit(100, 1000));
  HEARTH_TRY(const auto prefix, call.text("prefix"));
  HEARTH_TRY(std::string after, cursor_of(call, "after"));
  json rows = json::array();
  bool more = true;
  // Deleted nodes keep their place for a while, and are looked over.
  for (std::size_t looks = 0; looks < search_looks && more && rows.size() < limit;) {
    HEARTH_TRY(const auto souls, souls_after(call, *space, after, prefix.value_or(""), limit));
    more = souls.size() == limit;
    for (const std::string& soul : souls) {
      if (rows.size() == limit) {
        more = true;
        break;
      }
      ++looks;
      after = soul;
      HEARTH_TRY(const crdt::Node* const node, node_of(*space->replica, soul));
      if (node == nullptr || !shows_anything(*node)) continue;
      json row = row_of(soul, *node);
      row["properties"] = std::ranges::count_if(
          node->properties(), [](const auto& each) { return each.kind().has_value(); });
      if (const auto newest = newest_of(*node)) row["state"] = newest->ms();
      rows.push_back(std::move(row));
    }
  }
  json body{{"nodes", std::move(rows)}};
  if (more) body["next"] = cursor_text(after);
  return Answer{.body = std::move(body)};
}

Answered get_node(Call& call) {
  HEARTH_TRY(Space* const space, call.space());
  HEARTH_TRY(Replica* const replica, call.replica(*space));
  if (!model::is_soul(call.arguments[1]))
    return refuse(ErrorCode::bad_request, "A soul has 1 to 1,024 bytes.");
  HEARTH_TRY(const crdt::Node* const node, node_of(*replica, call.arguments[1]));
  if (node == nullptr || !shows_anything(*node))
    return refuse(ErrorCode::not_found, "There is no such node.");
  return Answer{.body = to_json(call.arguments[1], *node, *replica)};
}

Answered get_history(Call& call) {
  HEARTH_TRY(Space* const space, call.space());
  HEARTH_TRY(const auto limit, call.limit(50, 200));
  HEARTH_TRY(const std::string before, cursor_of(call, "before"));
  if (!model::is_soul(call.arguments[1]))
    return refuse(ErrorCode::bad_request, "A soul has 1 to 1,024 bytes.");
  HEARTH_TRY(const auto places, call.spaces.history(*space, call.arguments[1], before, limit + 1));
  json updates = json::array();
  for (const auto& place : places)
    if (updates.size() < limit)
      updates.push_back(history_entry(call.arguments[1], *place.record, *space->replica));
  json body{{"updates", std::move(updates)}};
  if (places.size() > limit) body["next"] = cursor_text(places[limit - 1].cursor);
  return Answer{.body = std::move(body)};
}

Answered search(Call& call) {
  HEARTH_TRY(Space* const space, call.space());
  HEARTH_TRY(const auto limit, call.limit(50, 200));
  HEARTH_TRY(std::string after, cursor_of(call, "after"));
  HEARTH_TRY(const auto text, call.text("q"));
  auto words = words_of(text.value_or(""));
  if (words.empty() || words.size() > 16)
    return refuse(ErrorCode::bad_request, "Say with 'q' what to look for: 1 to 16 words.");
  HEARTH_TRY(const auto souls, souls_after(call, *space, after, "", search_looks));
  Finder finder{std::move(words)};
  json rows = json::array();
  std::size_t looked_at = 0;
  for (const std::string& soul : souls) {
    if (rows.size() == limit) break;
    ++looked_at;
    after = soul;
    HEARTH_TRY(const crdt::Node* const node, node_of(*space->replica, soul));
    if (node == nullptr || !shows_anything(*node)) continue;
    auto matches = finder.look(soul, *node, space->replica->authors());
    if (!matches) continue;
    json row = row_of(soul, *node);
    row["matches"] = std::move(*matches);
    rows.push_back(std::move(row));
  }
  json body{{"nodes", std::move(rows)}, {"looked_at", looked_at}};
  if (looked_at < souls.size() || souls.size() == search_looks) body["next"] = cursor_text(after);
  return Answer{.body = std::move(body)};
}

// --- indexes ---------------------------------------------------------------------------------

namespace {

using graph_index::IndexError;
using graph_index::Query;

ApiError error_of(IndexError error, Call& call) {
  switch (error) {
    case IndexError::bad_definition:
      return {ErrorCode::bad_request, "An index has a name of 1 to 64 bytes and a property.", {}};
    case IndexError::exists:
      return {ErrorCode::conflict, "There is another index of that name.", {}};
    case IndexError::unknown:
      return {ErrorCode::not_found, "There is no index of that name.", {}};
    case IndexError::full:
      return {ErrorCode::conflict, "A space has at most 64 indexes.", {}};
    case IndexError::not_ready:
      return {ErrorCode::unavailable, "The index is being built. Try again in a moment.",
              std::chrono::seconds{1}};
    case IndexError::bad_query:
      return {ErrorCode::bad_request, "That can't be asked of an index.", {}};
    case IndexError::store:
      break;
  }
  return call.spaces.store_failed();
}

json to_json(const graph_index::IndexStatus& index) {
  json row{{"name", index.definition.name},
           {"property", index.definition.property},
           {"ready", index.ready}};
  if (!index.definition.soul_prefix.empty()) row["prefix"] = index.definition.soul_prefix;
  return row;
}

/// A value in the query, as JSON.
Result<std::optional<model::Value>, ApiError> value_of(const Call& call, const char* name) {
  HEARTH_TRY(const auto text, call.text(name));
  if (!text) return std::optional<model::Value>{};
  const json parsed = json::parse(*text, nullptr, false);
  auto value = parsed.is_discarded()
                   ? Result<model::Value, ApiError>{refuse(ErrorCode::bad_request, "")}
                   : graph_service::value_of(parsed);
  if (!value)
    return refuse(ErrorCode::bad_request,
                  "'" + std::string{name} + "' has to be a value, as JSON: \"text\", 3, true.");
  return std::optional{std::move(*value)};
}

}  // namespace

Answered list_indexes(Call& call) {
  HEARTH_TRY(Space* const space, call.space());
  json rows = json::array();
  for (const auto& index : space->indexes->list()) rows.push_back(to_json(index));
  return Answer{.body = {{"indexes", std::move(rows)}}};
}

Answered add_index(Call& call) {
  HEARTH_TRY(Space* const space, call.space_to_manage());
  HEARTH_CHECK(call.spaces.ready_to_write(call.now));
  HEARTH_CHECK(call.spaces.has_room());
  const auto text = [&](const char* name) {
    const auto found = call.body.find(name);
    return found != call.body.end() && found->is_string() ? found->get<std::string>()
                                                          : std::string{};
  };
  if (!call.body.contains("name") || !call.body.contains("property"))
    return refuse(ErrorCode::bad_request, "Send {\"name\", \"property\", \"prefix\"?}.");
  const graph_index::Definition definition{
      .name = text("name"), .property = text("property"), .soul_prefix = text("prefix")};
  const auto declared = space->indexes->declare(*space->replica, definition);
  if (!declared) return Failure{error_of(declared.error(), call)};
  return Answer{.status = 201, .body = to_json(graph_index::IndexStatus{.definition = definition})};
}

Answered drop_index(Call& call) {
  HEARTH_TRY(Space* const space, call.space_to_manage());
  HEARTH_CHECK(call.spaces.ready_to_write(call.now));
  const auto dropped = space->indexes->drop(*space->replica, call.arguments[1]);
  if (!dropped) return Failure{error_of(dropped.error(), call)};
  return Answer{.status = 204, .body = nullptr};
}

Answered query_index(Call& call) {
  HEARTH_TRY(Space* const space, call.space());
  HEARTH_TRY(const auto limit, call.limit(100, Query::max_limit));
  HEARTH_TRY(const std::string after, cursor_of(call, "after"));
  HEARTH_TRY(const auto name, call.text("index"));
  HEARTH_TRY(const auto order, call.text("order"));
  HEARTH_TRY(auto equals, value_of(call, "equals"));
  HEARTH_TRY(auto prefix, value_of(call, "prefix"));
  HEARTH_TRY(auto from, value_of(call, "from"));
  HEARTH_TRY(auto to, value_of(call, "to"));
  if (!name || (equals && prefix) || ((equals || prefix) && (from || to)) ||
      (order && *order != "ascending" && *order != "descending"))
    return refuse(
        ErrorCode::bad_request,
        "Say 'index', then 'equals', 'prefix', or 'from' and 'to'; 'order' is ascending or "
        "descending.");
  Query query;
  if (equals) query = Query::exactly(std::move(*equals));
  if (prefix) query = Query::starting_with(std::move(*prefix));
  if (from) query.from(std::move(*from));
  if (to) query.to(std::move(*to));
  if (order == "descending") query.descending();
  query.limit(limit);
  if (!after.empty()) query.after(after);
  // What was written a moment ago is in the next batch.
  HEARTH_CHECK(call.spaces.commit());
  const auto page = space->indexes->find(*name, query);
  if (!page) return Failure{error_of(page.error(), call)};
  json rows = json::array();
  for (const auto& hit : page->hits) {
    json row{{"soul", hit.soul}};
    if (hit.value) row["value"] = graph_service::to_json(*hit.value);
    rows.push_back(std::move(row));
  }
  json body{{"nodes", std::move(rows)}};
  if (!page->next.empty()) body["next"] = cursor_text(page->next);
  return Answer{.body = std::move(body)};
}

}  // namespace hearth::graph_service
