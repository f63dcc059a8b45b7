#pragma once
// The graph's HTTP API (docs/protocol/graph-api.md): what hearthd's router hands over.

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/base/entropy.h>
#include <hearth/base/log.h>
#include <hearth/graph_service/spaces.h>
#include <hearth/graph_service/upkeep_options.h>
#include <hearth/http/message.h>
#include <hearth/loop/system.h>

namespace hearth::graph_service {

inline constexpr std::string_view api_path = "/api/graph/v1";

struct ServiceOptions {
  std::filesystem::path directory;  ///< graph_directory() of the data directory
  std::size_t cache_bytes = std::size_t{64} << 20;
  bool relaxed = false;  ///< answers don't wait for the disk
  UpkeepOptions upkeep;
};

class Service {
 public:
  /// Opens the store. Where that fails the log says why, and requests are refused until it works.
  Service(boost::asio::any_io_executor executor, ServiceOptions options,
          const loop::SystemClock& clock, Entropy& entropy, Log& log);
  /// Ends what is subscribed; what was asked is written and synced.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Any request whose path begins with api_path, of a sender who is known. Never throws for what
  /// it holds.
  [[nodiscard]] http::Task<http::Response> handle(http::Request request, Asker asker);

  /// The personas of the appliance, at the start and whenever they change: the members of `home`.
  /// Now and then, too: it may fail while the disk is full.
  void set_people(std::vector<Person> people);
  /// That device was revoked: what it listens to ends.
  void cut(std::string_view device);

  /// A copy of the store and of the home key in a new directory, of which the parent exists.
  [[nodiscard]] http::Task<http::Response> back_up(std::filesystem::path directory);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

/// A browser can't send `Authorization` with a WebSocket: its token comes as a subprotocol.
void accept_socket_token(http::Request& request);

}  // namespace hearth::graph_service
