#include <cstdint>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include <hearth/sandbox/seccomp.h>

namespace hearth::sandbox {
namespace {

using Json = nlohmann::json;

// What a server and the usual runtimes (C++, Go, Node, Python, JVM) need, by purpose. Left out on
// purpose: mount and namespaces, modules and kexec, bpf, perf, userfaultfd, io_uring, keyrings,
// ptrace and process_vm, handles to files, clocks and host names being set, quotas, mknod,
// vmsplice, memory policies of other processes.
constexpr const char* allowed[] = {
    // files
    "access",
    "chdir",
    "chmod",
    "chown",
    "close",
    "close_range",
    "copy_file_range",
    "creat",
    "dup",
    "dup2",
    "dup3",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fchdir",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "fcntl",
    "fdatasync",
    "fgetxattr",
    "flistxattr",
    "flock",
    "fremovexattr",
    "fsetxattr",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "futimesat",
    "getcwd",
    "getdents",
    "getdents64",
    "getxattr",
    "lchown",
    "lgetxattr",
    "link",
    "linkat",
    "listxattr",
    "llistxattr",
    "lremovexattr",
    "lseek",
    "lsetxattr",
    "lstat",
    "mkdir",
    "mkdirat",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pread64",
    "preadv",
    "preadv2",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readahead",
    "readlink",
    "readlinkat",
    "readv",
    "removexattr",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "setxattr",
    "splice",
    "stat",
    "statfs",
    "statx",
    "symlink",
    "symlinkat",
    "sync",
    "sync_file_range",
    "syncfs",
    "tee",
    "truncate",
    "umask",
    "unlink",
    "unlinkat",
    "utime",
    "utimensat",
    "utimes",
    "write",
    "writev",
    "inotify_add_watch",
    "inotify_init",
    "inotify_init1",
    "inotify_rm_watch",
    // memory
    "brk",
    "madvise",
    "membarrier",
    "memfd_create",
    "mincore",
    "mlock",
    "mlock2",
    "mlockall",
    "mmap",
    "mprotect",
    "mremap",
    "msync",
    "munlock",
    "munlockall",
    "munmap",
    "pkey_alloc",
    "pkey_free",
    "pkey_mprotect",
    // processes, threads, signals
    "arch_prctl",
    "capget",
    "execve",
    "exit",
    "exit_group",
    "fork",
    "futex",
    "futex_waitv",
    "get_robust_list",
    "get_thread_area",
    "getcpu",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getitimer",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getpriority",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getrusage",
    "getsid",
    "gettid",
    "getuid",
    "kill",
    "landlock_add_rule",
    "landlock_create_ruleset",
    "landlock_restrict_self",
    "pause",
    "pidfd_open",
    "pidfd_send_signal",
    "prctl",
    "prlimit64",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigqueueinfo",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_tgsigqueueinfo",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_rr_get_interval",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    "sched_yield",
    "seccomp",
    "set_robust_list",
    "set_thread_area",
    "set_tid_address",
    "setfsgid",
    "setfsuid",
    "setgid",
    "setgroups",
    "setitimer",
    "setpgid",
    "setpriority",
    "setregid",
    "setresgid",
    "setresuid",
    "setreuid",
    "setrlimit",
    "setsid",
    "setuid",
    "sigaltstack",
    "tgkill",
    "time",
    "times",
    "tkill",
    "uname",
    "vfork",
    "wait4",
    "waitid",
    // time
    "alarm",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "gettimeofday",
    "nanosleep",
    "timer_create",
    "timer_delete",
    "timer_getoverrun",
    "timer_gettime",
    "timer_settime",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    // events, pipes, sockets (made by socket, below)
    "accept",
    "accept4",
    "bind",
    "connect",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_ctl_old",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "epoll_wait_old",
    "eventfd",
    "eventfd2",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "pselect6",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "select",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "signalfd",
    "signalfd4",
    // System V IPC and message queues: in a namespace of the app's own
    "mq_getsetattr",
    "mq_notify",
    "mq_open",
    "mq_timedreceive",
    "mq_timedsend",
    "mq_unlink",
    "msgctl",
    "msgget",
    "msgrcv",
    "msgsnd",
    "semctl",
    "semget",
    "semop",
    "semtimedop",
    "shmat",
    "shmctl",
    "shmdt",
    "shmget",
    // the machine
    "getrandom",
    "sysinfo",
};

#if defined(__aarch64__)
constexpr const char* native_architecture = "SCMP_ARCH_AARCH64";
#else
constexpr const char* native_architecture = "SCMP_ARCH_X86_64";
#endif

// All namespace flags of clone(2), CLONE_NEWTIME included.
constexpr std::uint64_t namespace_flags = 0x7E020080;

// Terminal ioctls that only ask, and those of any descriptor. TIOCSTI and TIOCLINUX would type into
// a terminal shared with somebody else.
constexpr std::uint32_t allowed_ioctls[] = {
    0x5401 /*TCGETS*/,  0x540F /*TIOCGPGRP*/, 0x5413 /*TIOCGWINSZ*/, 0x541B /*FIONREAD*/,
    0x5421 /*FIONBIO*/, 0x5450 /*FIONCLEX*/,  0x5451 /*FIOCLEX*/,    0x5452 /*FIOASYNC*/,
};

Json argument(unsigned index, std::uint64_t value, const char* op) {
  return {{"index", index}, {"value", value}, {"op", op}};
}

Json masked(unsigned index, std::uint64_t mask, std::uint64_t value) {
  // libseccomp's datum_a is the mask and datum_b the value.
  return {{"index", index}, {"value", mask}, {"valueTwo", value}, {"op", "SCMP_CMP_MASKED_EQ"}};
}

Json allow(const char* name, std::initializer_list<Json> arguments) {
  return {{"names", Json::array({name})},
          {"action", "SCMP_ACT_ALLOW"},
          {"args", Json::array_t(arguments)}};
}

}  // namespace

Json seccomp_profile() {
  Json calls = Json::array();
  Json names = Json::array();
  for (const char* name : allowed) names.push_back(name);
  calls.push_back({{"names", names}, {"action", "SCMP_ACT_ALLOW"}});
  calls.push_back(
      {{"names", Json::array({"clone3"})}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 38}});
  calls.push_back(allow("clone", {masked(0, namespace_flags, 0)}));

