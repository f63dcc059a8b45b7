#pragma once
// The installed apps as the API shows them, and the way to each.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <hearth/identity/id.h>
#include <hearth/loop/byte_stream.h>
#include <hearth/sandbox/client.h>
#include <hearth/sandbox/spawn.h>
#include <hearth/sandbox/supervisor.h>

namespace hearth::daemon {

class Apps {
 public:
  /// `client` may be null: hearthd wasn't started as root, and no app can run; `why` says so.
  Apps(boost::asio::any_io_executor executor, std::vector<sandbox::InstalledApp> installed,
       std::unique_ptr<sandbox::Client> client, std::string why, sandbox::SupervisorOptions options,
       Log& log);

  /// Lets sandboxd check and keep every app's files; those that fail say why in their state.
  loop::Task<void> prepare();
  /// A stream to the app. Throws proxy::AppUnavailable.
  loop::Task<std::unique_ptr<loop::ByteStream>> connect(std::string app);

  /// `{"apps": […]}` of docs/protocol/api.md.
  [[nodiscard]] nlohmann::json list(const identity::RootId& root) const;
  void on_change(std::function<void()> observer);
  loop::Task<void> shut_down();

 private:
  std::vector<sandbox::InstalledApp> installed_;
  std::unique_ptr<sandbox::Client> client_;
  std::string why_;
  std::unique_ptr<sandbox::Supervisor> supervisor_;
  std::map<std::string, std::string> failed_;  // app id to why it wasn't prepared
  Log& log_;
};

}  // namespace hearth::daemon
