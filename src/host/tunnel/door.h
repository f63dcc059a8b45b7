#pragma once
// Where programs of this machine come in: a port of 127.0.0.1, or a unix socket.
//
// Only processes of our own user and of root get in: the machine's other users can open the same
// port, but whom the box would take them for is us. On a TCP port the kernel says whose the other
// end is (peer_uid.h), on a unix socket its mode and SO_PEERCRED do.

#include <functional>
#include <memory>
#include <string>

#include <hearth/loop/listener.h>

namespace hearth::tunnel {

/// Called for each that was turned away.
using TurnedAway = std::function<void()>;

/// Port 0 picks one. Throws boost::system::system_error, for instance when the port is taken.
std::unique_ptr<loop::Listener> door_on_port(boost::asio::any_io_executor executor,
                                             std::uint16_t port, loop::Serve serve,
                                             TurnedAway turned_away = {});
/// A socket at `path`, 0600; one left there by a process that is gone is replaced. Throws
/// boost::system::system_error.
std::unique_ptr<loop::Listener> door_on_path(boost::asio::any_io_executor executor,
                                             const std::string& path, loop::Serve serve,
                                             TurnedAway turned_away = {});

}  // namespace hearth::tunnel
