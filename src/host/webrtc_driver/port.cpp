#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/loop/system.h>
#include <hearth/udp/interfaces.h>
#include <hearth/webrtc_driver/port.h>

namespace hearth::webrtc_driver {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

ice::DemuxOptions demux_options(const Options& options, budget::Budget& budget) {
  ice::DemuxOptions demux = options.demux;
  demux.direct = options.direct;
  demux.stun_server = options.stun_server;
  // Until it is known whose they are, sessions live in half of what is kept for the enrolled.
  const budget::Pool& memory = budget.memory(budget::Layer::webrtc);
  const std::size_t kept = memory.limit() - memory.limit_for(budget::Standing::newcomer);
  demux.max_unconfirmed = std::max<std::size_t>(
      1, std::min(demux.max_unconfirmed, kept / budget::webrtc_session_bytes / 2));
  return demux;
}

}  // namespace

Port::Port(libp2p::Host& host, Options options)
    : host_(host),
      options_(std::move(options)),
      credentials_(host.key(), host.entropy()),
      demux_(demux_options(options_, *host.budget()), host.entropy()),
      timer_(host.executor()) {
  if (options_.stun_server) stun_.emplace(stun::BindingServer::Options{}, host.entropy());
  bind_all();
}

void Port::bind_all() {
  for (const Endpoint& wanted : options_.bind) {
    Endpoint at = wanted;
    if (at.port == 0 && !families_.empty()) at.port = families_.front()->socket->local().port;
    std::unique_ptr<udp::Socket> socket;
    try {
      socket = std::make_unique<udp::Socket>(host_.executor(), udp::Options{.bind = at});
    } catch (const system_error&) {
      if (at.port == wanted.port) throw;
      socket = std::make_unique<udp::Socket>(host_.executor(), udp::Options{.bind = wanted});
    }
    families_.push_back(std::make_unique<Family>(std::move(socket)));
  }
}

void Port::start() {
  for (const auto& family : families_) {
    family->socket->start(
        [weak = weak_from_this()](std::span<const udp::Datagram> datagrams) {
          if (const auto self = weak.lock()) self->receive(datagrams);
        },
        [weak = weak_from_this(), one = family.get()] {
          const auto self = weak.lock();
          if (!self) return;
          // First what waits already: a slot asked for while it's full would drop a datagram.
          one->blocked = !one->batch.flush(*one->socket);
          self->pump();
        });
  }
}

void Port::stop() noexcept {
  if (std::exchange(stopped_, true)) return;
  for (auto& [tag, entry] : sessions_) {
    entry.session->close();
    entry.session->drain_events();
  }
  pump();  // the farewells; what the kernel doesn't take now is lost
  sessions_.clear();
  deadlines_.clear();
  timer_.cancel();
  families_.clear();  // the port is free for whoever comes next
}

Port::Family* Port::family_of(const Endpoint& remote) {
  for (const auto& family : families_)
    if (family->socket->local().address.is_v4() == remote.address.is_v4()) return family.get();
  return nullptr;
}

std::vector<Endpoint> Port::bound() const {
  std::vector<Endpoint> all;
  for (const auto& family : families_) all.push_back(family->socket->local());
  return all;
}

std::vector<Endpoint> Port::bases() const {
  const std::vector<IpAddress> own =
      udp::interface_addresses({.with_loopback = options_.with_loopback});
  std::vector<Endpoint> all;
  for (const auto& family : families_) {
    const Endpoint local = family->socket->local();
    if (!local.address.is_unspecified()) {
      all.push_back(local);
      continue;
    }
    for (const IpAddress& address : own)
      if (address.is_v4() == local.address.is_v4()) all.push_back({address, local.port});
  }
  if (all.size() > ice::Agent::max_bases) all.resize(ice::Agent::max_bases);
  return all;
}

bool Port::reaches(const Endpoint& remote) const {
  return std::ranges::any_of(sessions_, [&](const auto& one) {
    RtcConnection& session = *one.second.session;
    const auto& path = session.core().path();
    return session.is_open() && path && path->remote == remote;
  });
}

Counters Port::counters() const {
  Counters all = counters_;
  all.sessions = sessions_.size();
  return all;
}

void Port::receive(std::span<const udp::Datagram> datagrams) {
  const Instant now = host_.clock().now();
  for (const udp::Datagram& datagram : datagrams) receive_one(now, datagram);
  pump();
}

