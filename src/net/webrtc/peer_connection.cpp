#include <algorithm>
#include <utility>

#include <hearth/webrtc/peer_connection.h>

namespace hearth::webrtc {
namespace {

CloseReason reason_of(TransportClose why) {
  switch (why) {
    case TransportClose::fingerprint_mismatch:
      return CloseReason::fingerprint_mismatch;
    case TransportClose::handshake_failed:
      return CloseReason::handshake_failed;
    case TransportClose::timed_out:
      return CloseReason::timed_out;
    case TransportClose::closed_by_peer:
      return CloseReason::closed_by_peer;
    case TransportClose::lost:
      return CloseReason::lost;
    case TransportClose::protocol_error:
      return CloseReason::protocol_error;
    case TransportClose::closed_here:
      break;
  }
  return CloseReason::closed_here;
}

// RFC 7983 §7.
bool is_dtls(BytesView datagram) {
  return !datagram.empty() && datagram[0] >= std::byte{20} && datagram[0] <= std::byte{63};
}

// RFC 8842 §5.2. We take the passive side wherever we may: a browser's first flight then comes as
// soon as it has a path.
std::optional<sdp::Setup> setup_against(sdp::Setup remote) {
  switch (remote) {
    case sdp::Setup::actpass:
    case sdp::Setup::active:
      return sdp::Setup::passive;
    case sdp::Setup::passive:
      return sdp::Setup::active;
  }
  return std::nullopt;
}

}  // namespace

PeerConnection::PeerConnection(const dtls::Certificate& certificate, PeerConnectionOptions options,
                               Entropy& entropy, Instant now)
    : certificate_(certificate),
      options_(std::move(options)),
      entropy_(&entropy),
      session_id_(entropy.u64() >> 1),
      agent_(options_.ice, entropy, now),
      described_(options_.known_peer) {
  drain(now);
}

sdp::Description PeerConnection::local_description() const {
  sdp::Description description;
  description.session_id = session_id_;
  description.ice_ufrag = options_.ice.local.ufrag;
  description.ice_password = options_.ice.local.password;
  description.ice_lite = options_.ice.mode == ice::Mode::lite;
  description.trickle = true;
  description.fingerprint = certificate_.fingerprint().digest;
  description.setup = our_setup_.value_or(sdp::Setup::actpass);
  description.max_message_size = options_.transport.sctp.max_message;
  return description;
}

Result<Unit, DescriptionProblem> PeerConnection::set_remote_description(
    Instant now, const sdp::Description& remote) {
  if (described_ || closed_) return Failure{DescriptionProblem::already_set};
  const bool is_answer = options_.ice.role == ice::Role::controlling;
  if (is_answer && remote.setup == sdp::Setup::actpass)
    return Failure{DescriptionProblem::bad_setup};
  our_setup_ = setup_against(remote.setup);
  options_.transport.role =
      our_setup_ == sdp::Setup::active ? dtls::Role::client : dtls::Role::server;
  options_.transport.expected_peer = Fingerprint{remote.fingerprint};
  described_ = true;
  agent_.set_remote_credentials(now, {remote.ice_ufrag, remote.ice_password});
  for (const sdp::Candidate& candidate : remote.candidates)
    (void)agent_.add_remote_candidate(now, candidate);  // one we can't use is no reason to stop
  drain(now);
  return Unit{};
}

Result<ice::Received, ice::AgentError> PeerConnection::receive(Instant now, const Endpoint& from,
                                                               const Endpoint& local,
                                                               BytesView datagram) {
  if (closed_) return Failure{ice::AgentError::closed};
  if (!is_dtls(datagram)) {
    const auto received = agent_.receive(now, from, local, datagram);
    drain(now);
    return received;
  }
  // The peer's check may have worked before ours did.
  begin_transport(now);
  if (transport_) transport_->receive(now, datagram);
  drain(now);
  return ice::Received::ignored;
}

void PeerConnection::advance(Instant now) {
  if (closed_) return;
  agent_.advance(now);
  if (transport_) transport_->advance(now);
  drain(now);
}

void PeerConnection::begin_transport(Instant now) {
  if (!transport_ && described_)
    transport_.emplace(certificate_, options_.transport, *entropy_, now);
}

void PeerConnection::drain(Instant now) {
  while (auto event = agent_.poll_event()) {
    if (closed_) continue;
    if (auto* gathered = std::get_if<ice::GatheredCandidate>(&*event)) {
      events_.emplace_back(LocalCandidate{std::move(gathered->candidate)});
    } else if (std::holds_alternative<ice::GatheringDone>(*event)) {
      events_.emplace_back(LocalCandidatesDone{});
    } else if (const auto* pair = std::get_if<ice::SelectedPair>(&*event)) {
      events_.emplace_back(PathChanged{pair->local, pair->remote});
      begin_transport(now);
    } else {
      finish(now, std::holds_alternative<ice::ConsentLost>(*event) ? CloseReason::lost
                                                                   : CloseReason::no_path);
    }
  }
  if (!transport_) return;
  while (auto event = transport_->poll_event()) {
    if (const auto* end = std::get_if<TransportClosed>(&*event)) {
      finish(now, reason_of(end->why));
      continue;
    }
    if (closed_) continue;
    std::visit(
        [this](auto& one) {
          if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(one)>, TransportClosed>)
            events_.emplace_back(std::move(one));
        },
        *event);
  }
}

std::optional<Data> PeerConnection::poll_message(Instant now) {
  if (closed_ || !transport_ || !events_.empty()) return std::nullopt;
  auto message = transport_->poll_message(now);
  drain(now);
  return message;
}

std::optional<ice::Transmit> PeerConnection::poll_transmit(MutableBytes out) {
  if (!closed_)
    if (auto check = agent_.poll_transmit(out)) return check;
  const auto& pair = agent_.selected();
  if (!transport_ || !pair) return std::nullopt;
  const auto size = transport_->poll_transmit(out);
  if (!size) return std::nullopt;
  return ice::Transmit{.to = pair->remote, .local = pair->local, .size = *size};
}

std::optional<PeerConnectionEvent> PeerConnection::poll_event() {
  if (events_.empty()) return std::nullopt;
  std::optional<PeerConnectionEvent> event{std::move(events_.front())};
  events_.pop_front();
  return event;
}

std::optional<Instant> PeerConnection::deadline() const {
  if (closed_) return std::nullopt;
  std::optional<Instant> first = agent_.deadline();
  if (transport_)
    if (const auto at = transport_->deadline(); at && (!first || *at < *first)) first = at;
  return first;
}

void PeerConnection::finish(Instant now, CloseReason why) {
  if (closed_) return;
  closed_ = true;
  if (transport_) transport_->close(now);
  events_.emplace_back(Closed{why});
}

}  // namespace hearth::webrtc
