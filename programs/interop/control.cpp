#include "control.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "protocols.h"
#include <hearth/libp2p/async.h>
#include <hearth/libp2p/ping.h>

namespace hearth::interop {

namespace asio = boost::asio;
using libp2p::ConnectionPtr;
using libp2p::Host;
using libp2p::Multiaddr;
using libp2p::PeerId;
using libp2p::RelayClient;
using libp2p::Task;
using nlohmann::json;

namespace {

void print(const json& line) {
  std::puts(line.dump().c_str());
  std::fflush(stdout);
}

double ms(Duration took) {
  return std::chrono::duration<double, std::milli>{took}.count();
}

Multiaddr address_in(const json& order) {
  return Multiaddr::parse(order.at("address").get<std::string>()).value();
}

PeerId peer_in(const json& order) {
  return PeerId::parse(order.at("peer").get<std::string>()).value();
}

json about(const ConnectionPtr& connection) {
  return {{"peer", connection->peer().to_string()},
          {"address", connection->remote_address().to_string()},
          {"transport", libp2p::transport_name(connection->transport())},
          {"inbound", connection->direction() == libp2p::Direction::inbound},
          {"limited", connection->is_limited()}};
}

json texts(const std::vector<Multiaddr>& addresses) {
  json list = json::array();
  for (const Multiaddr& address : addresses) list.push_back(address.to_string());
  return list;
}

Task<ConnectionPtr> connection_to(Host& host, PeerId peer) {
  ConnectionPtr connection = co_await host.dial(std::move(peer), {});
  co_return connection;
}

Task<json> echo_streams(Host& host, json order) {
  const ConnectionPtr on = co_await connection_to(host, peer_in(order));
  const auto size = order.value("bytes", std::uint64_t{1000});
  const int streams = order.value("streams", 1);
  struct Tally {
    int left = 0;
    int same = 0;
    libp2p::Signal changed;
  };
  const auto tally = std::make_shared<Tally>();
  tally->left = streams;
  for (int i = 0; i < streams; ++i)
    asio::co_spawn(host.executor(), echo(on, size),
                   [tally](std::exception_ptr failed, bool unchanged) {
                     --tally->left;
                     if (!failed && unchanged) ++tally->same;
                     tally->changed.notify();
                   });
  while (tally->left > 0) co_await libp2p::Signal::wait(tally, tally->changed, host.executor());
  co_return json{{"unchanged", tally->same}};
}

Task<json> obey(Host& host, RelayClient& relays, json order) {
  const auto what = order.at("do").get<std::string>();
  const Instant began = host.clock().now();
  json answer = json::object();
  if (what == "dial") {
    const ConnectionPtr connection = co_await host.dial_address(address_in(order));
    answer = about(connection);
  } else if (what == "echo") {
    answer = co_await echo_streams(host, std::move(order));
  } else if (what == "perf") {
    const ConnectionPtr on = co_await connection_to(host, peer_in(order));
    co_await perf(on, order.value("upload", std::uint64_t{0}),
                  order.value("download", std::uint64_t{0}));
  } else if (what == "ping") {
    const ConnectionPtr on = co_await connection_to(host, peer_in(order));
    const Duration took = co_await libp2p::ping(host, on);
    answer["round_trip_ms"] = ms(took);
  } else if (what == "info") {
    const auto info = host.peer_info(peer_in(order));
    answer["identified"] = info.has_value();
    if (info) {
      answer["agent"] = info->agent_version();
      answer["protocols"] = info->protocols();
      answer["addresses"] = texts(info->addresses());
      answer["certified"] = info->certified();
      if (info->observed_address()) answer["observed"] = info->observed_address()->to_string();
    }
  } else if (what == "close") {
    host.close_peer(peer_in(order));
  } else if (what == "connections") {
    answer["connections"] = json::array();
    for (const ConnectionPtr& one : host.connections()) answer["connections"].push_back(about(one));
  } else if (what == "resources") {
    const auto held = host.resources();
    answer = {{"connections", held.connections},
              {"streams", held.streams},
              {"half_open", held.half_open}};
  } else if (what == "addresses") {
    answer["addresses"] = texts(host.announced_addresses());
  } else if (what == "reserve") {
    if (!relays.keep(address_in(order))) throw std::runtime_error{"no relay's address"};
  } else if (what == "relays") {
    answer["relays"] = json::array();
    for (const auto& state : relays.states())
      answer["relays"].push_back({{"address", state.address.to_string()},
                                  {"phase", to_string(state.phase)},
                                  {"limited", state.limited},
                                  {"error", state.last_error},
                                  {"announced", texts(state.announced)}});
  } else if (what == "handle") {
    host.handle(order.at("protocol").get<std::string>(),
                [](libp2p::StreamPtr) -> Task<void> { co_return; });
  } else {
    throw std::runtime_error{"unknown order"};
  }
  answer["ms"] = ms(host.clock().now() - began);
  co_return answer;
}

Task<void> answer(Host& host, RelayClient& relays, json order) {
  json line;
  const json id = order.contains("id") ? order["id"] : json{};
  try {
    line = co_await obey(host, relays, std::move(order));
    line["ok"] = true;
  } catch (const std::exception& error) {
    line = {{"ok", false}, {"error", error.what()}};
  }
  line["id"] = id;
  print(line);
}

}  // namespace

Task<void> serve_control(Host& host, RelayClient& relays) {
  asio::posix::stream_descriptor input{host.executor(), ::dup(STDIN_FILENO)};
  std::string received;
  while (true) {
    boost::system::error_code error;
    const std::size_t size =
        co_await asio::async_read_until(input, asio::dynamic_buffer(received), '\n',
                                        asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    json order = json::parse(received.substr(0, size), nullptr, false);
    received.erase(0, size);
    if (order.is_object())
      asio::co_spawn(host.executor(), answer(host, relays, std::move(order)), asio::detached);
  }
}

}  // namespace hearth::interop
