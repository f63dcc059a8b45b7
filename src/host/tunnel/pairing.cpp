#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <hearth/codec/base64.h>
#include <hearth/http/client.h>
#include <hearth/identity/proof.h>
#include <hearth/tunnel/pairing.h>

namespace hearth::tunnel {

namespace asio = boost::asio;
using libp2p::ConnectionPtr;
using loop::Task;
using nlohmann::json;

namespace {

/// The answer's JSON; throws Refused with the box's words.
Task<json> post(ConnectionPtr connection, std::string path, json body) {
  http::Request request;
  request.method = "POST";
  request.target = std::move(path);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = http::make_body(body.dump());
  http::Response response = co_await ask(std::move(connection), std::move(request));
  const std::string text = co_await http::read_all(*response.body, std::size_t{64} << 10);
  json answer = json::parse(text, nullptr, false);
  if (response.status >= 200 && response.status < 300 && answer.is_object()) co_return answer;
  const bool said = answer.is_object() && answer.contains("error") && answer["error"].is_object();
  throw Refused{said ? answer["error"].value("message", std::string{"The box refused."})
                     : std::string{"The box refused."}};
}

Box box_of(const identity::Link& link, std::string name, Entropy& entropy) {
  for (const codec::Multiaddr& address : link.addresses) {
    const auto id = address.p2p();
    auto peer = id ? peer::PeerId::from_bytes(*id) : Failure{peer::PeerError{}};
    if (!peer) continue;
    Box box{.name = std::move(name),
            .root = link.root,
            .peer = std::move(*peer),
            .epoch = 0,
            .persona = {},
            .key = crypto::Ed25519PrivateKey::generate(entropy),
            .flocks = {},
            .addresses = {}};
    if (link.flock) box.flocks.push_back({.address = *link.flock, .name = {}});
    for (const codec::Multiaddr& each : link.addresses) {
      if (each.is_relayed() || each.components().size() < 2) continue;
      if (each.p2p()) {
        box.addresses.push_back(each.without_p2p());
      } else if (link.flock && box.flocks.size() < Box::max_flocks) {
        // Without a peer's name it is the flock's.
        box.flocks.push_back({.address = each.with_p2p(*link.flock->p2p()), .name = {}});
      }
    }
    return box;
  }
  throw Refused{"The link doesn't say which box it leads to. Make another."};
}

Task<void> enroll(ConnectionPtr connection, const identity::Link& link, Box& box,
                  std::string device_name) {
  json nothing = json::object();
  const json answer = co_await post(connection, "/api/v1/nonce", std::move(nothing));
  const auto bytes = codec::base64url_decode(answer.value("nonce", std::string{}));
  identity::ProofNonce nonce{};
  if (!bytes || bytes->size() != nonce.size()) throw Refused{"The box's answer makes no sense."};
  std::ranges::copy(*bytes, nonce.begin());
  const auto secret = crypto::Ed25519PrivateKey::from_seed(link.secret);
  if (!secret) throw Refused{"The link is damaged. Make another."};
  const identity::DeviceId device{box.key.public_key()};
  const Bytes message =
      identity::pairing_message(identity::peer_of(device), connection->peer(), nonce, device);
  json body{{"pairing", codec::base64url_encode(secret->public_key().bytes())},
            {"nonce", codec::base64url_encode(nonce)},
            {"signature", codec::base64url_encode(secret->sign(message))},
            {"device",
             {{"id", device.to_string()},
              {"name", std::move(device_name)},
              {"kind", "cli"},
              {"remember", true}}}};
  const json enrolled = co_await post(connection, "/api/v1/pair", std::move(body));
  if (enrolled.contains("persona") && enrolled["persona"].is_object())
    box.persona = enrolled["persona"].value("name", std::string{});
}

}  // namespace

Task<std::unique_ptr<Box>> pair(LineOptions options, identity::Link link, std::string name,
                                std::string device_name) {
  Box box = box_of(link, std::move(name), options.entropy);
  libp2p::HostOptions host_options{
      .key = box.key.clone(), .agent_version = "hearth-cli/" HEARTH_VERSION, .limits = {}};
  libp2p::Host host{options.executor, std::move(host_options), options.clock, options.entropy,
                    options.log};
  const libp2p::RelayClient relays{host};
  std::optional<std::string> unreachable;
  try {
    std::vector<codec::Multiaddr> ways = box.ways();
    const ConnectionPtr connection = co_await host.dial(box.peer, std::move(ways));
    box.epoch = co_await check_root(connection, box.root, 0);
    co_await enroll(connection, link, box, std::move(device_name));
    // Identify has told of its addresses by now, or will in a moment.
    asio::steady_timer pause{options.executor};
    for (int i = 0; i < 50 && !host.peer_info(box.peer); ++i) {
      pause.expires_after(std::chrono::milliseconds{20});
      co_await pause.async_wait(asio::use_awaitable);
    }
    co_await learn(host, connection, box);
  } catch (const boost::system::system_error& error) {
    unreachable = error.code().message();
  }
  co_await host.shut_down();
  if (unreachable) throw Unreachable{"The box can't be reached: " + *unreachable + "."};
  co_return std::make_unique<Box>(std::move(box));
}

}  // namespace hearth::tunnel
