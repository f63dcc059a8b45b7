#include <algorithm>
#include <fstream>
#include <limits>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

#include <hearth/process/machine.h>

namespace hearth::process {

namespace {

std::size_t physical_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return 0;
  return static_cast<std::size_t>(pages) * static_cast<std::size_t>(page);
}

/// Of either version; "max", or a number near 2^63, says that there is none.
std::size_t group_memory() {
  for (const char* file :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream limit{file};
    std::size_t bytes = 0;
    if (limit >> bytes) return bytes;
  }
  return std::numeric_limits<std::size_t>::max();
}

std::size_t all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  // More than these are of no use, and each is room in a table of the kernel's.
  constexpr rlim_t most = 65536;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, most));
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(std::min(limit.rlim_cur, most));
}

}  // namespace

budget::Machine this_machine() {
  return {.memory_bytes = std::min(physical_memory(), group_memory()),
          .descriptors = all_descriptors(),
          .cores = std::max(1U, std::thread::hardware_concurrency())};
}

}  // namespace hearth::process
