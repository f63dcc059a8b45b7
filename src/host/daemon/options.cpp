#include <filesystem>

#include <hearth/codec/multiaddr.h>
#include <hearth/daemon/options.h>
#include <hearth/identity/name.h>
#include <hearth/logging/json_log.h>
#include <hearth/udp/interfaces.h>

namespace hearth::daemon {

namespace {
std::filesystem::path program_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}
}  // namespace

void Options::declare(config::Settings& settings) {
  settings.add("data-dir", data_dir, "DIR", "Where everything of this appliance is kept");
  settings.add("http", http, "IP:PORT",
               "The loopback address of the shell and the API; port 0 picks one");
  settings.add("p2p-port", p2p_port, 0, 65535, "PORT",
               "The TCP and UDP port for browsers and peers; 0 picks one");
  settings.add("listen-ip", listen_ips, "IP",
               "An address to listen on for browsers and peers; may be repeated; default: all of "
               "IPv4 (0.0.0.0) and IPv6 (::)");
  settings.add("embedded-flock", embedded_flock, -1, 65535, "PORT",
               "Run a flock of one's own on this TCP and UDP port; 0 picks one, -1 runs none");
  settings.add("flock-domain", flock_domain, "HOST[:PORT]",
               "The name that the embedded flock's pages are reached by");
  settings.add("flock", flocks, "MULTIADDR", "A flock to join, with its /p2p/ID; may be repeated");
  settings.add("name", name, "NAME",
               "The name to claim at the flocks: a-z, 0-9 and hyphens, 3 to 32");
  settings.add("user", user, "USER", "Whom to run as when started as root");
  settings.add("shell", shell, "DIR|off", "The shell's files; off serves no pages");
  settings.add("boot", boot, "DIR", "The files of the apps' boot page");
  settings.add(
      "shell-probe", shell_probe, 0, 10'080, "MINUTES",
      "How often, on average, to compare the pages that the flocks serve with one's own; 0: "
      "by `hearth flock probe` alone");
  settings.add("apps", apps, "DIR", "The installed apps");
  settings.add("log-level", log_level, "LEVEL", "debug, info, warning or error");
  settings.add("app-idle", app_idle_s, 1, 86400, "SECONDS",
               "Stop an app that nobody used for so long");
  settings.add("memory", memory, 0, 1 << 20, "MIB",
               "What everybody who connects may make it hold, all together; 0: by the machine");
  settings.add(
      "graph-sync", graph_sync, "always|relaxed",
      "Whether the graph answers a write when it is on the disk, or before: a power cut then "
      "takes up to half a second");
  settings.add("graph-cache", graph_cache, 8, 1 << 20, "MIB",
               "Memory for what was read of the graph");
  settings.add("graph-upkeep-updates", graph_upkeep_updates, 0, 1'000'000'000, "COUNT",
               "Look after a space (a checkpoint; old room taken back) after so many updates; 0: "
               "by `hearth graph upkeep` alone");
  settings.add("graph-upkeep-size", graph_upkeep_size, 1, 1 << 20, "MIB",
               "Or after so much was written");
  settings.add("graph-upkeep-age", graph_upkeep_age, 1, 8760, "HOURS",
               "Or so long after the last time, whatever was written");
  settings.add("gun", gun,
               "Open /gun on the HTTP port to GunDB's clients, whoever they are and whatever page "
               "they run in");
  settings.add("gun-space", gun_space, 0, 1 << 30, "MIB",
               "What /gun may keep on the disk; 0 sets no bound");
  settings.add("ready-json", ready_json, "Print one JSON line on standard output when ready");
}

std::optional<std::string> Options::problem() const {
  const auto endpoint = Endpoint::parse(http);
  if (!endpoint) return "--http " + http + ": an address like 127.0.0.1:8420 is expected.";
  if (!endpoint->address.is_loopback())
    return "--http " + http + ": only a loopback address may serve it; others come by --p2p-port.";
  if (auto wrong = problem_of_listen_ips(listen_ips)) return wrong;
  if (!name.empty() && !identity::is_flock_name(name))
    return "--name " + name + ": 3 to 32 of a-z, 0-9 and hyphens are expected.";
  if (!logging::parse_level(log_level))
    return "--log-level " + log_level + ": debug, info, warning or error is expected.";
  if (graph_sync != "always" && graph_sync != "relaxed")
    return "--graph-sync " + graph_sync + ": always or relaxed is expected.";
  for (const std::string& flock : flocks) {
    const auto address = codec::Multiaddr::parse(flock);
    if (!address || !address->p2p())
      return "--flock " + flock + ": a multiaddr that ends in /p2p/ID is expected.";
  }
  return std::nullopt;
}

std::vector<IpAddress> listen_addresses(const std::vector<std::string>& named) {
  if (named.empty()) return udp::every_address();
  std::vector<IpAddress> all;
  for (const std::string& text : named) all.push_back(*IpAddress::parse(text));
  return all;
}

std::optional<std::string> problem_of_listen_ips(const std::vector<std::string>& named) {
  for (const std::string& text : named)
    if (!IpAddress::parse(text)) return "--listen-ip " + text + ": this is no IP address.";
  return std::nullopt;
}

std::string find_beside_program(const std::string& relative) {
  const std::filesystem::path bin = program_directory();
  for (const auto& base :
       {bin / "../..", bin / "..", bin / "../share/hearth", bin / "../lib/hearth"}) {
    std::error_code ignored;
    const auto path = std::filesystem::weakly_canonical(base / relative, ignored);
    if (std::filesystem::exists(path, ignored)) return path.string();
  }
  return {};
}

std::string sibling_program(const std::string& name) {
  return (program_directory() / name).string();
}

}  // namespace hearth::daemon
