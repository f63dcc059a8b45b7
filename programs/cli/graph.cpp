// The store behind /gun, looked after while hearthd doesn't run.

#include <stdexcept>

#include "commands.h"
#include "graph_space.h"
#include "output.h"
#include <hearth/gun/format.h>
#include <hearth/gun_service/storage.h>
#include <hearth/loop/system.h>

namespace hearth::cli {

namespace {

graph_rocks::RocksStore open_store(const std::string& data_dir) {
  try {
    return gun_service::open_store(gun_service::store_directory(data_dir));
  } catch (const std::runtime_error& error) {
    throw Failure{1, std::string{error.what()} + "\nIf hearthd is running, stop it first."};
  }
}

bool is_running(const Context& context) {
  try {
    (void)context.client.call("GET", "/local/v1/status");
    return true;
  } catch (const Failure& failure) {
    if (failure.exit_code != 3) throw;
    return false;
  }
}

}  // namespace

int graph_import_gun(const Context& context, const std::string& data_dir,
                     const std::string& radata) {
  graph_rocks::RocksStore store = open_store(data_dir);
  loop::SystemEntropy entropy;
  gun_service::Import done;
  try {
    done = gun_service::import_radata(radata, store, entropy);
  } catch (const std::runtime_error& error) {
    throw Failure{1, error.what()};
  }
  if (context.json) {
    print_json({{"files", done.files},
                {"bad_files", done.bad_files},
                {"properties", done.properties},
                {"skipped", done.skipped},
                {"refused", done.refused}});
  } else {
    print(std::to_string(done.properties - done.refused) + " properties of " +
          std::to_string(done.files) + " files were merged.\n");
    if (done.refused > 0)
      print(std::to_string(done.refused) +
            " were refused: forged, or of a time more than a day ahead.\n");
    if (done.skipped > 0)
      print(std::to_string(done.skipped) + " held no value, and were skipped.\n");
    if (done.bad_files > 0)
      print(std::to_string(done.bad_files) + " files could not be read to their end.\n");
  }
  return done.bad_files > 0 ? 1 : 0;
}

int graph_verify(const Context& context, const std::string& data_dir, const std::string& space) {
  if (is_running(context)) return graph_verify_spaces(context, space);
  if (!space.empty())
    throw Failure{3, "hearthd doesn't run: only what lies behind /gun is verified."};
  graph_rocks::RocksStore store = open_store(data_dir);
  const gun::Verification found = gun::verify(store);
  const bool sound = store.verify_checksums().has_value() && found.damaged == 0;
  if (context.json) {
    print_json({{"ok", sound},
                {"nodes", found.nodes},
                {"properties", found.properties},
                {"deferred", found.deferred},
                {"bytes", found.bytes},
                {"damaged", found.damaged},
                {"damaged_keys", found.damaged_keys}});
    return sound ? 0 : 1;
  }
  print(std::to_string(found.nodes) + " nodes, " + std::to_string(found.properties) +
        " properties, " + std::to_string(found.deferred) + " writes for later.\n");
  if (sound) {
    print("All of it can be read.\n");
    return 0;
  }
  print(std::to_string(found.damaged) + " records are damaged" +
        (found.damaged_keys.empty() ? ".\n" : ":\n"));
  for (const std::string& key : found.damaged_keys) print("  " + key + "\n");
  return 1;
}

int graph_backup(const Context& context, const std::string& data_dir, const std::string& target) {
  if (is_running(context)) return graph_backup_spaces(context, target);
  graph_rocks::RocksStore store = open_store(data_dir);
  if (!store.checkpoint(target))
    throw Failure{1, target + ": can't be made. It must not exist yet, and its parent must."};
  if (context.json)
    print_json({{"backup", target}});
  else
    print("A copy is in " + target + ".\n");
  return 0;
}

}  // namespace hearth::cli
