#pragma once
// The appliance's API (docs/protocol/api.md), but for flocks, apps and events.

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/access/records.h>
#include <hearth/appliance/caller.h>
#include <hearth/appliance/keys.h>
#include <hearth/base/entropy.h>
#include <hearth/base/log.h>
#include <hearth/base/time.h>
#include <hearth/http/message.h>
#include <hearth/identity/setup_code.h>
#include <hearth/storage/store.h>

namespace hearth::appliance {

/// Who asks, once known: a device and its persona. On the console neither.
struct Who {
  std::optional<access::Device> device;
  std::optional<access::Persona> persona;
  [[nodiscard]] bool is_owner() const { return !persona || persona->role == access::Role::owner; }
};

struct Addresses {
  /// The flock that links name: a multiaddr with /p2p.
  std::optional<std::string> flock;
  /// All flocks that this appliance is a member of, as multiaddrs.
  std::vector<std::string> flocks;
  /// For links, as multiaddrs: its own, and further ones of the flock, which have no /p2p.
  std::vector<std::string> own;
  /// The origin that a link should open, where one is known that others can reach: the flock's
  /// shell.
  std::optional<std::string> shell;
};

/// What the API needs of the program around it. References live as long as the Api.
struct ApiOptions {
  storage::Store& store;
  Keys& keys;
  Entropy& entropy;
  Log& log;
  std::function<Instant()> now;
  std::function<Timestamp()> wall;
  /// As of now; unset: none.
  std::function<Addresses()> addresses;
  /// Until somebody gives the box another.
  std::string default_name = "hearth";
  std::string version;
};

/// Called from within a request, before it is answered. All may be unset.
struct ApiEvents {
  /// Cut its connections and streams within two seconds: its key opens nothing any more.
  std::function<void(const identity::DeviceId&)> on_device_revoked;
  /// "devices" or "personas": something there changed.
  std::function<void(std::string_view topic)> on_changed;
  /// Show this code on the console: the one before is worth nothing.
  std::function<void(const identity::SetupCode&)> on_setup_code;
  /// The keys hold another host key: once this request is answered, end what goes on under the old.
  std::function<void()> on_host_key_rotated;
};

struct StateFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One thread.
class Api {
 public:
  /// Reads personas and devices. Throws StateFailed when they can't be read.
  explicit Api(ApiOptions options, ApiEvents events = {});
  ~Api();

  /// Answers any request whose path begins with /api/v1/. Never throws for what the request holds.
  [[nodiscard]] http::Task<http::Response> handle(http::Request request, Caller caller);

  /// Who that is: the connection's device, or the one of the `Authorization: Hearth` token. Nothing
  /// for strangers and for devices that were revoked.
  [[nodiscard]] std::optional<Who> who(const http::Request& request, const Caller& caller) const;
  /// Whether this peer is an enrolled device, and so beyond the limits made for strangers.
  [[nodiscard]] bool is_enrolled(const peer::PeerId& peer) const;

  /// What to show on the console; nothing once there is an owner.
  [[nodiscard]] std::optional<identity::SetupCode> setup_code() const;
  [[nodiscard]] bool claimed() const;
  /// By when they were made.
  [[nodiscard]] std::vector<access::Persona> personas() const;
  /// What people call the box.
  [[nodiscard]] std::string name() const;

  /// A libp2p connection begins and ends: for last_seen, and for devices that aren't remembered.
  void peer_connected(const peer::PeerId& peer);
  void peer_disconnected(const peer::PeerId& peer);

  /// Forgets what is due; call it at deadline(), or now and then.
  void advance();
  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// `{"error": {…}}` of docs/protocol/api.md.
[[nodiscard]] http::Response error_response(int status, std::string_view code,
                                            std::string_view message,
                                            std::optional<Duration> retry_after = {});

}  // namespace hearth::appliance
