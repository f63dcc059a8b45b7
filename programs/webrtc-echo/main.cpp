// WebRTC on loopback, for tests of it against browsers and js-libp2p, and to measure it.
// Orders come as lines of JSON on standard input: interop's (../interop/control.h), or with --raw
// {"offer":SDP,"wrong_fingerprint":false} answered by {"answer":SDP}, and {"status":true}.

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
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "control.h"
#include "protocols.h"
#include "raw_server.h"
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/ping.h>
#include <hearth/libp2p/relay_client.h>
#include <hearth/loop/system.h>
#include <hearth/webrtc_driver/transport.h>

namespace {

using namespace hearth;
using nlohmann::json;

void print(const json& line) {
  std::puts(line.dump().c_str());
  std::fflush(stdout);
}

libp2p::Task<void> stop(libp2p::Host& host, boost::asio::io_context& context) {
  co_await host.shut_down();
  context.stop();
}

loop::Task<void> serve_raw(webrtc_echo::RawServer& raw, boost::asio::io_context& context) {
  boost::asio::posix::stream_descriptor input{context, ::dup(STDIN_FILENO)};
  std::string buffer;
  try {
    while (true) {
      const std::size_t size = co_await boost::asio::async_read_until(
          input, boost::asio::dynamic_buffer(buffer, 1 << 20), '\n', boost::asio::use_awaitable);
      const json order = json::parse(buffer.substr(0, size), nullptr, false);
      buffer.erase(0, size);
      if (!order.is_object()) continue;
      json reply;
      if (order.contains("offer")) {
        const auto answer = raw.answer(order["offer"], order.value("wrong_fingerprint", false));
        if (answer) reply["answer"] = *answer;
      } else {
        reply["sessions"] = raw.sessions();
        if (raw.last_close()) reply["last_close"] = static_cast<int>(*raw.last_close());
      }
      print(reply);
    }
  } catch (const boost::system::system_error&) {  // standard input ended
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::uint16_t tcp = 0;
  std::uint16_t udp = 0;
  std::string bind = "127.0.0.1";
  std::string certificate_file;
  std::string relay;
  std::string seed;
  bool raw = false;

  CLI::App app{"WebRTC for tests: webrtc-direct, webrtc by signaling, or plain data channels."};
  app.add_option("--tcp", tcp, "Port for libp2p over TCP and WebSocket; 0 picks one");
  app.add_option("--udp", udp, "Port for WebRTC; 0 picks one");
  app.add_option("--bind", bind, "Address of both");
  app.add_option("--certificate", certificate_file, "PEM file, made when absent");
  app.add_option("--relay", relay, "Keep a reservation there");
  app.add_option("--seed", seed, "Host key, as 64 hexadecimal digits");
  app.add_flag("--raw", raw, "Plain data channels, offers on standard input");
  CLI11_PARSE(app, argc, argv);

  loop::tune_allocator(1);
  boost::asio::io_context context{1};
  const loop::SystemClock clock;
  loop::SystemEntropy entropy;
  NullLog log;
  const Endpoint at{IpAddress::parse(bind).value(), udp};
  const auto certificate =
      certificate_file.empty()
          ? dtls::Certificate::create(entropy, clock.wall())
          : webrtc_driver::load_or_create_certificate(certificate_file, entropy, clock.wall());
  boost::asio::signal_set signals{context, SIGTERM, SIGINT};

  if (raw) {
    webrtc_echo::RawServer server{context.get_executor(), at, certificate, clock, entropy};
    signals.async_wait([&](boost::system::error_code, int) { context.stop(); });
    boost::asio::co_spawn(context, serve_raw(server, context), boost::asio::detached);
    print({{"ready", true}});
    context.run();
    return 0;
  }

  auto key = seed.empty()
                 ? crypto::Ed25519PrivateKey::generate(entropy)
                 : std::move(*crypto::Ed25519PrivateKey::from_seed(from_hex(seed).value()));
  libp2p::Host host{context.get_executor(), {.key = std::move(key)}, clock, entropy, log};
  interop::serve_protocols(host);
  libp2p::serve_pings(host);
  libp2p::RelayClient relays{host};
  webrtc_driver::WebRtcTransport webrtc{
      host, {.bind = {at}, .certificate = certificate, .with_loopback = at.address.is_loopback()}};
  host.listen(libp2p::Multiaddr::from_tcp({at.address, tcp}));
  signals.async_wait([&](boost::system::error_code failed, int) {
    if (!failed) boost::asio::co_spawn(context, stop(host, context), boost::asio::detached);
  });
  boost::asio::co_spawn(context, interop::serve_control(host, relays), boost::asio::detached);

  json ready{{"peer_id", host.id().to_string()}, {"addrs", json::array()}};
  for (const auto& one : host.listen_addresses())
    ready["addrs"].push_back(one.with_p2p(host.id().bytes()).to_string());
  for (const auto& one : webrtc.listen_addresses())
    ready["addrs"].push_back(one.with_p2p(host.id().bytes()).to_string());
  print(ready);
  if (!relay.empty()) {
    relays.on_change([&] {
      for (const auto& state : relays.states())
        if (state.phase == libp2p::RelayState::Phase::reserved)
          for (const auto& one : state.announced) print({{"relayed", one.to_string()}});
    });
    relays.keep(libp2p::Multiaddr::parse(relay).value());
  }
  context.run();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "webrtc-echo: %s\n", error.what());
  return 1;
}
