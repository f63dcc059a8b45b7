#include <algorithm>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include <hearth/sandbox/file.h>
#include <hearth/sandbox/inspect.h>

namespace hearth::sandbox {
namespace {

std::vector<std::string> words(std::string_view text, char separator = ' ') {
  std::vector<std::string> result;
  std::string word;
  for (const char c : text) {
    if (c == separator || c == '\n' || (separator == ' ' && c == '\t')) {
      if (!word.empty()) result.push_back(std::move(word));
      word.clear();
    } else {
      word.push_back(c);
    }
  }
  if (!word.empty()) result.push_back(std::move(word));
  return result;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::optional<std::string> value_of(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return std::nullopt;
  return trimmed(read_file(path));
}

bool holds(const std::string& path, pid_t pid) {
  const auto list = value_of(path);
  return list && std::ranges::count(words(*list, '\n'), std::to_string(pid)) == 1;
}

// /proc/PID/cgroup: "4:memory:/hearth/x/files" of v1, "0::/hearth/x/files" of v2.
std::string cgroup_path(const std::string& text, const std::string& controller) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const auto list = words(controllers, ',');
    if (controller.empty() ? controllers.empty() : std::ranges::count(list, controller) == 1)
      return line.substr(second + 1);
  }
  throw Trouble{"the process is in no " + (controller.empty() ? std::string{"v2"} : controller) +
                " cgroup"};
}

struct Mount {
  std::string at, root;
  std::vector<std::string> flags;
};

std::vector<Mount> mounts(const std::string& mountinfo) {
  std::vector<Mount> result;
  std::istringstream lines{mountinfo};
  for (std::string line; std::getline(lines, line);) {
    const auto fields = words(line);
    if (fields.size() < 6) continue;
    result.push_back({fields[4], fields[3], words(fields[5], ',')});
  }
  return result;
}

}  // namespace

std::string status_value(std::string_view status, std::string_view name) {
  std::size_t at = 0;
  while (at < status.size()) {
    const auto end = std::min(status.find('\n', at), status.size());
    const auto line = status.substr(at, end - at);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      auto value = line.substr(name.size() + 1);
      while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
        value.remove_prefix(1);
      return std::string{value};
    }
    at = end + 1;
  }
  return {};
}

std::optional<CgroupVersion> cgroup_version(const std::string& cgroups) {
  if (::access((cgroups + "/memory/cgroup.procs").c_str(), F_OK) == 0) return CgroupVersion::v1;
  const auto controllers = value_of(cgroups + "/cgroup.controllers");
  if (controllers && std::ranges::count(words(*controllers), "memory") == 1)
    return CgroupVersion::v2;
  return std::nullopt;
}

Observed observe(pid_t pid, const std::string& proc, const std::string& cgroups) {
  const auto version = cgroup_version(cgroups);
  if (!version) throw Trouble{"this machine has no memory cgroup"};
  const std::string own = proc + "/" + std::to_string(pid);
  Observed seen;
  seen.cgroup_version = *version;
  seen.uid_map = read_file(own + "/uid_map");
  seen.gid_map = read_file(own + "/gid_map");
  seen.status = read_file(own + "/status");
  seen.mountinfo = read_file(own + "/mountinfo");
  const auto cgroup = read_file(own + "/cgroup");
  if (*version == CgroupVersion::v2) {
    const auto at = cgroups + cgroup_path(cgroup, "");
    seen.memory = value_of(at + "/memory.max");
    seen.swap = value_of(at + "/memory.swap.max");
    seen.pids = value_of(at + "/pids.max");
    if (const auto cpu = value_of(at + "/cpu.max")) {
      const auto parts = words(*cpu);
      if (parts.size() == 2) {
        seen.cpu_quota = parts[0];
        seen.cpu_period = parts[1];
      }
    }
    seen.in_cgroup = holds(at + "/cgroup.procs", pid);
  } else {
    const auto memory = cgroups + "/memory" + cgroup_path(cgroup, "memory");
    const auto pids = cgroups + "/pids" + cgroup_path(cgroup, "pids");
    const auto cpu = cgroups + "/cpu" + cgroup_path(cgroup, "cpu");
    seen.memory = value_of(memory + "/memory.limit_in_bytes");
    seen.swap = value_of(memory + "/memory.memsw.limit_in_bytes");
    seen.pids = value_of(pids + "/pids.max");
    seen.cpu_quota = value_of(cpu + "/cpu.cfs_quota_us");
    seen.cpu_period = value_of(cpu + "/cpu.cfs_period_us");
    seen.in_cgroup = holds(memory + "/cgroup.procs", pid) && holds(pids + "/cgroup.procs", pid) &&
                     holds(cpu + "/cgroup.procs", pid);
  }
  for (const char* kind : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}) {
    struct stat theirs{}, ours{};
    if (::stat((own + "/ns/" + kind).c_str(), &theirs) != 0 ||
        ::stat((proc + "/self/ns/" + kind).c_str(), &ours) != 0)
      throw_errno("can't look at the namespace " + std::string{kind});
    if (theirs.st_ino == ours.st_ino) seen.shared_namespaces.emplace_back(kind);
  }
  return seen;
}

