#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/sandbox/daemon.h>
#include <hearth/sandbox/engine.h>

namespace hearth::sandbox {
namespace {

constexpr int send_patience_ms = 5000;

Fd pidfd(pid_t pid) {
  return Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

void must(bool good, const char* what) {
  if (!good) throw_errno(what);
}

Fd listen_at(const std::string& path, Owner daemon) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw Trouble{"the control socket's path is too long"};
  std::memcpy(address.sun_path, path.c_str(), path.size());
  Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  must(static_cast<bool>(fd), "can't make the control socket");
  ::unlink(path.c_str());
  const mode_t before = ::umask(0777);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  must(bound == 0 && ::chown(path.c_str(), 0, daemon.gid) == 0 &&
           ::chmod(path.c_str(), 0660) == 0 && ::listen(fd.get(), 4) == 0,
       "can't listen on the control socket");
  return fd;
}

bool is_from(int socket, uid_t uid) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == uid;
}

bool send_all(int socket, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    pollfd ready{.fd = socket, .events = POLLOUT, .revents = 0};
    if (errno != EAGAIN || ::poll(&ready, 1, send_patience_ms) <= 0) return false;
  }
  return true;
}

// The frames of one connection, read as they come. Anything that breaks the protocol ends it.
class Control {
 public:
  explicit Control(Fd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// False: it is over.
  bool serve(Engine& engine) {
    std::byte part[512];
    const ssize_t count = ::recv(fd_.get(), part, sizeof part, MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    append(pending_, BytesView{part}.first(static_cast<std::size_t>(count)));
    for (;;) {
      Reader reader{pending_};
      const auto length = reader.u16_be();
      if (!length) return true;
      if (*length > max_order_bytes) return false;
      const auto frame = reader.bytes(*length);
      if (!frame) return true;
      const auto order = decode_order(*frame);
      if (!order) return false;
      pending_.erase(pending_.begin(), pending_.begin() + 2 + *length);
      if (!send_all(fd_.get(), encode(engine.carry_out(*order)))) return false;
    }
  }

  bool tell(const std::string& app) {
    return send_all(
        fd_.get(),
        encode(Reply{.outcome = Outcome::event, .state = AppState::failed, .text = app}));
  }

 private:
  Fd fd_;
  Bytes pending_;
};

int serve(const DaemonOptions& options, Fd listener) {
  sigset_t mask;
  ::sigemptyset(&mask);
  for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) ::sigaddset(&mask, signal);
  must(::sigprocmask(SIG_BLOCK, &mask, nullptr) == 0, "can't block signals");
  const Fd signals{::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK)};
  must(static_cast<bool>(signals), "can't watch signals");

  Runc runc{options.runc, options.work_directory};
  Engine engine{{.apps_directory = options.apps_directory,
                 .data_directory = options.data_directory,
                 .work_directory = options.work_directory + "/apps",
                 .init_program = options.work_directory + "/hearth-init",
                 .daemon = options.daemon},
                runc};
  std::optional<Control> control;
  if (options.control >= 0) control.emplace(Fd{options.control});

  for (;;) {
    std::vector<pollfd> watched{{.fd = signals.get(), .events = POLLIN, .revents = 0}};
    // One hearthd at a time: a second connection waits until the first ended.
    watched.push_back(
        {.fd = control ? control->fd() : listener.get(), .events = POLLIN, .revents = 0});
    for (const int output : engine.outputs())
      watched.push_back({.fd = output, .events = POLLIN, .revents = 0});
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return 1;

    for (std::size_t i = 2; i < watched.size(); ++i)
      if (watched[i].revents != 0) engine.drain(watched[i].fd);
    if (watched[0].revents != 0) {
      signalfd_siginfo info{};
      bool stop = false;
      while (::read(signals.get(), &info, sizeof info) == sizeof info)
        stop = stop || info.ssi_signo != SIGCHLD;
      if (stop) return 0;
      int status = 0;
      for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        const auto app = engine.ended(pid);
        if (!app.empty() && control) (void)control->tell(app);
      }
    }
    if (watched[1].revents == 0) continue;
    if (control) {
      if (control->serve(engine)) continue;
      if (!listener) return 0;
      engine.kill_all();
      control.reset();
    } else {
      Fd fresh{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (fresh && is_from(fresh.get(), options.daemon.uid)) control.emplace(std::move(fresh));
    }
  }
}

