// The sandbox as it is: hearth-sandboxd, runc and a hostile app. Needs root, cgroups and runc, and
// fails without them: a test run that can't try the sandbox must not look as if it had.

#include <algorithm>
#include <cerrno>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/loop/socket_stream.h>
#include <hearth/sandbox/client.h>
#include <hearth/sandbox/daemon.h>
#include <hearth/sandbox/engine.h>
#include <hearth/sandbox/inspect.h>
#include <hearth/sandbox/spawn.h>
#include <hearth/sandbox/supervisor.h>
#include <hearth/sandbox/testing.h>
#include <hearth/sandbox/tree.h>

namespace hearth::sandbox {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr Owner daemon_owner{64'123, 64'123};

Digest digest_of(const std::string& directory) {
  const Fd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return tree_digest(fd.get());
}

void install_probe(
    const std::string& apps, const std::string& id, const std::string& mode = "serve",
    const std::string& limits = R"({"memory_mib": 64, "pids": 32, "cpu_percent": 50})") {
  const std::string root = apps + "/" + id + "/rootfs/";
  for (const char* point : {"proc", "dev", "tmp", "data", "run/hearth"})
    std::filesystem::create_directories(root + point);
  std::filesystem::copy_file(HEARTH_SANDBOX_PROBE, root + "probe");
  testing::put(apps + "/" + id + "/app.json",
               R"({"id": ")" + id + R"(", "title": "Probe", "command": ["/probe", ")" + mode +
                   R"("], "limits": )" + limits + "}");
}

class RealSandbox : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::geteuid(), 0U) << "the sandbox can only be tried as root";
    std::filesystem::create_directories(apps_);
    std::filesystem::create_directories(data_);
    ASSERT_EQ(::chown(data_.c_str(), daemon_owner.uid, daemon_owner.gid), 0);
    ASSERT_EQ(::chmod(data_.c_str(), 0700), 0);
    install_probe(apps_, "probe");
  }

  void TearDown() override {
    client_.reset();
    if (sandboxd_.pid > 0) ::waitpid(sandboxd_.pid, nullptr, 0);
  }

  void spawn() {
    sandboxd_ = spawn_sandboxd({.program = HEARTH_SANDBOXD,
                                .apps_directory = apps_,
                                .data_directory = data_,
                                .daemon = daemon_owner});
    client_ = std::make_unique<Client>(io_.get_executor(), std::move(sandboxd_.control));
  }

  void prepare(const std::string& app) { run(client_->prepare(app, digest_of(apps_ + "/" + app))); }
  template <class T>
  T run(loop::Task<T> task) {
    return testing::run(io_, std::move(task));
  }

  // One command to the app, its whole answer.
  std::string ask(const StartedApp& started, const std::string& command,
                  const std::string& app = "probe") {
    int fd = -1;
    EXPECT_TRUE(testing::run_until(
        io_, [&] { return (fd = connect_app_socket(data_, app, started)) >= 0; }));
    if (fd < 0) return {};
    boost::asio::local::stream_protocol::socket socket{io_};
    socket.assign(boost::asio::local::stream_protocol{}, fd);
    const auto stream = loop::make_stream(std::move(socket));
    const std::string line = command + "\n";
    run(stream->write(as_bytes(line)));
    return run(testing::read_to_end(*stream));
  }

  static std::vector<std::string> processes_of(const StartedApp& started) {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
      const auto name = entry.path().filename().string();
      struct stat status{};
      if (std::isdigit(static_cast<unsigned char>(name[0])) != 0 &&
          ::stat(entry.path().c_str(), &status) == 0 && status.st_uid >= started.first_uid &&
          status.st_uid < started.first_uid + uids_per_app)
        result.push_back(name);
    }
    return result;
  }

  TemporaryDirectory directory_;
  std::string apps_ = directory_ / "apps";
  std::string data_ = directory_ / "data";
  boost::asio::io_context io_;
  Sandboxd sandboxd_;
  std::unique_ptr<Client> client_;
};

