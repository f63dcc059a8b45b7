#include <algorithm>
#include <array>
#include <cstring>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <hearth/base/assert.h>
#include <hearth/libp2p/host_impl.h>

namespace hearth::libp2p {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using boost::system::system_error;

namespace {

/// After accept() failed, most likely for want of file descriptors.
constexpr auto accept_pause = std::chrono::milliseconds{100};

/// Segments that fit every path (IPv6's least MTU of 1280, less headers), both ways. Where a router
/// drops larger packets and its word of that is lost, a connection would stand still for good (RFC
/// 2923 §2.1), and kernels don't look for it by themselves. Loopback has no such routers.
using SegmentSize = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_MAXSEG>;
constexpr int safe_segment = 1220;

/// The machine's own addresses of one family, without link-local ones (they need a zone).
std::vector<IpAddress> own_addresses(bool v4) {
  std::vector<IpAddress> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    if (v4 && at->ifa_addr->sa_family == AF_INET) {
      sockaddr_in address{};
      std::memcpy(&address, at->ifa_addr, sizeof address);
      if (const auto ip =
              IpAddress::from_bytes(std::as_bytes(std::span{&address.sin_addr.s_addr, 1})))
        found.push_back(*ip);
    } else if (!v4 && at->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 address{};
      std::memcpy(&address, at->ifa_addr, sizeof address);
      if (IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr)) continue;
      if (const auto ip = IpAddress::from_bytes(std::as_bytes(std::span{&address.sin6_addr, 1})))
        found.push_back(*ip);
    }
  }
  ::freeifaddrs(list);
  return found;
}

}  // namespace

Endpoint from_asio(const tcp::endpoint& endpoint) {
  if (endpoint.address().is_v4())
    return {.address = IpAddress::v4(endpoint.address().to_v4().to_bytes()),
            .port = endpoint.port()};
  return {.address = IpAddress::v6(endpoint.address().to_v6().to_bytes()).unmapped(),
          .port = endpoint.port()};
}

tcp::endpoint to_asio(const Endpoint& endpoint) {
  const BytesView bytes = endpoint.address.bytes();
  if (endpoint.address.is_v4()) {
    asio::ip::address_v4::bytes_type octets;
    std::memcpy(octets.data(), bytes.data(), octets.size());
    return {asio::ip::address_v4{octets}, endpoint.port};
  }
  asio::ip::address_v6::bytes_type octets;
  std::memcpy(octets.data(), bytes.data(), octets.size());
  return {asio::ip::address_v6{octets}, endpoint.port};
}

std::uint16_t Host::Impl::listen(const Multiaddr& address, std::shared_ptr<TlsContext> tls) {
  const auto endpoint = address.tcp();
  if (!endpoint) throw system_error{asio::error::address_family_not_supported};
  auto acceptor = std::make_shared<Acceptor>(shared->executor);
  const tcp::endpoint at = to_asio(*endpoint);
  acceptor->open(at.protocol());
  acceptor->set_option(Acceptor::reuse_address{true});
  // Each family has its own listener, so that 0.0.0.0 and :: can share a port.
  if (at.protocol() == tcp::v6()) acceptor->set_option(asio::ip::v6_only{true});
  if (!at.address().is_loopback()) acceptor->set_option(SegmentSize{safe_segment});
  acceptor->bind(at);
  acceptor->listen();
  listening.push_back({.acceptor = acceptor, .tls = tls != nullptr});
  asio::co_spawn(shared->executor, accept_loop(shared_from_this(), acceptor, std::move(tls)),
                 asio::detached);
  schedule_push();
  return acceptor->local_endpoint().port();
}

