#include <algorithm>

#include <hearth/identify/peer_info.h>
#include <hearth/peer/peer_record.h>

namespace hearth::identify {

Result<Unit, IdentifyError> PeerInfo::apply(const Message& message) {
  if (message.public_key) {
    const auto named = peer::PeerId::from_encoded_key(*message.public_key);
    if (!named) return Failure{IdentifyError::malformed};
    if (*named != peer_) return Failure{IdentifyError::wrong_peer};
  }
  std::optional<peer::PeerRecord> record;
  if (message.signed_peer_record) {
    auto opened = peer::open_peer_record(*message.signed_peer_record);
    if (!opened) return Failure{IdentifyError::bad_record};
    if (opened->peer != peer_) return Failure{IdentifyError::wrong_peer};
    record = std::move(*opened);
  }

  if (record && (!sequence_ || record->sequence >= *sequence_)) {
    sequence_ = record->sequence;
    signed_record_ = *message.signed_peer_record;
    addresses_ = std::move(record->addresses);
  } else if (!sequence_ && !message.listen_addresses.empty()) {
    addresses_ = message.listen_addresses;
  }
  // Peers differ in whether they put /p2p behind an address: here they never do.
  for (codec::Multiaddr& address : addresses_) address = address.without_p2p();
  std::erase_if(addresses_, [](const codec::Multiaddr& address) { return address.empty(); });
  if (!message.protocols.empty()) protocols_ = message.protocols;
  if (message.observed_address) observed_ = message.observed_address->without_p2p();
  if (message.agent_version) agent_version_ = *message.agent_version;
  if (message.protocol_version) protocol_version_ = *message.protocol_version;
  return Unit{};
}

bool PeerInfo::speaks(std::string_view protocol) const {
  return std::ranges::find(protocols_, protocol) != protocols_.end();
}

}  // namespace hearth::identify