std::vector<std::string> differences(const ContainerSpec& asked, const Observed& seen,
                                     bool running) {
  std::vector<std::string> result;
  const auto expect = [&](const std::string& what, const std::string& is,
                          const std::string& wanted) {
    if (is != wanted) result.push_back(what + " is '" + is + "' instead of '" + wanted + "'");
  };
  const auto limit = [&](const std::string& what, const std::optional<std::string>& is,
                         const std::string& wanted) {
    expect(what, is.value_or("not there"), wanted);
  };
  const auto map = [](const std::string& text) {
    std::string joined;
    for (const auto& word : words(text)) joined += (joined.empty() ? "" : " ") + word;
    return joined;
  };
  const std::string wanted_map =
      "0 " + std::to_string(asked.first_uid) + " " + std::to_string(uids_per_app);
  expect("uid map", map(seen.uid_map), wanted_map);
  expect("gid map", map(seen.gid_map), wanted_map);
  for (const auto& kind : seen.shared_namespaces)
    result.push_back("namespace " + kind + " is the host's");

  const std::string uid = std::to_string(asked.first_uid + app_uid_inside);
  for (const char* id : {"Uid", "Gid"})
    expect(id, map(status_value(seen.status, id)), uid + " " + uid + " " + uid + " " + uid);
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    expect(set, status_value(seen.status, set), "0000000000000000");
  expect("NoNewPrivs", status_value(seen.status, "NoNewPrivs"), "1");
  if (running) expect("Seccomp", status_value(seen.status, "Seccomp"), "2");

  const std::string memory = std::to_string(asked.limits.memory_bytes);
  limit("memory limit", seen.memory, memory);
  // Without swap accounting v1 has no such file; then the memory limit is all there is.
  if (seen.cgroup_version == CgroupVersion::v2)
    limit("swap limit", seen.swap, "0");
  else if (seen.swap)
    limit("memory and swap limit", seen.swap, memory);
  limit("process limit", seen.pids, std::to_string(asked.limits.pids));
  limit("cpu quota", seen.cpu_quota,
        std::to_string(std::uint64_t{asked.limits.cpu_percent} * 1000));
  limit("cpu period", seen.cpu_period, "100000");
  if (!seen.in_cgroup) result.push_back("the process isn't in its cgroup");

  const auto present = mounts(seen.mountinfo);
  const auto expected = expected_mounts();
  for (const auto& want : expected) {
    const auto found = std::ranges::find(present, want.at, &Mount::at);
    if (found == present.end()) {
      result.push_back("nothing is mounted at " + want.at);
      continue;
    }
    if (std::ranges::count(present, want.at, &Mount::at) != 1)
      result.push_back("more than one mount at " + want.at);
    for (const auto& flag : want.flags)
      if (std::ranges::count(found->flags, flag) == 0) result.push_back(want.at + " isn't " + flag);
  }
  for (const auto& mount : present) {
    const bool known = std::ranges::count(expected, mount.at, &ExpectedMount::at) != 0;
    const bool device = mount.at.starts_with("/dev/") &&
                        std::ranges::count(std::vector<std::string>{"null", "zero", "full", "tty",
                                                                    "random", "urandom"},
                                           mount.at.substr(5)) == 1;
    // Masks are mounts too, and only ever take away.
    const bool mask = mount.at.starts_with("/proc/");
    if (!known && !device && !mask) result.push_back("an unexpected mount at " + mount.at);
  }
  return result;
}

}  // namespace hearth::sandbox
