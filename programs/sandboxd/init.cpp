// hearth-sandbox-init: the first program of every container, mounted into it by hearth-sandboxd.
// The OCI runtime puts the system-call filter on as the very last thing before exec, so only a
// program that it executes can see that it is there. This one looks, and becomes the app or
// nothing.

#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace {

bool says(std::string_view status, std::string_view line) {
  return status.find(line) != std::string_view::npos;
}

[[noreturn]] void refuse(const char* why) {
  (void)!::write(2, why, std::strlen(why));
  ::_exit(97);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) refuse("hearth-sandbox-init: nothing to run\n");
  static char text[16384];
  const int file = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  std::size_t size = 0;
  for (ssize_t part = 1; file >= 0 && part > 0 && size < sizeof text;
       size += static_cast<std::size_t>(part)) {
    part = ::read(file, text + size, sizeof text - size);
    if (part < 0) break;
  }
  const std::string_view status{text, size};
  if (!says(status, "\nSeccomp:\t2\n"))
    refuse("the sandbox has no system-call filter: not started\n");
  if (!says(status, "\nNoNewPrivs:\t1\n"))
    refuse("the sandbox could gain privileges: not started\n");
  for (const char* set : {"\nCapInh:\t0000000000000000\n", "\nCapPrm:\t0000000000000000\n",
                          "\nCapEff:\t0000000000000000\n", "\nCapBnd:\t0000000000000000\n",
                          "\nCapAmb:\t0000000000000000\n"})
    if (!says(status, set)) refuse("the sandbox has capabilities: not started\n");
  if (::getuid() == 0 || ::geteuid() == 0) refuse("the sandbox runs as its root: not started\n");
  ::close_range(3, ~0U, 0);
  ::execv(arguments[1], arguments + 1);
  refuse("the app's program can't be executed\n");
}
