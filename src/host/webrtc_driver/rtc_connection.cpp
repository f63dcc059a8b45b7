#include <algorithm>
#include <utility>
#include <variant>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/webrtc_driver/rtc_connection.h>

namespace hearth::webrtc_driver {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
using libp2p::Signal;

namespace {

error_code error_of(webrtc::CloseReason why) {
  switch (why) {
    case webrtc::CloseReason::no_path:
      return asio::error::host_unreachable;
    case webrtc::CloseReason::timed_out:
    case webrtc::CloseReason::lost:
      return asio::error::timed_out;
    case webrtc::CloseReason::fingerprint_mismatch:
    case webrtc::CloseReason::wrong_peer:
      return asio::error::access_denied;
    case webrtc::CloseReason::closed_by_peer:
      return asio::error::connection_reset;
    default:
      return asio::error::connection_aborted;
  }
}

}  // namespace

RtcConnection::RtcConnection(std::weak_ptr<SessionOwner> owner, ice::SessionTag tag,
                             webrtc::Options options, libp2p::Host& host,
                             libp2p::Transport transport, libp2p::Direction direction)
    : owner_(std::move(owner)),
      tag_(tag),
      executor_(host.executor()),
      clock_(host.clock()),
      core_(std::move(options), host.entropy(), clock_.now()),
      transport_(transport),
      direction_(direction) {}

RtcConnection::~RtcConnection() = default;

void RtcConnection::touch() {
  if (const auto owner = owner_.lock()) owner->touch(tag_);
}

void RtcConnection::close() noexcept {
  core_.close(clock_.now());
  touch();
}

std::optional<sdp::Candidate> RtcConnection::take_candidate() {
  if (candidates_.empty()) return std::nullopt;
  std::optional<sdp::Candidate> candidate{std::move(candidates_.front())};
  candidates_.pop_front();
  return candidate;
}

void RtcConnection::drain_events() {
  while (const auto event = core_.poll_event()) on_event(*event);
}

void RtcConnection::on_event(const webrtc::Event& event) {
  if (const auto* secured = std::get_if<webrtc::Secured>(&event)) {
    on_secured(secured->peer);
  } else if (const auto* opened = std::get_if<webrtc::StreamOpened>(&event)) {
    const auto owner = owner_.lock();
    if (!owner || !adopted_) return core_.reset(opened->id);
    owner->host().serve_raw(shared_from_this(), make_stream(opened->id));
  } else if (const auto* readable = std::get_if<webrtc::Readable>(&event)) {
    if (State* stream = find(readable->id)) stream->readable.notify();
  } else if (const auto* finished = std::get_if<webrtc::StreamFinished>(&event)) {
    if (State* stream = find(finished->id)) stream->readable.notify();
  } else if (const auto* writable = std::get_if<webrtc::Writable>(&event)) {
    if (State* stream = find(writable->id)) stream->writable.notify();
  } else if (const auto* reset = std::get_if<webrtc::StreamReset>(&event)) {
    if (State* stream = find(reset->id)) stream->lose();
  } else if (const auto* found = std::get_if<webrtc::LocalCandidate>(&event)) {
    candidates_.push_back(found->candidate);
    changed_.notify();
  } else if (const auto* closed = std::get_if<webrtc::Closed>(&event)) {
    on_closed(closed->why);
  }
}

void RtcConnection::on_secured(const peer::PeerId& peer) {
  const auto owner = owner_.lock();
  if (!owner) return core_.close(clock_.now());
  peer_ = peer;
  const Endpoint at = core_.path() ? core_.path()->remote : Endpoint{};
  remote_ = codec::Multiaddr::from_udp(at)
                .with(transport_ == libp2p::Transport::webrtc ? codec::Protocol::webrtc
                                                              : codec::Protocol::webrtc_direct)
                .with_p2p(peer.bytes());
  owner->confirm(tag_);
  try {
    if (peer == owner->host().id()) throw system_error{asio::error::access_denied};
    adopted_ = true;  // adopting may open streams
    owner->host().adopt(shared_from_this());
  } catch (const system_error&) {
    adopted_ = false;
    core_.close(clock_.now());
  }
  changed_.notify();
}

void RtcConnection::on_closed(webrtc::CloseReason why) {
  ended_ = true;
  close_reason_ = why;
  for (const auto& [id, stream] : streams_) stream->lose();
  changed_.notify();
  const auto owner = owner_.lock();
  if (owner && std::exchange(adopted_, false)) owner->host().retire(shared_from_this());
}

RtcConnection::State* RtcConnection::find(webrtc::StreamId id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

std::unique_ptr<loop::ByteStream> RtcConnection::make_stream(webrtc::StreamId id) {
  using Stream = libp2p::MuxedStream<State, loop::ByteStream>;
  return std::make_unique<Stream>(std::make_shared<State>(shared_from_this(), id));
}

loop::Task<libp2p::StreamPtr> RtcConnection::open_stream(std::vector<std::string> protocols) {
  return open_and_agree(shared_from_this(), std::move(protocols));
}

loop::Task<libp2p::StreamPtr> RtcConnection::open_and_agree(std::shared_ptr<RtcConnection> self,
                                                            std::vector<std::string> protocols) {
  const auto owner = self->owner_.lock();
  if (!owner || self->ended_ || !self->adopted_) throw system_error{asio::error::not_connected};
  const auto id = self->core_.open_stream(self->clock_.now());
  if (!id)
    throw system_error{id.error() == webrtc::OpenError::closed
                           ? asio::error::not_connected
                           : error_code{asio::error::no_buffer_space}};
  self->touch();
  auto raw = self->make_stream(*id);
  libp2p::ConnectionPtr connection = self;
  auto agreeing = owner->host().agree(std::move(connection), std::move(raw), std::move(protocols));
  co_return co_await std::move(agreeing);
}

loop::Task<libp2p::ConnectionPtr> RtcConnection::wait_secured(std::shared_ptr<RtcConnection> self) {
  while (!self->secured() && !self->ended_)
    co_await Signal::wait(self, self->changed_, self->executor_);
  if (self->ended_) throw system_error{error_of(self->close_reason_)};
  co_return self;
}

}  // namespace hearth::webrtc_driver
