#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/sandbox/file.h>
#include <hearth/sandbox/runtime.h>

namespace hearth::sandbox {
namespace {

constexpr int patience_ms = 20'000;

// runc's log is JSON lines; the last error says why.
std::string last_error(const std::string& log) {
  std::string message;
  std::size_t at = 0;
  while (at < log.size()) {
    const auto end = std::min(log.find('\n', at), log.size());
    const auto line = nlohmann::json::parse(log.substr(at, end - at), nullptr, false);
    if (line.is_object() && line.value("level", "") == "error") message = line.value("msg", "");
    at = end + 1;
  }
  return message.empty() ? "it didn't say why" : message;
}

int wait_for(pid_t child) {
  const Fd handle{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  pollfd waiting{.fd = handle.get(), .events = POLLIN, .revents = 0};
  while (handle && ::poll(&waiting, 1, patience_ms) < 0 && errno == EINTR) {
  }
  if (handle && (waiting.revents & POLLIN) == 0) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

}  // namespace

std::string Runc::why_not() const {
  if (::access(program_.c_str(), X_OK) != 0)
    return "the program that runs apps in their sandbox isn't installed (" + program_ + ")";
  return {};
}

void Runc::run(const std::vector<std::string>& arguments, int output) const {
  const std::string log = state_ + "/runc.log";
  ::unlink(log.c_str());
  std::vector<std::string> all{program_,       "--root", state_ + "/runc", "--log", log,
                               "--log-format", "json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path.data(), nullptr};

  const Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!null) throw_errno("can't open /dev/null");
  const int to = output >= 0 ? output : null.get();
  const pid_t child = ::fork();
  if (child < 0) throw_errno("can't start " + program_);
  if (child == 0) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::dup2(null.get(), 0) < 0 || ::dup2(to, 1) < 0 || ::dup2(to, 2) < 0) ::_exit(126);
    ::close_range(3, ~0U, 0);
    ::execve(argv[0], argv.data(), environment);
    ::_exit(127);
  }
  const int status = wait_for(child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::string why = "it didn't say why";
  if (::access(log.c_str(), R_OK) == 0) why = last_error(read_file(log));
  throw Trouble{"runc " + arguments.front() + " failed: " + why};
}

pid_t Runc::create(const std::string& name, const std::string& bundle, int output) {
  const std::string pid_file = state_ + "/pid";
  ::unlink(pid_file.c_str());
  run({"create", "--bundle", bundle, "--pid-file", pid_file, name}, output);
  const std::string text = read_file(pid_file);
  pid_t pid = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), pid).ec != std::errc{} || pid <= 1)
    throw Trouble{"runc gave no process id"};
  return pid;
}

void Runc::start(const std::string& name) {
  run({"start", name}, -1);
}

void Runc::remove(const std::string& name) {
  if (::access((state_ + "/runc/" + name).c_str(), F_OK) == 0) run({"delete", "--force", name}, -1);
}

}  // namespace hearth::sandbox
