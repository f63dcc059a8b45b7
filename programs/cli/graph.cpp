// The store behind /gun: looked at and copied, by hearthd while it runs.

#include <filesystem>
#include <optional>
#include <stdexcept>

#include <sys/stat.h>

#include "commands.h"
#include "graph_space.h"
#include "output.h"
#include <hearth/gun/format.h>
#include <hearth/gun_service/storage.h>
#include <hearth/loop/system.h>

namespace hearth::cli {

using nlohmann::json;

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

namespace {

bool has_gun_store(const std::string& data_dir) {
  std::error_code ignored;
  return std::filesystem::exists(gun_service::store_directory(data_dir), ignored);
}

/// As the running appliance answers for it.
json verify_gun(const std::string& data_dir) {
  graph_rocks::RocksStore store = open_store(data_dir);
  const gun::Verification found = gun::verify(store);
  const bool files = store.verify_checksums().has_value();
  return {{"ok", files && found.damaged == 0},
          {"nodes", found.nodes},
          {"properties", found.properties},
          {"deferred", found.deferred},
          {"bytes", found.bytes},
          {"damaged", found.damaged},
          {"damaged_keys", found.damaged_keys},
          {"files", files}};
}

void print_gun(const json& found) {
  const auto count = [&](const char* name) {
    return std::to_string(found.at(name).get<std::uint64_t>());
  };
  print("/gun: " + count("nodes") + " nodes, " + count("properties") + " properties, " +
        count("deferred") + " writes for later.\n");
  if (found.at("ok").get<bool>()) {
    print("All of it can be read.\n");
    return;
  }
  if (!found.at("files").get<bool>()) print("Files of its database are damaged.\n");
  print(count("damaged") + " records are damaged" +
        (found.at("damaged_keys").empty() ? ".\n" : ":\n"));
  for (const json& key : found.at("damaged_keys")) print("  " + key.get<std::string>() + "\n");
}

}  // namespace

int graph_verify(const Context& context, const std::string& data_dir, const std::string& space) {
  const bool runs = is_running(context);
  if (!runs && !space.empty())
    throw Failure{3, "hearthd doesn't run: only what lies behind /gun is verified."};
  json report = runs ? verify_spaces(context, space) : json::object();
  bool sound = !runs || report.at("ok").get<bool>();
  std::optional<json> gun;
  if (runs && space.empty()) {
    json answer = context.client.call("POST", "/api/graph/v1/gun/verify");
    if (answer.at("open").get<bool>()) gun = std::move(answer);
  }
  // Without --gun hearthd leaves it alone.
  if (!gun && space.empty() && (!runs || has_gun_store(data_dir))) gun = verify_gun(data_dir);
  if (gun) sound = sound && gun->at("ok").get<bool>();
  if (context.json) {
    report["ok"] = sound;
    if (gun) report["gun"] = *gun;
    print_json(report);
    return sound ? 0 : 1;
  }
  if (runs) print_verified(report);
  if (gun) print_gun(*gun);
  return sound ? 0 : 1;
}

namespace {

bool is_on_one_disk(const std::filesystem::path& one, const std::filesystem::path& other) {
  struct stat of_one{};
  struct stat of_other{};
  return stat(one.c_str(), &of_one) == 0 && stat(other.c_str(), &of_other) == 0 &&
         of_one.st_dev == of_other.st_dev;
}

}  // namespace

int graph_backup(const Context& context, const std::string& data_dir, const std::string& target) {
  const std::filesystem::path directory = std::filesystem::absolute(target);
  json made{{"backup", directory.string()}};
  const bool runs = is_running(context);
  if (runs) {
    made =
        context.client.call("POST", "/local/v1/graph/backup", {{"directory", directory.string()}});
  } else {
    std::error_code error;
    if (!std::filesystem::create_directory(directory, error))
      throw Failure{1, target + ": can't be made. It must not exist yet, and its parent must."};
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
  }
  bool has_gun = made.value("gun", false);
  if (!has_gun && (!runs || has_gun_store(data_dir))) {
    graph_rocks::RocksStore store = open_store(data_dir);
    if (!store.checkpoint(directory / "gun"))
      throw Failure{1, (directory / "gun").string() + ": can't be made. Is the disk full?"};
    made["gun"] = has_gun = true;
  }
  if (context.json) {
    print_json(made);
    return 0;
  }
  print(runs
            ? "A copy of the spaces" + std::string{has_gun ? ", and of what lies behind /gun," : ""}
            : "A copy of what lies behind /gun");
  print(" is in " + directory.string() + ".\n");
  if (is_on_one_disk(directory, data_dir))
    print("It shares files with the box's own: copy it to another disk, to outlive this one.\n");
  return 0;
}

}  // namespace hearth::cli
