// hearth-flock: a meeting place. It can refuse service; it can't read, alter or impersonate.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include <hearth/appliance/keys.h>
#include <hearth/config/settings.h>
#include <hearth/daemon/options.h>
#include <hearth/flock/node.h>
#include <hearth/logging/json_log.h>
#include <hearth/loop/system.h>
#include <hearth/process/confine.h>
#include <hearth/process/machine.h>
#include <hearth/process/privileges.h>
#include <hearth/store/rocks_store.h>

namespace {

using namespace hearth;

struct Options {
  std::string data_dir = "/var/lib/hearth-flock";
  std::vector<std::string> listen_ips;
  std::int64_t port = 8421;
  std::string domain;
  std::string tls_certificate;
  std::string tls_key;
  std::int64_t tls_port = 443;
  std::string user = "hearth";
  std::string shell;
  std::string boot;
  std::string log_level = "info";
  std::int64_t memory = 0;
  bool invite_only = false;
  bool ready_json = false;

  void declare(config::Settings& settings) {
    settings.add("data-dir", data_dir, "DIR", "Where its key and the names are kept");
    settings.add("listen-ip", listen_ips, "IP",
                 "An address to listen on; may be repeated; default: all of IPv4 (0.0.0.0) and "
                 "IPv6 (::)");
    settings.add("port", port, 0, 65535, "PORT",
                 "TCP for libp2p, WebSocket and pages, UDP for STUN; 0 picks one");
    settings.add("domain", domain, "HOST[:PORT]", "The name that its pages are reached by");
    settings.add("tls-certificate", tls_certificate, "FILE", "PEM: also serve https and wss");
    settings.add("tls-key", tls_key, "FILE", "PEM: the certificate's key");
    settings.add("tls-port", tls_port, 0, 65535, "PORT", "The port for https and wss; 0 picks one");
    settings.add("user", user, "USER", "Whom to run as when started as root");
    settings.add("shell", shell, "DIR|off", "The shell's files; off serves no pages");
    settings.add("boot", boot, "DIR", "The files of the apps' boot page");
    settings.add("invite-only", invite_only, "Take no new names");
    settings.add("memory", memory, 0, 1 << 20, "MIB",
                 "What all guests together may make it hold; 0: by the machine");
    settings.add("log-level", log_level, "LEVEL", "debug, info, warning or error");
    settings.add("ready-json", ready_json, "Print one JSON line on standard output when ready");
  }

  [[nodiscard]] std::optional<std::string> problem() const {
    if (auto wrong = daemon::problem_of_listen_ips(listen_ips)) return wrong;
    if (!logging::parse_level(log_level))
      return "--log-level " + log_level + ": debug, info, warning or error is expected.";
    if (tls_certificate.empty() != tls_key.empty())
      return "--tls-certificate and --tls-key are given together or not at all.";
    for (const std::string& file : {tls_certificate, tls_key})
      if (!file.empty() && !std::filesystem::exists(file)) return file + ": there is no such file.";
    return std::nullopt;
  }
};

std::optional<flock::NodeOptions::Pages> pages(const Options& options, Log& log) {
  if (options.shell == "off") return std::nullopt;
  const std::string shell =
      options.shell.empty() ? daemon::find_beside_program("web/shell") : options.shell;
  const std::string boot =
      options.boot.empty() ? daemon::find_beside_program("web/boot") : options.boot;
  if (shell.empty() || boot.empty()) {
    log.warning("shell.missing", {{"advice", "build web/, or name its directory with --shell"}});
    return std::nullopt;
  }
  return flock::NodeOptions::Pages{.shell = local::Site::load(shell),
                                   .boot = local::Site::load(boot)};
}

int run(const Options& options) {
  logging::JsonLog log{*logging::parse_level(options.log_level)};
  auto served = pages(options, log);
  if (process::is_root()) {
    const process::Account account = process::account_of(options.user);
    if (account.fallback)
      log.warning("user.missing", {{"user", options.user}, {"uid", account.uid}});
    process::hand_over(options.data_dir, account);
    process::become(account);
  }
  const budget::Machine machine = process::this_machine();
  process::confine();
  const loop::SystemClock clock;
  loop::SystemEntropy entropy;
  const std::filesystem::path directory{options.data_dir};
  std::filesystem::create_directories(directory);
  auto store = store::RocksStore::open(directory / "names");
  if (!store) throw std::runtime_error{"The names can't be opened: " + store.error().message};

  flock::NodeOptions node_options{
      .key = appliance::load_or_make_key(directory / "flock.key", entropy),
      .listen_ips = daemon::listen_addresses(options.listen_ips),
      .port = static_cast<std::uint16_t>(options.port),
      .domain = options.domain,
      .pages = std::move(served),
      .invite_only = options.invite_only,
      .version = HEARTH_VERSION,
      .budget = budget::Budget::create(budget::sizes_for(
          machine, options.memory > 0
                       ? std::optional{static_cast<std::size_t>(options.memory) << 20}
                       : std::nullopt))};
  if (!options.tls_certificate.empty())
    node_options.tls = {.certificate = options.tls_certificate,
                        .key = options.tls_key,
                        .port = static_cast<std::uint16_t>(options.tls_port)};
  boost::asio::io_context io{1};
  flock::Node node{io.get_executor(), std::move(node_options), *store, clock, entropy, log};

  boost::asio::signal_set signals{io, SIGTERM, SIGINT};
  boost::asio::steady_timer patience{io};
  signals.async_wait([&](boost::system::error_code error, int) {
    if (error) return;
    boost::asio::co_spawn(io, node.shut_down(), [&io](const std::exception_ptr&) { io.stop(); });
    patience.expires_after(std::chrono::milliseconds{1500});
    patience.async_wait([&io](boost::system::error_code) { io.stop(); });
  });

  nlohmann::json ready{{"peer_id", node.id().to_string()},
                       {"addrs", node.browser_addresses()},
                       {"http", node.shell_origin()},
                       {"stun", node.stun_url()}};
  if (options.ready_json) {
    std::printf("%s\n", ready.dump().c_str());
  } else {
    std::printf("The flock is ready. Appliances join it with one of:\n");
    for (const auto& address : node.addresses())
      std::printf("  --flock %s\n", address.to_string().c_str());
    if (!node.shell_origin().empty()) std::printf("People open %s\n", node.shell_origin().c_str());
  }
  std::fflush(stdout);
  io.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  loop::tune_allocator(1);

  Options options;
  config::Settings settings{"hearth-flock", "Hearth's meeting place: names, relay and STUN.",
                            "  hearth-flock --data-dir ~/flock --port 8421\n"
                            "  hearth-flock --domain flock.example --tls-certificate fullchain.pem "
                            "--tls-key privkey.pem\n"};
  options.declare(settings);
  return settings.run(argc, argv, [&] { return options.problem(); }, [&] { return run(options); });
}
