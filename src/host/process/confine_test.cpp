#include <cerrno>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <hearth/process/confine.h>
#include <hearth/process/test_child.h>

namespace hearth::process {
namespace {

std::string outcome(const char* what, long result) {
  return std::string{what} + (result >= 0      ? " worked\n"
                              : errno == EPERM ? " refused\n"
                                               : " failed otherwise\n");
}

TEST(Confined, RunsNoOtherProgramAndReachesNoMachineryOfTheKernels) {
  const std::string said = in_child([] {
    confine();
    char* none[] = {nullptr};
    char program[] = "/bin/true";
    char* arguments[] = {program, nullptr};
    return outcome("execve", ::execve(program, arguments, none)) +
           outcome("ptrace", ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)) +
           outcome("unshare", ::unshare(CLONE_NEWUSER)) +
           outcome("mount", ::mount("none", "/tmp", "tmpfs", 0, nullptr)) +
           outcome("bpf", ::syscall(SYS_bpf, 0, nullptr, 0)) +
           outcome("io_uring", ::syscall(SYS_io_uring_setup, 1, nullptr)) +
           outcome("packet socket", ::socket(AF_PACKET, SOCK_RAW, 0)) +
           outcome("vsock", ::socket(AF_VSOCK, SOCK_STREAM, 0)) + outcome("setuid", ::setuid(0));
  });
  EXPECT_EQ(said,
            "execve refused\nptrace refused\nunshare refused\nmount refused\nbpf refused\nio_uring "
            "refused\n"
            "packet socket refused\nvsock refused\nsetuid refused\n");
}

TEST(Confined, StillReadsWritesThreadsAndConnects) {
  const std::string said = in_child([] {
    confine();
    std::string text;
    std::thread{[&text] {
      std::ifstream file{"/proc/self/status"};
      for (std::string line; std::getline(file, line);)
        if (line.starts_with("Seccomp:")) text += line + "\n";
    }}.join();
    return text + outcome("unix", ::socket(AF_UNIX, SOCK_STREAM, 0)) +
           outcome("ipv4", ::socket(AF_INET, SOCK_DGRAM, 0)) +
           outcome("ipv6", ::socket(AF_INET6, SOCK_STREAM, 0)) +
           outcome("routes", ::socket(AF_NETLINK, SOCK_RAW, 0)) +
           outcome("file", ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  });
  EXPECT_EQ(said,
            "Seccomp:\t2\nunix worked\nipv4 worked\nipv6 worked\nroutes worked\nfile worked\n");
}

}  // namespace
}  // namespace hearth::process
