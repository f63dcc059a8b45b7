#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <hearth/sandbox/inspect.h>
#include <hearth/sandbox/testing.h>

namespace hearth::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ContainerSpec asked{.app = "files",
                          .command = {"/f"},
                          .limits = {},
                          .first_uid = 65'736'000,
                          .cgroup = "/hearth/x/files"};

// As runc 1.1.5 made it, shortened.
Observed good() {
  return {.uid_map = "         0   65736000      65536\n",
          .gid_map = "         0   65736000      65536\n",
          .status =
              "Name:\tfiles\nUid:\t65737000\t65737000\t65737000\t65737000\nGid:"
              "\t65737000\t65737000\t65737000\t65737000\n"
              "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:"
              "\t0000000000000000\nCapBnd:\t0000000000000000\n"
              "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n",
          .mountinfo =
              "10 1 254:0 /rootfs / ro,relatime - ext4 /dev/vda rw\n"
              "11 10 0:40 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n"
              "12 10 0:41 / /dev rw,nosuid,noexec - tmpfs tmpfs rw,size=64k\n"
              "13 12 0:5 /null /dev/null rw,nosuid,noexec - devtmpfs devtmpfs rw\n"
              "14 12 0:42 /hearth-init /dev/hearth-init ro,nosuid,nodev - tmpfs tmpfs rw\n"
              "15 10 0:43 / /tmp rw,nosuid,nodev,noexec - tmpfs tmpfs rw\n"
              "16 10 254:0 /d/data /data rw,nosuid,nodev,noexec - ext4 /dev/vda rw\n"
              "17 10 254:0 /d/run /run/hearth rw,nosuid,nodev,noexec - ext4 /dev/vda rw\n"
              "18 11 0:5 /null /proc/kcore rw,nosuid - devtmpfs devtmpfs rw\n",
          .memory = "268435456",
          .swap = "0",
          .pids = "64",
          .cpu_quota = "100000",
          .cpu_period = "100000",
          .cgroup_version = CgroupVersion::v2,
          .in_cgroup = true,
          .shared_namespaces = {}};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(Inspection, FindsNothingWhenAllIsAsAsked) {
  EXPECT_THAT(differences(asked, good(), true), IsEmpty());
}

TEST(Inspection, FindsEachDifference) {
  const auto only = [](auto change) {
    Observed seen = good();
    change(seen);
    const auto found = differences(asked, seen, true);
    return found.size() == 1 ? found.front() : std::to_string(found.size()) + " differences";
  };
  EXPECT_THAT(only([](Observed& o) { o.uid_map = "0 0 4294967295"; }),
              HasSubstr("uid map is '0 0 4294967295'"));
  EXPECT_THAT(only([](Observed& o) { o.uid_map += "65536 0 1\n"; }), HasSubstr("uid map"));
  EXPECT_THAT(only([](Observed& o) { o.gid_map = ""; }), HasSubstr("gid map"));
  EXPECT_THAT(only([](Observed& o) { o.memory = "max"; }), HasSubstr("memory limit is 'max'"));
  EXPECT_THAT(only([](Observed& o) { o.memory.reset(); }),
              HasSubstr("memory limit is 'not there'"));
  EXPECT_THAT(only([](Observed& o) { o.swap.reset(); }), HasSubstr("swap limit"));
  EXPECT_THAT(only([](Observed& o) { o.pids = "65"; }), HasSubstr("process limit"));
  EXPECT_THAT(only([](Observed& o) { o.cpu_quota = "-1"; }), HasSubstr("cpu quota"));
  EXPECT_THAT(only([](Observed& o) { o.in_cgroup = false; }), HasSubstr("isn't in its cgroup"));
  EXPECT_THAT(only([](Observed& o) { o.shared_namespaces = {"net"}; }),
              HasSubstr("namespace net is the host's"));
  const auto status = [&](const char* from, const char* to) {
    return only([&](Observed& o) { o.status = replaced(o.status, from, to); });
  };
  EXPECT_THAT(status("NoNewPrivs:\t1", "NoNewPrivs:\t0"), HasSubstr("NoNewPrivs"));
  EXPECT_THAT(status("Seccomp:\t2", "Seccomp:\t0"), HasSubstr("Seccomp"));
  EXPECT_THAT(status("CapBnd:\t0000000000000000", "CapBnd:\t0000000000000001"),
              HasSubstr("CapBnd"));
  EXPECT_THAT(status("CapAmb:\t0000000000000000\n", ""), HasSubstr("CapAmb is ''"));
  EXPECT_THAT(status("Uid:\t65737000", "Uid:\t0"), HasSubstr("Uid is '0 "));
  const auto mount = [&](const char* from, const char* to) {
    return only([&](Observed& o) { o.mountinfo = replaced(o.mountinfo, from, to); });
  };
  EXPECT_EQ(mount("/ ro,relatime", "/ rw,relatime"), "/ isn't ro");
  EXPECT_EQ(mount("/data rw,nosuid,nodev,noexec", "/data rw,nosuid,nodev"), "/data isn't noexec");
  EXPECT_EQ(mount("/tmp rw", "/mnt rw"), "2 differences");
  EXPECT_EQ(mount("/dev/null", "/dev/mem"), "an unexpected mount at /dev/mem");
  EXPECT_EQ(mount("18 11", "19 10 0:1 / /data rw - tmpfs tmpfs rw\n18 11"),
            "more than one mount at /data");
}

TEST(Inspection, LetsTheFilterComeLastBeforeTheStart) {
  Observed seen = good();
  seen.status = replaced(seen.status, "Seccomp:\t2", "Seccomp:\t0");
  EXPECT_THAT(differences(asked, seen, false), IsEmpty());
}

class Cgroups : public ::testing::Test {
 protected:
  Cgroups() {
    const std::string self = std::to_string(::getpid());
    for (const char* file : {"uid_map", "gid_map", "status", "mountinfo"})
      testing::put(proc_ + "/" + self + "/" + file, "");
    std::filesystem::create_directories(proc_ + "/self/ns");
    std::filesystem::create_directories(proc_ + "/" + self + "/ns");
    for (const char* kind : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}) {
      testing::put(proc_ + "/self/ns/" + kind, "");
      testing::put(proc_ + "/" + self + "/ns/" + kind, "");
    }
  }
  void cgroup(const std::string& text) {
    testing::put(proc_ + "/" + std::to_string(::getpid()) + "/cgroup", text);
  }
  Observed look() { return observe(::getpid(), proc_, groups_); }

  TemporaryDirectory directory_;
  std::string proc_ = directory_ / "proc", groups_ = directory_ / "cgroup";
  std::string pid_ = std::to_string(::getpid()) + "\n";
};

