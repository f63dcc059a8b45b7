#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/flock/node.h>
#include <hearth/libp2p/ping.h>

namespace hearth::flock {

namespace {

std::uint16_t listen(libp2p::Host& host, const NodeOptions& options) {
  host.listen(codec::Multiaddr::from_tcp({.address = options.listen_ip, .port = options.port}));
  const auto bound = host.listen_addresses().front().tcp();
  return bound ? bound->port : 0;
}

std::string base_of(const NodeOptions& options, std::uint16_t port) {
  return options.domain.empty() ? "hearth.localhost:" + std::to_string(port) : options.domain;
}

/// What STUN is asked at.
std::string stun_url(const NodeOptions& options, std::uint16_t port) {
  if (!options.domain.empty())
    return "stun:" + options.domain.substr(0, options.domain.find(':')) + ":" +
           std::to_string(port);
  const bool any = options.listen_ip.is_unspecified();
  return "stun:" +
         Endpoint{any ? IpAddress::v4({127, 0, 0, 1}) : options.listen_ip, port}.to_string();
}

}  // namespace

Node::Node(boost::asio::any_io_executor executor, NodeOptions options, storage::Store& store,
           const loop::SystemClock& clock, Entropy& entropy, Log& log)
    : host_(executor, {.key = options.key.clone()}, clock, entropy, log),
      port_(listen(host_, options)),
      stun_(executor, {.address = options.listen_ip, .port = port_}, clock, entropy) {
  libp2p::serve_pings(host_);  // by which appliances know that their reservation stands
  if (options.pages) {
    const std::string base = base_of(options, port_);
    const std::string port = std::to_string(port_);
    origins_.emplace(
        local::OriginsOptions{.base = base,
                              .scheme = options.tls ? "https" : "http",
                              .bare = {"127.0.0.1:" + port, "localhost:" + port,
                                       Endpoint{options.listen_ip, port_}.to_string()}},
        std::move(options.pages->shell), std::move(options.pages->boot));
  }
  server_.emplace(host_, store, origins_ ? &*origins_ : nullptr,
                  ServerOptions{.names = {.invite_only = options.invite_only},
                                .stun_url = stun_url(options, port_),
                                .version = options.version},
                  clock, log);
  server_->add_stun(stun_);
  if (options.tls)
    host_.listen_tls(
        codec::Multiaddr::from_tcp({.address = options.listen_ip, .port = options.tls->port}),
        options.tls->certificate, options.tls->key);
}

std::vector<codec::Multiaddr> Node::addresses() const {
  std::vector<codec::Multiaddr> all;
  for (const auto& address : host_.listen_addresses())
    if (address.to_string().find("/ws") == std::string::npos)
      all.push_back(address.with_p2p(host_.id().bytes()));
  return all;
}

std::string Node::shell_origin() const {
  return origins_ ? origins_->shell_origin() : std::string{};
}

}  // namespace hearth::flock
