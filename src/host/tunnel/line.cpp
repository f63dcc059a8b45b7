#include <algorithm>
#include <list>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <hearth/codec/base64.h>
#include <hearth/http/client.h>
#include <hearth/identity/statement.h>
#include <hearth/loop/signal.h>
#include <hearth/membership/name_client.h>
#include <hearth/tunnel/line.h>

namespace hearth::tunnel {

namespace asio = boost::asio;
using boost::system::system_error;
using codec::Multiaddr;
using libp2p::ConnectionPtr;
using loop::Task;
using nlohmann::json;

namespace {

constexpr std::size_t answer_limit = std::size_t{256} << 10;
constexpr const char* http_protocol = "/http/1.1";

struct Answer {
  int status = 0;
  json body;
};

Task<Answer> get(ConnectionPtr connection, std::string path) {
  http::Request request;
  request.target = std::move(path);
  http::Response response = co_await ask(std::move(connection), std::move(request));
  const std::string text = co_await http::read_all(*response.body, answer_limit);
  Answer answer{.status = response.status, .body = json::parse(text, nullptr, false)};
  co_return answer;
}

void take_flocks(const json& body, Box& box) {
  if (!body.is_object() || !body.contains("flocks") || !body["flocks"].is_array()) return;
  std::vector<BoxFlock> flocks;
  for (const json& row : body["flocks"]) {
    if (!row.is_object() || flocks.size() == Box::max_flocks) break;
    const auto address = Multiaddr::parse(row.value("multiaddr", std::string{}));
    if (address && address->p2p())
      flocks.push_back({.address = *address, .name = row.value("name", std::string{})});
  }
  // By a way that brought us here once we come again, whatever the box calls its flock now.
  for (const BoxFlock& known : box.flocks)
    if (flocks.size() < Box::max_flocks &&
        std::ranges::none_of(flocks, [&](const BoxFlock& f) { return f.address == known.address; }))
      flocks.push_back({.address = known.address, .name = {}});
  box.flocks = std::move(flocks);
}

}  // namespace

Task<http::Response> ask(ConnectionPtr connection, http::Request request) {
  request.headers.set("Host", "box");
  libp2p::StreamPtr stream = co_await connection->open(http_protocol);
  co_return co_await http::send(std::move(stream), std::move(request));
}

Task<std::uint64_t> check_root(ConnectionPtr connection, identity::RootId root,
                               std::uint64_t epoch) {
  const Answer answer = co_await get(connection, "/api/v1/appliance");
  const auto bytes =
      answer.body.is_object()
          ? codec::base64url_decode(answer.body.value("host_certificate", std::string{}))
          : Failure{codec::CodecError{}};
  if (!bytes) throw Refused{"What answers there is no box."};
  const auto certificate = identity::HostCertificate::verify(*bytes);
  if (!certificate || certificate->root != root || certificate->peer_id != connection->peer())
    throw Refused{"What answers there is another box than the one that was paired."};
  if (certificate->epoch < epoch)
    throw Refused{"What answers there is a host that the box has given up."};
  co_return certificate->epoch;
}

Task<void> learn(libp2p::Host& host, ConnectionPtr connection, Box& box) {
  const Answer answer = co_await get(connection, "/api/v1/flocks");
  if (answer.status == 200) take_flocks(answer.body, box);
  const auto info = host.peer_info(connection->peer());
  if (!info) co_return;
  std::vector<Multiaddr> addresses;
  for (const Multiaddr& address : info->addresses())
    if (!address.is_relayed() && addresses.size() < Box::max_addresses)
      addresses.push_back(address.without_p2p());
  if (!addresses.empty()) box.addresses = std::move(addresses);
}

struct Line::Impl : std::enable_shared_from_this<Impl> {
  Impl(LineOptions given, Box its_box, LineEvents its_events)
      : options(given),
        box(std::move(its_box)),
        events(std::move(its_events)),
        host(options.executor,
             {.key = box.key.clone(), .agent_version = "hearth-cli/" HEARTH_VERSION, .limits = {}},
             options.clock, options.entropy, options.log),
        relays(host),
        changed(options.executor) {}

  static Task<void> keep(std::shared_ptr<Impl> self);
  Task<ConnectionPtr> connect();
  Task<void> follow_name();
  void tell();
  void refuse(const std::string& why);

