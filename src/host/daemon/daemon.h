#pragma once
// hearthd, put together: read this and daemon.cpp, and you have read the architecture.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <hearth/base/log.h>
#include <hearth/budget/budget.h>
#include <hearth/daemon/options.h>
#include <hearth/local/site.h>
#include <hearth/loop/byte_stream.h>
#include <hearth/sandbox/spawn.h>

namespace hearth::daemon {

/// What has to be done, or read, before privileges are given up.
struct Provisions {
  std::optional<local::Site> shell;  ///< nothing: serves no pages
  std::optional<local::Site> boot;
  std::vector<sandbox::InstalledApp> apps;
  std::optional<sandbox::Sandboxd> sandboxd;
  std::string why_no_apps;  ///< in words, without sandboxd
  budget::Machine machine;  ///< what there is to spend
};

class Daemon {
 public:
  /// Opens everything and listens. Throws std::exception with a text for the operator.
  Daemon(boost::asio::io_context& io, Options options, Provisions provisions, Log& log);
  ~Daemon();

  /// Joins the flocks; returns when each has answered, or after 5 s.
  loop::Task<void> start();
  /// The line of `--ready-json`.
  [[nodiscard]] nlohmann::json ready() const;
  /// The same for people, with the way to make the owner.
  [[nodiscard]] std::string greeting() const;
  /// Tells peers, stops apps. Takes a second and a half at most.
  loop::Task<void> stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace hearth::daemon
