#pragma once
// What is asked of the OCI runtime for one app. The schema is closed: nothing of it comes from
// outside but numbers and the app's command.

#include <cstdint>
#include <string>
#include <vector>

#include <hearth/sandbox/manifest.h>

namespace hearth::sandbox {

/// Ids in a container: 0 to 65,535 are `first` and on outside. The app runs as 1000.
inline constexpr std::uint32_t uids_per_app = 65536;
inline constexpr std::uint32_t first_uid_of_all = 200'000;
inline constexpr std::uint32_t app_uid_inside = 1000;

enum class CgroupVersion : std::uint8_t { v1, v2 };

struct ContainerSpec {
  std::string app;  ///< is_app_id; also the host name
  std::vector<std::string> command;
  Limits limits;
  std::uint32_t first_uid = 0;  ///< host uid and gid of the container's 0
  std::string cgroup;           ///< "/hearth/<instance>/<app>"
  std::string data_source;      ///< directories made by us, mounted as /data and /run/hearth
  std::string run_source;
  std::string init_source;  ///< hearth-sandbox-init, mounted read-only
  CgroupVersion cgroup_version = CgroupVersion::v2;
};

/// One mount that must be there, and with which flags, as /proc/PID/mountinfo names them.
struct ExpectedMount {
  std::string at;
  std::vector<std::string> flags;
};
[[nodiscard]] std::vector<ExpectedMount> expected_mounts();

/// The names of the environment an app gets, and nothing else.
[[nodiscard]] std::vector<std::string> app_environment();

/// Where hearth-sandbox-init stands inside.
inline constexpr const char* init_inside = "/dev/hearth-init";

/// config.json (OCI runtime spec 1.0.2) of a bundle whose root is `rootfs`.
[[nodiscard]] std::string container_config(const ContainerSpec& spec);

}  // namespace hearth::sandbox
