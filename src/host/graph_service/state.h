#pragma once
// What the service's parts share, on the loop.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <hearth/graph_service/engine.h>
#include <hearth/graph_service/feed.h>
#include <hearth/graph_service/service.h>
#include <hearth/loop/signal.h>

namespace hearth::graph_service {

inline constexpr std::size_t body_limit = std::size_t{2} << 20;  ///< of a JSON body, and a frame

class Socket;

struct Service::State : std::enable_shared_from_this<State> {
  State(boost::asio::any_io_executor to, ServiceOptions given, const loop::SystemClock& time,
        Entropy& entropy, Log& log_to);

  boost::asio::any_io_executor executor;
  ServiceOptions options;
  const loop::SystemClock& clock;
  Log& log;
  Feed feed;
  /// WebSockets, and how each is ended.
  struct OpenSocket {
    std::string device;
    std::function<void()> close;
  };
  std::map<std::uint64_t, OpenSocket> sockets;
  std::uint64_t next_socket = 1;
  /// Of all sockets, or those of a device.
  [[nodiscard]] std::vector<std::function<void()>> closers(
      std::optional<std::string_view> device = {});
  /// Nothing once the service has gone.
  std::unique_ptr<Engine> engine;

  /// What stands in the table of routes, and nothing streamed.
  [[nodiscard]] http::Task<Reply> answer(std::string method, std::string target,
                                         nlohmann::json body, Asker asker);
  /// A queue for what the asker may read there.
  struct Opened {
    std::shared_ptr<Queue> queue;
    Reply refusal;
  };
  [[nodiscard]] http::Task<Opened> subscribe(std::string space, graph_watch::Interest interest,
                                             Asker asker, std::function<void()> wake);

  // streams.cpp
  [[nodiscard]] http::Task<http::Response> changes(std::string space, std::string query,
                                                   Asker asker);
  [[nodiscard]] http::Task<http::Response> export_space(std::string space, Asker asker);
  [[nodiscard]] http::Task<http::Response> import_space(http::Request request, std::string space,
                                                        Asker asker);
  // aside.cpp
  [[nodiscard]] http::Task<Reply> verify(std::string space, Asker asker);
  [[nodiscard]] http::Task<Reply> stats();

  // keeper.cpp
  /// For as long as the service is there.
  static http::Task<void> keep_spaces(std::shared_ptr<State> self);
  /// Because somebody asks for it.
  [[nodiscard]] http::Task<Reply> look_after(std::string space, Asker asker);
  struct Errand;
  /// Nothing: nothing is due.
  [[nodiscard]] http::Task<std::shared_ptr<Errand>> begin_what_is_due();
  [[nodiscard]] http::Task<Reply> run(std::shared_ptr<Errand> begun);
  [[nodiscard]] http::Task<void> wait_for_quiet();
  /// Time to look, time for the next step, or the end.
  loop::Signal upkeep_signal{executor}, step_signal{executor};
  std::string looked_after;  ///< the name of a space; empty: none is
  std::vector<std::weak_ptr<Errand>> errands;
  [[nodiscard]] std::shared_ptr<Errand> new_errand();
  /// Of what was begun nothing is held any more: the store least of all.
  void drop_errands();
  std::size_t backups = 0;  ///< under way

  // socket.cpp
  [[nodiscard]] http::Response open_socket(const http::Request& request, Asker asker);
  [[nodiscard]] static http::Task<void> serve_socket(std::shared_ptr<State> self,
                                                     std::shared_ptr<Socket> socket);
};

/// Copies of the store that were being looked at when hearthd ended.
void clear_asides(const std::filesystem::path& directory);

[[nodiscard]] http::Response response_of(Reply reply);
[[nodiscard]] http::Response response_of(const ApiError& error);

}  // namespace hearth::graph_service
