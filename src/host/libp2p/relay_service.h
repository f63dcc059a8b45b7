#pragma once
// Serves circuit relay v2 on a host: grants reservations and splices circuits, as RelayPolicy
// decides.

#include <functional>
#include <memory>

#include <hearth/libp2p/host.h>
#include <hearth/relay/policy.h>

namespace hearth::libp2p {

class RelayService {
 public:
  /// `is_registered` says whose circuits are shaped instead of limited. `host` must outlive this.
  RelayService(Host& host, const relay::PolicyOptions& options,
               relay::RelayPolicy::IsRegistered is_registered);
  /// Refuses new circuits; those that stand go on until their connections end.
  ~RelayService();
  RelayService(const RelayService&) = delete;
  RelayService& operator=(const RelayService&) = delete;

  struct Status {
    std::size_t reservations = 0;
    std::size_t circuits = 0;
    relay::PolicyCounters counters;
  };
  [[nodiscard]] Status status() const;
  [[nodiscard]] bool has_reservation(const PeerId& peer) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::libp2p
