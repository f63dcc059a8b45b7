// A hostile app: tries the escapes of the conformance list from inside its sandbox and reports.
// Static. Serves /run/hearth/app.sock: one command a connection, its report, the end.

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

namespace {

std::string report;

void say(bool held, const std::string& name, std::string detail = {}) {
  while (!detail.empty() && detail.back() == '\n') detail.pop_back();
  report +=
      (held ? "HELD " : "ESCAPED ") + name + (detail.empty() ? "" : " (" + detail + ")") + "\n";
}

// The attempt must fail, with one of these.
void fails(const std::string& name, long result, std::initializer_list<int> with) {
  const int error = errno;
  bool expected = false;
  for (const int one : with) expected = expected || error == one;
  say(result < 0 && expected, name, result < 0 ? std::strerror(error) : "it worked");
}

std::string slurp(const char* path) {
  std::string text;
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  char buffer[4096];
  for (ssize_t n; fd >= 0 && (n = ::read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(n));
  if (fd >= 0) ::close(fd);
  return text;
}

// How a child that does this ends: a wait status.
int in_child(const std::function<void()>& act) {
  const pid_t child = ::fork();
  if (child < 0) return -1;
  if (child == 0) {
    act();
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

void identity() {
  const std::string map = slurp("/proc/self/uid_map");
  unsigned long inside = 1, outside = 0, count = 0;
  const int got = std::sscanf(map.c_str(), "%lu %lu %lu", &inside, &outside, &count);
  say(got == 3 && inside == 0 && outside >= 200000 && count == 65536,
      "1 its root is nobody outside", map);
  const std::string status = slurp("/proc/self/status");
  bool none = true;
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    none = none && status.find(std::string{set} + ":\t0000000000000000\n") != std::string::npos;
  say(none, "2 no capabilities");
  say(status.find("NoNewPrivs:\t1\n") != std::string::npos &&
          status.find("Seccomp:\t2\n") != std::string::npos,
      "3 no new privileges, filter on");
  say(::getuid() == 1000, "1b not its own root");
}

void files() {
  const int map = ::open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
  fails("10 change its uid map", ::write(map, "0 0 1", 5), {EPERM, EBADF});
  ::close(map);
  for (const char* path : {"/planted", "/probe", "/proc/planted", "/run/planted"})
    fails(std::string{"4 write "} + path, ::open(path, O_WRONLY | O_CREAT, 0666),
          {EROFS, EACCES, ENOENT, ETXTBSY});
  fails("4 chmod a program", ::chmod("/probe", 0777), {EROFS, EPERM});
  for (const char* path : {"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
                           "/proc/sys/kernel/hostname", "/proc/1/oom_score_adj_nothing"})
    fails(std::string{"10 write "} + path, ::open(path, O_WRONLY), {EACCES, ENOENT, EROFS, EPERM});
  for (const char* path : {"/dev/mem", "/dev/kmsg", "/dev/net/tun", "/dev/fuse", "/dev/kvm",
                           "/dev/sda", "/dev/vda", "/sys"})
    fails(std::string{"11 "} + path + " is absent", ::open(path, O_RDONLY), {ENOENT});
  for (const char* path : {"/proc/kcore", "/proc/kallsyms", "/proc/keys", "/proc/kmsg"})
    say(slurp(path).empty(), std::string{"11 "} + path + " says nothing");
  fails("8 make a block device", ::mknod("/data/block", S_IFBLK | 0666, makedev(254, 0)), {EPERM});
  fails("8 make a block device in /dev", ::mknod("/dev/block", S_IFBLK | 0666, makedev(254, 0)),
        {EPERM, EACCES});
  fails("33 make a pipe in /data", ::mkfifo("/data/fifo", 0666), {EPERM});

  // A copy of ourselves in /data and /tmp, setuid: it can't even be executed.
  const std::string self = slurp("/probe");
  for (const char* path : {"/data/run-me", "/tmp/run-me"}) {
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    say(fd >= 0 && ::write(fd, self.data(), self.size()) > 0, std::string{"may write "} + path,
        std::strerror(errno));
    ::close(fd);
    (void)::chmod(path, 04755);
    const int status = in_child([&] {
      char* arguments[] = {const_cast<char*>(path), nullptr};
      ::execv(path, arguments);
      ::_exit(errno == EACCES ? 7 : 8);
    });
    say(WIFEXITED(status) && WEXITSTATUS(status) == 7, std::string{"34 execute "} + path);
    ::unlink(path);
  }
}

void kernel() {
  fails("5 mount", ::mount("none", "/tmp", "tmpfs", 0, nullptr), {EPERM, ENOSYS});
  fails("5 remount / writable", ::mount("none", "/", nullptr, MS_REMOUNT, nullptr),
        {EPERM, ENOSYS});
  fails("5 remount /data executable",
        ::mount("none", "/data", nullptr, MS_REMOUNT | MS_BIND, nullptr), {EPERM, ENOSYS});
  fails("5 umount /proc/kcore", ::umount2("/proc/kcore", MNT_DETACH), {EPERM, ENOSYS});
  fails("5 pivot_root", ::syscall(SYS_pivot_root, "/", "/"), {EPERM, ENOSYS});
  fails("5 chroot", ::chroot("/tmp"), {EPERM});
  fails("5 fsopen", ::syscall(SYS_fsopen, "tmpfs", 0), {EPERM, ENOSYS});
  fails("5 open_tree", ::syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE), {EPERM, ENOSYS});
  fails("6 unshare(user)", ::unshare(CLONE_NEWUSER), {EPERM});
  fails("6 unshare(mount)", ::unshare(CLONE_NEWNS), {EPERM});
  fails("6 unshare(net)", ::unshare(CLONE_NEWNET), {EPERM});
  fails("6 clone(user)", ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), {EPERM});
  fails("6 clone3", ::syscall(SYS_clone3, nullptr, 0), {ENOSYS});
  const int own = ::open("/proc/self/ns/user", O_RDONLY);
  fails("7 setns", ::setns(own, 0), {EPERM});
  ::close(own);
  const pid_t parent = ::getpid();
  int status = in_child([&] {
    ::_exit(::ptrace(PTRACE_ATTACH, parent, nullptr, nullptr) < 0 && errno == EPERM ? 7 : 8);
  });
  say(WIFEXITED(status) && WEXITSTATUS(status) == 7, "9 ptrace the first process");
  status = in_child([&] {
    char byte = 0;
    iovec here{&byte, 1}, there{&byte, 1};
    ::_exit(::process_vm_readv(parent, &here, 1, &there, 1, 0) < 0 && errno == EPERM ? 7 : 8);
  });
  say(WIFEXITED(status) && WEXITSTATUS(status) == 7, "9 process_vm_readv");
  fails("12 bpf", ::syscall(SYS_bpf, 0, nullptr, 0), {EPERM, ENOSYS});
  fails("12 perf_event_open", ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0),
        {EPERM, ENOSYS});
  fails("12 userfaultfd", ::syscall(SYS_userfaultfd, 1), {EPERM, ENOSYS});
  fails("12 io_uring_setup", ::syscall(SYS_io_uring_setup, 8, nullptr), {EPERM, ENOSYS});
  fails("13 keyctl", ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0),
        {EPERM});
  fails("13 add_key", ::syscall(SYS_add_key, "user", "a", "b", 1, KEY_SPEC_SESSION_KEYRING),
        {EPERM});
  fails("13 request_key", ::syscall(SYS_request_key, "user", "a", nullptr, 0), {EPERM});
  fails("14 kexec_load", ::syscall(SYS_kexec_load, 0, 0, nullptr, 0), {EPERM, ENOSYS});
  fails("14 init_module", ::syscall(SYS_init_module, nullptr, 0, ""), {EPERM, ENOSYS});
  fails("14 reboot", ::syscall(SYS_reboot, 0, 0, 0, nullptr), {EPERM});
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  fails("14 clock_settime", ::clock_settime(CLOCK_REALTIME, &now), {EPERM});
  fails("14 swapon", ::swapon("/data/x", 0), {EPERM});
  fails("14 acct", ::syscall(SYS_acct, "/data/x"), {EPERM});
  fails("14 syslog", ::syscall(SYS_syslog, 3, nullptr, 0), {EPERM, EINVAL});
  status = in_child([] { (void)::syscall(0x40000000 | 39); });
  say(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "15 a call of the x32 ABI");
#if defined(__x86_64__)
  status = in_child([] {
    long result = 20;  // getpid of i386
    asm volatile("int $0x80" : "+a"(result) : : "memory");
  });
  say(WIFSIGNALED(status), "15 a call of the i386 ABI");
#endif
  const char key = 'x';
  fails("16 TIOCSTI", ::syscall(SYS_ioctl, 0, 0x5412UL, &key), {EPERM});
  fails("16 TIOCSTI with high bits", ::syscall(SYS_ioctl, 0, 0x100005412UL, &key), {EPERM});
  fails("17 personality", ::syscall(SYS_personality, ADDR_NO_RANDOMIZE), {EPERM});
  fails("18 open_by_handle_at", ::syscall(SYS_open_by_handle_at, -1, nullptr, 0), {EPERM});
  fails("47 change the host name", ::sethostname("evil", 4), {EPERM});
  fails("signal a process outside", ::kill(-1, 0) == 0 ? 0 : -1, {ESRCH, EPERM});
}

