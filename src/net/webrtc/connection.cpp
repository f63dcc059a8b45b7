#include <algorithm>
#include <array>
#include <utility>

#include <hearth/webrtc/connection.h>

namespace hearth::webrtc {
namespace {

constexpr ChannelId handshake_channel{0};

const noise::Credentials* credentials_of(const Mode& mode) {
  if (const auto* server = std::get_if<DirectServer>(&mode)) return &server->credentials;
  if (const auto* client = std::get_if<DirectClient>(&mode)) return &client->credentials;
  return nullptr;
}

PeerConnectionOptions link_options(const Options& options) {
  PeerConnectionOptions link{.ice = options.ice,
                             .transport = {.channels = options.channels,
                                           .sctp = options.sctp,
                                           .handshake_timeout = options.handshake_timeout}};
  if (std::holds_alternative<Signaled>(options.mode)) return link;
  link.known_peer = true;
  link.transport.negotiated = handshake_channel;
  link.transport.role = dtls::Role::server;
  // A lite agent sends no checks, so nothing else proves where the first ones came from.
  link.transport.prove_address = true;
  if (const auto* client = std::get_if<DirectClient>(&options.mode)) {
    link.transport.role = dtls::Role::client;
    link.transport.prove_address = false;
    link.transport.expected_peer = client->certhash;
    link.ice.mode = ice::Mode::full;
    link.ice.role = ice::Role::controlling;
  }
  return link;
}

}  // namespace

ice::Credentials direct_credentials(Entropy& entropy) {
  const ice::Credentials random = ice::Credentials::generate(entropy);
  const std::string text = "libp2p+webrtc+v1/" + random.ufrag + random.password;
  return {text, text};
}

Connection::Connection(const Options& options, Entropy& entropy, Instant now)
    : mode_(options.mode),
      entropy_(entropy),
      own_(options.certificate.fingerprint()),
      handshake_timeout_(options.handshake_timeout),
      link_(options.certificate, link_options(options), entropy, now),
      muxer_(options.muxer),
      now_(now) {
  if (const auto* client = std::get_if<DirectClient>(&mode_)) {
    const sdp::Description ours = link_.local_description();
    link_.set_remote_credentials(now, {ours.ice_ufrag, ours.ice_password});
    (void)link_.add_remote_candidate(
        now, {.foundation = "1", .priority = 1, .endpoint = client->remote});
  }
  drain(now);
}

Result<Unit, DescriptionProblem> Connection::set_remote_description(
    Instant now, const sdp::Description& remote) {
  const auto set = link_.set_remote_description(now, remote);
  drain(now);
  return set;
}

void Connection::add_remote_candidate(Instant now, const sdp::Candidate& candidate) {
  (void)link_.add_remote_candidate(now, candidate);  // what can't be used is passed over
  drain(now);
}

Result<ice::Received, ice::AgentError> Connection::receive(Instant now, const Endpoint& from,
                                                           const Endpoint& local,
                                                           BytesView datagram) {
  const auto received = link_.receive(now, from, local, datagram);
  drain(now);
  return received;
}

void Connection::advance(Instant now) {
  if (closed_) return;
  link_.advance(now);
  if (DataTransport* transport = open_transport()) muxer_.advance(*transport, now);
  if (secure_by_ && now >= *secure_by_) finish(now, CloseReason::timed_out);
  drain(now);
}

std::optional<ice::Transmit> Connection::poll_transmit(MutableBytes out) {
  return link_.poll_transmit(out);
}

std::optional<Event> Connection::poll_event() {
  if (events_.empty()) return std::nullopt;
  std::optional<Event> event{std::move(events_.front())};
  events_.pop_front();
  return event;
}

std::optional<Instant> Connection::deadline() const {
  if (closed_) return std::nullopt;
  std::optional<Instant> first = link_.deadline();
  for (const auto& at : {muxer_.deadline(), secure_by_})
    if (at && (!first || *at < *first)) first = at;
  return first;
}

DataTransport* Connection::open_transport() {
  DataTransport* transport = link_.transport();
  return transport == nullptr || transport->closed() || closed_ ? nullptr : transport;
}

void Connection::drain(Instant now) {
  now_ = now;
  bool more = true;
  while (more) {
    more = false;
    while (auto event = link_.poll_event()) {
      more = true;
      if (const auto* encrypted = std::get_if<Encrypted>(&*event)) {
        remote_ = encrypted->peer;
      } else if (std::holds_alternative<ChannelsReady>(*event)) {
        on_ready(now);
      } else if (const auto* opened = std::get_if<ChannelOpened>(&*event)) {
        muxer_.on_channel_opened(*opened);
      } else if (const auto* closed = std::get_if<ChannelClosed>(&*event)) {
        if (DataTransport* transport = open_transport())
          muxer_.on_channel_closed(*transport, now, closed->id);
      } else if (std::holds_alternative<RoomToSend>(*event)) {
        if (DataTransport* transport = open_transport()) muxer_.on_room_to_send(*transport, now);
      } else if (const auto* end = std::get_if<Closed>(&*event)) {
        finish(now, end->why);
      } else if (auto* candidate = std::get_if<LocalCandidate>(&*event)) {
        events_.emplace_back(std::move(*candidate));
      } else if (std::holds_alternative<LocalCandidatesDone>(*event)) {
        events_.emplace_back(LocalCandidatesDone{});
      } else if (const auto* path = std::get_if<PathChanged>(&*event)) {
        events_.emplace_back(*path);
      }
    }
    DataTransport* transport = open_transport();
    if (transport == nullptr || !muxer_.has_room()) break;
    if (const auto data = link_.poll_message(now)) {
      more = true;
      if (data->id == handshake_channel && noise_)
        on_handshake_data(now, data->payload);
      else if (transport = open_transport(); transport != nullptr)
        muxer_.on_data(*transport, now, *data);
    } else {
      more = link_.has_events();
    }
  }
  // Nobody hears of streams before it is known whose they are.
  if (secured_)
    while (const auto event = muxer_.poll_event())
      std::visit([this](const auto& one) { events_.emplace_back(one); }, *event);
}

void Connection::on_ready(Instant now) {
  if (const auto* signaled = std::get_if<Signaled>(&mode_)) return secure(signaled->peer);
  secure_by_ = now + handshake_timeout_;
  const auto* client = std::get_if<DirectClient>(&mode_);
  const auto client_hash = (client != nullptr ? own_ : *remote_).multihash();
  const auto server_hash = (client != nullptr ? *remote_ : own_).multihash();
  Bytes prologue = to_bytes("libp2p-webrtc-noise:");
  append(prologue, client_hash);
  append(prologue, server_hash);
  noise_.emplace(*credentials_of(mode_),
                 noise::Handshake::Options{
                     .role = client != nullptr ? noise::Role::responder : noise::Role::initiator,
                     .prologue = std::move(prologue),
                     .expected = client != nullptr ? client->expected : std::nullopt},
                 entropy_);
  send_handshake(now);
}

void Connection::on_handshake_data(Instant now, BytesView payload) {
  while (true) {
    const auto frame = noise_frames_.next(payload);
    if (!frame) return finish(now, CloseReason::handshake_failed);
    if (!*frame) return;
    if (noise_->done()) continue;  // FIN and the like of a channel that has done its work
    if (!noise_->receive((*frame)->data)) return finish(now, CloseReason::handshake_failed);
    send_handshake(now);
    if (noise_->done()) {
      secure_by_.reset();
      secure(noise_->take().peer);
    }
  }
}

void Connection::send_handshake(Instant now) {
  std::array<std::byte, 2048> message;
  Bytes frame;
  while (const std::size_t size = noise_->poll_transmit(message)) {
    frame.clear();
    datachannel::append_frame(frame, std::nullopt, BytesView{message}.first(size));
    DataTransport* transport = open_transport();
    if (transport == nullptr || !transport->send(now, handshake_channel, Kind::binary, frame))
      return finish(now, CloseReason::handshake_failed);
  }
}

void Connection::secure(peer::PeerId peer) {
  secured_ = true;
  events_.emplace_back(Secured{std::move(peer)});
}

void Connection::finish(Instant now, CloseReason why) {
  if (closed_) return;
  closed_ = true;
  secure_by_.reset();
  muxer_.on_transport_closed();
  if (secured_)
    while (const auto event = muxer_.poll_event())
      std::visit([this](const auto& one) { events_.emplace_back(one); }, *event);
  link_.close(now);
  while (link_.poll_event()) {
  }
  events_.emplace_back(Closed{why});
}

void Connection::close(Instant now) {
  finish(now, CloseReason::closed_here);
}

Result<StreamId, OpenError> Connection::open_stream(Instant now) {
  DataTransport* transport = open_transport();
  if (!secured_ || transport == nullptr) return Failure{OpenError::closed};
  return muxer_.open(*transport, now);
}

std::size_t Connection::write(StreamId id, BytesView bytes) {
  DataTransport* transport = open_transport();
  return transport == nullptr ? 0 : muxer_.write(*transport, now_, id, bytes);
}

std::size_t Connection::writable(StreamId id) const {
  const DataTransport* transport = link_.transport();
  return transport == nullptr || closed_ ? 0 : muxer_.writable(*transport, id);
}

std::size_t Connection::read(StreamId id, MutableBytes out) {
  const BytesView bytes = muxer_.peek(id);
  const std::size_t count = std::min(bytes.size(), out.size());
  std::copy_n(bytes.begin(), count, out.begin());
  const bool was_full = !muxer_.has_room();
  muxer_.consume(id, count);
  if (was_full && muxer_.has_room()) drain(now_);
  return count;
}

void Connection::close_write(StreamId id) {
  if (DataTransport* transport = open_transport()) muxer_.close_write(*transport, now_, id);
}

void Connection::reset(StreamId id) {
  if (DataTransport* transport = open_transport()) muxer_.reset(*transport, now_, id);
}

void Connection::release(StreamId id) {
  if (DataTransport* transport = open_transport()) muxer_.release(*transport, now_, id);
}

}  // namespace hearth::webrtc
