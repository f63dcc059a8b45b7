// The routes of docs/protocol/graph-api.md, and those that change something.

#include <algorithm>
#include <array>
#include <charconv>

#include "call.h"
#include "notation.h"
#include "upkeep.h"
#include <hearth/http/message.h>

namespace hearth::graph_service {

using nlohmann::json;
using update::Role;

namespace {

Answered list_spaces(Call& call) {
  json list = json::array();
  for (Space* space : call.spaces.all()) {
    const Role role = call.spaces.role(*space, call.asker);
    // Of a damaged one nobody can say whose it is: its name is told to the box's owners.
    if (space->replica ? call.spaces.may_read(*space, call.asker) : call.asker.owns_box)
      list.push_back(to_json(*space, role));
  }
  return Answer{.body = {{"spaces", std::move(list)}}};
}

Answered add_space(Call& call) {
  if (!call.asker.owns_box)
    return refuse(ErrorCode::denied, "Only an owner of this box may do that.");
  const auto name = call.body.find("name");
  const auto kind = call.body.find("kind");
  if (name == call.body.end() || !name->is_string() || kind == call.body.end() ||
      (*kind != "public" && *kind != "protected"))
    return refuse(ErrorCode::bad_request,
                  "Send {\"name\", \"kind\": \"public\" or \"protected\"}.");
  std::vector<Person> owners;
  if (call.asker.persona) owners.push_back({*call.asker.persona, true});
  // The console is nobody: whoever owns home owns what it makes.
  if (!call.asker.persona && call.spaces.home() != nullptr && call.spaces.home()->replica)
    for (const auto& [persona, role] : call.spaces.home()->replica->ledger().membership.members())
      if (role == Role::owner) owners.push_back({persona, true});
  if (owners.empty()) return refuse(ErrorCode::conflict, "This box has no owner yet.");
  HEARTH_CHECK(call.spaces.has_room());
  HEARTH_TRY(Space* const space, call.spaces.found(name->get<std::string>(),
                                                   *kind == "public" ? update::SpaceKind::open
                                                                     : update::SpaceKind::guarded,
                                                   owners, /*is_home=*/false, call.now));
  return Answer{.status = 201, .body = to_json(*space, call.spaces.role(*space, call.asker))};
}

Answered get_space(Call& call) {
  HEARTH_TRY(Space* const space, call.space());
  return Answer{.body = to_json(*space, call.spaces.role(*space, call.asker))};
}

/// One that is damaged, too.
Answered remove_space(Call& call) {
  if (!call.asker.owns_box)
    return refuse(ErrorCode::denied, "Only an owner of this box may do that.");
  Space* const space = call.spaces.find(call.arguments[0]);
  if (space == nullptr) return refuse(ErrorCode::not_found, "There is no such space here.");
  if (space->is_home)
    return refuse(ErrorCode::conflict, "'home' is this box's own space, and stays.");
  HEARTH_CHECK(call.spaces.ready_to_write(call.now));
  call.spaces.remove(*space);
  return Answer{.status = 204, .body = nullptr};
}

Answered list_members(Call& call) {
  HEARTH_TRY(Space* const space, call.space());
  HEARTH_TRY(Replica* const replica, call.replica(*space));
  json list = json::array();
  for (const auto& [persona, role] : replica->ledger().membership.members()) {
    if (role == Role::none) continue;
    json row{{"persona", id_text(persona)}, {"role", to_string(role)}};
    // An appliance's author is its own persona.
    const auto number = replica->authors().find(model::AuthorKey{persona.value()});
    if (persona.value() == call.spaces.author().value() ||
        (number && replica->ledger().find_log(*number) != nullptr))
      row["appliance"] = true;
    list.push_back(std::move(row));
  }
  return Answer{.body = {{"members", std::move(list)}}};
}

Answered put_member(Call& call) {
  HEARTH_TRY(Space* const space, call.space_to_manage());
  const auto persona = id_of<PersonaKey>(call.arguments[1]);
  if (!persona || !crypto::Ed25519PublicKey::create(persona->value()))
    return refuse(ErrorCode::bad_request, "That is no persona's id.");
  const auto named = call.body.find("role");
  const auto role = named != call.body.end() && named->is_string()
                        ? role_of(named->get_ref<const std::string&>())
                        : std::nullopt;
  if (!role || *role == Role::carrier)
    return refuse(ErrorCode::bad_request,
                  "Send {\"role\": \"none\", \"reader\", \"writer\", \"admin\" or \"owner\"}.");
  if (space->is_home)
    return refuse(ErrorCode::denied,
                  "In 'home' are the people of this box: add or remove them there.");
  if (persona->value() == call.spaces.author().value())
    return refuse(ErrorCode::conflict, "That is this box itself: it writes for all of its people.");
  const auto& membership = space->replica->ledger().membership;
  const Role before = membership.role(*persona);
  if ((*role == Role::owner || before == Role::owner) &&
      call.spaces.role(*space, call.asker) != Role::owner)
    return refuse(ErrorCode::denied, "Only an owner of the space may make and unmake owners.");
  if (before == Role::owner && *role != Role::owner) {
    std::size_t owners = 0;
    for (const auto& [each, has] : membership.members()) owners += has == Role::owner ? 1 : 0;
    if (owners == 1)
      return refuse(ErrorCode::conflict, "This is the space's last owner. Make another one first.");
  }
  HEARTH_CHECK(call.spaces.set_role(*space, *persona, *role, call.now));
  return Answer{.status = 204, .body = nullptr};
}

/// Takes things away and adds none.
bool is_removal(const json& edits) {
  return edits.is_array() && std::ranges::all_of(edits, [](const json& edit) {
           const auto op = edit.is_object() ? edit.find("op") : edit.end();
           return op != edit.end() && (*op == "remove" || *op == "exclude" || *op == "erase");
         });
}

Answered write(Call& call, const json& edits, int status) {
  HEARTH_TRY(Space* const space, call.space_to_write());
  if (!is_removal(edits)) HEARTH_CHECK(call.spaces.has_room());
  HEARTH_TRY(const auto written,
             call.spaces.write(*space, call.asker, call.now,
                               [&](replica::Draft& draft) { return apply_edits(edits, draft); }));
  return Answer{.status = status,
                .body = {{"id", id_text(written.id)},
                         {"author", id_text(written.author)},
                         {"seq", written.seq},
                         {"state", written.stamp.ms()},
                         {"durable", !call.relaxed}}};
}

Answered put_node(Call& call) {
  const auto properties = call.body.find("properties");
  if (properties == call.body.end() || !properties->is_object() || properties->empty())
    return refuse(ErrorCode::bad_request, "Send {\"properties\": {name: value, …}}.");
  json edits = json::array();
  for (const auto& [name, value] : properties->items())
    edits.push_back(
        {{"op", "put"}, {"soul", call.arguments[1]}, {"property", name}, {"value", value}});
  return write(call, edits, 200);
}

Answered delete_node(Call& call) {
  return write(call, json::array({{{"op", "remove"}, {"soul", call.arguments[1]}}}), 200);
}

Answered post_updates(Call& call) {
  const auto edits = call.body.find("edits");
  return write(call, edits == call.body.end() ? json{} : *edits, 201);
}

json upkeep_row(const Outlook& outlook, const UpkeepNotes& notes) {
  json row{{"since_checkpoint", {{"updates", outlook.updates}, {"bytes", outlook.bytes}}},
           {"reclaimed", {{"updates", notes.updates}, {"bytes", notes.bytes}}},
           {"rewritten", notes.rewritten},
           {"longest_step_ms", static_cast<double>(notes.longest_step_us) / 1000}};
  if (outlook.number > 0)
    row["checkpoint"] = {{"number", outlook.number}, {"time", outlook.checkpoint.ms}};
  if (notes.last.ms > 0) row["last"] = notes.last.ms;
  if (outlook.next) row["next"] = outlook.next->ms;
  if (!notes.why.empty()) row["why"] = notes.why;
  return row;
}

Answered get_stats(Call& call) {
  HEARTH_TRY(Space* const space, call.space());
  HEARTH_TRY(Replica* const replica, call.replica(*space));
  const auto status = replica->status();
  const auto outlook = Upkeep::outlook(call.spaces, *space, Upkeep::Wanted::what_is_due, call.now);
  return Answer{.body = {{"authors", status.authors},
                         {"forked_authors", status.forked_authors},
                         {"updates", status.updates},
                         {"counting", status.counting},
                         {"held", status.held},
                         {"deferred", status.deferred},
                         {"purged_checkpoints", status.purged_checkpoints},
                         {"upkeep", upkeep_row(outlook, space->upkeep)}}};
}

Answered make_checkpoint(Call& call) {
  HEARTH_TRY(Space* const space, call.space_to_manage());
  HEARTH_TRY(const Bytes statement, call.spaces.checkpoint(*space, call.now));
  const auto made = update::SignedCheckpoint::decode(statement);
  return Answer{.status = 201,
                .body = {{"number", made->checkpoint.number},
                         {"time", made->checkpoint.time},
                         {"digest", id_text(made->checkpoint.digest)}}};
}

struct Route {
  std::string_view method;
  std::string_view path;  ///< `*` stands for one segment
  Answered (*handler)(Call&);
  bool writes = false;
};

constexpr std::array routes{
    Route{"GET", "spaces", list_spaces},
    Route{"POST", "spaces", add_space, true},
    Route{"GET", "spaces/*", get_space},
    Route{"DELETE", "spaces/*", remove_space, true},
    Route{"GET", "spaces/*/members", list_members},
    Route{"PUT", "spaces/*/members/*", put_member, true},
    Route{"GET", "spaces/*/apps", list_apps},
    Route{"PUT", "spaces/*/apps/*", put_app, true},
    Route{"GET", "spaces/*/nodes", list_nodes},
    Route{"GET", "spaces/*/nodes/*", get_node},
    Route{"PUT", "spaces/*/nodes/*", put_node, true},
    Route{"DELETE", "spaces/*/nodes/*", delete_node, true},
    Route{"POST", "spaces/*/updates", post_updates, true},
    Route{"GET", "spaces/*/nodes/*/history", get_history},
    Route{"GET", "spaces/*/search", search},
    Route{"GET", "spaces/*/indexes", list_indexes},
    Route{"POST", "spaces/*/indexes", add_index, true},
    Route{"DELETE", "spaces/*/indexes/*", drop_index, true},
    Route{"GET", "spaces/*/query", query_index},
    Route{"GET", "spaces/*/stats", get_stats},
    Route{"POST", "spaces/*/checkpoint", make_checkpoint, true},
};

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = path.find('/');
    parts.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return parts;
    path.remove_prefix(end + 1);
  }
}