  constexpr std::uint64_t unix_family = 1, inet = 2, inet6 = 10, stream = 1, datagram = 2;
  constexpr std::uint64_t type_mask =
      ~std::uint64_t{0x80800};  // without SOCK_CLOEXEC and SOCK_NONBLOCK
  const auto socket = [&](std::uint64_t family, std::uint64_t type, std::uint64_t protocol) {
    calls.push_back(allow("socket", {argument(0, family, "SCMP_CMP_EQ"), masked(1, type_mask, type),
                                     argument(2, protocol, "SCMP_CMP_EQ")}));
  };
  socket(unix_family, stream, 0);
  socket(unix_family, datagram, 0);
  for (const auto family : {inet, inet6}) {
    for (const std::uint64_t protocol : {0, 6}) socket(family, stream, protocol);
    for (const std::uint64_t protocol : {0, 17}) socket(family, datagram, protocol);
  }
  calls.push_back(allow("socketpair", {argument(0, unix_family, "SCMP_CMP_EQ")}));
  for (const auto request : allowed_ioctls)
    calls.push_back(allow("ioctl", {masked(1, 0xffffffff, request)}));
  for (const std::uint64_t persona : {std::uint64_t{0}, std::uint64_t{0xffffffff}})
    calls.push_back(allow("personality", {argument(0, persona, "SCMP_CMP_EQ")}));

  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", 1},
          {"architectures", Json::array({native_architecture})},
          {"syscalls", calls}};
}

}  // namespace hearth::sandbox
