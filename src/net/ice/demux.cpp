#include <algorithm>
#include <utility>

#include <hearth/ice/demux.h>
#include <hearth/sdp/candidate.h>

namespace hearth::ice {

std::string_view to_string(DropReason reason) {
  switch (reason) {
    case DropReason::unknown_kind:
      return "unknown_kind";
    case DropReason::malformed:
      return "malformed";
    case DropReason::unknown_endpoint:
      return "unknown_endpoint";
    case DropReason::unknown_session:
      return "unknown_session";
    case DropReason::unauthenticated:
      return "unauthenticated";
    case DropReason::limited:
      return "limited";
    case DropReason::full:
      return "full";
  }
  return "";
}

PacketKind classify(BytesView datagram) {
  if (datagram.empty()) return PacketKind::other;
  const auto first = std::to_integer<int>(datagram[0]);
  if (first <= 3) return PacketKind::stun;
  if (first >= 20 && first <= 63) return PacketKind::dtls;
  return PacketKind::other;
}

std::optional<DirectVersion> direct_version(std::string_view ufrag) {
  // It is the password as well, so the password's least length holds (RFC 8445 §5.3).
  if (ufrag.size() < 22 || ufrag.size() > 256 || !sdp::is_ice_chars(ufrag)) return std::nullopt;
  if (ufrag.starts_with("libp2p+webrtc+v1/")) return DirectVersion::v1;
  if (ufrag.starts_with("libp2p+webrtc+v2/")) return DirectVersion::v2;
  return std::nullopt;
}

Demux::Demux(const DemuxOptions& options, Entropy& entropy)
    : options_(options), entropy_(&entropy), admissions_(options.prefix_table_sets, entropy) {}

Route Demux::route(Instant now, const Endpoint& from, BytesView datagram) {
  switch (classify(datagram)) {
    case PacketKind::stun:
      return route_stun(now, from, datagram);
    case PacketKind::dtls: {
      const auto session = by_endpoint_.find(from);
      if (session == by_endpoint_.end()) return Drop{DropReason::unknown_endpoint};
      return ToSession{session->second, PacketKind::dtls};
    }
    case PacketKind::other:
      break;
  }
  return Drop{DropReason::unknown_kind};
}

Route Demux::route_stun(Instant now, const Endpoint& from, BytesView datagram) {
  const auto message = stun::Message::parse(datagram);
  if (!message) return Drop{DropReason::malformed};
  if (message->message_class() != stun::Class::request) {
    const SessionTag tag = tag_of(message->transaction());
    if (!sessions_.contains(tag)) return Drop{DropReason::unknown_session};
    return ToSession{tag, PacketKind::stun};
  }
  if (!message->username()) {
    if (options_.stun_server) return ToStunServer{};
    return Drop{DropReason::unknown_session};
  }
  const std::string_view username = as_text(*message->username());
  const std::string_view ufrag = username.substr(0, username.find(':'));
  if (const auto known = by_ufrag_.find(ufrag); known != by_ufrag_.end())
    return ToSession{known->second, PacketKind::stun};
  if (const auto version = direct_version(ufrag); options_.direct && version)
    return admit(now, from, *message, *version);
  return Drop{DropReason::unknown_session};
}

Route Demux::admit(Instant now, const Endpoint& from, const stun::Message& check,
                   DirectVersion version) {
  const std::string_view username = as_text(*check.username());
  const std::size_t colon = username.find(':');
  const std::string_view ufrag = username.substr(0, colon);
  const std::string_view remote_ufrag =
      colon == std::string_view::npos ? std::string_view{} : username.substr(colon + 1);
  if (!check.has_fingerprint() || !check.verify_integrity(as_bytes(ufrag)))
    return Drop{DropReason::unauthenticated};
  if (!from.address.is_loopback() || options_.limit_loopback) {
    if (!admissions_.at(now, stun::Prefix::of(from.address))
             .take(now, options_.admissions_per_prefix) ||
        !all_admissions_.take(now, options_.admissions_in_all))
      return Drop{DropReason::limited};
  }
  std::optional<SessionTag> evicted;
  if (sessions_.size() >= options_.max_sessions ||
      unconfirmed_.size() >= options_.max_unconfirmed) {
    if (unconfirmed_.empty()) return Drop{DropReason::full};
    evicted = unconfirmed_.front();
    remove(*evicted);
  }
  return Admit{.session = insert(ufrag, false),
               .version = version,
               .ufrag = ufrag,
               .remote_ufrag = remote_ufrag,
               .evicted = evicted};
}

SessionTag Demux::insert(std::string_view ufrag, bool confirmed) {
  SessionTag tag;
  do {
    tag = SessionTag{static_cast<std::uint32_t>(entropy_->u64() >> 32)};
  } while (sessions_.contains(tag));
  sessions_.emplace(tag, Session{.ufrag = std::string{ufrag}, .confirmed = confirmed});
  by_ufrag_.emplace(ufrag, tag);
  if (!confirmed) unconfirmed_.push_back(tag);
  return tag;
}

std::optional<SessionTag> Demux::add(std::string_view local_ufrag) {
  if (sessions_.size() >= options_.max_sessions || by_ufrag_.contains(local_ufrag))
    return std::nullopt;
  return insert(local_ufrag, true);
}

void Demux::confirm(SessionTag session) {
  const auto entry = sessions_.find(session);
  if (entry == sessions_.end()) return;
  entry->second.confirmed = true;
  std::erase(unconfirmed_, session);
}

bool Demux::bind(SessionTag session, const Endpoint& remote) {
  const auto entry = sessions_.find(session);
  if (entry == sessions_.end()) return false;
  const auto [holder, created] = by_endpoint_.try_emplace(remote, session);
  if (!created) {
    if (holder->second == session) return true;
    Session& other = sessions_.at(holder->second);
    if (other.confirmed && !entry->second.confirmed) return false;
    std::erase(other.endpoints, remote);
    holder->second = session;
  }
  auto& endpoints = entry->second.endpoints;
  if (endpoints.size() == max_endpoints_per_session) {
    by_endpoint_.erase(endpoints.front());
    endpoints.erase(endpoints.begin());
  }
  endpoints.push_back(remote);
  return true;
}

void Demux::remove(SessionTag session) {
  const auto entry = sessions_.find(session);
  if (entry == sessions_.end()) return;
  for (const Endpoint& endpoint : entry->second.endpoints) by_endpoint_.erase(endpoint);
  by_ufrag_.erase(entry->second.ufrag);
  std::erase(unconfirmed_, session);
  sessions_.erase(entry);
}

std::size_t Demux::table_size() const {
  return sessions_.size() + by_ufrag_.size() + by_endpoint_.size() + unconfirmed_.size();
}

}  // namespace hearth::ice
