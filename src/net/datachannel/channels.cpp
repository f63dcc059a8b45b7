#include <algorithm>
#include <utility>

#include <hearth/datachannel/channels.h>

namespace hearth::datachannel {
namespace {

constexpr sctp::Ppid text_ppid{51};
constexpr sctp::Ppid binary_ppid{53};
constexpr sctp::Ppid empty_text_ppid{56};
constexpr sctp::Ppid empty_binary_ppid{57};

}  // namespace

sctp::Ppid ppid_of(Kind kind, bool empty) {
  if (kind == Kind::text) return empty ? empty_text_ppid : text_ppid;
  return empty ? empty_binary_ppid : binary_ppid;
}

bool Channels::is_own(ChannelId id) const {
  return (id.value() % 2 == 0) == (own_ == Parity::even);
}

Result<ChannelId, OpenError> Channels::open(Open open) {
  if (streams_ == 0) return Failure{OpenError::not_established};
  if (outbound_ >= limits_.max_outbound) return Failure{OpenError::too_many};
  for (std::uint32_t value = own_ == Parity::even ? 0 : 1; value < streams_; value += 2) {
    const ChannelId id{static_cast<std::uint16_t>(value)};
    if (channels_.contains(id)) continue;
    channels_.emplace(id, Channel{});
    ++outbound_;
    actions_.emplace_back(SendControl{id, encode_dcep(std::move(open))});
    return id;
  }
  return Failure{OpenError::no_free_id};
}

void Channels::open_negotiated(ChannelId id) {
  if (channels_.emplace(id, Channel{}).second) ++outbound_;
}

bool Channels::is_open(ChannelId id) const {
  const auto found = channels_.find(id);
  return found != channels_.end() && found->second.open;
}

void Channels::close(ChannelId id) {
  const auto found = channels_.find(id);
  if (found == channels_.end() || !found->second.open) return;
  begin_reset(id, found->second);
}

void Channels::begin_reset(ChannelId id, Channel& channel) {
  channel.open = false;
  actions_.emplace_back(ResetStream{id});
}

Result<std::optional<Data>, MessageError> Channels::receive(sctp::Message message) {
  const ChannelId id = message.stream;
  if (message.ppid == dcep_ppid) {
    auto control = parse_dcep(message.payload);
    if (!control) return Failure{MessageError::bad_control};
    if (auto* opening = std::get_if<Open>(&*control))
      HEARTH_CHECK(on_open(id, std::move(*opening)));
    return std::nullopt;
  }
  if (!is_open(id)) return Failure{MessageError::no_channel};
  if (message.ppid == text_ppid || message.ppid == binary_ppid) {
    const Kind kind = message.ppid == text_ppid ? Kind::text : Kind::binary;
    return Data{id, kind, std::move(message.payload)};
  }
  if (message.ppid == empty_text_ppid) return Data{id, Kind::text, {}};
  if (message.ppid == empty_binary_ppid) return Data{id, Kind::binary, {}};
  return Failure{MessageError::unknown_ppid};
}

Result<Unit, MessageError> Channels::on_open(ChannelId id, Open open) {
  if (is_own(id) || id.value() >= streams_) return Failure{MessageError::bad_open};
  if (const auto found = channels_.find(id); found != channels_.end()) {
    // Both sides reset it, and the peer uses it again before its answer to our reset came.
    if (found->second.open || !found->second.peer_reset) return Failure{MessageError::bad_open};
    found->second.we_reset = true;
    forget_if_done(id);
  }
  if (open.label.size() > limits_.max_text || open.protocol.size() > limits_.max_text) {
    refuse(id);
    return Failure{MessageError::bad_open};
  }
  if (inbound_ >= limits_.max_inbound) {
    refuse(id);
    return Unit{};
  }
  channels_.emplace(id, Channel{.inbound = true});
  ++inbound_;
  actions_.emplace_back(SendControl{id, encode_dcep(Ack{})});
  events_.emplace_back(Opened{id, std::move(open.label), std::move(open.protocol), open.ordered});
  return Unit{};
}

// It stays in the table until the peer has closed its side as well, so its id can't be taken twice.
void Channels::refuse(ChannelId id) {
  ++inbound_;
  begin_reset(id, channels_.emplace(id, Channel{.inbound = true}).first->second);
}

void Channels::peer_reset(ChannelId id) {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  found->second.peer_reset = true;
  if (found->second.open) {
    events_.emplace_back(Closed{id});
    begin_reset(id, found->second);
  }
  forget_if_done(id);
}

void Channels::reset_done(ChannelId id) {
  const auto found = channels_.find(id);
  if (found == channels_.end() || found->second.open) return;
  found->second.we_reset = true;
  forget_if_done(id);
}

void Channels::forget_if_done(ChannelId id) {
  const auto found = channels_.find(id);
  if (!found->second.we_reset || !found->second.peer_reset) return;
  --(found->second.inbound ? inbound_ : outbound_);
  channels_.erase(found);
}

std::optional<Event> Channels::poll_event() {
  if (events_.empty()) return std::nullopt;
  std::optional<Event> event{std::move(events_.front())};
  events_.pop_front();
  return event;
}

}  // namespace hearth::datachannel
