#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/sandbox/engine.h>
#include <hearth/sandbox/inspect.h>
#include <hearth/sandbox/tree.h>

namespace hearth::sandbox {
namespace {

/// Nothing tells when the kernel has reaped a group or a process writes: looking again is all there
/// is.
void pause_ms(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds{ms});  // allowed: see above
}

using Json = nlohmann::json;

constexpr std::size_t max_apps = 256;
constexpr std::size_t log_bytes = 64 * 1024;
// Ranges from 65 million up: clear of people, of /etc/subuid as Debian hands it out, and below
// systemd's own.
constexpr std::uint32_t first_slot = 1000;
constexpr std::uint32_t last_slot = 7000;

struct Pipe {
  Fd read, write;
};
Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw_errno("can't make a pipe");
  return {Fd{ends[0]}, Fd{ends[1]}};
}

void make_directory(const std::string& path) {
  if ((::mkdir(path.c_str(), 0711) != 0 && errno != EEXIST) || ::chmod(path.c_str(), 0711) != 0)
    throw_errno("can't make " + path);
}

std::uint32_t first_uid(std::uint32_t slot) {
  return first_uid_of_all + uids_per_app * slot;
}

}  // namespace

struct Engine::App {
  std::string id;
  std::optional<Manifest> manifest;  ///< when prepared
  std::string copy;                  ///< its directory under <data>/sandbox/apps
  pid_t pid = 0;                     ///< when running
  Fd output;
  std::string log;
  std::string trouble;  ///< why it last failed
};