TEST_F(RealSandbox, Defect15HoldsAgainstEveryEscapeOfTheList) {
  // An abstract socket of the host, for the app to look for.
  const std::string name = "hearth-probe-" + std::to_string(::getpid());
  const Fd abstract{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(name, address.sun_path + 1);
  ASSERT_EQ(::bind(abstract.get(), reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  ASSERT_EQ(::listen(abstract.get(), 1), 0);

  spawn();
  prepare("probe");
  const auto started = run(client_->start("probe"));
  EXPECT_GE(started.first_uid, first_uid_of_all);
  const std::string report = ask(started, "escape " + name);
  std::istringstream lines{report};
  int tried = 0;
  for (std::string line; std::getline(lines, line); ++tried)
    EXPECT_TRUE(line.starts_with("HELD ")) << line;
  EXPECT_GE(tried, 60) << report;
}

TEST_F(RealSandbox, LimitsProcessesTimeAndTemporaryFiles) {
  spawn();
  prepare("probe");
  const auto started = run(client_->start("probe"));
  int children = 0, refused = 0, mib = 0, cpu = 0, wall = 0, error = 0;
  std::istringstream{ask(started, "fork")} >> children >> refused;
  EXPECT_EQ(children, 31);
  EXPECT_EQ(refused, 2000 - 31);
  std::istringstream{ask(started, "burn 2000")} >> cpu >> wall;
  EXPECT_LT(cpu, wall * 65 / 100);
  std::istringstream{ask(started, "fill")} >> mib >> error;
  EXPECT_EQ(mib, 16);
  EXPECT_EQ(error, ENOSPC);
  EXPECT_EQ(ask(started, "hello"), "hello\n");
}

// The kernel ends the process that is one too large. Control groups of version 2 end the whole app
// with it, which then starts anew rather than limping on.
TEST_F(RealSandbox, LimitsMemory) {
  spawn();
  prepare("probe");
  const auto started = run(client_->start("probe"));
  bool ended = false;
  client_->on_ended([&](const std::string&) { ended = true; });
  const std::string answer = ask(started, "eat 512");
  if (cgroup_version("/sys/fs/cgroup") == CgroupVersion::v2) {
    EXPECT_EQ(answer, "");
    EXPECT_TRUE(testing::run_until(io_, [&] { return ended; }));
    EXPECT_EQ(ask(run(client_->start("probe")), "hello"), "hello\n");
    return;
  }
  int mib = 0, signal = 0;
  std::istringstream{answer} >> mib >> signal;
  EXPECT_EQ(signal, SIGKILL);
  EXPECT_GT(mib, 16);
  EXPECT_LT(mib, 64);
  EXPECT_EQ(ask(started, "hello"), "hello\n") << "the app itself survives";
}

TEST_F(RealSandbox, KeepsDataAndItsUidsOverRestartsAndKeepsAppsApart) {
  install_probe(apps_, "other");
  StartedApp first, other;
  {
    spawn();
    prepare("probe");
    prepare("other");
    first = run(client_->start("probe"));
    other = run(client_->start("other"));
    EXPECT_EQ(ask(first, "write mine"), "written\n");
    EXPECT_EQ(ask(other, "read", "other"), "\n");
    EXPECT_GE(
        std::max(first.first_uid, other.first_uid) - std::min(first.first_uid, other.first_uid),
        uids_per_app);
    TearDown();
  }
  EXPECT_TRUE(processes_of(first).empty());
  spawn();
  prepare("probe");
  const auto again = run(client_->start("probe"));
  EXPECT_EQ(again.first_uid, first.first_uid);
  EXPECT_EQ(ask(again, "read"), "mine\n");
}

TEST_F(RealSandbox, LetsTheDaemonConnectAndNobodyElse) {
  spawn();
  prepare("probe");
  const auto started = run(client_->start("probe"));
  ASSERT_EQ(ask(started, "hello"), "hello\n");
  const std::string parents = directory_.path();
  ASSERT_EQ(::chmod(parents.c_str(), 0755), 0);
  const auto as = [&](uid_t uid, gid_t gid) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::setresgid(gid, gid, gid) != 0 || ::setresuid(uid, uid, uid) != 0) ::_exit(255);
      ::_exit(connect_app_socket(data_, "probe", started) >= 0 ? 0 : errno);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(as(daemon_owner.uid, daemon_owner.gid), 0);
  // The app's own directory is closed to others even if the data directory weren't.
  ASSERT_EQ(::chmod(data_.c_str(), 0755), 0);
  EXPECT_EQ(as(daemon_owner.uid + 1, daemon_owner.gid), EACCES) << "not even in the daemon's group";
  EXPECT_EQ(as(65'534, 65'534), EACCES);
  EXPECT_EQ(as(started.first_uid + 70'000, started.first_uid + 70'000), EACCES)
      << "not another app";
}

TEST_F(RealSandbox, NeverFollowsWhatAnAppPutsInPlaceOfItsSocket) {
  const Fd other{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory_ / "host.sock";
  std::ranges::copy(path, address.sun_path);
  ASSERT_EQ(::bind(other.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(other.get(), 4), 0);
  spawn();
  prepare("probe");
  const auto started = run(client_->start("probe"));
  EXPECT_EQ(ask(started, "link " + path), "linked\n");
  EXPECT_EQ(connect_app_socket(data_, "probe", started), -1);
  EXPECT_EQ(errno, ENOTSOCK);
  // And a socket of somebody else at that very place isn't taken for the app's.
  const std::string place = data_ + "/apps/probe/run/app.sock";
  ASSERT_EQ(::unlink(place.c_str()), 0);
  ASSERT_EQ(::link(path.c_str(), place.c_str()), 0);
  EXPECT_EQ(connect_app_socket(data_, "probe", started), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST_F(RealSandbox, RefusesFilesWhoseDigestIsAnother) {
  spawn();
  const Digest digest = digest_of(apps_ + "/probe");
  testing::put(apps_ + "/probe/rootfs/data/extra", "one more byte");
  try {
    run(client_->prepare("probe", digest));
    FAIL() << "it was taken";
  } catch (const AppUnavailable& error) {
    EXPECT_THAT(error.what(), HasSubstr("digest differs"));
  }
  EXPECT_THROW(run(client_->start("probe")), AppUnavailable);
  EXPECT_EQ(run(client_->state("probe")).state, AppState::failed);
}

TEST_F(RealSandbox, RunsTheCopyAndNotWhatWasChangedAfterwards) {
  spawn();
  prepare("probe");
  std::filesystem::remove(apps_ + "/probe/rootfs/probe");
  testing::put(apps_ + "/probe/rootfs/probe", "#!/bin/sh\n");
  const auto started = run(client_->start("probe"));
  EXPECT_EQ(ask(started, "hello"), "hello\n");
}

TEST_F(RealSandbox, KeepsOneCopyOfAnAppThroughItsVersions) {
  spawn();
  prepare("probe");
  testing::put(apps_ + "/probe/rootfs/data/version", "2");
  prepare("probe");
  const auto started = run(client_->start("probe"));
  EXPECT_EQ(ask(started, "hello"), "hello\n");
  const std::filesystem::directory_iterator copies{data_ + "/sandbox/apps"};
  EXPECT_EQ(std::distance(begin(copies), end(copies)), 1);
}

TEST_F(RealSandbox, LeavesNoProcessWhenHearthdIsGone) {
  spawn();
  prepare("probe");
  const auto started = run(client_->start("probe"));
  ASSERT_EQ(ask(started, "hello"), "hello\n");
  ASSERT_FALSE(processes_of(started).empty());
  client_.reset();  // what the kernel does to the socket of a daemon killed with -9
  EXPECT_TRUE(testing::run_until(io_, [&] { return processes_of(started).empty(); }, 3s));
}

TEST_F(RealSandbox, LeavesNoProcessWhenSandboxdIsKilled) {
  spawn();
  prepare("probe");
  const auto started = run(client_->start("probe"));
  ASSERT_EQ(ask(started, "hello"), "hello\n");
  ::kill(sandboxd_.pid, SIGKILL);
  EXPECT_TRUE(testing::run_until(io_, [&] { return processes_of(started).empty(); }, 3s));
  EXPECT_TRUE(testing::run_until(io_, [&] { return !client_->is_open(); }));
  EXPECT_THROW(run(client_->start("probe")), AppUnavailable);
  // The next one starts as if nothing had been.
  TearDown();
  spawn();
  prepare("probe");
  EXPECT_EQ(ask(run(client_->start("probe")), "hello"), "hello\n");
}

TEST_F(RealSandbox, TellsWhenAnAppEndsByItself) {
  spawn();
  std::string ended;
  client_->on_ended([&](const std::string& app) { ended = app; });
  prepare("probe");
  const auto started = run(client_->start("probe"));
  (void)ask(started, "exit");
  EXPECT_TRUE(testing::run_until(io_, [&] { return !ended.empty(); }));
  EXPECT_EQ(ended, "probe");
  EXPECT_EQ(run(client_->state("probe")).state, AppState::failed);
  EXPECT_EQ(ask(run(client_->start("probe")), "hello"), "hello\n");
}

TEST_F(RealSandbox, KeepsOnlyTheEndOfAFloodOfOutput) {
  spawn();
  prepare("probe");
  const auto started = run(client_->start("probe"));
  EXPECT_TRUE(
      testing::run_until(io_, [&] { return run(client_->log("probe")).contains("probe: up"); }));
  EXPECT_EQ(ask(started, "flood"), "flooded\n");
  EXPECT_TRUE(
      testing::run_until(io_, [&] { return run(client_->log("probe")).size() == max_reply_text; }));
}

TEST_F(RealSandbox, EraseLeavesNoDataAndNeverGivesTheUidsAgain) {
  spawn();
  prepare("probe");
  const auto first = run(client_->start("probe"));
  EXPECT_EQ(ask(first, "write mine"), "written\n");
  run(client_->erase("probe"));
  EXPECT_TRUE(processes_of(first).empty());
  EXPECT_FALSE(std::filesystem::exists(data_ + "/apps/probe"));
  prepare("probe");
  const auto second = run(client_->start("probe"));
  EXPECT_NE(second.first_uid, first.first_uid);
  EXPECT_EQ(ask(second, "read"), "\n");
}

TEST_F(RealSandbox, RefusesADataDirectoryThatSomebodyElseMade) {
  std::filesystem::create_directories(data_ + "/apps");
  ASSERT_EQ(::chown((data_ + "/apps").c_str(), daemon_owner.uid, daemon_owner.gid), 0);
  std::filesystem::create_directory_symlink("/etc", data_ + "/apps/probe");
  spawn();
  prepare("probe");
  EXPECT_THROW(run(client_->start("probe")), AppUnavailable);
  std::filesystem::remove(data_ + "/apps/probe");
  std::filesystem::create_directory(data_ + "/apps/probe");
  ASSERT_EQ(::chown((data_ + "/apps/probe").c_str(), daemon_owner.uid, daemon_owner.gid), 0);
  EXPECT_THROW(run(client_->start("probe")), AppUnavailable);
  struct stat etc{};
  ASSERT_EQ(::stat("/etc", &etc), 0);
  EXPECT_EQ(etc.st_uid, 0U);
}

TEST_F(RealSandbox, SaysWhyWhenTheRuntimeIsMissing) {
  sandboxd_ = spawn_sandboxd({.program = HEARTH_SANDBOXD,
                              .apps_directory = apps_,
                              .data_directory = data_,
                              .daemon = daemon_owner,
                              .runc = "/nowhere/runc"});
  client_ = std::make_unique<Client>(io_.get_executor(), std::move(sandboxd_.control));
  prepare("probe");
  try {
    run(client_->start("probe"));
    FAIL() << "it started without a sandbox";
  } catch (const AppUnavailable& error) {
    EXPECT_THAT(error.what(), HasSubstr("isn't installed"));
  }
}

TEST_F(RealSandbox, EndsAConnectionThatBreaksTheProtocol) {
  sandboxd_ = spawn_sandboxd({.program = HEARTH_SANDBOXD,
                              .apps_directory = apps_,
                              .data_directory = data_,
                              .daemon = daemon_owner});
  const char nonsense[] = "\x00\x05hello";
  ASSERT_GT(::send(sandboxd_.control.get(), nonsense, sizeof nonsense - 1, 0), 0);
  char byte = 0;
  EXPECT_EQ(::recv(sandboxd_.control.get(), &byte, 1, 0), 0);
}

TEST_F(RealSandbox, HearsNobodyButTheDaemonsUidOnABoundSocket) {
  const std::string path = directory_ / "control.sock";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string uid = std::to_string(daemon_owner.uid);
    ::execl(HEARTH_SANDBOXD, HEARTH_SANDBOXD, "--apps", apps_.c_str(), "--data-dir", data_.c_str(),
            "--uid", uid.c_str(), "--gid", uid.c_str(), "--listen", path.c_str(), nullptr);
    ::_exit(127);
  }
  sandboxd_.pid = child;
  struct stat status{};
  ASSERT_TRUE(testing::run_until(
      io_, [&] { return ::stat(path.c_str(), &status) == 0 && (status.st_mode & 0777) == 0660; }));
  EXPECT_EQ(status.st_gid, daemon_owner.gid);
  // 0: answered; 1: hung up on; else errno of connect.
  const auto as = [&](uid_t uid, gid_t gid) {
    const pid_t one = ::fork();
    if (one == 0) {
      if (::setresgid(gid, gid, gid) != 0 || ::setresuid(uid, uid, uid) != 0) ::_exit(255);
      const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::ranges::copy(path, address.sun_path);
      if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        ::_exit(errno);
      const Bytes order = encode(Order{.verb = Verb::state, .id = 1, .app = "probe"});
      (void)!::send(fd, order.data(), order.size(), MSG_NOSIGNAL);
      char reply[64];
      ::_exit(::recv(fd, reply, sizeof reply, 0) > 0 ? 0 : 1);
    }
    int ended = 0;
    ::waitpid(one, &ended, 0);
    return WEXITSTATUS(ended);
  };
  EXPECT_EQ(as(65'534, 65'534), EACCES);
  EXPECT_EQ(as(65'534, daemon_owner.gid), 1) << "in the group, but another uid";
  EXPECT_EQ(as(0, 0), 1) << "not even root";
  EXPECT_EQ(as(daemon_owner.uid, daemon_owner.gid), 0);
  ::kill(child, SIGTERM);
}

// A runtime that doesn't do what config.json says, as crun drops nosuid and leaves out limits that
// it can't set.
class Disobedient final : public Runtime {
 public:
  Disobedient(Runc& runc, std::function<void(nlohmann::json&)> change)
      : runc_(runc), change_(std::move(change)) {}
  pid_t create(const std::string& name, const std::string& bundle, int output) override {
    auto config = nlohmann::json::parse(read_file(bundle + "/config.json"));
    change_(config);
    write_file(bundle + "/config.json", config.dump());
    return last_ = runc_.create(name, bundle, output);
  }
  void start(const std::string& name) override {
    started_ = true;
    runc_.start(name);
  }
  void remove(const std::string& name) override { runc_.remove(name); }
  [[nodiscard]] std::string why_not() const override { return runc_.why_not(); }
  bool started_ = false;
  pid_t last_ = 0;

 private:
  Runc& runc_;
  std::function<void(nlohmann::json&)> change_;
};

struct Disobedience {
  const char* name;
  const char* says;
  void (*change)(nlohmann::json&);
};

nlohmann::json& mount_at(nlohmann::json& config, const std::string& where) {
  for (auto& mount : config["mounts"])
    if (mount["destination"] == where) return mount;
  throw std::runtime_error{"no such mount"};
}
void drop(nlohmann::json& options, const std::string& what) {
  options.erase(std::ranges::find(options, nlohmann::json(what)));
}

class RealSandboxRefuses : public RealSandbox,
                           public ::testing::WithParamInterface<Disobedience> {};

TEST_P(RealSandboxRefuses, ToStartWhatIsntAsAsked) {
  // In a child: the engine mounts, and reaps.
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said;
    bool started = false;
    try {
      if (::unshare(CLONE_NEWNS) != 0 ||
          ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        ::_exit(10);
      const std::string work = directory_ / "work";
      std::filesystem::create_directories(work + "/apps");
      for (const std::string& path : {directory_.path().string(), work, work + "/apps"})
        (void)!::chmod(path.c_str(), 0711);
      std::filesystem::copy_file(HEARTH_SANDBOX_INIT, work + "/init");
      Runc runc{"/usr/sbin/runc", work};
      Disobedient runtime{runc, GetParam().change};
      Engine engine{{.apps_directory = apps_,
                     .data_directory = data_,
                     .work_directory = work + "/apps",
                     .init_program = work + "/init",
                     .daemon = daemon_owner},
                    runtime};
      (void)engine.carry_out(
          {.verb = Verb::prepare, .id = 1, .app = "probe", .digest = digest_of(apps_ + "/probe")});
      const Reply reply = engine.carry_out({.verb = Verb::start, .id = 2, .app = "probe"});
      said = reply.text;
      started = reply.outcome == Outcome::done;
      const bool alive =
          runtime.last_ != 0 && ::kill(runtime.last_, 0) == 0 &&
          !read_file("/proc/" + std::to_string(runtime.last_) + "/stat").contains(") Z ");
      if (alive != started) said += " but it's still there";
    } catch (const std::exception& error) {
      said = error.what();
    }
    const bool expected = GetParam().says == nullptr ? started
                                                     : !started && said.contains(GetParam().says) &&
                                                           !said.contains("still there");
    if (!expected)
      std::fprintf(stderr, "%s: %s\n", started ? "it started" : "refused", said.c_str());
    ::_exit(expected ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Each, RealSandboxRefuses,
    ::testing::Values(
        Disobedience{"Nothing", nullptr, [](nlohmann::json&) {}},
        Disobedience{"NoMemoryLimit", "memory limit",
                     [](nlohmann::json& c) { c["linux"]["resources"].erase("memory"); }},
        Disobedience{"MorePids", "process limit is",
                     [](nlohmann::json& c) { c["linux"]["resources"]["pids"]["limit"] = 4000; }},
        Disobedience{"MoreCpu", "cpu quota",
                     [](nlohmann::json& c) { c["linux"]["resources"]["cpu"]["quota"] = 90'000; }},
        Disobedience{"DataExecutable", "/data isn't noexec",
                     [](nlohmann::json& c) { drop(mount_at(c, "/data")["options"], "noexec"); }},
        Disobedience{"DataSetuid", "/data isn't nosuid",
                     [](nlohmann::json& c) { drop(mount_at(c, "/data")["options"], "nosuid"); }},
        Disobedience{"RootWritable", "/ isn't ro",
                     [](nlohmann::json& c) { c["root"]["readonly"] = false; }},
        Disobedience{"MayGainPrivileges", "NoNewPrivs",
                     [](nlohmann::json& c) {
                       c["process"]["noNewPrivileges"] = false;
                       c["linux"].erase("seccomp");  // which runc could not put on otherwise
                     }},
        Disobedience{
            "Capable", "CapBnd",
            [](nlohmann::json& c) { c["process"]["capabilities"]["bounding"] = {"CAP_CHOWN"}; }},
        Disobedience{"HostNetwork", "namespace net",
                     [](nlohmann::json& c) {
                       auto& all = c["linux"]["namespaces"];
                       all.erase(std::ranges::find_if(
                           all, [](const auto& one) { return one["type"] == "network"; }));
                     }},
        Disobedience{"OtherUids", "uid map",
                     [](nlohmann::json& c) { c["linux"]["uidMappings"][0]["hostID"] = 100'000; }},
        Disobedience{"ItsOwnRoot", "Uid is",
                     [](nlohmann::json& c) { c["process"]["user"]["uid"] = 0; }},
        Disobedience{"OneMoreMount", "unexpected mount",
                     [](nlohmann::json& c) {
                       auto extra = mount_at(c, "/tmp");
                       extra["destination"] = "/dev/more";
                       c["mounts"].push_back(extra);
                     }},
        Disobedience{"NoFilter", "no system-call filter",
                     [](nlohmann::json& c) { c["linux"].erase("seccomp"); }}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace hearth::sandbox