// Our own mounts, seen by nobody else: a fresh /proc of the new pid namespace, and a place to work.
void settle(const DaemonOptions& options) {
  must(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "can't follow the parent");
  must(::prctl(PR_SET_DUMPABLE, 0) == 0, "can't turn off core dumps");
  must(::setgroups(0, nullptr) == 0, "can't drop groups");
  ::umask(0022);
  const std::string init = read_file(options.init_program, 8 << 20);
  const auto private_mount = [](const char* kind, const char* at, unsigned long flags,
                                const char* data) {
    must(::mount(kind, at, kind, flags, data) == 0, "can't mount a private file system");
  };
  must(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0,
       "can't make mounts private");
  private_mount("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  if (::mkdir(options.work_directory.c_str(), 0711) != 0 && errno != EEXIST)
    throw_errno("can't make " + options.work_directory);
  private_mount("tmpfs", options.work_directory.c_str(), MS_NOSUID | MS_NODEV, "mode=711,size=32m");
  must(::mkdir((options.work_directory + "/apps").c_str(), 0711) == 0,
       "can't make a place to work");
  const std::string inside = options.work_directory + "/hearth-init";
  write_file(inside, init);
  must(::chmod(inside.c_str(), 0755) == 0, "can't make hearth-init executable");
}

int watch(pid_t worker, pid_t parent) {
  // Signals reach the worker through us; our parent's death is its death (at once for hearthd
  // killed with -9, whose own uid may not signal us).
  sigset_t mask;
  ::sigemptyset(&mask);
  for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&mask, signal);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  const Fd signals{::signalfd(-1, &mask, SFD_CLOEXEC)};
  const Fd child = pidfd(worker);
  Fd above = pidfd(parent);
  int patience = -1;
  for (;;) {
    pollfd watched[] = {{.fd = child.get(), .events = POLLIN, .revents = 0},
                        {.fd = signals.get(), .events = POLLIN, .revents = 0},
                        {.fd = above.get(), .events = POLLIN, .revents = 0}};
    const int ready = ::poll(watched, 3, patience);
    if (ready < 0 && errno != EINTR) break;
    if (ready == 0) break;
    if (watched[0].revents != 0) {
      int status = 0;
      ::waitpid(worker, &status, 0);
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    if (watched[1].revents != 0 || watched[2].revents != 0) {
      ::kill(worker, SIGTERM);
      if (watched[1].revents != 0) {
        signalfd_siginfo info{};
        (void)!::read(signals.get(), &info, sizeof info);
      }
      above = Fd{};
      patience = 1500;
    }
  }
  ::kill(worker, SIGKILL);
  ::waitpid(worker, nullptr, 0);
  return 1;
}

}  // namespace

int run_daemon(const DaemonOptions& options) {
  if (::geteuid() != 0) {
    std::fputs("hearth-sandboxd: must be started as root\n", stderr);
    return 2;
  }
  const pid_t parent = ::getppid();
  try {
    Fd listener;
    if (!options.listen.empty()) listener = listen_at(options.listen, options.daemon);
    // No network, and what is started here ends with its first process.
    must(::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) == 0, "can't make namespaces");
    const pid_t worker = ::fork();
    must(worker >= 0, "can't fork");
    if (worker != 0) {
      if (options.control >= 0) ::close(options.control);
      listener = Fd{};
      return watch(worker, parent);
    }
    int status = 1;
    try {
      settle(options);
      status = serve(options, std::move(listener));
    } catch (const std::exception& error) {
      std::fprintf(stderr, "hearth-sandboxd: %s\n", error.what());
    }
    ::_exit(status);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hearth-sandboxd: %s\n", error.what());
    return 1;
  }
}

}  // namespace hearth::sandbox
