#pragma once
// Carries out orders: the heart of hearth-sandboxd. Runs as root, one order at a time, in a mount
// namespace and a pid namespace of its own (isolate(), daemon.h), so that its mounts are seen by
// nobody else and its death is the death of every app.
//
// What lies where:
//   <apps>/<app>/{app.json,rootfs/}        shipped; only read, and only run as a copy whose digest
//   was asked for <data>/sandbox/                        root's: the copies, and uids.json (who has
//   which range, for ever) <data>/apps/<app>/data                 the app's own files, 0700, its
//   own uid <data>/apps/<app>/run                  app.sock lies here; <data>/apps is the daemon's,
//   0700: nobody else gets in <work>/                                a private tmpfs: bundles, and
//   the mounts the runtime binds from
// <data> belongs to hearthd, which isn't trusted here: everything in it is opened below a held
// directory, without links.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <hearth/sandbox/config.h>
#include <hearth/sandbox/file.h>
#include <hearth/sandbox/order.h>
#include <hearth/sandbox/runtime.h>

namespace hearth::sandbox {

struct EngineOptions {
  std::string apps_directory;
  std::string data_directory;
  std::string work_directory;  ///< empty, ours alone, and root's
  std::string init_program;    ///< hearth-sandbox-init
  Owner daemon;                ///< hearthd's
  std::string cgroups = "/sys/fs/cgroup";
};

class Engine {
 public:
  /// Kills and removes what an earlier run of this data directory left. Throws Trouble when there
  /// is nothing to work with.
  Engine(EngineOptions options, Runtime& runtime);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Never throws: what goes wrong is in the reply.
  [[nodiscard]] Reply carry_out(const Order& order) noexcept;

  /// A process of ours ended. The app whose first process it was, if any.
  [[nodiscard]] std::string ended(pid_t pid);
  void kill_all() noexcept;

  /// Where the apps write; poll these and call drain.
  [[nodiscard]] std::vector<int> outputs() const;
  void drain(int output);

 private:
  struct App;
  App& app(const std::string& id);
  void prepare(App& app, const Digest& digest);
  void start(App& app);
  void stop(App& app) noexcept;
  void erase(App& app);
  std::uint32_t uid_of(const std::string& id);
  void load_uids();
  /// Kills and removes the cgroups of one app, or of all.
  void sweep(const std::string& only = {}) noexcept;
  [[nodiscard]] std::string mount_of(const std::string& id, const std::string& which,
                                     int directory);
  [[nodiscard]] std::string container(const std::string& id) const {
    return "hearth-" + instance_ + "-" + id;
  }

  EngineOptions options_;
  Runtime& runtime_;
  Fd apps_, data_, state_, copies_, instances_;
  std::string instance_;  ///< 16 hexadecimal digits of this data directory
  std::map<std::string, std::uint32_t>
      slots_;  ///< uid ranges; an erased app's stays taken under "-<slot>"
  std::map<std::string, std::unique_ptr<App>> known_;
};

}  // namespace hearth::sandbox