void network(const std::string& abstract) {
  fails("19 AF_NETLINK", ::socket(AF_NETLINK, SOCK_RAW, 0), {EPERM, EAFNOSUPPORT});
  fails("19 AF_PACKET", ::socket(AF_PACKET, SOCK_RAW, 0), {EPERM, EAFNOSUPPORT});
  fails("19 raw IP", ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), {EPERM, EAFNOSUPPORT});
  fails("19 AF_VSOCK", ::socket(40, SOCK_STREAM, 0), {EPERM, EAFNOSUPPORT});
  fails("19 AF_ALG", ::socket(AF_ALG, SOCK_SEQPACKET, 0), {EPERM, EAFNOSUPPORT});
  fails("19 MPTCP", ::socket(AF_INET, SOCK_STREAM, 262), {EPERM, EAFNOSUPPORT});
  fails("19 AF_NETLINK with high bits", ::syscall(SYS_socket, 0x100000010UL, SOCK_RAW, 0),
        {EPERM, EAFNOSUPPORT});
  fails("19 socketpair of AF_TIPC", ::syscall(SYS_socketpair, 30, SOCK_STREAM, 0, nullptr),
        {EPERM, EAFNOSUPPORT});
  for (const char* address : {"1.1.1.1", "127.0.0.1", "169.254.169.254"}) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(80);
    ::inet_pton(AF_INET, address, &to.sin_addr);
    fails(std::string{"20 connect to "} + address,
          ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), {ENETUNREACH, ECONNREFUSED});
    ::close(fd);
  }
  if (abstract.empty()) return;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path + 1, abstract.data(), abstract.size());
  fails("22 an abstract socket of the host",
        ::connect(fd, reinterpret_cast<sockaddr*>(&to),
                  static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + abstract.size())),
        {ECONNREFUSED});
  ::close(fd);
}

