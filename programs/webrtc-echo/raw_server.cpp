#include "raw_server.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

namespace hearth::webrtc_echo {

namespace {

constexpr std::size_t max_waiting = 64;

template <class Number>
Number number_in(std::string_view& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty()) text.remove_prefix(1);
  return value;
}

}  // namespace

RawServer::RawServer(boost::asio::any_io_executor executor, const Endpoint& bind,
                     const dtls::Certificate& certificate, const loop::SystemClock& clock,
                     Entropy& entropy)
    : clock_(clock),
      entropy_(entropy),
      certificate_(certificate),
      demux_({.direct = false}, entropy),
      socket_(executor, {.bind = bind}),
      timer_(executor) {
  socket_.start([this](std::span<const udp::Datagram> datagrams) { receive(datagrams); },
                [this] {
                  blocked_ = false;
                  std::vector<ice::SessionTag> tags;
                  for (const auto& [tag, session] : sessions_) tags.push_back(tag);
                  for (const ice::SessionTag tag : tags) pump(tag);
                  transmit();
                });
}

std::optional<std::string> RawServer::answer(const std::string& offer, bool wrong_fingerprint) {
  auto description = sdp::parse_description(offer);
  if (!description) return std::nullopt;
  if (wrong_fingerprint) description->fingerprint[0] ^= std::byte{1};
  const ice::Credentials local = ice::Credentials::generate(entropy_);
  const auto tag = demux_.add(local.ufrag);
  if (!tag) return std::nullopt;
  const Instant now = clock_.now();
  auto session = std::make_unique<Session>(
      certificate_,
      webrtc::PeerConnectionOptions{
          .ice = {.tag = *tag, .local = local, .bases = {socket_.local()}},
          .transport = {.sctp = {.streams = 1024}}},
      entropy_, now);
  if (!session->peer.set_remote_description(now, *description)) return std::nullopt;
  sdp::Description ours = session->peer.local_description();
  while (const auto event = session->peer.poll_event())
    if (const auto* found = std::get_if<webrtc::LocalCandidate>(&*event))
      ours.candidates.push_back(found->candidate);
  sessions_.emplace(*tag, std::move(session));
  pump(*tag);
  transmit();
  return sdp::to_string(ours);
}

void RawServer::receive(std::span<const udp::Datagram> datagrams) {
  const Instant now = clock_.now();
  std::set<ice::SessionTag> changed;
  for (const udp::Datagram& datagram : datagrams) {
    const ice::Route route = demux_.route(now, datagram.remote, datagram.bytes);
    const auto* known = std::get_if<ice::ToSession>(&route);
    if (known == nullptr) continue;
    const auto found = sessions_.find(known->session);
    if (found == sessions_.end()) continue;
    const auto received =
        found->second->peer.receive(now, datagram.remote, datagram.local, datagram.bytes);
    if (received && *received == ice::Received::check) demux_.bind(known->session, datagram.remote);
    changed.insert(known->session);
  }
  for (const ice::SessionTag tag : changed) pump(tag);
  transmit();
}

void RawServer::pump(ice::SessionTag tag) {
  const auto found = sessions_.find(tag);
  if (found == sessions_.end()) return;
  Session& session = *found->second;
  const Instant now = clock_.now();
  const bool open = serve(now, session);
  std::array<std::byte, udp::Batch::slot_size> buffer;
  while (!blocked_) {
    const auto out = session.peer.poll_transmit(buffer);
    if (!out) break;
    std::copy_n(buffer.begin(), out->size, batch_.slot().begin());
    batch_.commit(out->to, out->local, out->size);
    if (batch_.full()) transmit();
  }
  if (!open) {
    demux_.remove(tag);
    sessions_.erase(found);
  }
}

bool RawServer::serve(Instant now, Session& session) {
  while (true) {
    while (auto event = session.peer.poll_event()) {
      if (auto* opened = std::get_if<webrtc::ChannelOpened>(&*event)) {
        Channel channel{.task = opened->label};
        if (opened->label.starts_with("source ")) {
          std::string_view rest = std::string_view{opened->label}.substr(7);
          channel.size = number_in<std::size_t>(rest);
          channel.to_send = number_in<std::uint64_t>(rest);
        }
        session.channels[opened->id] = std::move(channel);
      } else if (const auto* closed = std::get_if<webrtc::ChannelClosed>(&*event)) {
        session.channels.erase(closed->id);
      } else if (const auto* end = std::get_if<webrtc::Closed>(&*event)) {
        last_close_ = end->why;
        return false;
      }
    }
    bool full = false;
    for (auto& [id, channel] : session.channels)
      full = !send_waiting(now, session, id, channel) || full;
    if (full) return true;  // reading on would only fill memory
    auto message = session.peer.poll_message(now);
    if (!message && session.peer.has_events()) continue;
    if (!message) break;
    on_message(now, session, std::move(*message));
  }
  return true;
}

void RawServer::on_message(Instant now, Session& session, webrtc::Data data) {
  const auto found = session.channels.find(data.id);
  if (found == session.channels.end()) return;
  Channel& channel = found->second;
  if (channel.task == "echo") {
    channel.waiting.push_back(std::move(data));
  } else if (channel.task == "close") {
    const webrtc::ChannelId id = found->first;
    session.channels.erase(found);
    session.peer.transport()->close_channel(now, id);
  } else if (data.kind == webrtc::Kind::text) {
    data.payload = to_bytes(std::to_string(channel.counted));
    channel.waiting.push_back(std::move(data));
  } else {
    channel.counted += data.payload.size();
  }
}

bool RawServer::send_waiting(Instant now, Session& session, webrtc::ChannelId id,
                             Channel& channel) {
  webrtc::DataTransport* transport = session.peer.transport();
  while (channel.to_send > 0) {
    const Bytes message(std::min<std::uint64_t>(channel.size, channel.to_send));
    if (!transport->send(now, id, webrtc::Kind::binary, message)) break;
    channel.to_send -= message.size();
  }
  while (!channel.waiting.empty()) {
    const webrtc::Data& data = channel.waiting.front();
    if (!transport->send(now, id, data.kind, data.payload)) break;
    channel.waiting.pop_front();
  }
  return channel.waiting.size() < max_waiting;
}

void RawServer::transmit() {
  blocked_ = !batch_.flush(socket_);
  arm();
}

void RawServer::arm() {
  std::optional<Instant> first;
  for (const auto& [tag, session] : sessions_)
    if (const auto at = session->peer.deadline(); at && (!first || *at < *first)) first = at;
  if (!first || (armed_for_ && *armed_for_ <= *first)) return;
  armed_for_ = first;
  timer_.expires_at(loop::to_steady(*first));
  timer_.async_wait([this](boost::system::error_code stopped) {
    if (stopped) return;
    armed_for_.reset();
    const Instant now = clock_.now();
    std::vector<ice::SessionTag> due;
    for (const auto& [tag, session] : sessions_) {
      const auto at = session->peer.deadline();
      if (at && *at <= now) due.push_back(tag);
    }
    for (const ice::SessionTag tag : due) {
      sessions_.at(tag)->peer.advance(now);
      pump(tag);
    }
    transmit();
  });
}

}  // namespace hearth::webrtc_echo
