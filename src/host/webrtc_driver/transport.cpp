#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <hearth/webrtc/signaling.h>
#include <hearth/webrtc_driver/port.h>
#include <hearth/webrtc_driver/signaling.h>
#include <hearth/webrtc_driver/transport.h>

namespace hearth::webrtc_driver {

namespace asio = boost::asio;
using boost::system::system_error;
using codec::Multiaddr;
using codec::Protocol;

namespace {

[[noreturn]] void fail_errno(const std::filesystem::path& path) {
  throw system_error{errno, boost::system::system_category(), path.string()};
}

// Whole or not at all: written beside, synced, then renamed.
void write_private_file(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path beside = path.string() + ".new";
  const int file = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail_errno(beside);
  const bool whole = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                     fsync(file) == 0;
  close(file);
  if (!whole || rename(beside.c_str(), path.c_str()) != 0) fail_errno(path);
}

std::optional<peer::PeerId> peer_of(const Multiaddr& address) {
  const auto bytes = address.p2p();
  if (!bytes) return std::nullopt;
  const auto id = peer::PeerId::from_bytes(*bytes);
  if (!id) return std::nullopt;
  return *id;
}

bool is_direct(const Multiaddr& address) {
  return address.has(Protocol::webrtc_direct) && !address.is_relayed() && address.udp();
}

bool is_signaled(const Multiaddr& address) {
  return address.has(Protocol::webrtc) && address.is_relayed();
}

Multiaddr without_webrtc(const Multiaddr& address) {
  Multiaddr carrier;
  for (const codec::Component& part : address.components())
    if (part.protocol != Protocol::webrtc) carrier = carrier.with(part.protocol, part.value);
  return carrier;
}

}  // namespace

dtls::Certificate load_or_create_certificate(const std::filesystem::path& path, Entropy& entropy,
                                             Timestamp now) {
  if (std::ifstream file{path, std::ios::binary}) {
    const std::string pem{std::istreambuf_iterator<char>{file}, {}};
    auto certificate = dtls::Certificate::from_pem(pem);
    if (!certificate)
      throw system_error{make_error_code(boost::system::errc::bad_message), path.string()};
    return std::move(*certificate);
  }
  if (errno != ENOENT) fail_errno(path);
  dtls::Certificate certificate = dtls::Certificate::create(entropy, now);
  write_private_file(path, certificate.to_pem());
  return certificate;
}

class WebRtcTransport::Impl {
 public:
  Impl(libp2p::Host& host, Options options)
      : host_(host), port_(std::make_shared<Port>(host, std::move(options))) {}

  static void start(const std::shared_ptr<Impl>& self) {
    self->port_->start();
    // What the host keeps must not keep the port.
    const std::weak_ptr<Impl> weak = self;
    self->host_.handle(webrtc::signaling_protocol, [weak](libp2p::StreamPtr stream) {
      const auto alive = weak.lock();
      if (!alive) throw system_error{asio::error::operation_aborted};
      return answer_offer(alive->port_, std::move(stream));
    });
    self->host_.add_dialer(is_direct, [weak](Multiaddr address) {
      return dial_direct(weak.lock(), std::move(address));
    });
    self->host_.add_dialer(is_signaled, [weak](Multiaddr address) {
      return dial_signaled(weak.lock(), std::move(address));
    });
    if (self->port_->options().direct)
      for (const Multiaddr& address : self->listen_addresses()) {
        self->announced_.push_back(address);
        self->host_.announce(address);
      }
  }
  void stop() noexcept {
    for (const Multiaddr& address : announced_) host_.stop_announcing(address);
    port_->stop();
  }

  std::vector<Multiaddr> listen_addresses() const {
    std::vector<Multiaddr> all;
    const auto certhash = port_->options().certificate.fingerprint().multihash();
    for (const Endpoint& base : port_->bases())
      all.push_back(Multiaddr::from_udp(base)
                        .with(Protocol::webrtc_direct)
                        .with(Protocol::certhash, certhash));
    return all;
  }

  Port& port() { return *port_; }
  std::shared_ptr<Port> shared_port() { return port_; }

 private:
  static loop::Task<libp2p::ConnectionPtr> dial_direct(std::shared_ptr<Impl> self,
                                                       Multiaddr address) {
    if (!self) throw system_error{asio::error::operation_aborted};
    std::optional<dtls::Fingerprint> certhash;
    for (const Bytes& hash : address.certhashes())
      if (!certhash) certhash = dtls::Fingerprint::from_multihash(hash);
    if (!certhash) throw system_error{asio::error::invalid_argument};
    if (self->port_->reaches(*address.udp())) throw system_error{asio::error::already_connected};
    const auto session = self->port_->begin_direct(*address.udp(), *certhash, peer_of(address));
    if (!session) throw system_error{asio::error::no_buffer_space};
    auto waiting = RtcConnection::wait_secured(session);
    co_return co_await std::move(waiting);
  }
  static loop::Task<libp2p::ConnectionPtr> dial_signaled(std::shared_ptr<Impl> self,
                                                         Multiaddr address) {
    const auto peer = peer_of(address);
    if (!self || !peer) throw system_error{asio::error::invalid_argument};
    std::vector<Multiaddr> carriers;
    carriers.push_back(without_webrtc(address));
    auto dialing = self->host_.dial(*peer, std::move(carriers));
    libp2p::ConnectionPtr carrier = co_await std::move(dialing);
    auto offering = make_offer(self->port_, std::move(carrier));
    co_return co_await std::move(offering);
  }

  libp2p::Host& host_;
  std::shared_ptr<Port> port_;
  std::vector<Multiaddr> announced_;
};

WebRtcTransport::WebRtcTransport(libp2p::Host& host, Options options)
    : impl_(std::make_shared<Impl>(host, std::move(options))) {
  Impl::start(impl_);
}

WebRtcTransport::~WebRtcTransport() {
  impl_->stop();
}

std::vector<Endpoint> WebRtcTransport::bound() const {
  return impl_->port().bound();
}
std::vector<Multiaddr> WebRtcTransport::listen_addresses() const {
  return impl_->listen_addresses();
}
void WebRtcTransport::set_stun_servers(std::vector<Endpoint> servers) {
  impl_->port().options().stun_servers = std::move(servers);
}
Counters WebRtcTransport::counters() const {
  return impl_->port().counters();
}

loop::Task<libp2p::ConnectionPtr> WebRtcTransport::upgrade(libp2p::ConnectionPtr carrier) {
  return make_offer(impl_->shared_port(), std::move(carrier));
}

}  // namespace hearth::webrtc_driver
