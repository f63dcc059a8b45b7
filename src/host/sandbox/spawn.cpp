#include <vector>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hearth/sandbox/manifest.h>
#include <hearth/sandbox/order.h>
#include <hearth/sandbox/spawn.h>
#include <hearth/sandbox/tree.h>

namespace hearth::sandbox {

Sandboxd spawn_sandboxd(const SpawnOptions& options) {
  if (::geteuid() != 0)
    throw Trouble{
        "apps need their sandbox, and only root can make it: start hearthd as root (it gives root "
        "up at once)"};
  if (::access(options.program.c_str(), X_OK) != 0)
    throw Trouble{options.program + " isn't installed"};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw_errno("can't make a socket");
  Fd ours{ends[0]};
  Fd theirs{ends[1]};

  constexpr int control = 3;
  std::vector<std::string> arguments{options.program,
                                     "--control-fd",
                                     std::to_string(control),
                                     "--apps",
                                     options.apps_directory,
                                     "--data-dir",
                                     options.data_directory,
                                     "--uid",
                                     std::to_string(options.daemon.uid),
                                     "--gid",
                                     std::to_string(options.daemon.gid),
                                     "--runc",
                                     options.runc};
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path.data(), nullptr};

  const pid_t child = ::fork();
  if (child < 0) throw_errno("can't start hearth-sandboxd");
  if (child == 0) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // A session of its own: Ctrl-C at a terminal is for hearthd, which then stops us in order.
    ::setsid();
    const int spare = ::fcntl(theirs.get(), F_DUPFD, 10);
    if (spare < 0 || ::dup2(spare, control) < 0) ::_exit(126);
    ::close_range(control + 1, ~0U, 0);
    ::execve(argv[0], argv.data(), environment);
    ::_exit(127);
  }
  return {std::move(ours), child};
}

std::vector<InstalledApp> installed_apps(const std::string& apps_directory) {
  const Fd top{::open(apps_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!top) throw_errno("can't open " + apps_directory);
  std::vector<InstalledApp> result;
  for (const auto& name : list_directory(top.get())) {
    if (!is_app_id(name)) continue;
    const Fd app{open_beneath(top.get(), name.c_str(), O_RDONLY | O_DIRECTORY)};
    if (!app) continue;
    const Fd json{open_beneath(app.get(), "app.json", O_RDONLY)};
    if (!json) continue;
    const auto manifest = parse_manifest(read_all(json.get(), 64 * 1024));
    if (manifest.id == name)
      result.push_back({name, manifest.title, to_hex(tree_digest(app.get()))});
  }
  return result;
}

}  // namespace hearth::sandbox
