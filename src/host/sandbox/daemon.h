#pragma once
// hearth-sandboxd around its engine: who may talk to it, and how everything dies with it.

#include <cstdint>
#include <string>

#include <hearth/sandbox/file.h>

namespace hearth::sandbox {

struct DaemonOptions {
  std::string apps_directory;
  std::string data_directory;
  std::string work_directory =
      "/run/hearth-sandbox";  ///< made when missing; each instance sees its own
  std::string init_program;
  std::string runc = "/usr/sbin/runc";
  Owner daemon;        ///< hearthd's uid, the only one that is heard, and its group
  int control = -1;    ///< a connected stream socket; its end is our end
  std::string listen;  ///< or: a path to listen on, 0660, one connection at a time
};

/// Runs until the control socket ends, SIGTERM, or the death of the parent. Forks: the caller
/// becomes a watcher of the process that does the work, which is the first one of a pid namespace,
/// so that nothing it started can outlive it. Returns the exit status.
[[nodiscard]] int run_daemon(const DaemonOptions& options);

}  // namespace hearth::sandbox