  LineOptions options;
  Box box;
  LineEvents events;
  libp2p::Host host;
  libp2p::RelayClient relays;
  loop::Signal changed;  ///< the connection may have ended, or we stop
  std::list<loop::Signal*> waiting;
  ConnectionPtr connection;
  std::optional<std::string> refused;
  bool stopped = false;
};

void Line::Impl::tell() {
  for (loop::Signal* each : waiting) each->say();
}

void Line::Impl::refuse(const std::string& why) {
  refused = why;
  stopped = true;
  connection = nullptr;
  tell();
  if (events.on_refused) events.on_refused(why);
}

/// Authenticated both ways: the box is the pinned one, and knows this device.
Task<ConnectionPtr> Line::Impl::connect() {
  std::vector<Multiaddr> ways = box.ways();
  ConnectionPtr made = co_await host.dial(box.peer, std::move(ways));
  const std::uint64_t epoch = co_await check_root(made, box.root, box.epoch);
  const Answer me = co_await get(made, "/api/v1/me");
  if (me.status == 401)
    throw Refused{
        "The box doesn't let this device in any more: it was revoked. Pair it again, "
        "with a new link of `hearth pair`."};
  if (me.status != 200) throw system_error{asio::error::connection_refused};
  const std::string before = to_json(box);
  box.epoch = epoch;
  co_await learn(host, made, box);
  if (to_json(box) != before && events.on_learned) events.on_learned(box);
  co_return made;
}

/// The box may have another host key by now: its name at a flock leads to it, signed by the root.
Task<void> Line::Impl::follow_name() {
  const std::vector<BoxFlock> flocks = box.flocks;
  for (const BoxFlock& flock : flocks) {
    if (flock.name.empty()) continue;
    try {
      const auto id = peer::PeerId::from_bytes(*flock.address.p2p());
      if (!id) continue;
      std::vector<Multiaddr> addresses;
      addresses.push_back(flock.address);
      const ConnectionPtr asked = co_await host.dial(*id, std::move(addresses));
      const auto bytes = co_await membership::resolve_name(asked, flock.name);
      if (!bytes) continue;
      const auto record = identity::NameRecord::verify(*bytes);
      if (!record || record->name != flock.name || record->root != box.root ||
          record->host.epoch <= box.epoch)
        continue;
      box.peer = record->host.peer_id;
      box.epoch = record->host.epoch;
      co_return;
    } catch (const system_error&) {  // the next flock may know
    }
  }
}

Task<void> Line::Impl::keep(std::shared_ptr<Impl> self) {
  auto retry = self->options.first_retry;
  bool told = false;
  while (!self->stopped) {
    std::string why;
    std::optional<std::string> refusal;
    try {
      ConnectionPtr made = co_await self->connect();
      self->connection = made;
      retry = self->options.first_retry;
      told = false;
      self->tell();
      if (self->events.on_connected)
        self->events.on_connected(std::string{libp2p::transport_name(made->transport())});
      while (made->is_open() && !self->stopped) co_await self->changed.wait();
      why = "the connection ended";
    } catch (const Refused& error) {
      refusal = error.what();
    } catch (const system_error& error) {
      why = error.code().message();
    } catch (const std::exception& error) {
      why = error.what();
    }
    self->connection = nullptr;
    if (self->stopped) co_return;
    if (refusal) co_return self->refuse(*refusal);
    if (!std::exchange(told, true) && self->events.on_lost) self->events.on_lost(why);
    const auto again = loop::Signal::Clock::now() + retry;
    while (!self->stopped && loop::Signal::Clock::now() < again) co_await self->changed.wait(again);
    retry = std::min(retry * 2, self->options.last_retry);
    if (!self->stopped) co_await self->follow_name();
  }
}

Line::Line(LineOptions options, Box box, LineEvents events)
    : impl_(std::make_shared<Impl>(options, std::move(box), std::move(events))) {
  impl_->host.on_disconnected([weak = std::weak_ptr{impl_}](const ConnectionPtr&) {
    if (const auto self = weak.lock()) self->changed.say();
  });
  asio::co_spawn(options.executor, Impl::keep(impl_), asio::detached);
}

Line::~Line() {
  impl_->stopped = true;
  impl_->changed.say();
  impl_->tell();
}

Task<libp2p::StreamPtr> Line::open() {
  const std::shared_ptr<Impl> self = impl_;
  loop::Signal changed{self->options.executor};
  const auto place = self->waiting.insert(self->waiting.end(), &changed);
  const struct Leave {
    Impl& impl;
    std::list<loop::Signal*>::iterator place;
    ~Leave() { impl.waiting.erase(place); }
  } leave{*self, place};
  const auto until = loop::Signal::Clock::now() + self->options.patience;
  while (!self->refused && !(self->connection && self->connection->is_open())) {
    if (self->stopped || loop::Signal::Clock::now() >= until)
      throw Unreachable{"The box can't be reached just now. The tunnel goes on trying."};
    co_await changed.wait(until);
  }
  if (self->refused) throw Refused{*self->refused};
  const ConnectionPtr connection = self->connection;
  co_return co_await connection->open(http_protocol);
}

const Box& Line::box() const {
  return impl_->box;
}

Task<void> Line::close() {
  const std::shared_ptr<Impl> self = impl_;
  self->stopped = true;
  self->changed.say();
  self->tell();
  co_await self->host.shut_down();
}

}  // namespace hearth::tunnel
