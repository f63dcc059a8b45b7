#include "changes.h"

#include <utility>

namespace hearth::files {
namespace {

Json undo(const char* path, Json body) {
  return {{"method", "POST"}, {"path", path}, {"body", std::move(body)}};
}

// Does each item by itself: `act` fills in the item's result, and what it throws becomes its error.
template <class Act>
Json each(const Json& items, Act act) {
  Json results = Json::array();
  for (const auto& item : items) {
    Json result;
    try {
      act(item, result);
    } catch (const Problem& problem) {
      result["error"] = error_json(problem);
    }
    results.push_back(std::move(result));
  }
  return results;
}

Json post_folder(Space& space, const Json& body) {
  const Path path = checked(text_member(body, "path"));
  const std::string made = space.make_folder(path);
  return {{"entry", to_json(space.entry(path))},
          {"undo", undo("/api/v1/trash", {{"paths", {made}}})}};
}

Json post_move(Space& space, const Json& body) {
  const auto on_conflict = conflict_member(body);
  Json back = Json::array();
  Json results = each(list_member(body, "items"), [&](const Json& item, Json& result) {
    const Path from = checked(text_member(item, "from"));
    result["from"] = from.text();
    const Path to = space.move(from, checked(text_member(item, "to")), on_conflict);
    result["to"] = to.text();
    result["entry"] = to_json(space.entry(to));
    // The last first, so that each finds things where they were then.
    const Json step{{"from", to.text()}, {"to", from.text()}};
    if (from != to) back.insert(back.begin(), step);
  });
  return {{"results", std::move(results)},
          {"undo", back.empty() ? Json{} : undo("/api/v1/move", {{"items", back}})}};
}

Json post_trash(Space& space, const Json& body) {
  Json ids = Json::array();
  Json results = each(list_member(body, "paths"), [&](const Json& item, Json& result) {
    if (!item.is_string()) throw Problem{400, "bad_request", "A path must be a text."};
    result["path"] = item;
    const std::string id = space.trash(checked(item.get<std::string>()));
    result["id"] = id;
    ids.push_back(id);
  });
  return {{"results", std::move(results)},
          {"undo", ids.empty() ? Json{} : undo("/api/v1/trash/restore", {{"ids", ids}})}};
}

Json post_restore(Space& space, const Json& body) {
  const auto on_conflict = conflict_member(body);
  Json paths = Json::array();
  Json results = each(list_member(body, "ids"), [&](const Json& item, Json& result) {
    if (!item.is_string()) throw Problem{400, "bad_request", "An id must be a text."};
    result["id"] = item;
    const Path path = space.restore(item.get<std::string>(), on_conflict);
    result["path"] = path.text();
    result["entry"] = to_json(space.entry(path));
    paths.push_back(path.text());
  });
  return {{"results", std::move(results)},
          {"undo", paths.empty() ? Json{} : undo("/api/v1/trash", {{"paths", paths}})}};
}

}  // namespace

Change change_at(std::string_view path) {
  if (path == "folders") return &post_folder;
  if (path == "move") return &post_move;
  if (path == "trash") return &post_trash;
  if (path == "trash/restore") return &post_restore;
  return nullptr;
}

}  // namespace hearth::files
