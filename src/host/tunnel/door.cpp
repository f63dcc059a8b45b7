#include <unistd.h>

#include <hearth/tunnel/door.h>
#include <hearth/tunnel/peer_uid.h>

namespace hearth::tunnel {

namespace {

bool is_ours(const Endpoint& peer, const Endpoint& local) {
  const auto uid = peer_uid(peer, local);
  return uid && (*uid == 0 || *uid == ::geteuid());
}

}  // namespace

std::unique_ptr<loop::Listener> door_on_port(boost::asio::any_io_executor executor,
                                             std::uint16_t port, loop::Serve serve,
                                             TurnedAway turned_away) {
  loop::ListenerOptions options;
  options.admit = is_ours;
  options.refused = std::move(turned_away);
  const Endpoint at{.address = IpAddress::v4({127, 0, 0, 1}), .port = port};
  return loop::Listener::on_tcp(std::move(executor), at, std::move(serve), std::move(options));
}

std::unique_ptr<loop::Listener> door_on_path(boost::asio::any_io_executor executor,
                                             const std::string& path, loop::Serve serve,
                                             TurnedAway turned_away) {
  loop::ListenerOptions options;
  options.refused = std::move(turned_away);
  return loop::Listener::on_unix(std::move(executor), path, std::move(serve), std::move(options));
}

}  // namespace hearth::tunnel
