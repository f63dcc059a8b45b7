#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/flock/node.h>
#include <hearth/libp2p/ping.h>

namespace hearth::flock {

namespace {

std::uint16_t listen(libp2p::Host& host, const NodeOptions& options) {
  std::uint16_t port = options.port;
  for (const IpAddress& ip : options.listen_ips)
    port = host.listen(codec::Multiaddr::from_tcp({.address = ip, .port = port}));
  return port;
}

std::string base_of(const NodeOptions& options, std::uint16_t port) {
  return options.domain.empty() ? "hearth.localhost:" + std::to_string(port) : options.domain;
}

/// What STUN is asked at.
std::string url_of_stun(const NodeOptions& options, std::uint16_t port) {
  if (!options.domain.empty())
    return "stun:" + options.domain.substr(0, options.domain.find(':')) + ":" +
           std::to_string(port);
  // Whoever reached an unnamed flock by one of its addresses asks at that one.
  const IpAddress& first = options.listen_ips.front();
  const IpAddress loopback = *IpAddress::parse(first.is_v4() ? "127.0.0.1" : "::1");
  return "stun:" + Endpoint{first.is_unspecified() ? loopback : first, port}.to_string();
}

std::vector<std::string> bare_hosts(const NodeOptions& options, std::uint16_t port) {
  const std::string suffix = ":" + std::to_string(port);
  std::vector<std::string> all{"127.0.0.1" + suffix, "localhost" + suffix};
  for (const IpAddress& ip : options.listen_ips) all.push_back(Endpoint{ip, port}.to_string());
  return all;
}

}  // namespace

Node::Node(boost::asio::any_io_executor executor, NodeOptions options, storage::Store& store,
           const loop::SystemClock& clock, Entropy& entropy, Log& log)
    : host_(executor, {.key = options.key.clone(), .limits = {}, .budget = options.budget}, clock,
            entropy, log),
      port_(listen(host_, options)),
      stun_(executor, options.listen_ips, port_, clock, entropy) {
  libp2p::serve_pings(host_);  // by which appliances know that their reservation stands
  if (options.pages) {
    const std::string base = base_of(options, port_);
    origins_.emplace(local::OriginsOptions{.base = base,
                                           .scheme = options.tls ? "https" : "http",
                                           .bare = bare_hosts(options, port_)},
                     std::move(options.pages->shell), std::move(options.pages->boot));
  }
  server_.emplace(host_, store, origins_ ? &*origins_ : nullptr,
                  ServerOptions{.names = {.invite_only = options.invite_only},
                                .stun_url = url_of_stun(options, port_),
                                .version = options.version},
                  clock, log);
  server_->add_stun(stun_);
  if (options.tls) {
    std::uint16_t port = options.tls->port;
    for (const IpAddress& ip : options.listen_ips)
      port = host_.listen_tls(codec::Multiaddr::from_tcp({.address = ip, .port = port}),
                              options.tls->certificate, options.tls->key);
  }
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
