#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hearth/sandbox/config.h>
#include <hearth/sandbox/file.h>
#include <hearth/sandbox/manifest.h>
#include <hearth/sandbox/seccomp.h>

namespace hearth::sandbox {
namespace {

ContainerSpec example() {
  return {.app = "files",
          .command = {"/hearth-files", "--quiet"},
          .limits = {},
          .first_uid = 65'736'000,
          .cgroup = "/hearth/0123456789abcdef/files",
          .data_source = "/work/files/data",
          .run_source = "/work/files/run",
          .init_source = "/work/hearth-init",
          .cgroup_version = CgroupVersion::v2};
}

// When this fails on purpose: HEARTH_WRITE_GOLDEN=1 writes it anew, for a reviewer to read.
TEST(ContainerConfig, IsTheGoldenOne) {
  const std::string path = HEARTH_SANDBOX_TESTDATA "/config.json";
  const std::string config = container_config(example()) + "\n";
  if (std::getenv("HEARTH_WRITE_GOLDEN") != nullptr) write_file(path, config);
  EXPECT_EQ(config, read_file(path));
}

TEST(ContainerConfig, HasNoHooksNoHostNamespacesAndNoWritablePaths) {
  const auto config = nlohmann::json::parse(container_config(example()));
  EXPECT_FALSE(config.contains("hooks"));
  EXPECT_EQ(config["linux"]["namespaces"].size(), 7U);
  for (const auto& one : config["linux"]["namespaces"]) EXPECT_FALSE(one.contains("path"));
  EXPECT_TRUE(config["root"]["readonly"]);
  for (const auto& mount : config["mounts"]) {
    const auto& options = mount["options"];
    EXPECT_EQ(std::ranges::count(options, nlohmann::json("nosuid")), 1) << mount;
    EXPECT_NE(mount["destination"], "/sys");
  }
}

TEST(ContainerConfig, LeavesTheOomGroupToMachinesThatHaveIt) {
  auto spec = example();
  spec.cgroup_version = CgroupVersion::v1;
  EXPECT_FALSE(
      nlohmann::json::parse(container_config(spec))["linux"]["resources"].contains("unified"));
}

TEST(Seccomp, AllowsNoCallOfTheDangerousOnes) {
  std::set<std::string> allowed;
  for (const auto& rule : seccomp_profile()["syscalls"])
    if (rule["action"] == "SCMP_ACT_ALLOW" && !rule.contains("args")) {
      for (const auto& name : rule["names"])
        EXPECT_TRUE(allowed.insert(name).second) << name << " twice";
    }
  for (const char* name : {"acct",
                           "add_key",
                           "bpf",
                           "chroot",
                           "clock_adjtime",
                           "clock_settime",
                           "clone",
                           "clone3",
                           "create_module",
                           "delete_module",
                           "execveat",
                           "fanotify_init",
                           "finit_module",
                           "fsconfig",
                           "fsmount",
                           "fsopen",
                           "fspick",
                           "init_module",
                           "io_uring_enter",
                           "io_uring_register",
                           "io_uring_setup",
                           "ioctl",
                           "ioperm",
                           "iopl",
                           "kcmp",
                           "kexec_file_load",
                           "kexec_load",
                           "keyctl",
                           "lookup_dcookie",
                           "mbind",
                           "migrate_pages",
                           "mknod",
                           "mknodat",
                           "modify_ldt",
                           "mount",
                           "mount_setattr",
                           "move_mount",
                           "move_pages",
                           "name_to_handle_at",
                           "nfsservctl",
                           "open_by_handle_at",
                           "open_tree",
                           "perf_event_open",
                           "personality",
                           "pidfd_getfd",
                           "pivot_root",
                           "process_madvise",
                           "process_mrelease",
                           "process_vm_readv",
                           "process_vm_writev",
                           "ptrace",
                           "quotactl",
                           "quotactl_fd",
                           "reboot",
                           "request_key",
                           "set_mempolicy",
                           "setdomainname",
                           "sethostname",
                           "setns",
                           "settimeofday",
                           "socket",
                           "socketpair",
                           "stime",
                           "swapoff",
                           "swapon",
                           "sysfs",
                           "syslog",
                           "umount",
                           "umount2",
                           "unshare",
                           "uselib",
                           "userfaultfd",
                           "ustat",
                           "vhangup",
                           "vmsplice"})
    EXPECT_FALSE(allowed.contains(name)) << name;
  EXPECT_EQ(seccomp_profile()["defaultAction"], "SCMP_ACT_ERRNO");
}

TEST(Manifest, ReadsWhatAnAppIs) {
  const auto manifest = parse_manifest(
      R"({"id": "files", "title": "Files", "command": ["/f", "-x"], "limits": {"pids": 10}})");
  EXPECT_EQ(manifest.id, "files");
  EXPECT_EQ(manifest.command, (std::vector<std::string>{"/f", "-x"}));
  EXPECT_EQ(manifest.limits, (Limits{.pids = 10}));
  EXPECT_EQ(Limits{}.memory_bytes, 256U << 20);
}

TEST(Manifest, RefusesWhatItDoesntKnow) {
  const auto with = [](const std::string& extra) {
    return R"({"id":"a","title":"A","command":["/a"])" + extra + "}";
  };
  EXPECT_NO_THROW((void)parse_manifest(with("")));
  for (const auto& bad :
       {std::string{}, std::string{"[]"}, std::string{"{}"}, with(R"(,"mounts":[])"),
        with(R"(,"limits":{"memory_mib":1})"), with(R"(,"limits":{"memory_mib":1e9})"),
        with(R"(,"limits":{"pids":-5})"), with(R"(,"limits":{"pids":10.5})"),
        with(R"(,"limits":{"swap":1})"), with(R"(,"limits":7)"),
        std::string{R"({"id":"A","title":"A","command":["/a"]})"},
        std::string{R"({"id":"a","title":"A","command":["a"]})"},
        std::string{R"({"id":"a","title":"A","command":[]})"},
        std::string{R"({"id":"a","title":"A","command":[7]})"},
        std::string{R"({"id":"a","title":"A","command":["/a\u0000b"]})"}})
    EXPECT_THROW((void)parse_manifest(bad), Trouble) << bad;
}

}  // namespace
}  // namespace hearth::sandbox
