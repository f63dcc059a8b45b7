#pragma once
// app.json, beside an app's rootfs and covered by its digest.
//
//   {"id": "files", "title": "Files", "command": ["/hearth-files"],
//    "limits": {"memory_mib": 256, "pids": 64, "cpu_percent": 100}}        ("limits" and each of
//    its keys may be absent)

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::sandbox {

struct Limits {
  std::uint64_t memory_bytes = std::uint64_t{256} << 20;  ///< swap included; 16 MiB to 16 GiB
  std::uint32_t pids = 64;                                ///< 4 to 4,096
  std::uint32_t cpu_percent = 100;                        ///< of one core; 5 to 800
  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Manifest {
  std::string id;
  std::string title;
  std::vector<std::string>
      command;  ///< an absolute path and its arguments; 1 to 16, 256 bytes each
  Limits limits;
};

/// Unknown keys, wrong types and values out of range are refused. Throws Trouble.
[[nodiscard]] Manifest parse_manifest(std::string_view json);

}  // namespace hearth::sandbox