void Port::receive_one(Instant now, const udp::Datagram& datagram) {
  ++counters_.datagrams_in;
  const ice::Route route = demux_.route(now, datagram.remote, datagram.bytes);
  if (const auto* known = std::get_if<ice::ToSession>(&route)) {
    deliver(now, known->session, datagram);
  } else if (const auto* stranger = std::get_if<ice::Admit>(&route)) {
    admit(now, *stranger, datagram);
  } else if (std::holds_alternative<ice::ToStunServer>(route)) {
    answer_stun(now, datagram);
  } else {
    ++counters_.dropped[static_cast<std::size_t>(std::get<ice::Drop>(route).why)];
  }
}

void Port::deliver(Instant now, ice::SessionTag tag, const udp::Datagram& datagram) {
  const auto found = sessions_.find(tag);
  if (found == sessions_.end()) return;
  webrtc::Connection& core = found->second.session->core();
  const auto received = core.receive(now, datagram.remote, datagram.local, datagram.bytes);
  if (received && *received == ice::Received::check) demux_.bind(tag, datagram.remote);
  // A lite peer sends no checks: its answers prove its address.
  if (received && *received == ice::Received::response && core.path())
    demux_.bind(tag, core.path()->remote);
  touched_.insert(tag);
}

void Port::admit(Instant now, const ice::Admit& admit, const udp::Datagram& datagram) {
  if (admit.evicted) {
    ++counters_.evicted;
    const auto found = sessions_.find(*admit.evicted);
    if (found != sessions_.end()) {
      const auto session = found->second.session;
      session->close();
      session->drain_events();
      end(*admit.evicted);
    }
  }
  const std::string text{admit.ufrag};
  const auto begun =
      insert(admit.session,
             {.certificate = options_.certificate,
              .mode = webrtc::DirectServer{credentials_},
              .ice = {.tag = admit.session, .mode = ice::Mode::lite, .local = {text, text}}},
             libp2p::Transport::webrtc_direct, libp2p::Direction::inbound);
  if (!begun) return;
  ++counters_.admitted;
  deliver(now, admit.session, datagram);
}

void Port::answer_stun(Instant now, const udp::Datagram& datagram) {
  std::array<std::byte, stun::BindingServer::max_answer_size> answer;
  const auto size = stun_->answer(now, datagram.remote, datagram.bytes, answer);
  if (size) put(datagram.remote, datagram.local, BytesView{answer}.first(*size));
}

std::shared_ptr<RtcConnection> Port::insert(ice::SessionTag tag, webrtc::Options options,
                                            libp2p::Transport transport,
                                            libp2p::Direction direction) {
  // Whose it is will be known when it is secured: the host looks again then.
  auto memory = budget::Claim::take(host_.budget()->share(budget::Layer::webrtc),
                                    budget::webrtc_session_bytes, budget::Standing::enrolled);
  if (!memory) {
    demux_.remove(tag);
    return nullptr;
  }
  auto session = std::make_shared<RtcConnection>(weak_from_this(), tag, std::move(options), host_,
                                                 transport, direction);
  Entry& entry = sessions_[tag];
  entry.session = session;
  entry.memory = std::move(*memory);
  touch(tag);
  return session;
}

std::shared_ptr<RtcConnection> Port::begin_direct(const Endpoint& remote,
                                                  const dtls::Fingerprint& certhash,
                                                  std::optional<peer::PeerId> expected) {
  if (stopped_ || family_of(remote) == nullptr) return nullptr;
  const ice::Credentials local = webrtc::direct_credentials(host_.entropy());
  const auto tag = demux_.add(local.ufrag);
  if (!tag) return nullptr;
  const Family* family = family_of(remote);
  std::vector<Endpoint> from;
  for (const Endpoint& base : bases())
    if (base.address.is_v4() == remote.address.is_v4()) from.push_back(base);
  if (from.empty() || remote.address.is_loopback()) {
    const IpAddress loopback = *IpAddress::parse(remote.address.is_v4() ? "127.0.0.1" : "::1");
    from = {{loopback, family->socket->local().port}};
  }
  return insert(*tag,
                {.certificate = options_.certificate,
                 .mode = webrtc::DirectClient{credentials_, remote, certhash, std::move(expected)},
                 .ice = {.tag = *tag, .local = local, .bases = std::move(from)}},
                libp2p::Transport::webrtc_direct, libp2p::Direction::outbound);
}