void surroundings(const std::set<int>& ours) {
  std::string extra;
  if (DIR* open = ::opendir("/proc/self/fd")) {
    while (const dirent* entry = ::readdir(open)) {
      const int fd = std::atoi(entry->d_name);
      if (entry->d_name[0] != '.' && fd > 2 && fd != ::dirfd(open) && !ours.contains(fd))
        extra += std::string{entry->d_name} + " ";
    }
    ::closedir(open);
  }
  say(extra.empty(), "36 no inherited descriptors", extra);
  const std::set<std::string> known{"PATH", "HOME",          "TMPDIR",
                                    "LANG", "HEARTH_SOCKET", "HEARTH_DATA"};
  std::string unknown;
  for (char** item = environ; *item != nullptr; ++item) {
    const std::string name{*item, std::strcspn(*item, "=")};
    if (!known.contains(name)) unknown += name + " ";
  }
  say(unknown.empty(), "36 a closed environment", unknown);
  int processes = 0;
  if (DIR* proc = ::opendir("/proc")) {
    while (const dirent* entry = ::readdir(proc))
      processes += entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? 1 : 0;
    ::closedir(proc);
  }
  say(processes == 1 && ::getpid() == 1, "45 sees only its own processes",
      std::to_string(processes));
  rlimit core{};
  ::getrlimit(RLIMIT_CORE, &core);
  say(core.rlim_cur == 0 && core.rlim_max == 0, "46 no core dumps");
  char name[65]{};
  ::gethostname(name, sizeof name - 1);
  say(std::string{name} == "probe", "A15 its own host name", name);
  std::string seen;
  if (DIR* root = ::opendir("/")) {
    while (const dirent* entry = ::readdir(root))
      seen += entry->d_name[0] == '.' ? "" : std::string{entry->d_name} + " ";
    ::closedir(root);
  }
  say(seen.find("etc") == std::string::npos && seen.find("home") == std::string::npos,
      "35 only its own files", seen);
}

