#include <cerrno>
#include <memory>
#include <system_error>

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <hearth/process/confine.h>

namespace hearth::process {

namespace {

// The kernel's names, so that one that an older libseccomp doesn't know is passed over.
constexpr const char* refused[] = {
    // other programs and processes
    "execve",
    "execveat",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "kcmp",
    "process_madvise",
    "personality",
    // mounts, namespaces, file handles
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
    "name_to_handle_at",
    "open_by_handle_at",
    "mknod",
    "mknodat",
    "swapon",
    "swapoff",
    "quotactl",
    "quotactl_fd",
    // the kernel's own machinery
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "syslog",
    "acct",
    "add_key",
    "request_key",
    "keyctl",
    "iopl",
    "ioperm",
    "modify_ldt",
    "lookup_dcookie",
    "vmsplice",
    "fanotify_init",
    // time and names of the machine
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    // identity, which was given up on purpose
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
    "capset",
};

constexpr int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

void must(int result, const char* what) {
  if (result < 0) throw std::system_error{-result, std::generic_category(), what};
}

}  // namespace

void confine() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    throw std::system_error{errno, std::generic_category(), "no_new_privs"};
  const std::unique_ptr<void, decltype(&seccomp_release)> filter{seccomp_init(SCMP_ACT_ALLOW),
                                                                 &seccomp_release};
  if (!filter) throw std::system_error{ENOMEM, std::generic_category(), "seccomp"};
  must(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1), "seccomp");
  for (const char* name : refused) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) continue;
    must(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), number, 0), name);
  }
  // Every family but the four: below the first, between them, above the last.
  int from = 0;
  for (const int family : families) {
    for (int other = from; other < family; ++other)
      must(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
                            SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(other))),
           "socket");
    from = family + 1;
  }
  must(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
                        SCMP_A0(SCMP_CMP_GE, static_cast<scmp_datum_t>(from))),
       "socket");
  must(seccomp_load(filter.get()), "seccomp");
}

}  // namespace hearth::process
