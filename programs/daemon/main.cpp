// hearthd: the appliance. Started as root it starts the sandbox daemon, then becomes an ordinary
// user for good.

#include <cstdio>
#include <exception>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/daemon/daemon.h>
#include <hearth/daemon/options.h>
#include <hearth/logging/json_log.h>
#include <hearth/loop/system.h>
#include <hearth/process/confine.h>
#include <hearth/process/machine.h>
#include <hearth/process/privileges.h>

namespace {

using namespace hearth;

/// Everything that needs root, or files that only root may read; afterwards nothing does.
daemon::Provisions provide(daemon::Options& options, Log& log) {
  daemon::Provisions provisions;
  const auto site = [](const std::string& given, const char* beside) -> std::optional<local::Site> {
    if (given == "off") return std::nullopt;
    const std::string directory = given.empty() ? daemon::find_beside_program(beside) : given;
    if (directory.empty()) return std::nullopt;
    return local::Site::load(directory);
  };
  provisions.shell = site(options.shell, "web/shell");
  if (provisions.shell) provisions.boot = site(options.boot, "web/boot");
  if (!provisions.shell && options.shell != "off")
    log.warning("shell.missing", {{"advice", "build web/, or name its directory with --shell"}});
  if (options.apps.empty()) options.apps = daemon::find_beside_program("lib/apps");
  if (!options.apps.empty()) provisions.apps = sandbox::installed_apps(options.apps);

  if (!process::is_root()) {
    provisions.why_no_apps =
        "Apps run only when hearthd is started as root, so that it can make their sandboxes.";
    return provisions;
  }
  const process::Account account = process::account_of(options.user);
  if (account.fallback) log.warning("user.missing", {{"user", options.user}, {"uid", account.uid}});
  process::hand_over(options.data_dir, account);
  if (provisions.apps.empty()) {
    provisions.why_no_apps = "No apps are installed.";
  } else {
    try {
      provisions.sandboxd =
          sandbox::spawn_sandboxd({.program = daemon::sibling_program("hearth-sandboxd"),
                                   .apps_directory = options.apps,
                                   .data_directory = options.data_dir,
                                   .daemon = {.uid = account.uid, .gid = account.gid}});
    } catch (const std::exception& error) {
      provisions.why_no_apps = error.what();
      log.error("sandboxd.missing", {{"why", error.what()}});
    }
  }
  process::become(account);
  if (::access(options.data_dir.c_str(), R_OK | W_OK | X_OK) != 0)
    throw std::runtime_error{
        options.data_dir + " can't be entered by uid " + std::to_string(account.uid) +
        ": a directory above it is closed to others. Choose another --data-dir."};
  return provisions;
}

int run(daemon::Options options) {
  logging::JsonLog log{*logging::parse_level(options.log_level)};
  daemon::Provisions provisions = provide(options, log);
  provisions.machine = process::this_machine();
  process::confine();
  const pid_t sandboxd = provisions.sandboxd ? provisions.sandboxd->pid : 0;
  int status = 0;
  {
    boost::asio::io_context io{1};
    daemon::Daemon daemon{io, options, std::move(provisions), log};
    boost::asio::signal_set signals{io, SIGTERM, SIGINT};
    boost::asio::steady_timer patience{io};
    signals.async_wait([&](boost::system::error_code error, int) {
      if (error) return;
      log.info("stopping");
      boost::asio::co_spawn(io, daemon.stop(), [&io](const std::exception_ptr&) { io.stop(); });
      patience.expires_after(std::chrono::milliseconds{1500});
      patience.async_wait([&io](boost::system::error_code) { io.stop(); });
    });
    boost::asio::co_spawn(io, daemon.start(), [&](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
      const std::string text =
          options.ready_json ? daemon.ready().dump() + "\n" : daemon.greeting();
      std::fputs(text.c_str(), stdout);
      std::fflush(stdout);
    });
    io.run();
  }
  if (sandboxd > 0) ::waitpid(sandboxd, nullptr, 0);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  loop::tune_allocator(2);

  daemon::Options options;
  config::Settings settings{
      "hearthd", "Hearth's appliance: your own server, reached from any browser you allow.",
      "  hearthd --data-dir ~/hearth --embedded-flock 8421 --name casa\n"
      "  hearthd --flock /dns4/flock.example/tcp/443/tls/ws/p2p/12D3KooW… --name casa\n"};
  options.declare(settings);
  return settings.run(
      argc, argv, [&] { return options.problem(); }, [&] { return run(std::move(options)); });
}