std::string fork_bomb() {
  std::vector<pid_t> children;
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    child > 0 ? children.push_back(child) : static_cast<void>(++refused);
  }
  for (const pid_t child : children) ::kill(child, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
  return std::to_string(children.size()) + " " + std::to_string(refused) + "\n";
}

// Eats memory in a child; how far it came, in MiB, and the signal that ended it.
std::string eat(int mib) {
  auto* const progress = static_cast<volatile int*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const int status = in_child([&] {
    for (int i = 0; i < mib; ++i) {
      void* part =
          ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (part == MAP_FAILED) ::_exit(9);
      std::memset(part, 1, 1 << 20);
      *progress = i + 1;
    }
  });
  return std::to_string(*progress) + " " +
         std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : 0) + "\n";
}

// CPU milliseconds that two busy children got in `ms` of wall time.
std::string burn(int ms) {
  const auto wall = [] {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
  };
  const long start = wall();
  for (int i = 0; i < 2; ++i)
    if (::fork() == 0) {
      while (wall() - start < ms) {
      }
      ::_exit(0);
    }
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const long cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
                   (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
  return std::to_string(cpu) + " " + std::to_string(wall() - start) + "\n";
}

std::string fill_tmp() {
  const int fd = ::open("/tmp/fill", O_WRONLY | O_CREAT, 0600);
  static char block[1 << 20];
  int mib = 0;
  while (mib < 1024 && ::write(fd, block, sizeof block) == sizeof block) ++mib;
  const int error = errno;
  ::close(fd);
  ::unlink("/tmp/fill");
  return std::to_string(mib) + " " + std::to_string(error) + "\n";
}

std::string answer(const std::string& command, int listener, int connection) {
  const auto argument = command.find(' ') == std::string::npos
                            ? std::string{}
                            : command.substr(command.find(' ') + 1);
  if (command.starts_with("escape")) {
    report.clear();
    identity();
    surroundings({listener, connection});
    files();
    kernel();
    network(argument);
    return report;
  }
  if (command.starts_with("fork")) return fork_bomb();
  if (command.starts_with("eat")) return eat(std::atoi(argument.c_str()));
  if (command.starts_with("burn")) return burn(std::atoi(argument.c_str()));
  if (command.starts_with("fill")) return fill_tmp();
  if (command.starts_with("write")) {
    const int fd = ::open("/data/mark", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    return ::write(fd, argument.data(), argument.size()) > 0 && ::close(fd) == 0 ? "written\n"
                                                                                 : "failed\n";
  }
  if (command.starts_with("read")) return slurp("/data/mark") + "\n";
  if (command.starts_with("link")) {  // puts a link where its socket was
    ::unlink("/run/hearth/app.sock");
    return ::symlink(argument.c_str(), "/run/hearth/app.sock") == 0 ? "linked\n" : "failed\n";
  }
  if (command.starts_with("flood")) {
    const std::string line(1023, 'x');
    for (int i = 0; i < 4096; ++i) std::puts(line.c_str());
    std::fflush(stdout);
    return "flooded\n";
  }
  if (command.starts_with("exit")) std::exit(3);
  return "hello\n";
}

}  // namespace

int main(int count, char** arguments) {
  ::signal(SIGPIPE, SIG_IGN);
  std::puts("probe: up");
  std::fflush(stdout);
  if (count > 1 && std::string{arguments[1]} == "crash") return 4;
  if (count > 1 && std::string{arguments[1]} == "silent") ::pause();
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "/run/hearth/app.sock");
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 16) != 0) {
    std::perror("probe");
    return 1;
  }
  for (;;) {
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    std::string command;
    char c = 0;
    while (::read(connection, &c, 1) == 1 && c != '\n') command.push_back(c);
    const std::string text = answer(command, listener, connection);
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t n = ::write(connection, text.data() + at, text.size() - at);
      if (n <= 0) break;
      at += static_cast<std::size_t>(n);
    }
    ::close(connection);
  }
}
