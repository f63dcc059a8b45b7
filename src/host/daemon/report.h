#pragma once
// What an appliance says of itself: to its operator, to monitoring, and to whoever asks who it is.

#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <hearth/appliance/api.h>
#include <hearth/appliance/keys.h>
#include <hearth/budget/budget.h>
#include <hearth/daemon/apps.h>
#include <hearth/daemon/network.h>
#include <hearth/gun_service/service.h>
#include <hearth/http/message.h>
#include <hearth/probe/probe.h>

namespace hearth::daemon {

/// What there is to tell of; for one report.
struct Subjects {
  const appliance::Keys& keys;
  const appliance::Api& api;
  const Apps& apps;
  const Network& network;
  const budget::Budget& budget;
  const probe::ShellProbe& shells;
  const gun_service::Service* gun;  ///< nullptr: not open
  std::filesystem::path directory;  ///< of the data
  std::string shell_origin;         ///< on the loopback port; empty until that listens
  std::string flock_shell;          ///< the embedded flock's; empty: it serves none
  std::optional<std::string> setup_url;
};

/// `hearth status`.
[[nodiscard]] nlohmann::json status(const Subjects& of);
/// `hearth doctor`: `{"checks": [{"ok", "what", "advice"}]}`.
[[nodiscard]] nlohmann::json doctor(const Subjects& of);
/// What everybody who is connected holds, and what was refused, in Prometheus' text format.
[[nodiscard]] http::Response metrics(const Subjects& of);
/// `/.well-known/hearth`.
[[nodiscard]] http::Response well_known(const Subjects& of);

[[nodiscard]] nlohmann::json to_json(const probe::Finding& found);

}  // namespace hearth::daemon
