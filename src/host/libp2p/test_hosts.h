#pragma once
// For tests: hosts in one io_context over loopback, and what they say to each other.

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <hearth/libp2p/host.h>

namespace hearth::libp2p {

/// The port is picked by the system.
[[nodiscard]] inline Multiaddr loopback() {
  return *Multiaddr::parse("/ip4/127.0.0.1/tcp/0");
}

class TestHosts {
 public:
  TestHosts();
  ~TestHosts();
  TestHosts(const TestHosts&) = delete;
  TestHosts& operator=(const TestHosts&) = delete;

  Host& add(Limits limits = {});
  [[nodiscard]] boost::asio::io_context& context() { return context_; }

  /// Runs the test to its end; what it throws is thrown here. Throws after 20 s.
  void run(std::function<Task<void>()> test);
  /// Waits until `holds` does, looking at each turn of the loop.
  Task<void> until(std::function<bool()> holds);
  /// Waits until `value` has not changed for 100 ms: for asserting that something stops.
  Task<void> settled(std::function<std::size_t()> value);

 private:
  boost::asio::io_context context_;
  loop::SystemClock clock_;
  loop::SystemEntropy entropy_;
  NullLog log_;
  std::vector<std::unique_ptr<Host>> hosts_;
};

[[nodiscard]] Endpoint tcp_endpoint(const Host& host);
/// With /ws and /p2p.
[[nodiscard]] Multiaddr websocket_address(const Host& host);
/// Serves /echo/1.0.0.
void echo_on(Host& host);
/// What comes back until the end.
Task<std::string> echo(ConnectionPtr connection, std::string text);
Task<std::string> read_some_text(loop::ByteStream& stream);
/// Sends `text` over plain TCP and returns all that comes back.
Task<std::string> ask_raw(Endpoint server, std::string text);

}  // namespace hearth::libp2p
