#pragma once
// Apps run while somebody uses them: started by the first request, stopped when nobody asked for a
// while.

#include <chrono>
#include <memory>
#include <string>

#include <hearth/base/log.h>
#include <hearth/loop/byte_stream.h>
#include <hearth/sandbox/client.h>

namespace hearth::sandbox {

struct SupervisorOptions {
  std::string data_directory;                       ///< <data>/apps/<app>/run/app.sock
  std::chrono::milliseconds idle{600'000};          ///< without a stream: stopped
  std::chrono::milliseconds patience{20'000};       ///< from the start until the socket answers
  std::chrono::milliseconds steady{60'000};         ///< a run this long wipes out earlier failures
  std::chrono::milliseconds first_back_off{1'000};  ///< after the second failure; doubles
  std::chrono::milliseconds most_back_off{60'000};
};

enum class Phase : std::uint8_t { idle, starting, running, failed };
struct AppStatus {
  Phase phase = Phase::idle;
  std::string why;          ///< of failed
  std::size_t streams = 0;  ///< open to it
};

/// On one executor, which must outlive it. Streams handed out may outlive it: they are reset by
/// shut_down.
class Supervisor {
 public:
  Supervisor(boost::asio::any_io_executor executor, Sandbox& sandbox, SupervisorOptions options,
             Log& log);
  ~Supervisor();

  /// A stream to the app's socket; starts the app when it isn't running (requests at once share one
  /// start) and waits until it answers. Throws AppUnavailable.
  Task<std::unique_ptr<loop::ByteStream>> connect(std::string app);

  [[nodiscard]] AppStatus status(const std::string& app) const;
  /// Called at each change of phase. Must not throw.
  void on_change(std::function<void(const std::string& app)> observer);
  /// sandboxd says that the app ended by itself (Client::on_ended).
  void ended(const std::string& app);
  /// Stops every app; connect throws from now on. Returns when they are gone.
  Task<void> shut_down();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Connects to an app's socket, below its directory and through no link, and checks that a process
/// of the app's own uids listens there: what an app puts into its directory can't make us talk to
/// anybody else. -1 and errno when it doesn't answer.
[[nodiscard]] int connect_app_socket(const std::string& data_directory, const std::string& app,
                                     const StartedApp& started);

}  // namespace hearth::sandbox
