// Who may do what in a space: people by their role there, apps by what was granted to them here.

#include <algorithm>
#include <array>

#include "call.h"
#include "notation.h"
#include "side_store.h"
#include <hearth/codec/cbor.h>

namespace hearth::graph_service {

using codec::CborReader;
using codec::CborWriter;
using nlohmann::json;
using update::Role;

namespace {

constexpr std::array<std::string_view, 3> access_names{"none", "read", "write"};
constexpr std::size_t max_app_id = 64;

bool is_app_id(std::string_view text) {
  return !text.empty() && text.size() <= max_app_id && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

std::string_view to_string(Access access) {
  return access_names[static_cast<std::size_t>(access)];
}

std::optional<Access> access_of(std::string_view text) {
  const auto found = std::ranges::find(access_names, text);
  if (found == access_names.end()) return std::nullopt;
  return static_cast<Access>(found - access_names.begin());
}

Role Spaces::role(const Space& space, const Asker& asker) const {
  Role role = Role::owner;  // the console's
  if (asker.persona) {
    if (!space.replica || space.replica->ledger().membership.empty()) return Role::none;
    role = space.replica->ledger().membership.role(*asker.persona);
  }
  if (asker.app.empty()) return role;
  // Whoever uses an app may do no more through it than by themselves, and never manage.
  const auto granted = space.apps.find(asker.app);
  if (granted == space.apps.end()) return Role::none;
  return std::min(role, granted->second == Access::write ? Role::writer : Role::reader);
}

bool Spaces::may_read(const Space& space, Role role) {
  return role >= Role::reader ||
         (space.replica && space.replica->ledger().membership.kind() == update::SpaceKind::open);
}

bool Spaces::may_read(const Space& space, const Asker& asker) const {
  if (!space.replica || (!asker.app.empty() && !space.apps.contains(asker.app))) return false;
  return may_read(space, role(space, asker));
}

Result<Unit, ApiError> Spaces::grant(Space& space, const std::string& app, Access access,
                                     Timestamp now) {
  HEARTH_CHECK(ready_to_write(now));
  if (access == Access::none) {
    space.apps.erase(app);
  } else {
    if (!space.apps.contains(app) && space.apps.size() >= max_apps)
      return refuse(ErrorCode::conflict, "That many apps have access already. Take it from one.");
    space.apps[app] = access;
  }
  CborWriter row;
  row.array(space.apps.size());
  for (const auto& [id, granted] : space.apps)
    row.array(2).text(id).uint(static_cast<std::uint64_t>(granted));
  side_->put(numbered('u', space.number), std::move(row).take());
  return Unit{};
}

void Spaces::load_grants(Space& space) {
  space.apps.clear();
  const auto stored = store_->get(numbered('u', space.number));
  if (!stored || !*stored) return;
  CborReader reader{**stored};
  const auto count = reader.array();
  for (std::size_t i = 0; count && i < *count; ++i) {
    if (!reader.array(2)) return;
    const auto app = reader.text();
    const auto access = reader.uint();
    // What can't be understood grants nothing.
    if (!app || !access || (*access != 1 && *access != 2)) return;
    space.apps[std::string{*app}] = static_cast<Access>(*access);
  }
}

Answered list_apps(Call& call) {
  HEARTH_TRY(const Space* const space, call.space_to_manage());
  json rows = json::array();
  for (const auto& [app, access] : space->apps)
    rows.push_back({{"app", app}, {"access", to_string(access)}});
  return Answer{.body = {{"apps", std::move(rows)}}};
}

Answered put_app(Call& call) {
  HEARTH_TRY(Space* const space, call.space_to_manage());
  const auto named = call.body.find("access");
  const auto access = named != call.body.end() && named->is_string()
                          ? access_of(named->get_ref<const std::string&>())
                          : std::nullopt;
  if (!access)
    return refuse(ErrorCode::bad_request, "Send {\"access\": \"none\", \"read\" or \"write\"}.");
  if (!is_app_id(call.arguments[1])) return refuse(ErrorCode::bad_request, "That is no app's id.");
  HEARTH_CHECK(call.spaces.grant(*space, call.arguments[1], *access, call.now));
  return Answer{.status = 204, .body = nullptr};
}

}  // namespace hearth::graph_service