Engine::Engine(EngineOptions options, Runtime& runtime)
    : options_(std::move(options)), runtime_(runtime) {
  apps_ = Fd{::open(options_.apps_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!apps_) throw_errno("can't open " + options_.apps_directory);
  data_ = Fd{::open(options_.data_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!data_) throw_errno("can't open " + options_.data_directory);
  const Owner root{::geteuid(), ::getegid()};
  state_ = own_directory(data_.get(), "sandbox", root, 0700);
  copies_ = own_directory(state_.get(), "apps", root, 0711);
  instances_ = own_directory(data_.get(), "apps", options_.daemon, 0700);
  load_uids();
  sweep();
}

Engine::~Engine() {
  kill_all();
}

// What survived a crash can only be below our own cgroup: named by this data directory's id, which
// is random.
void Engine::sweep(const std::string& only) noexcept {
  try {
    std::vector<std::string> roots{options_.cgroups};
    for (const char* controller : {"memory", "pids", "cpu", "cpuacct", "cpuset", "devices",
                                   "freezer", "blkio", "systemd", "unified"})
      roots.push_back(options_.cgroups + "/" + controller);
    for (const auto& root : roots) {
      const std::string top = root + "/hearth/" + instance_;
      const Fd directory{::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
      if (!directory) continue;
      for (const auto& name : list_directory(directory.get())) {
        if (!only.empty() && name != only) continue;
        const std::string group = top + "/" + name;
        for (int round = 0; round < 50 && ::rmdir(group.c_str()) != 0 && errno == EBUSY; ++round) {
          const std::string procs = read_file(group + "/cgroup.procs");
          std::size_t at = 0;
          while (at < procs.size()) {
            const auto end = std::min(procs.find('\n', at), procs.size());
            const long pid = std::strtol(procs.substr(at, end - at).c_str(), nullptr, 10);
            if (pid > 1) ::kill(static_cast<pid_t>(pid), SIGKILL);
            at = end + 1;
          }
          pause_ms(10);
        }
      }
      ::rmdir(top.c_str());
    }
  } catch (const std::exception&) {
    // Nothing to sweep, or nothing that can be: a start in a group that is in use fails by itself.
  }
}

void Engine::load_uids() {
  const Fd file{open_beneath(state_.get(), "uids.json", O_RDONLY)};
  if (!file && errno != ENOENT) throw_errno("can't open uids.json");
  if (!file) {
    std::array<std::byte, 8> random;
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
      throw_errno("no randomness");
    instance_ = to_hex(random);
    return replace_file(state_.get(), "uids.json",
                        Json{{"instance", instance_}, {"slots", Json::object()}}.dump(), 0600);
  }
  const Json root = Json::parse(read_all(file.get(), 1 << 20), nullptr, false);
  if (!root.is_object() || !root.contains("instance") || !root["instance"].is_string() ||
      !root.contains("slots") || !root["slots"].is_object())
    throw Trouble{"uids.json is damaged"};
  instance_ = root["instance"].get<std::string>();
  const auto digits = from_hex(instance_);
  if (!digits || digits->size() != 8) throw Trouble{"uids.json is damaged"};
  std::set<std::uint32_t> taken;
  for (const auto& [name, slot] : root["slots"].items()) {
    if (!slot.is_number_unsigned() || slot < first_slot || slot > last_slot ||
        !taken.insert(slot.get<std::uint32_t>()).second)
      throw Trouble{"uids.json is damaged"};
    slots_.emplace(name, slot.get<std::uint32_t>());
  }
}

std::uint32_t Engine::uid_of(const std::string& id) {
  if (const auto found = slots_.find(id); found != slots_.end()) return first_uid(found->second);
  std::set<std::uint32_t> taken;
  for (const auto& [name, slot] : slots_) taken.insert(slot);
  if (taken.size() > 4096) throw Trouble{"no more user ids are free for apps"};
  // Drawn, so that two data directories on one machine hardly ever share a range.
  std::uint32_t slot = 0;
  do {
    if (::getrandom(&slot, sizeof slot, 0) != sizeof slot) throw_errno("no randomness");
    slot = first_slot + slot % (last_slot - first_slot + 1);
  } while (taken.contains(slot));
  slots_.emplace(id, slot);
  replace_file(state_.get(), "uids.json", Json{{"instance", instance_}, {"slots", slots_}}.dump(),
               0600);
  return first_uid(slot);
}

Engine::App& Engine::app(const std::string& id) {
  if (const auto found = known_.find(id); found != known_.end()) return *found->second;
  if (known_.size() >= max_apps) throw Trouble{"too many apps"};
  auto fresh = std::make_unique<App>();
  fresh->id = id;
  return *known_.emplace(id, std::move(fresh)).first->second;
}

Reply Engine::carry_out(const Order& order) noexcept {
  Reply reply{.id = order.id};
  try {
    if (order.verb == Verb::kill_all) {
      kill_all();
      return reply;
    }
    App& it = app(order.app);
    try {
      switch (order.verb) {
        case Verb::prepare:
          prepare(it, order.digest);
          break;
        case Verb::start:
          start(it);
          break;
        case Verb::stop:
          stop(it);
          break;
        case Verb::erase:
          erase(it);
          break;
        case Verb::log:
          reply.text = it.log.substr(it.log.size() - std::min(it.log.size(), max_reply_text));
          break;
        case Verb::state:
        case Verb::kill_all:
          reply.text = it.trouble;
          break;
      }
      if (order.verb == Verb::prepare || order.verb == Verb::start) it.trouble.clear();
    } catch (const std::exception& error) {
      it.trouble = error.what();
      reply.text = it.trouble;
      reply.outcome = runtime_.why_not().empty() ? Outcome::failed : Outcome::unavailable;
    }
    reply.state = it.pid != 0           ? AppState::running
                  : !it.trouble.empty() ? AppState::failed
                  : it.manifest         ? AppState::prepared
                                        : AppState::unknown;
    if (const auto slot = slots_.find(it.id); slot != slots_.end())
      reply.uid = first_uid(slot->second);
  } catch (const std::exception& error) {
    // Not about one app: there are too many, say.
    reply.outcome = Outcome::refused;
    reply.text = error.what();
  }
  return reply;
}

void Engine::prepare(App& it, const Digest& digest) {
  if (it.pid != 0) throw Trouble{"the app is running"};
  it.manifest.reset();
  const std::string name = it.id + "." + to_hex(digest);
  Fd copy{open_beneath(copies_.get(), name.c_str(), O_RDONLY | O_DIRECTORY)};
  if (copy && tree_digest(copy.get()) != digest) {
    // A disk that lost power halfway, say.
    copy = Fd{};
    remove_tree(copies_.get(), name);
  }
  if (!copy) {
    const Fd from{open_beneath(apps_.get(), it.id.c_str(), O_RDONLY | O_DIRECTORY)};
    if (!from) throw_errno("there is no app " + it.id);
    const std::string staging = name + ".new";
    remove_tree(copies_.get(), staging);
    if (::mkdirat(copies_.get(), staging.c_str(), 0711) != 0)
      throw_errno("can't make room for the app");
    copy = Fd{open_beneath(copies_.get(), staging.c_str(), O_RDONLY | O_DIRECTORY)};
    if (!copy) throw_errno("can't make room for the app");
    if (copy_tree(from.get(), copy.get()) != digest) {
      remove_tree(copies_.get(), staging);
      throw Trouble{"the app's files aren't the ones that were asked for (their digest differs)"};
    }
    if (::syncfs(copy.get()) != 0 ||
        ::renameat(copies_.get(), staging.c_str(), copies_.get(), name.c_str()) != 0 ||
        ::fsync(copies_.get()) != 0)
      throw_errno("can't keep the app's files");
  }
  const Fd json{open_beneath(copy.get(), "app.json", O_RDONLY)};
  if (!json) throw_errno("the app has no app.json");
  Manifest manifest = parse_manifest(read_all(json.get(), 64 * 1024));
  if (manifest.id != it.id) throw Trouble{"the app calls itself " + manifest.id};
  it.manifest = std::move(manifest);
  it.copy = name;
  // Earlier versions, and copies that were cut short. An id holds no '.'.
  for (const auto& other : list_directory(copies_.get()))
    if (other != name && other.starts_with(it.id + ".")) remove_tree(copies_.get(), other);
}

// A mount of exactly this directory, at a path that only we can change: what the runtime is told to
// bind from.
std::string Engine::mount_of(const std::string& id, const std::string& which, int directory) {
  const std::string at = options_.work_directory + "/" + id + "/" + which;
  make_directory(at);
  while (::umount2(at.c_str(), MNT_DETACH) == 0) {
  }
  const Fd tree{::open_tree(directory, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  if (!tree || ::move_mount(tree.get(), "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    throw_errno("can't mount the app's " + which);
  return at;
}

void Engine::start(App& it) {
  if (it.pid != 0) return;
  if (!it.manifest) throw Trouble{"the app isn't prepared"};
  if (auto why = runtime_.why_not(); !why.empty()) throw Trouble{why};
  const auto version = cgroup_version(options_.cgroups);
  if (!version) throw Trouble{"this machine can't limit an app's memory (no memory cgroup)"};

  const std::uint32_t base = uid_of(it.id);
  const Owner owner{base + app_uid_inside, base + app_uid_inside};
  const Fd home = own_directory(instances_.get(), it.id, {::geteuid(), options_.daemon.gid}, 0710);
  const Fd data = own_directory(home.get(), "data", owner, 0700);
  // Set-gid: the socket the app makes here belongs to the daemon's group.
  const Fd run = own_directory(home.get(), "run", {owner.uid, options_.daemon.gid}, 02710);
  if (::unlinkat(run.get(), "app.sock", 0) != 0 && errno != ENOENT)
    throw_errno("can't remove app.sock");

  const std::string bundle = options_.work_directory + "/" + it.id;
  make_directory(bundle);
  const std::string path = it.copy + "/rootfs";
  const Fd rootfs{open_beneath(copies_.get(), path.c_str(), O_RDONLY | O_DIRECTORY)};
  if (!rootfs) throw_errno("the app has no rootfs");
  (void)mount_of(it.id, "rootfs", rootfs.get());
  const ContainerSpec spec{.app = it.id,
                           .command = it.manifest->command,
                           .limits = it.manifest->limits,
                           .first_uid = base,
                           .cgroup = "/hearth/" + instance_ + "/" + it.id,
                           .data_source = mount_of(it.id, "data", data.get()),
                           .run_source = mount_of(it.id, "run", run.get()),
                           .init_source = options_.init_program,
                           .cgroup_version = *version};
  write_file(bundle + "/config.json", container_config(spec));

  runtime_.remove(container(it.id));
  Pipe pipe = make_pipe();
  // The app may block on its own output, never we.
  (void)::fcntl(pipe.write.get(), F_SETFL, 0);
  try {
    const pid_t pid = runtime_.create(container(it.id), bundle, pipe.write.get());
    const auto insist = [&](bool running) {
      const auto wrong = differences(spec, observe(pid, "/proc", options_.cgroups), running);
      if (wrong.empty()) return;
      std::string all;
      for (const auto& one : wrong) all += (all.empty() ? "" : "; ") + one;
      throw Trouble{"the sandbox isn't what was asked for, so the app doesn't start: " + all};
    };
    insist(false);
    runtime_.start(container(it.id));
    // The runtime puts the filter on between its start and the app's exec; hearth-sandbox-init,
    // which comes first, refuses to go on without it. This is the view from outside.
    for (int round = 0; round < 200; ++round) {
      const auto status = read_file("/proc/" + std::to_string(pid) + "/status");
      if (status_value(status, "State").starts_with('Z')) throw Trouble{"the app ended at once"};
      if (status_value(status, "Seccomp") == "2") break;
      pause_ms(5);
    }
    insist(true);
    it.pid = pid;
    it.output = std::move(pipe.read);
    it.log.clear();
  } catch (const std::exception& error) {
    std::string said;
    char buffer[1024];
    pipe.write = Fd{};
    if (const ssize_t count = ::read(pipe.read.get(), buffer, sizeof buffer); count > 0)
      said = " (it said: " + std::string{buffer, static_cast<std::size_t>(count)} + ")";
    const std::string why = error.what() + said;
    try {
      runtime_.remove(container(it.id));
    } catch (const Trouble&) {
      sweep(it.id);
    }
    throw Trouble{why};
  }
}

void Engine::stop(App& it) noexcept {
  try {
    runtime_.remove(container(it.id));
  } catch (const std::exception&) {
    if (it.pid != 0) ::kill(it.pid, SIGKILL);
  }
  if (it.pid != 0) (void)::waitpid(it.pid, nullptr, WNOHANG);
  it.pid = 0;
  if (it.output) drain(it.output.get());
  it.output = Fd{};
  for (const char* which : {"rootfs", "data", "run"})
    (void)::umount2((options_.work_directory + "/" + it.id + "/" + which).c_str(), MNT_DETACH);
}

void Engine::erase(App& it) {
  stop(it);
  if (!it.copy.empty()) remove_tree(copies_.get(), it.copy);
  remove_tree(instances_.get(), it.id);
  if (auto slot = slots_.extract(it.id)) {
    slot.key() = "-" + std::to_string(slot.mapped());
    slots_.insert(std::move(slot));
    replace_file(state_.get(), "uids.json", Json{{"instance", instance_}, {"slots", slots_}}.dump(),
                 0600);
  }
  it.manifest.reset();
  it.trouble.clear();
  it.log.clear();
}

std::string Engine::ended(pid_t pid) {
  for (const auto& [id, it] : known_) {
    if (it->pid != pid) continue;
    stop(*it);
    it->trouble = "the app ended by itself";
    return id;
  }
  return {};
}

void Engine::kill_all() noexcept {
  for (const auto& [id, it] : known_)
    if (it->pid != 0) stop(*it);
  sweep();
}

std::vector<int> Engine::outputs() const {
  std::vector<int> result;
  for (const auto& [id, it] : known_)
    if (it->output) result.push_back(it->output.get());
  return result;
}

void Engine::drain(int output) {
  for (const auto& [id, it] : known_) {
    if (it->output.get() != output) continue;
    char buffer[4096];
    // A flood is read at the pace of the loop and only its end is kept.
    for (int round = 0; round < 16; ++round) {
      const ssize_t count = ::read(output, buffer, sizeof buffer);
      if (count <= 0) {
        if (count == 0) it->output = Fd{};
        return;
      }
      it->log.append(buffer, static_cast<std::size_t>(count));
      if (it->log.size() > 2 * log_bytes) it->log.erase(0, it->log.size() - log_bytes);
    }
    return;
  }
}

}  // namespace hearth::sandbox
