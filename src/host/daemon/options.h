#pragma once
// hearthd's settings, and where it finds what was built or installed beside it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <hearth/base/endpoint.h>
#include <hearth/config/settings.h>

namespace hearth::daemon {

struct Options {
  std::string data_dir = "/var/lib/hearth";
  std::string http = "127.0.0.1:8420";
  std::int64_t p2p_port = 4420;
  std::vector<std::string> listen_ips;  ///< none: every address of both families
  std::int64_t embedded_flock = -1;     ///< its port; -1: none
  std::string flock_domain;             ///< of the embedded flock; empty: hearth.localhost:PORT
  std::vector<std::string> flocks;
  std::string name;
  std::string user = "hearth";
  std::string shell;  ///< directory, or "off"; empty: beside the program
  std::string boot;
  std::int64_t shell_probe = 60;  ///< minutes between looks at what the flocks serve; 0: none
  std::string apps;
  std::string log_level = "info";
  std::int64_t app_idle_s = 600;
  std::string graph_sync = "always";
  std::int64_t graph_cache = 64;  ///< MiB
  // A checkpoint of a space after so many updates, so many MiB, or of anything at all after so many
  // hours; 0 updates: when it is asked for alone.
  std::int64_t graph_upkeep_updates = 10'000;
  std::int64_t graph_upkeep_size = 16;
  std::int64_t graph_upkeep_age = 24;
  std::int64_t memory = 0;  ///< MiB that all guests together may make it hold; 0: by the machine
  bool gun = false;         ///< GunDB's endpoint on the HTTP port
  std::int64_t gun_space = 10'240;  ///< what it may keep, in MiB; 0: no bound
  bool ready_json = false;

  void declare(config::Settings& settings);
  /// What is wrong with them, in words; nothing when they may be used.
  [[nodiscard]] std::optional<std::string> problem() const;
};

/// What --listen-ip names; every address of both families when it names none.
[[nodiscard]] std::vector<IpAddress> listen_addresses(const std::vector<std::string>& named);
/// What is wrong with them, in words.
[[nodiscard]] std::optional<std::string> problem_of_listen_ips(
    const std::vector<std::string>& named);

/// `relative` beside the running program's build tree or installation: the first of
/// <bin>/../../<relative>, <bin>/../<relative>, <bin>/../share/hearth/<relative>,
/// <bin>/../lib/hearth/<relative> that exists. Else empty.
[[nodiscard]] std::string find_beside_program(const std::string& relative);
/// A program in the same directory as the running one.
[[nodiscard]] std::string sibling_program(const std::string& name);

}  // namespace hearth::daemon
