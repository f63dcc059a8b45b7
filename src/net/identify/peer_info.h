#pragma once
// What we know about a peer from its own words, as far as they can be believed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/identify/message.h>
#include <hearth/peer/peer_id.h>

namespace hearth::identify {

/// A snapshot, brought up to date by each message.
class PeerInfo {
 public:
  /// `peer` is the one that the connection authenticated.
  explicit PeerInfo(peer::PeerId peer) : peer_(std::move(peer)) {}

  /// The answer to identify, or a push: what a message doesn't say stays as it was. All or
  /// nothing: after an error the snapshot is unchanged.
  ///
  /// Addresses: those of a valid signed record count, once there is one, and no others any more. A
  /// record with a lower sequence than the last is passed over, since it is a replay or came late.
  [[nodiscard]] Result<Unit, IdentifyError> apply(const Message& message);

  [[nodiscard]] const peer::PeerId& peer() const { return peer_; }
  [[nodiscard]] const std::vector<codec::Multiaddr>& addresses() const { return addresses_; }
  /// The addresses are signed by the peer, so they can be passed on.
  [[nodiscard]] bool certified() const { return sequence_.has_value(); }
  /// The envelope they came in; empty when not certified.
  [[nodiscard]] const Bytes& signed_record() const { return signed_record_; }
  [[nodiscard]] const std::vector<std::string>& protocols() const { return protocols_; }
  [[nodiscard]] bool speaks(std::string_view protocol) const;
  /// Our address as the peer sees it, without /p2p.
  [[nodiscard]] const std::optional<codec::Multiaddr>& observed_address() const {
    return observed_;
  }
  [[nodiscard]] const std::string& agent_version() const { return agent_version_; }
  [[nodiscard]] const std::string& protocol_version() const { return protocol_version_; }

 private:
  peer::PeerId peer_;
  std::vector<codec::Multiaddr> addresses_;
  std::optional<std::uint64_t> sequence_;
  Bytes signed_record_;
  std::vector<std::string> protocols_;
  std::optional<codec::Multiaddr> observed_;
  std::string agent_version_;
  std::string protocol_version_;
};

}  // namespace hearth::identify
