#pragma once
// What the kernel says of a container, against what was asked. A runtime that drops a flag or can't
// set a limit must not get away with it: any difference means that the app doesn't start.

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <hearth/sandbox/config.h>

namespace hearth::sandbox {

/// As read from /proc/PID and the cgroup files. Texts are the files' own.
struct Observed {
  std::string uid_map, gid_map, status, mountinfo;
  std::optional<std::string> memory, swap, pids, cpu_quota, cpu_period;  ///< nothing: no such file
  CgroupVersion cgroup_version = CgroupVersion::v2;
  bool in_cgroup = false;  ///< the process is where the limits are
  std::vector<std::string>
      shared_namespaces;  ///< of user mnt pid net ipc uts cgroup: those it has with us
};

/// Reads all of it. `proc` and `cgroups` are "/proc" and "/sys/fs/cgroup". Throws Trouble when
/// something isn't there.
[[nodiscard]] Observed observe(pid_t pid, const std::string& proc = "/proc",
                               const std::string& cgroups = "/sys/fs/cgroup");

/// Every difference in words; empty when all is as asked. `running`: after exec, when the filter
/// must be on.
[[nodiscard]] std::vector<std::string> differences(const ContainerSpec& asked, const Observed& seen,
                                                   bool running);

/// v2 when the memory controller is there, v1 when it has its own hierarchy (hybrid machines too);
/// nothing: no limits can be set.
[[nodiscard]] std::optional<CgroupVersion> cgroup_version(
    const std::string& cgroups = "/sys/fs/cgroup");

/// The value of one "Name:\tvalue" line of /proc/PID/status; empty when it isn't there.
[[nodiscard]] std::string status_value(std::string_view status, std::string_view name);

}  // namespace hearth::sandbox
