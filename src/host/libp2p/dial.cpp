#include <algorithm>
#include <exception>
#include <list>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>

#include <hearth/libp2p/host_impl.h>
#include <hearth/loop/resolve.h>

namespace hearth::libp2p {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using boost::system::system_error;

namespace {

/// Attempts at several addresses of one peer; the first connection wins.
struct Race {
  Signal changed;
  ConnectionPtr winner;
  std::exception_ptr last_error;
  std::size_t running = 0;
  std::list<asio::cancellation_signal> aborts;
};

Task<std::vector<tcp::endpoint>> resolve(Multiaddr address) {
  if (const auto endpoint = address.tcp()) co_return std::vector{to_asio(*endpoint)};
  const auto name = address.dns_tcp();
  if (!name) throw system_error{asio::error::address_family_not_supported};
  auto resolving = loop::resolve(name->host, name->port);
  std::vector<tcp::endpoint> endpoints = co_await std::move(resolving);
  std::erase_if(endpoints, [&](const tcp::endpoint& endpoint) {
    const bool v4 = endpoint.address().is_v4();
    return v4 ? name->family == codec::DnsEndpoint::Family::v6
              : name->family == codec::DnsEndpoint::Family::v4;
  });
  if (endpoints.empty()) throw system_error{asio::error::host_not_found};
  co_return endpoints;
}

WebSocketTarget target_of(const Multiaddr& address) {
  if (const auto name = address.dns_tcp())
    return {.host = name->host + ":" + std::to_string(name->port)};
  return {.host = address.tcp()->to_string()};
}

/// SNI is for names alone (RFC 6066 section 3).
std::string server_name_of(const Multiaddr& address) {
  for (const auto& component : address.components())
    if (component.protocol == codec::Protocol::sni) return to_text(component.value);
  const auto name = address.dns_tcp();
  return name ? name->host : std::string{};
}

bool is_direct(const Connection& connection) {
  return connection.transport() != Transport::relayed;
}

}  // namespace

ConnectionPtr Host::Impl::best(const PeerId& peer) const {
  const auto found = connections.find(peer);
  if (found == connections.end()) return nullptr;
  ConnectionPtr best;
  for (const ConnectionPtr& one : found->second) {
    if (!one->is_open()) continue;
    if (!best || (is_direct(*one) && !is_direct(*best)) ||
        (is_direct(*one) == is_direct(*best) && best->is_limited() && !one->is_limited()))
      best = one;
  }
  return best;
}

Task<ConnectionPtr> Host::Impl::dial(Ptr self, PeerId peer, std::vector<Multiaddr> addresses) {
  if (const ConnectionPtr open = self->best(peer)) co_return open;
  if (addresses.empty()) throw system_error{asio::error::host_unreachable};

  auto race = std::make_shared<Race>();
  const asio::any_io_executor executor = self->shared->executor;
  const Duration stagger = self->shared->options.limits.dial_stagger;
  for (const Multiaddr& address : addresses) {
    const std::size_t others = race->running++;
    asio::co_spawn(
        executor, dial_address(self, address.with_p2p(peer.bytes())),
        asio::bind_cancellation_slot(race->aborts.emplace_back().slot(),
                                     [race](std::exception_ptr error, ConnectionPtr connection) {
                                       --race->running;
                                       if (error) {
                                         race->last_error = error;
                                       } else if (race->winner) {
                                         connection->close();
                                       } else {
                                         race->winner = std::move(connection);
                                       }
                                       race->changed.notify();
                                     }));
    // The next one starts when this one has had its time, or failed.
    if (!race->winner && race->running > others)
      co_await Signal::wait_for(race, race->changed, executor, stagger);
    if (race->winner) break;
  }
  while (!race->winner && race->running > 0) co_await Signal::wait(race, race->changed, executor);
  for (auto& abort : race->aborts) abort.emit(asio::cancellation_type::terminal);
  if (!race->winner) std::rethrow_exception(race->last_error);
  co_return race->winner;
}

Task<ConnectionPtr> Host::Impl::dial_address(Ptr self, Multiaddr address) {
  if (self->stopping) throw system_error{asio::error::shut_down};
  const auto id = address.p2p();
  auto peer = id ? PeerId::from_bytes(*id) : Failure{peer::PeerError::malformed};
  if (!peer) throw system_error{asio::error::invalid_argument};
  const Duration limit = self->shared->options.limits.dial_timeout;
  for (const auto& [takes, dial] : self->dialers) {
    if (!takes(address)) continue;
    const Dialer chosen = dial;
    ConnectionPtr connection = co_await within(limit, chosen(std::move(address)));
    co_return connection;
  }
  if (address.is_relayed()) throw system_error{asio::error::operation_not_supported};
  ConnectionPtr connection =
      co_await within(limit, dial_tcp(self, std::move(address), std::move(*peer)));
  co_return connection;
}

Task<ConnectionPtr> Host::Impl::dial_tcp(Ptr self, Multiaddr address, PeerId peer) {
  auto lease = self->shared->resources.dial();
  if (!lease) throw system_error{asio::error::no_buffer_space};
  const std::vector<tcp::endpoint> endpoints = co_await resolve(address);
  TcpSocket socket{self->shared->executor};
  co_await asio::async_connect(socket, endpoints, asio::use_awaitable);

  UpgradeOptions options{.direction = Direction::outbound,
                         .remote = address,
                         .expected = std::move(peer),
                         .transport = Transport::tcp};
  RawStream raw;
  if (address.is_websocket()) {
    options.transport = Transport::websocket;
    std::shared_ptr<TlsContext> tls;
    if (address.is_secure_websocket()) {
      if (!self->client_tls) self->client_tls = TlsContext::client();
      tls = self->client_tls;
    }
    raw = co_await dial_websocket(std::move(socket), target_of(address), std::move(tls),
                                  server_name_of(address));
  } else {
    raw = make_tcp_stream(std::move(socket));
  }
  ConnectionPtr connection =
      co_await upgrade(self, std::move(raw), std::move(options), std::move(*lease));
  co_return connection;
}

Task<ConnectionPtr> Host::Impl::upgrade(Ptr self, RawStream raw, UpgradeOptions options,
                                        ConnectionLease lease) {
  const auto connection = std::make_shared<SessionConnection>(
      self->shared, self->weak_from_this(), std::move(raw), std::move(options), std::move(lease));
  connection->start();
  try {
    co_await connection->wait_secured();
  } catch (...) {
    connection->close();
    throw;
  }
  co_return connection;
}

}  // namespace hearth::libp2p
