#pragma once
// Everything a flock process consists of, on one TCP and one UDP port of the same number:
// `hearth-flock` is one, and `hearthd --embedded-flock` holds one.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <hearth/budget/budget.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/flock/server.h>
#include <hearth/flock/stun_service.h>
#include <hearth/libp2p/host.h>
#include <hearth/local/origins.h>
#include <hearth/storage/store.h>

namespace hearth::flock {

struct NodeOptions {
  crypto::Ed25519PrivateKey key;
  std::vector<IpAddress> listen_ips;  ///< at least one; 0.0.0.0 and :: are a family each
  std::uint16_t port = 0;             ///< of all of them; 0 picks one
  /// What its pages are reached by, with a port if need be; empty: "hearth.localhost:PORT".
  std::string domain;
  struct Tls {
    std::string certificate;  ///< PEM file
    std::string key;          ///< PEM file
    std::uint16_t port = 443;
  };
  std::optional<Tls> tls;
  struct Pages {
    local::Site shell;
    local::Site boot;
  };
  std::optional<Pages> pages;  ///< nothing: serves no pages
  bool invite_only = false;
  std::string version;
  budget::BudgetPtr budget;  ///< shared with all else in this process; null: its own
};

class Node {
 public:
  /// Throws system_error when a port is taken or a TLS file is unreadable; the text names it.
  Node(boost::asio::any_io_executor executor, NodeOptions options, storage::Store& store,
       const loop::SystemClock& clock, Entropy& entropy, Log& log);

  [[nodiscard]] const peer::PeerId& id() const { return host_.id(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// TCP, with /p2p: where an appliance joins. The first one is the best.
  [[nodiscard]] std::vector<codec::Multiaddr> addresses() const;
  /// Where a person opens the shell; empty when no pages are served.
  [[nodiscard]] std::string shell_origin() const;
  /// As browsers are told; a flock without a name says its first address.
  [[nodiscard]] const std::string& stun_url() const { return server_->stun_url(); }
  /// Over TCP and WebSocket, as told to browsers.
  [[nodiscard]] std::vector<std::string> browser_addresses() const { return server_->addresses(); }

  /// What `/.well-known/hearth-flock` answers, for pages served elsewhere.
  [[nodiscard]] http::Response well_known() const { return server_->well_known(); }

  loop::Task<void> shut_down() { return host_.shut_down(); }

 private:
  libp2p::Host host_;
  std::uint16_t port_;
  StunService stun_;
  std::optional<local::Origins> origins_;
  std::optional<Server> server_;
};

}  // namespace hearth::flock
