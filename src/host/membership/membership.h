#pragma once
// The flocks an appliance belongs to, and its name at each.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <hearth/base/time.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/identity/statement.h>
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/relay_client.h>
#include <hearth/storage/store.h>

namespace hearth::membership {

/// What a record about this appliance is made of.
struct Standing {
  identity::HostCertificate host;
  Bytes host_certificate;  ///< `host`, as signed by the root
};

enum class FlockState : std::uint8_t {
  connecting,   ///< on the way
  joined,       ///< reachable there, and known by the name, if one is wanted
  refused,      ///< the flock takes us, but not the name; `error` says why
  unreachable,  ///< tried again by itself; `error` says why
};
[[nodiscard]] std::string_view to_string(FlockState state);

struct FlockStatus {
  codec::Multiaddr address;  ///< ends in /p2p/ID
  FlockState state = FlockState::connecting;
  std::string name;  ///< wanted there; may be empty
  Timestamp since;   ///< of the state
  std::string error;
  /// Where the flock says that it is, too: without /p2p.
  std::vector<codec::Multiaddr> others;
};

enum class JoinError : std::uint8_t { bad_address, bad_name, too_many, store };

class Membership {
 public:
  static constexpr std::size_t max_flocks = 16;

  /// Joins again what was joined before. All must outlive it.
  Membership(libp2p::Host& host, libp2p::RelayClient& relays, storage::Store& store,
             Standing standing, const loop::SystemClock& clock, Log& log);
  ~Membership();

  /// Joins, or changes the name wanted there. `address` ends in /p2p/ID.
  Result<Unit, JoinError> join(const codec::Multiaddr& address, std::string name);
  /// False when we weren't there. The name stays ours at that flock, and lapses nowhere.
  Result<bool, JoinError> leave(const peer::PeerId& flock);
  [[nodiscard]] std::vector<FlockStatus> list() const;
  /// Called at every change. Must not throw.
  void on_change(std::function<void()> observer);
  /// Whether every flock is joined or refused: nothing is under way.
  [[nodiscard]] bool settled() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::membership