TEST_F(Cgroups, OfVersion2AreReadInTheUnifiedTree) {
  testing::put(groups_ + "/cgroup.controllers", "cpuset cpu io memory pids\n");
  cgroup("0::/hearth/x/files\n");
  const std::string at = groups_ + "/hearth/x/files/";
  testing::put(at + "memory.max", "268435456\n");
  testing::put(at + "memory.swap.max", "0\n");
  testing::put(at + "pids.max", "64\n");
  testing::put(at + "cpu.max", "50000 100000\n");
  testing::put(at + "cgroup.procs", "1\n" + pid_);
  const auto seen = look();
  EXPECT_EQ(seen.cgroup_version, CgroupVersion::v2);
  EXPECT_EQ(seen.memory, "268435456");
  EXPECT_EQ(seen.swap, "0");
  EXPECT_EQ(seen.pids, "64");
  EXPECT_EQ(seen.cpu_quota, "50000");
  EXPECT_EQ(seen.cpu_period, "100000");
  EXPECT_TRUE(seen.in_cgroup);
  EXPECT_THAT(seen.shared_namespaces, IsEmpty());
}

TEST_F(Cgroups, OfVersion1AreReadInEachControllersOwnOnHybridMachinesToo) {
  testing::put(groups_ + "/unified/cgroup.controllers", "\n");
  cgroup(
      "9:name=systemd:/\n8:pids:/hearth/x/files\n4:memory:/hearth/x/files\n1:cpu,cpuacct:/hearth/x/"
      "files\n0::/\n");
  testing::put(groups_ + "/memory/cgroup.procs", "");
  for (const char* controller : {"memory", "pids", "cpu"})
    testing::put(groups_ + "/" + controller + "/hearth/x/files/cgroup.procs", pid_);
  testing::put(groups_ + "/memory/hearth/x/files/memory.limit_in_bytes", "268435456\n");
  testing::put(groups_ + "/pids/hearth/x/files/pids.max", "64\n");
  testing::put(groups_ + "/cpu/hearth/x/files/cpu.cfs_quota_us", "100000\n");
  testing::put(groups_ + "/cpu/hearth/x/files/cpu.cfs_period_us", "100000\n");
  auto seen = look();
  EXPECT_EQ(seen.cgroup_version, CgroupVersion::v1);
  EXPECT_EQ(seen.memory, "268435456");
  EXPECT_FALSE(seen.swap) << "no swap accounting here";
  EXPECT_EQ(seen.pids, "64");
  EXPECT_TRUE(seen.in_cgroup);
  testing::put(groups_ + "/pids/hearth/x/files/cgroup.procs", "1\n");
  EXPECT_FALSE(look().in_cgroup);
}

TEST_F(Cgroups, ThatCantLimitMemoryAreNone) {
  EXPECT_FALSE(cgroup_version(groups_));
  testing::put(groups_ + "/cgroup.controllers", "cpu pids\n");
  EXPECT_FALSE(cgroup_version(groups_));
}

}  // namespace
}  // namespace hearth::sandbox
