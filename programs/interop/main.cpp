// The host alone on loopback, for tests of it against other implementations of libp2p.

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

#include "control.h"
#include "protocols.h"
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/ping.h>
#include <hearth/libp2p/relay_client.h>
#include <hearth/libp2p/relay_service.h>
#include <hearth/loop/system.h>

namespace {

using namespace hearth;

libp2p::Task<void> stop(libp2p::Host& host, boost::asio::io_context& context) {
  co_await host.shut_down();
  context.stop();
}

}  // namespace

int main(int argc, char** argv) try {
  std::uint16_t port = 0;
  bool ready_json = false;
  bool control = false;
  bool relay = false;
  bool unlimited = false;
  std::string certificate;
  std::string key;
  libp2p::Limits limits;
  limits.connections_per_peer = limits.connections;  // one peer stands for many in tests

  CLI::App app{"A libp2p host on loopback: identify, ping, /echo/1.0.0 and /perf/1.0.0."};
  app.add_option("--tcp", port, "Port for libp2p over TCP and WebSocket; 0 picks one")->required();
  app.add_flag("--ready-json", ready_json, "Print one line of JSON when ready");
  app.add_flag("--control", control, "Take orders as lines of JSON on standard input");
  app.add_flag("--relay", relay, "Serve as a circuit relay, with the stock limits");
  app.add_flag("--relay-unlimited", unlimited, "The same, for anyone without limits");
  app.add_option("--certificate", certificate, "PEM file: speak TLS only (wss)");
  app.add_option("--key", key, "PEM file");
  app.add_option("--max-connections", limits.connections, "Open connections in all");
  CLI11_PARSE(app, argc, argv);

  loop::tune_allocator(1);

  boost::asio::io_context context{1};
  const loop::SystemClock clock;
  loop::SystemEntropy entropy;
  NullLog log;
  libp2p::Host host{context.get_executor(),
                    {.key = crypto::Ed25519PrivateKey::generate(entropy), .limits = limits},
                    clock,
                    entropy,
                    log};
  interop::serve_protocols(host);
  libp2p::serve_pings(host);
  libp2p::RelayClient relays{host};
  std::unique_ptr<libp2p::RelayService> service;
  if (relay || unlimited)
    service = std::make_unique<libp2p::RelayService>(
        host, relay::PolicyOptions{}, [unlimited](const peer::PeerId&) { return unlimited; });

  const auto address =
      libp2p::Multiaddr::from_tcp({.address = IpAddress::v4({127, 0, 0, 1}), .port = port});
  if (certificate.empty()) {
    host.listen(address);
  } else {
    host.listen_tls(address, certificate, key);
  }

  boost::asio::signal_set signals{context, SIGTERM, SIGINT};
  signals.async_wait([&](boost::system::error_code failed, int) {
    if (!failed) boost::asio::co_spawn(context, stop(host, context), boost::asio::detached);
  });
  if (control)
    boost::asio::co_spawn(context, interop::serve_control(host, relays), boost::asio::detached);

  if (ready_json) {
    nlohmann::json ready{{"peer_id", host.id().to_string()}, {"addrs", nlohmann::json::array()}};
    for (const auto& one : host.listen_addresses())
      ready["addrs"].push_back(one.with_p2p(host.id().bytes()).to_string());
    std::puts(ready.dump().c_str());
    std::fflush(stdout);
  }
  context.run();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "hearth-interop: %s\n", error.what());
  return 1;
}
