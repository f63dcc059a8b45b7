// hearth-sandboxd: the only part of Hearth that stays root. It has no network and takes orders from
// hearthd alone.

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <CLI/CLI.hpp>

#include <hearth/sandbox/daemon.h>
#include <hearth/sandbox/spawn.h>

namespace {

std::string beside_us(const char* name) {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  std::string result{path, size > 0 ? static_cast<std::size_t>(size) : 0};
  result.erase(result.rfind('/') + 1);
  return result + name;
}

}  // namespace

int main(int count, char** arguments) {
  hearth::sandbox::DaemonOptions options;
  options.init_program = beside_us("hearth-sandbox-init");
  std::string digest_of;

  CLI::App app{"Runs Hearth's apps in their sandboxes, by order of hearthd."};
  app.add_option("--apps", options.apps_directory,
                 "Where the apps are installed: APP/app.json, APP/rootfs");
  app.add_option("--data-dir", options.data_directory, "hearthd's data directory");
  app.add_option("--uid", options.daemon.uid, "hearthd's user id, the only one that is heard");
  app.add_option("--gid", options.daemon.gid, "hearthd's group id");
  app.add_option("--control-fd", options.control, "A connected socket to take orders from");
  app.add_option("--listen", options.listen, "Or: a socket to listen on");
  app.add_option("--work-dir", options.work_directory, "A mount point for what only we may see")
      ->capture_default_str();
  app.add_option("--runc", options.runc, "The OCI runtime")->capture_default_str();
  app.add_option("--digests", digest_of,
                 "Print the digests of the apps in this directory, and end");
  CLI11_PARSE(app, count, arguments);

  if (!digest_of.empty()) {
    try {
      for (const auto& it : hearth::sandbox::installed_apps(digest_of))
        std::printf("%s %s\n", it.digest_hex.c_str(), it.id.c_str());
      return 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "hearth-sandboxd: %s\n", error.what());
      return 1;
    }
  }
  if (options.apps_directory.empty() || options.data_directory.empty() || options.daemon.uid == 0 ||
      (options.control < 0) == options.listen.empty()) {
    std::fputs(
        "hearth-sandboxd: needs --apps, --data-dir, --uid (not root's), and --control-fd or "
        "--listen\n",
        stderr);
    return 2;
  }
  return hearth::sandbox::run_daemon(options);
}
