#pragma once
// `hearth graph …` of the signed spaces, through the running appliance.

#include <cstdint>
#include <string>
#include <vector>

#include "client.h"
#include "commands.h"

namespace hearth::cli {

struct SpaceOptions {
  std::string space = "home";
  std::string soul;
  std::string prefix;
  std::string property;
  std::vector<std::string> values;  ///< of put: NAME=VALUE
  std::string words;
  std::string file;  ///< "-": standard input or output
  std::string name;  ///< of a space that comes in
  std::string kind = "protected";
  std::string app;
  std::string access = "read";
  std::uint32_t limit = 100;
  bool is_sure = false;
};

int graph_spaces(const Context& context);
int graph_make_space(const Context& context, const SpaceOptions& options);
int graph_remove_space(const Context& context, const SpaceOptions& options);
int graph_get(const Context& context, const SpaceOptions& options);
int graph_put(const Context& context, const SpaceOptions& options);
int graph_remove(const Context& context, const SpaceOptions& options);
int graph_list(const Context& context, const SpaceOptions& options);
int graph_history(const Context& context, const SpaceOptions& options);
int graph_search(const Context& context, const SpaceOptions& options);
/// Until it is interrupted, or the appliance goes.
int graph_watch(const Context& context, const SpaceOptions& options);
int graph_export(const Context& context, const SpaceOptions& options);
int graph_import(const Context& context, const SpaceOptions& options);
/// What an app may do in a space.
int graph_grant(const Context& context, const SpaceOptions& options);
int graph_apps(const Context& context, const SpaceOptions& options);
int graph_stats(const Context& context);
int graph_upkeep(const Context& context, const SpaceOptions& options);
/// Of all spaces of the running appliance, or one: `{ok, spaces}`.
nlohmann::json verify_spaces(const Context& context, const std::string& space);
void print_verified(const nlohmann::json& report);

}  // namespace hearth::cli
