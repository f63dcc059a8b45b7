#pragma once
// The other side of circuit relay v2: keeps reservations, so that others reach us through relays,
// and dials addresses with /p2p-circuit.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <hearth/base/time.h>
#include <hearth/libp2p/host.h>

namespace hearth::libp2p {

/// One relay that we keep a reservation at, as it stands now.
struct RelayState {
  enum class Phase : std::uint8_t { connecting, reserved, waiting };

  Multiaddr address;  // ends in /p2p/RELAY
  Phase phase = Phase::connecting;
  std::optional<Timestamp> expires;    // of the reservation
  bool limited = false;                // the relay cuts our circuits at a limit
  std::optional<Duration> round_trip;  // of the latest keep-alive
  std::string last_error;              // why it isn't reserved; "" when it is
  std::vector<Multiaddr> announced;    // where others reach us
  /// Where the relay says it is, too (over the other family, say): tried when `address` isn't
  /// answered. On its port, and no address of somebody's own network unless `address` is one.
  std::vector<Multiaddr> others;
};
[[nodiscard]] std::string_view to_string(RelayState::Phase phase);

struct RelayClientOptions {
  Duration keep_alive = std::chrono::seconds{30};
  Duration first_retry = std::chrono::seconds{1};  // doubles each time
  Duration last_retry = std::chrono::seconds{30};
  /// A relay may name any expiry; it is renewed at half of it, within these.
  Duration soonest_renewal = std::chrono::seconds{30};
  Duration latest_renewal = std::chrono::minutes{30};
};

class RelayClient {
 public:
  /// Registers /stop and a dialer for circuits at `host`, which must outlive this.
  explicit RelayClient(Host& host, RelayClientOptions options = {});
  ~RelayClient();
  RelayClient(const RelayClient&) = delete;
  RelayClient& operator=(const RelayClient&) = delete;

  /// Keeps a reservation at the relay until drop(). `relay` is one of its addresses and ends in
  /// /p2p/ID. False when it doesn't. `others` are what it has told of itself before.
  bool keep(const Multiaddr& relay, std::vector<Multiaddr> others = {});
  /// Ends the reservation by ending our connections to the relay.
  void drop(const Multiaddr& relay);

  [[nodiscard]] std::vector<RelayState> states() const;
  /// Called whenever a state changed.
  void on_change(std::function<void()> observer);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::libp2p