std::vector<Multiaddr> Host::Impl::listen_addresses() const {
  std::vector<Multiaddr> all;
  for (const Listening& one : listening) {
    error_code closed;
    const tcp::endpoint bound = one.acceptor->local_endpoint(closed);
    if (closed) continue;
    const Endpoint endpoint = from_asio(bound);
    std::vector<IpAddress> addresses{endpoint.address};
    if (endpoint.address.is_unspecified()) addresses = own_addresses(endpoint.address.is_v4());
    for (const IpAddress& ip : addresses) {
      const Multiaddr plain = Multiaddr::from_tcp({.address = ip, .port = endpoint.port});
      if (!one.tls) all.push_back(plain);
      all.push_back(one.tls ? plain.with(codec::Protocol::tls).with(codec::Protocol::ws)
                            : plain.with(codec::Protocol::ws));
    }
  }
  return all;
}

std::vector<Multiaddr> Host::Impl::announced_addresses() const {
  std::vector<Multiaddr> all = listen_addresses();
  for (const Multiaddr& address : announced)
    if (std::ranges::find(all, address) == all.end()) all.push_back(address);
  return all;
}

Task<void> Host::Impl::accept_loop(Ptr self, std::shared_ptr<Acceptor> acceptor,
                                   std::shared_ptr<TlsContext> tls) {
  while (acceptor->is_open()) {
    error_code error;
    TcpSocket socket =
        co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (self->stopping) co_return;
    if (!error) {
      self->accept(std::move(socket), tls);
    } else if (error != asio::error::connection_aborted) {
      self->shared->log.warning("libp2p.accept_failed", {{"error", error.message()}});
      asio::steady_timer pause{self->shared->executor, accept_pause};
      co_await pause.async_wait(asio::use_awaitable);
    }
  }
}

void Host::Impl::accept(TcpSocket socket, std::shared_ptr<TlsContext> tls) {
  error_code gone;
  const tcp::endpoint from = socket.remote_endpoint(gone);
  if (gone) return;
  const Endpoint remote = from_asio(from);
  auto lease = shared->resources.accept(remote.address, shared->clock.now());
  if (!lease) {
    shared->log.debug("libp2p.refused", {{"reason", to_string(lease.error())}});
    return;
  }
  const auto one = std::make_shared<Accepting>(shared->executor);
  const auto at = accepting.insert(accepting.end(), one);
  one->deadline.expires_after(shared->options.limits.upgrade_timeout);
  one->deadline.async_wait([weak = std::weak_ptr{one}](error_code stopped) {
    const auto late = weak.lock();
    if (!stopped && late) late->abort.emit(asio::cancellation_type::terminal);
  });
  asio::co_spawn(shared->executor,
                 serve_accepted(shared_from_this(), one, std::move(socket), std::move(tls),
                                std::move(*lease), Multiaddr::from_tcp(remote)),
                 asio::bind_cancellation_slot(one->abort.slot(),
                                              [self = shared_from_this(), at](std::exception_ptr) {
                                                self->accepting.erase(at);
                                                self->changed.notify();
                                              }));
}

Task<void> Host::Impl::serve_accepted(Ptr self, std::shared_ptr<Accepting> accepting,
                                      TcpSocket socket, std::shared_ptr<TlsContext> tls,
                                      ConnectionLease lease, Multiaddr remote) {
  const bool secure = tls != nullptr;
  Accepted accepted = co_await accept_stream(std::move(socket), std::move(tls));
  accepting->deadline.cancel();
  if (accepted.kind == Accepted::Kind::http) {
    if (!self->shared->resources.no_longer_half_open(lease)) co_return;
    const HttpFallback serve = self->http_fallback;
    if (serve) co_await serve(std::move(accepted.stream));
    co_return;
  }
  Transport transport = Transport::tcp;
  if (accepted.kind == Accepted::Kind::websocket) {
    transport = Transport::websocket;
    if (secure) remote = remote.with(codec::Protocol::tls);
    remote = remote.with(codec::Protocol::ws);
  }
  // From here the session has its own time-out.
  std::make_shared<SessionConnection>(
      self->shared, self->weak_from_this(), std::move(accepted.stream),
      UpgradeOptions{
          .direction = Direction::inbound, .remote = std::move(remote), .transport = transport},
      std::move(lease))
      ->start();
}

}  // namespace hearth::libp2p
