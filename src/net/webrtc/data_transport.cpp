#include <algorithm>
#include <array>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/webrtc/data_transport.h>

namespace hearth::webrtc {
namespace {

constexpr std::size_t max_record = 2048;

dtls::Options dtls_options(const TransportOptions& options) {
  return {.role = options.role,
          .expected_peer = options.expected_peer,
          .prove_address = options.prove_address,
          .mtu = DataTransport::max_datagram,
          .handshake_timeout = options.handshake_timeout};
}

datachannel::Channels::Parity parity_of(dtls::Role role) {
  return role == dtls::Role::client ? datachannel::Channels::Parity::even
                                    : datachannel::Channels::Parity::odd;
}

TransportClose reason_of(dtls::CloseReason why) {
  switch (why) {
    case dtls::CloseReason::fingerprint_mismatch:
      return TransportClose::fingerprint_mismatch;
    case dtls::CloseReason::handshake_failed:
      return TransportClose::handshake_failed;
    case dtls::CloseReason::handshake_timed_out:
      return TransportClose::timed_out;
    case dtls::CloseReason::closed_by_peer:
    case dtls::CloseReason::alert_from_peer:
      return TransportClose::closed_by_peer;
    case dtls::CloseReason::closed_here:
      break;
  }
  return TransportClose::closed_here;
}

TransportClose reason_of(sctp::CloseReason why) {
  switch (why) {
    case sctp::CloseReason::aborted_by_peer:
    case sctp::CloseReason::shut_down_by_peer:
      return TransportClose::closed_by_peer;
    case sctp::CloseReason::lost:
      return TransportClose::lost;
    case sctp::CloseReason::message_too_long:
      return TransportClose::protocol_error;
    case sctp::CloseReason::closed_here:
      break;
  }
  return TransportClose::closed_here;
}

}  // namespace

DataTransport::DataTransport(const dtls::Certificate& certificate, const TransportOptions& options,
                             Entropy& entropy, Instant now)
    : options_(options),
      entropy_(&entropy),
      dtls_(certificate, dtls_options(options), now),
      channels_(parity_of(options.role), options.channels) {
  HEARTH_ASSERT(options.sctp.mtu + dtls::Connection::overhead <= max_datagram);
  options_.sctp.zero_checksum = true;  // DTLS notices what a checksum would
  if (options.negotiated) channels_.open_negotiated(*options.negotiated);
}

void DataTransport::receive(Instant now, BytesView datagram) {
  if (closed_) return;
  dtls_.receive(now, datagram);
  on_dtls_events(now);
  std::array<std::byte, max_record> record;
  while (const auto size = dtls_.poll_data(record)) {
    if (sctp_) sctp_->receive(now, BytesView{record}.first(*size));
    on_sctp_events(now);
  }
  on_dtls_events(now);
}

void DataTransport::advance(Instant now) {
  if (closed_) return;
  dtls_.advance(now);
  on_dtls_events(now);
  if (sctp_ && !closed_) {
    sctp_->advance(now);
    on_sctp_events(now);
  }
  if (!closed_ && ready_by_ && now >= *ready_by_) finish(now, TransportClose::timed_out);
}

void DataTransport::on_dtls_events(Instant now) {
  while (const auto event = dtls_.poll_event()) {
    if (const auto* connected = std::get_if<dtls::Connected>(&*event)) {
      events_.emplace_back(Encrypted{connected->peer});
      sctp_.emplace(options_.sctp, *entropy_, now);
      ready_by_ = now + options_.handshake_timeout;
    } else {
      finish(now, reason_of(std::get<dtls::Closed>(*event).why));
    }
  }
}

void DataTransport::on_sctp_events(Instant now) {
  if (!sctp_) return;
  while (const auto event = sctp_->poll_event()) {
    if (const auto* up = std::get_if<sctp::Established>(&*event)) {
      ready_by_.reset();
      channels_.established(up->streams);
      events_.emplace_back(ChannelsReady{});
    } else if (const auto* reset = std::get_if<sctp::PeerReset>(&*event)) {
      channels_.peer_reset(reset->stream);
    } else if (const auto* done = std::get_if<sctp::ResetDone>(&*event)) {
      channels_.reset_done(done->stream);
    } else if (std::holds_alternative<sctp::Writable>(*event)) {
      events_.emplace_back(RoomToSend{});
    } else {
      finish(now, reason_of(std::get<sctp::Closed>(*event).why));
    }
  }
  run_actions(now);
}

void DataTransport::run_actions(Instant now) {
  while (const datachannel::Action* action = channels_.peek_action()) {
    if (const auto* control = std::get_if<datachannel::SendControl>(action)) {
      const auto sent = sctp_->send(now, control->id, datachannel::dcep_ppid,
                                    sctp::Ordering::ordered, control->message);
      if (!sent && sent.error() == sctp::SendError::would_block) break;
    } else {
      sctp_->reset_stream(now, std::get<datachannel::ResetStream>(*action).id);
    }
    channels_.pop_action();
  }
  while (const auto event = channels_.poll_event())
    std::visit([this](const auto& one) { events_.emplace_back(one); }, *event);
}

std::optional<Data> DataTransport::poll_message(Instant now) {
  if (closed_ || !sctp_ || !events_.empty()) return std::nullopt;
  if (held_) return std::exchange(held_, std::nullopt);
  while (auto message = sctp_->poll_message()) {
    auto taken = channels_.receive(std::move(*message));
    on_sctp_events(now);
    // What isn't for an open channel, or isn't understood, is dropped: usual while channels close.
    if (taken && *taken) held_ = std::move(**taken);
    if (!events_.empty()) return std::nullopt;
    if (held_) return std::exchange(held_, std::nullopt);
  }
  return std::nullopt;
}

std::optional<std::size_t> DataTransport::poll_transmit(MutableBytes out) {
  HEARTH_ASSERT(out.size() >= max_datagram);
  if (!farewell_.empty()) {
    const Bytes datagram = std::move(farewell_.front());
    farewell_.pop_front();
    std::ranges::copy(datagram, out.begin());
    return datagram.size();
  }
  if (const auto size = dtls_.poll_transmit(out)) return size;
  if (!sctp_ || closed_) return std::nullopt;
  std::array<std::byte, max_datagram> packet;
  const auto size = sctp_->poll_transmit(packet);
  if (!size) return std::nullopt;
  const auto sealed = dtls_.seal(BytesView{packet}.first(*size), out);
  if (!sealed) return std::nullopt;
  return *sealed;
}

std::optional<TransportEvent> DataTransport::poll_event() {
  if (events_.empty()) return std::nullopt;
  std::optional<TransportEvent> event{std::move(events_.front())};
  events_.pop_front();
  return event;
}

std::optional<Instant> DataTransport::deadline() const {
  if (closed_) return std::nullopt;
  std::optional<Instant> first = dtls_.deadline();
  const auto consider = [&first](std::optional<Instant> at) {
    if (at && (!first || *at < *first)) first = at;
  };
  if (sctp_) consider(sctp_->deadline());
  consider(ready_by_);
  return first;
}

Result<ChannelId, datachannel::OpenError> DataTransport::open_channel(Instant now,
                                                                      datachannel::Open open) {
  if (closed_) return Failure{datachannel::OpenError::not_established};
  const auto id = channels_.open(std::move(open));
  if (id) run_actions(now);
  return id;
}

void DataTransport::close_channel(Instant now, ChannelId id) {
  if (closed_) return;
  channels_.close(id);
  if (sctp_) run_actions(now);
}

Result<Unit, sctp::SendError> DataTransport::send(Instant now, ChannelId id, Kind kind,
                                                  BytesView payload) {
  if (closed_ || !sctp_ || !channels_.is_open(id)) return Failure{sctp::SendError::not_established};
  // Behind an OPEN that had no room yet nothing may pass.
  if (channels_.peek_action() != nullptr) run_actions(now);
  if (channels_.peek_action() != nullptr) return Failure{sctp::SendError::would_block};
  constexpr std::array<std::byte, 1> empty{};
  return sctp_->send(now, id, datachannel::ppid_of(kind, payload.empty()), sctp::Ordering::ordered,
                     payload.empty() ? BytesView{empty} : payload);
}

void DataTransport::close(Instant now) {
  finish(now, TransportClose::closed_here);
}

void DataTransport::finish(Instant now, TransportClose why) {
  if (closed_) return;
  if (sctp_) {
    sctp_->close(now);
    std::array<std::byte, max_datagram> packet;
    std::array<std::byte, max_datagram> datagram;
    while (const auto size = sctp_->poll_transmit(packet)) {
      const auto sealed = dtls_.seal(BytesView{packet}.first(*size), datagram);
      if (!sealed) break;
      farewell_.push_back(to_bytes(BytesView{datagram}.first(*sealed)));
    }
  }
  dtls_.close();
  closed_ = true;
  ready_by_.reset();
  events_.emplace_back(TransportClosed{why});
}

}  // namespace hearth::webrtc
