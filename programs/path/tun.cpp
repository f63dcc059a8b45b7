#include "tun.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace hearth::path {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

void enter(const std::string& network_namespace) {
  const std::string file = "/run/netns/" + network_namespace;
  const int space = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || ::setns(space, CLONE_NEWNET) != 0) fail(file);
  ::close(space);
}

}  // namespace

int open_tun(const std::string& network_namespace, const std::string& device) {
  enter(network_namespace);
  const int file = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) fail("/dev/net/tun");
  ifreq wanted{};
  wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(wanted.ifr_name, device.c_str(), IFNAMSIZ - 1);
  if (::ioctl(file, TUNSETIFF, &wanted) != 0) fail(network_namespace + ":" + device);
  return file;
}

}  // namespace hearth::path
