#pragma once
// The inside of Host, in parts: host.cpp keeps the registries, listen.cpp accepts, dial.cpp dials,
// identify.cpp tells peers who we are and hears who they are.

#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <hearth/libp2p/async.h>
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/raw_streams.h>
#include <hearth/libp2p/session_connection.h>

namespace hearth::libp2p {

using HttpFallback = std::function<Task<void>(std::unique_ptr<loop::ByteStream>)>;

struct Host::Impl final : ConnectionOwner, std::enable_shared_from_this<Host::Impl> {
  using Acceptor = boost::asio::ip::tcp::acceptor;
  using Ptr = std::shared_ptr<Impl>;

  Impl(boost::asio::any_io_executor executor, HostOptions options, const loop::SystemClock& clock,
       Entropy& entropy, Log& log)
      : shared(
            std::make_shared<Shared>(std::move(executor), std::move(options), clock, entropy, log)),
        push_timer(shared->executor) {}

  // host.cpp
  void on_secured(const std::shared_ptr<SessionConnection>& connection) override;
  void on_stream(std::shared_ptr<SessionConnection> connection, StreamStatePtr stream) override;
  void on_closed(const std::shared_ptr<SessionConnection>& connection) override;
  void add(const ConnectionPtr& connection);
  void remove(const ConnectionPtr& connection);
  [[nodiscard]] multistream::Negotiator listener();
  static Task<void> serve_session_stream(Ptr self, StreamStatePtr state);
  static Task<void> serve_raw_stream(Ptr self, ConnectionPtr connection, StreamLease lease,
                                     std::unique_ptr<loop::ByteStream> raw);
  static Task<void> serve_agreed(Ptr self, StreamPtr stream);
  void stop();

  // listen.cpp
  std::uint16_t listen(const Multiaddr& address, std::shared_ptr<TlsContext> tls);
  [[nodiscard]] std::vector<Multiaddr> listen_addresses() const;
  [[nodiscard]] std::vector<Multiaddr> announced_addresses() const;
  static Task<void> accept_loop(Ptr self, std::shared_ptr<Acceptor> acceptor,
                                std::shared_ptr<TlsContext> tls);
  struct Accepting {
    explicit Accepting(boost::asio::any_io_executor executor) : deadline(std::move(executor)) {}
    boost::asio::cancellation_signal abort;
    boost::asio::steady_timer deadline;
  };
  void accept(TcpSocket socket, std::shared_ptr<TlsContext> tls);
  static Task<void> serve_accepted(Ptr self, std::shared_ptr<Accepting> accepting, TcpSocket socket,
                                   std::shared_ptr<TlsContext> tls, ConnectionLease lease,
                                   Multiaddr remote);

  // dial.cpp
  static Task<ConnectionPtr> dial(Ptr self, PeerId peer, std::vector<Multiaddr> addresses);
  static Task<ConnectionPtr> dial_address(Ptr self, Multiaddr address);
  static Task<ConnectionPtr> dial_tcp(Ptr self, Multiaddr address, PeerId peer);
  static Task<ConnectionPtr> upgrade(Ptr self, RawStream raw, UpgradeOptions options,
                                     ConnectionLease lease);
  [[nodiscard]] ConnectionPtr best(const PeerId& peer) const;

  // identify.cpp
  void serve_identify();
  void identify(const ConnectionPtr& connection);
  static Task<void> identify_peer(Ptr self, ConnectionPtr connection);
  void learn(const Connection& from, const identify::Message& message);
  [[nodiscard]] Bytes own_message(const Connection& to) const;
  void schedule_push();
  static Task<void> push(Ptr self, ConnectionPtr connection);

  struct Listening {
    std::shared_ptr<Acceptor> acceptor;
    bool tls = false;
  };

  std::shared_ptr<Shared> shared;
  bool stopping = false;
  std::vector<Listening> listening;
  std::list<std::shared_ptr<Accepting>> accepting;
  HttpFallback http_fallback;
  std::shared_ptr<TlsContext> client_tls;  // made when first needed
  std::map<std::string, StreamHandler, std::less<>> handlers;
  std::vector<ConnectionObserver> connected;
  std::vector<ConnectionObserver> disconnected;
  std::vector<PeerObserver> identified;
  std::vector<std::pair<std::function<bool(const Multiaddr&)>, Dialer>> dialers;
  std::map<PeerId, std::vector<ConnectionPtr>> connections;
  std::map<const Connection*, ConnectionLease> adopted;
  std::map<PeerId, PeerInfo> infos;
  std::vector<Multiaddr> announced;
  boost::asio::steady_timer push_timer;
  bool push_scheduled = false;
  Signal changed;  // a connection or an accept ended
};

/// The address of a TCP endpoint.
[[nodiscard]] Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint);
[[nodiscard]] boost::asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint);

}  // namespace hearth::libp2p
