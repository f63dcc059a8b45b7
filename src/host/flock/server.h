#pragma once
// A flock: names, relay, STUN and static files around one libp2p host.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <hearth/flock/names_api.h>
#include <hearth/flock/stun_service.h>
#include <hearth/http/server.h>
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/relay_service.h>
#include <hearth/local/origins.h>
#include <hearth/storage/store.h>

namespace hearth::flock {

struct ServerOptions {
  names::Registry::Options names;
  /// What `/.well-known/hearth-flock` tells browsers to use for STUN: "stun:flock.example:4422".
  std::string stun_url;
  std::string version;
};

class Server {
 public:
  /// Takes the host's `/http/1.1` streams and its listeners' plain HTTP. `origins` may be null: no
  /// static files. All must outlive it.
  Server(libp2p::Host& host, storage::Store& store, const local::Origins* origins,
         ServerOptions options, const loop::SystemClock& clock, Log& log);

  /// Its counters appear in the metrics.
  void add_stun(const StunService& stun) { stun_ = &stun; }
  [[nodiscard]] const std::string& stun_url() const { return options_.stun_url; }
  /// Where it is reached, over TCP and WebSocket, each with its /p2p/ID.
  [[nodiscard]] std::vector<std::string> addresses() const;
  /// `/.well-known/hearth-flock`.
  [[nodiscard]] http::Response well_known() const;

 private:
  loop::Task<http::Response> answer(http::Request request, Asker asker);
  [[nodiscard]] http::Response metrics() const;
  [[nodiscard]] http::ServeOptions serve_options() const;

  libp2p::Host& host_;
  const local::Origins* origins_;
  ServerOptions options_;
  names::Registry registry_;
  NamesApi names_;
  libp2p::RelayService relay_;
  const StunService* stun_ = nullptr;
};

}  // namespace hearth::flock
