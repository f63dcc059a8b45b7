#include <nlohmann/json.hpp>

#include <hearth/sandbox/config.h>
#include <hearth/sandbox/seccomp.h>

namespace hearth::sandbox {
namespace {

using Json = nlohmann::json;

Json mount(const char* destination, const char* type, const std::string& source,
           std::vector<std::string> options) {
  return {{"destination", destination},
          {"type", type},
          {"source", source},
          {"options", std::move(options)}};
}

Json rlimit(const char* type, std::uint64_t value) {
  return {{"type", type}, {"hard", value}, {"soft", value}};
}

}  // namespace

std::vector<std::string> app_environment() {
  return {"PATH=/usr/local/bin:/usr/bin:/bin",  "HOME=/data",       "TMPDIR=/tmp", "LANG=C.UTF-8",
          "HEARTH_SOCKET=/run/hearth/app.sock", "HEARTH_DATA=/data"};
}

std::vector<ExpectedMount> expected_mounts() {
  return {{"/", {"ro"}},
          {"/proc", {"nosuid", "nodev", "noexec"}},
          {"/dev", {"nosuid", "noexec"}},
          {init_inside, {"ro", "nosuid", "nodev"}},
          {"/tmp", {"nosuid", "nodev", "noexec"}},
          {"/data", {"nosuid", "nodev", "noexec"}},
          {"/run/hearth", {"nosuid", "nodev", "noexec"}}};
}

std::string container_config(const ContainerSpec& spec) {
  Json args = Json::array({init_inside});
  for (const auto& part : spec.command) args.push_back(part);
  const Json ids =
      Json::array({{{"containerID", 0}, {"hostID", spec.first_uid}, {"size", uids_per_app}}});
  Json namespaces = Json::array();
  for (const char* kind : {"user", "mount", "pid", "ipc", "uts", "network", "cgroup"})
    namespaces.push_back({{"type", kind}});

  Json resources = {
      {"devices", Json::array({{{"allow", false}, {"access", "rwm"}}})},
      // Swap is memory and swap together: equal means none.
      {"memory", {{"limit", spec.limits.memory_bytes}, {"swap", spec.limits.memory_bytes}}},
      {"pids", {{"limit", spec.limits.pids}}},
      {"cpu", {{"quota", std::uint64_t{spec.limits.cpu_percent} * 1000}, {"period", 100'000}}}};
  if (spec.cgroup_version == CgroupVersion::v2) resources["unified"] = {{"memory.oom.group", "1"}};

  const Json config = {
      {"ociVersion", "1.0.2"},
      {"hostname", spec.app},
      {"root", {{"path", "rootfs"}, {"readonly", true}}},
      {"process",
       {{"terminal", false},
        {"user", {{"uid", app_uid_inside}, {"gid", app_uid_inside}, {"umask", 0007}}},
        {"args", args},
        {"env", app_environment()},
        {"cwd", "/"},
        {"noNewPrivileges", true},
        {"capabilities",
         {{"bounding", Json::array()},
          {"effective", Json::array()},
          {"inheritable", Json::array()},
          {"permitted", Json::array()},
          {"ambient", Json::array()}}},
        {"rlimits", Json::array({rlimit("RLIMIT_NOFILE", 2048), rlimit("RLIMIT_CORE", 0),
                                 rlimit("RLIMIT_MEMLOCK", 65536), rlimit("RLIMIT_MSGQUEUE", 819200),
                                 rlimit("RLIMIT_SIGPENDING", 1024)})},
        {"oomScoreAdj", 500}}},
      {"mounts", Json::array({mount("/proc", "proc", "proc", {"nosuid", "nodev", "noexec"}),
                              mount("/dev", "tmpfs", "tmpfs",
                                    {"nosuid", "noexec", "strictatime", "mode=755", "size=64k"}),
                              mount("/tmp", "tmpfs", "tmpfs",
                                    {"nosuid", "nodev", "noexec", "uid=1000", "gid=1000",
                                     "mode=700",  // What lies there counts as the app's memory:
                                                  // filling it must not be its end.
                                     "size=" + std::to_string(spec.limits.memory_bytes / 4),
                                     "nr_inodes=4096"}),
                              mount("/data", "bind", spec.data_source,
                                    {"bind", "rw", "nosuid", "nodev", "noexec", "private"}),
                              mount("/run/hearth", "bind", spec.run_source,
                                    {"bind", "rw", "nosuid", "nodev", "noexec", "private"}),
                              mount(init_inside, "bind", spec.init_source,
                                    {"bind", "ro", "nosuid", "nodev", "private"})})},
      {"linux",
       {{"namespaces", namespaces},
        {"uidMappings", ids},
        {"gidMappings", ids},
        {"cgroupsPath", spec.cgroup},
        {"rootfsPropagation", "private"},
        {"resources", resources},
        {"seccomp", seccomp_profile()},
        {"maskedPaths",
         {"/proc/acpi",          "/proc/asound",      "/proc/kcore",       "/proc/keys",
          "/proc/latency_stats", "/proc/timer_list",  "/proc/timer_stats", "/proc/sched_debug",
          "/proc/scsi",          "/proc/kallsyms",    "/proc/kmsg",        "/proc/kpagecount",
          "/proc/kpageflags",    "/proc/kpagecgroup", "/proc/slabinfo",    "/proc/modules",
          "/proc/iomem",         "/proc/ioports",     "/proc/interrupts",  "/proc/net/netlink"}},
        {"readonlyPaths",
         {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}}}};
  return config.dump(1);
}

}  // namespace hearth::sandbox
