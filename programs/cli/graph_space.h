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
  std::uint32_t limit = 100;
};

int graph_spaces(const Context& context);
int graph_make_space(const Context& context, const SpaceOptions& options);
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
int graph_stats(const Context& context);
/// Of all spaces of the running appliance, or one; 1 when something is damaged.
int graph_verify_spaces(const Context& context, const std::string& space);
/// The signed spaces of the running appliance.
int graph_backup_spaces(const Context& context, const std::string& target);

}  // namespace hearth::cli