bool matches(std::string_view pattern, const std::vector<std::string>& segments) {
  const auto parts = split(pattern);
  if (parts.size() != segments.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (parts[i] == "*" ? segments[i].empty() : parts[i] != segments[i]) return false;
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> segments_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  std::vector<std::string> segments;
  for (const std::string_view part : split(path)) {
    auto text = http::percent_decode(part);
    if (!text || !is_utf8(as_bytes(*text))) return std::nullopt;
    segments.push_back(std::move(*text));
  }
  return segments;
}

Result<Found, ApiError> find_route(std::string_view method, std::string_view path) {
  const auto segments = segments_of(path);
  bool other_method = false;
  for (const Route& route : routes) {
    if (!segments || !matches(route.path, *segments)) continue;
    other_method = true;
    if (route.method != method) continue;
    Found found{.handler = route.handler, .writes = route.writes, .arguments = {}};
    const auto parts = split(route.path);
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (parts[i] == "*") found.arguments.push_back((*segments)[i]);
    return found;
  }
  return refuse(other_method ? ErrorCode::bad_request : ErrorCode::not_found,
                other_method ? "That can't be done with this." : "There is no such thing here.");
}

json to_json(const Space& space, Role role) {
  json row{{"id", id_text(space.id)},  {"name", space.name},
           {"home", space.is_home},    {"role", to_string(role)},
           {"created", space.created}, {"state", space.replica ? "open" : "damaged"}};
  if (!space.replica) row["why"] = space.why;
  if (space.replica && !space.replica->ledger().membership.empty())
    row["kind"] = space.replica->ledger().membership.kind() == update::SpaceKind::open
                      ? "public"
                      : "protected";
  return row;
}

// --- a call ----------------------------------------------------------------------------------

Result<std::optional<std::string>, ApiError> Call::text(std::string_view name) const {
  auto value = http::query_value(query, name);
  if (value && !is_utf8(as_bytes(*value)))
    return refuse(ErrorCode::bad_request, "'" + std::string{name} + "' isn't UTF-8.");
  return value;
}

Result<std::size_t, ApiError> Call::limit(std::size_t usual, std::size_t most) const {
  const auto text = http::query_value(query, "limit");
  if (!text) return usual;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < 1 || number > most)
    return refuse(ErrorCode::bad_request,
                  "'limit' is a number from 1 to " + std::to_string(most) + ".");
  return number;
}

Result<Space*, ApiError> Call::space() const {
  Space* const space = spaces.find(arguments[0]);
  if (space != nullptr && !space->replica && asker.owns_box)
    return refuse(ErrorCode::unavailable,
                  "The space '" + space->name + "' can't be read: " + space->why);
  if (space == nullptr || !spaces.may_read(*space, asker))
    return refuse(ErrorCode::not_found, "There is no such space here, or it isn't yours to see.");
  return space;
}

Result<Space*, ApiError> Call::space_to_write() const {
  HEARTH_TRY(Space* const space, this->space());
  if (!update::may_write(spaces.role(*space, asker)))
    return refuse(ErrorCode::denied, "You may only read in this space.");
  return space;
}

Result<Space*, ApiError> Call::space_to_manage() const {
  HEARTH_TRY(Space* const space, this->space());
  if (spaces.role(*space, asker) < Role::admin)
    return refuse(ErrorCode::denied, "Only an admin or owner of this space may do that.");
  return space;
}

}  // namespace hearth::graph_service
