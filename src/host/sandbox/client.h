#pragma once
// hearthd's side of hearth-sandboxd's control socket.

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <hearth/loop/byte_stream.h>
#include <hearth/sandbox/file.h>
#include <hearth/sandbox/order.h>

namespace hearth::sandbox {

using loop::Task;

/// An app that can't be reached now, and why, in words for a person.
struct AppUnavailable : std::runtime_error {
  explicit AppUnavailable(const std::string& why, int retry_after = 0)
      : std::runtime_error(why), retry_after_seconds(retry_after) {}
  int retry_after_seconds;  ///< 0: no use to say
};

struct StartedApp {
  std::uint32_t first_uid =
      0;  ///< its processes are among these 65,536 host uids, and nobody else is
};

struct AppReport {
  AppState state = AppState::unknown;
  std::string why;  ///< of failed
};

/// What the supervisor needs of a sandbox: the client, or a fake.
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  /// Done when the app's program runs; it may not listen yet. Throws AppUnavailable.
  virtual Task<StartedApp> start(std::string app) = 0;
  /// Done when nothing of it runs any more. Throws AppUnavailable when sandboxd is gone.
  virtual Task<void> stop(std::string app) = 0;
};

/// Orders may overlap; they are carried out one after another. When sandboxd is gone every call
/// throws.
class Client final : public Sandbox {
 public:
  Client(boost::asio::any_io_executor executor, Fd control);
  ~Client() override;

  /// Checks and keeps the app's files; once per start of hearthd and app, before start.
  Task<void> prepare(std::string app, Digest digest);
  Task<StartedApp> start(std::string app) override;
  Task<void> stop(std::string app) override;
  Task<AppReport> state(std::string app);
  Task<std::string> log(std::string app);
  Task<void> erase(std::string app);
  Task<void> kill_all();

  /// Called when an app ended by itself.
  void on_ended(std::function<void(const std::string& app)> observer);
  [[nodiscard]] bool is_open() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::sandbox
