#pragma once
// What the handlers share: the API's state between requests. All of it bounded.

#include <map>
#include <optional>
#include <string>

#include "error.h"
#include <hearth/access/directory.h>
#include <hearth/access/guess_limiter.h>
#include <hearth/access/pairings.h>
#include <hearth/access/pending.h>
#include <hearth/access/sessions.h>
#include <hearth/access/setup_gate.h>
#include <hearth/appliance/api.h>
#include <hearth/opaque/server.h>

namespace hearth::appliance {

using identity::DeviceId;
using identity::PersonaId;

/// A password's record made, its owner not enrolled yet: after `start`, until `finish`.
struct Registration {
  PersonaId persona;
};

/// After KE2, until KE3.
struct LoginStart {
  opaque::ServerLogin opaque;
  PersonaId persona;  ///< or the stable fake id of a name that nobody has
  /// The record it was started with: a password changed meanwhile ends it. Nothing: nobody's.
  std::optional<Bytes> record;
};

/// A change of password: after KE2, until KE3; then until the new record.
struct PasswordChange {
  std::optional<opaque::ServerLogin> opaque;  ///< gone once the present password was shown
};

struct State {
  State(ApiOptions given_options, ApiEvents given_events);

  ApiOptions options;
  ApiEvents events;
  std::string name;
  access::Directory directory;
  access::GuessLimiter guesses;
  access::SetupGate gate;
  access::Pairings pairings;
  access::Sessions sessions;
  access::Pending<Unit> nonces{
      {.lifetime = std::chrono::seconds{60}, .per_owner = 16, .in_all = 1024}};
  access::Pending<Registration> registrations{
      {.lifetime = std::chrono::minutes{5}, .per_owner = 8, .in_all = 64}};
  access::Pending<LoginStart> logins{
      {.lifetime = std::chrono::seconds{60}, .per_owner = 8, .in_all = 256}};
  /// Owned by the device that asks, or the console.
  access::Pending<PasswordChange> changes{
      {.lifetime = std::chrono::minutes{5}, .per_owner = 1, .in_all = 256}};
  /// Guesses at the present password when changing it, by who asks: at most as many as devices.
  std::map<std::string, access::BackOff> change_guesses;
  /// Key of the fake ids.
  crypto::Secret<32> fake_key;

  [[nodiscard]] Instant now() const { return options.now(); }
  [[nodiscard]] Timestamp wall() const { return options.wall(); }
  [[nodiscard]] std::uint64_t seconds() const;
  [[nodiscard]] Entropy& entropy() const { return options.entropy; }
  [[nodiscard]] Keys& keys() const { return options.keys; }
  [[nodiscard]] const identity::RootId& root() const { return options.keys.root(); }
  [[nodiscard]] Addresses addresses() const {
    return options.addresses ? options.addresses() : Addresses{};
  }

  void changed(std::string_view topic) const {
    if (events.on_changed) events.on_changed(topic);
  }
  /// The device's key opens nothing any more; it is out of the directory already.
  void revoke(const DeviceId& device);
};

/// One request, once it is known who asks.
struct Call {
  const Caller& caller;
  const std::optional<Who>& who;
  const nlohmann::json& body;
  std::string_view argument;  ///< what stands for {…} in the path
  std::string_view host;      ///< the Host header

  /// For a route that takes devices only.
  [[nodiscard]] const Who& asker() const { return *who; }
  /// To whom something that waits for a second message belongs.
  [[nodiscard]] Bytes owner() const;
};

}  // namespace hearth::appliance
