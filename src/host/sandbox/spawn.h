#pragma once
// Starts hearth-sandboxd: hearthd calls this as root, before it drops its privileges.

#include <string>

#include <sys/types.h>

#include <hearth/sandbox/file.h>

namespace hearth::sandbox {

struct SpawnOptions {
  std::string program;         ///< hearth-sandboxd; hearth-sandbox-init lies beside it
  std::string apps_directory;  ///< <libdir>/apps, with <app>/{app.json,rootfs/}
  std::string data_directory;  ///< hearthd's, there already
  Owner daemon;                ///< whom hearthd will run as
  std::string runc = "/usr/sbin/runc";
};

struct Sandboxd {
  Fd control;     ///< for sandbox::Client; closing it ends sandboxd and every app
  pid_t pid = 0;  ///< a child: wait for it after closing
};

/// Throws Trouble, with why in words: not root, no such program.
[[nodiscard]] Sandboxd spawn_sandboxd(const SpawnOptions& options);

/// What <apps>/<app> holds, and its digest: what prepare() is asked with.
struct InstalledApp {
  std::string id, title, digest_hex;
};
/// Every app there with a valid app.json, by id. Reads and digests all files. Throws Trouble.
[[nodiscard]] std::vector<InstalledApp> installed_apps(const std::string& apps_directory);

}  // namespace hearth::sandbox