std::shared_ptr<RtcConnection> Port::begin_signaled(const peer::PeerId& peer, ice::Role role) {
  if (stopped_) return nullptr;
  const ice::Credentials local = ice::Credentials::generate(host_.entropy());
  const auto tag = demux_.add(local.ufrag);
  if (!tag) return nullptr;
  return insert(
      *tag,
      {.certificate = options_.certificate,
       .mode = webrtc::Signaled{peer},
       .ice = {.tag = *tag,
               .role = role,
               .local = local,
               .bases = bases(),
               .stun_servers = options_.stun_servers}},
      libp2p::Transport::webrtc,
      role == ice::Role::controlling ? libp2p::Direction::outbound : libp2p::Direction::inbound);
}

void Port::touch(ice::SessionTag tag) {
  touched_.insert(tag);
  if (std::exchange(pump_posted_, true)) return;
  // Posted, so that what several streams write in this turn goes out together.
  asio::post(host_.executor(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->pump();
  });
}

void Port::confirm(ice::SessionTag tag) {
  ++counters_.secured;
  demux_.confirm(tag);
}

void Port::end(ice::SessionTag tag) {
  const auto found = sessions_.find(tag);
  if (found == sessions_.end()) return;
  set_deadline(tag, found->second, std::nullopt);
  demux_.remove(tag);
  touched_.erase(tag);
  sessions_.erase(found);
}

void Port::pump() {
  pump_posted_ = false;
  // Each is looked at once; what touches a session meanwhile posts another round.
  std::set<ice::SessionTag> round;
  std::swap(round, touched_);
  for (const ice::SessionTag tag : round) {
    const auto found = sessions_.find(tag);
    if (found == sessions_.end()) continue;
    const std::shared_ptr<RtcConnection> session = found->second.session;
    session->drain_events();
    if (!transmit(*session)) touched_.insert(tag);  // on_writable goes on
    session->drain_events();
    const auto still = sessions_.find(tag);
    if (still == sessions_.end()) continue;
    if (session->ended()) {
      end(tag);
    } else {
      set_deadline(tag, still->second, session->core().deadline());
    }
  }
  for (const auto& family : families_)
    if (!family->blocked) family->blocked = !family->batch.flush(*family->socket);
  arm_timer();
}

// False when the kernel's buffer is full.
bool Port::transmit(RtcConnection& session) {
  std::array<std::byte, udp::Batch::slot_size> buffer;
  while (true) {
    for (const auto& family : families_)
      if (family->blocked) return false;
    const auto out = session.core().poll_transmit(buffer);
    if (!out) return true;
    put(out->to, out->local, BytesView{buffer}.first(out->size));
  }
}

bool Port::put(const Endpoint& to, const Endpoint& local, BytesView datagram) {
  Family* family = family_of(to);
  if (family == nullptr || family->blocked) return false;
  std::ranges::copy(datagram, family->batch.slot().begin());
  family->batch.commit(to, local, datagram.size());
  ++counters_.datagrams_out;
  if (family->batch.full()) family->blocked = !family->batch.flush(*family->socket);
  return true;
}

void Port::set_deadline(ice::SessionTag tag, Entry& entry, std::optional<Instant> at) {
  if (entry.deadline == at) return;
  if (entry.deadline) deadlines_.erase({*entry.deadline, tag});
  entry.deadline = at;
  if (at) deadlines_.emplace(*at, tag);
}

void Port::arm_timer() {
  if (deadlines_.empty() || stopped_) return;
  const Instant first = deadlines_.begin()->first;
  // One that fires too early is harmless, and re-arming for each packet isn't free.
  if (armed_for_ && *armed_for_ <= first) return;
  armed_for_ = first;
  timer_.expires_at(loop::to_steady(first));
  timer_.async_wait([weak = weak_from_this()](error_code stopped) {
    const auto self = weak.lock();
    if (!stopped && self) self->on_timer();
  });
}

void Port::on_timer() {
  armed_for_.reset();
  const Instant now = host_.clock().now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const ice::SessionTag tag = deadlines_.begin()->second;
    Entry& entry = sessions_.at(tag);
    set_deadline(tag, entry, std::nullopt);
    entry.session->core().advance(now);
    touched_.insert(tag);
  }
  pump();
}

}  // namespace hearth::webrtc_driver
