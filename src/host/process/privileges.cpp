#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <hearth/process/privileges.h>

namespace hearth::process {

namespace {

constexpr uid_t fallback_id = 64999;

void check(bool ok, const char* what) {
  if (!ok) throw std::system_error{errno, std::generic_category(), what};
}

void drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> none{};
  check(::syscall(SYS_capset, &header, none.data()) == 0, "capset");
}

}  // namespace

bool is_root() {
  return ::geteuid() == 0;
}

Account account_of(const std::string& user) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return {.uid = fallback_id, .gid = fallback_id, .fallback = true};
  return {.uid = found->pw_uid, .gid = found->pw_gid, .fallback = false};
}

void become(const Account& account) {
  // The bounding set first: dropping it needs a capability that the next steps give up.
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    check(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0, "PR_CAPBSET_DROP");
  check(::setgroups(0, nullptr) == 0, "setgroups");
  check(::setresgid(account.gid, account.gid, account.gid) == 0, "setresgid");
  check(::setresuid(account.uid, account.uid, account.uid) == 0, "setresuid");
  drop_capabilities();
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
  // Changing uid forbids core dumps and ptrace by the same uid; it must stay so, for there are keys
  // in here.
  check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "PR_SET_DUMPABLE");
  if (::setuid(0) == 0 || ::geteuid() == 0)
    throw std::system_error{EPERM, std::generic_category(), "privileges came back"};
}

void hand_over(const std::string& directory, const Account& account) {
  std::filesystem::create_directories(directory);
  check(::chmod(directory.c_str(), 0700) == 0, "chmod");
  const auto give = [&account](const std::filesystem::path& path) {
    check(::lchown(path.c_str(), account.uid, account.gid) == 0, "lchown");
  };
  give(directory);
  auto entry = std::filesystem::recursive_directory_iterator{directory};
  for (; entry != std::filesystem::recursive_directory_iterator{}; ++entry) {
    if (entry.depth() == 0 && entry->path().filename() == "sandbox") {
      entry.disable_recursion_pending();  // the sandbox daemon's: it refuses what isn't root's
      continue;
    }
    if (entry.depth() == 0 && entry->path().filename() == "apps")
      entry.disable_recursion_pending();  // ours, but what is in it has the apps' own uids
    give(entry->path());
  }
}

}  // namespace hearth::process
