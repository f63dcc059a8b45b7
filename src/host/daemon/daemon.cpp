#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <hearth/appliance/api.h>
#include <hearth/appliance/keys.h>
#include <hearth/daemon/apps.h>
#include <hearth/daemon/daemon.h>
#include <hearth/daemon/event_hub.h>
#include <hearth/daemon/network.h>
#include <hearth/daemon/report.h>
#include <hearth/daemon/router.h>
#include <hearth/daemon/services_api.h>
#include <hearth/daemon/ways_in.h>
#include <hearth/flock/node.h>
#include <hearth/graph_service/service.h>
#include <hearth/gun_service/service.h>
#include <hearth/gun_service/storage.h>
#include <hearth/http/server.h>
#include <hearth/libp2p/host.h>
#include <hearth/local/guard.h>
#include <hearth/local/listener.h>
#include <hearth/local/origins.h>
#include <hearth/probe/probe.h>
#include <hearth/store/rocks_store.h>

namespace hearth::daemon {

namespace asio = boost::asio;
using codec::Multiaddr;
using nlohmann::json;

namespace {

store::RocksStore open_store(const std::filesystem::path& path) {
  auto opened = store::RocksStore::open(path);
  if (!opened)
    throw std::runtime_error{path.string() +
                             ": the database can't be opened: " + opened.error().message};
  return std::move(*opened);
}

graph_service::UpkeepOptions upkeep_options(const Options& options) {
  return {.only_when_asked = options.graph_upkeep_updates == 0,
          .updates = static_cast<std::uint64_t>(options.graph_upkeep_updates),
          .bytes = static_cast<std::uint64_t>(options.graph_upkeep_size) << 20,
          .age = std::chrono::hours{options.graph_upkeep_age}};
}

/// The bundle that lies beside the program: what flocks are compared with.
std::optional<probe::Bundle> own_bundle(const std::optional<local::Site>& shell) {
  const auto text = shell ? shell->text("/bundle.json") : std::nullopt;
  if (!text) return std::nullopt;
  auto bundle = probe::parse_bundle(*text);
  if (!bundle) return std::nullopt;
  return std::move(*bundle);
}

Ports ports_of(const Options& options) {
  const auto port = static_cast<std::uint16_t>(options.p2p_port);
  return {.ips = listen_addresses(options.listen_ips), .tcp = port, .udp = port};
}

}  // namespace

struct Daemon::Parts {
  Parts(asio::io_context& context, Options given, Provisions provisions, Log& to);
  ~Parts() { going = true; }

  // --- outward ---
  loop::Task<void> serve_stream(libp2p::StreamPtr stream);
  loop::Task<http::Response> answer_local(http::Request request);
  loop::Task<http::Response> probe_shells();

  // --- told to others ---
  [[nodiscard]] Subjects subjects() const;
  [[nodiscard]] WaysIn ways_in() const;
  [[nodiscard]] std::string shell_origin() const {
    return origins ? origins->shell_origin() : std::string{};
  }
  [[nodiscard]] std::optional<std::string> setup_url() const;

  // --- what happens by itself ---
  [[nodiscard]] std::unique_ptr<Network> make_network(const Ports& ports);
  void serve(Network& made);
  loop::Task<void> change_network();
  void join_flocks();
  void follow_flocks();
  void cut_off(const identity::DeviceId& device);
  loop::Task<http::Response> answer_graph(http::Request request, appliance::Who who,
                                          std::string app);
  loop::Task<http::Response> back_up_graph(std::string target);
  loop::Task<http::Response> verify_gun(appliance::Who who);
  /// The graph's space `home` has the people of the box as its members.
  void tell_graph_of_people();
  void advance_later();

  bool going = false;
  asio::io_context& io;
  Options options;
  Log& log;
  loop::SystemClock clock;
  loop::SystemEntropy entropy;
  std::filesystem::path directory;
  budget::BudgetPtr budget;

  store::RocksStore store;
  appliance::Keys keys;
  std::unique_ptr<Network> network;
  /// Of superseded host keys, at their end.
  std::vector<std::unique_ptr<Network>> left;
  bool changing = false;
  EventHub events;
  Apps apps;
  appliance::Api api;
  ServicesApi services;
  /// Nothing once the daemon stops.
  std::optional<graph_service::Service> graph;
  std::optional<store::RocksStore> flock_store;
  std::optional<flock::Node> flock;
  probe::ShellProbe shells;
  Router router;
  std::optional<local::Origins> origins;
  std::optional<local::Guard> guard;
  std::optional<gun_service::Service> gun;
  std::unique_ptr<loop::Listener> loopback;
  std::unique_ptr<loop::Listener> control;
  asio::steady_timer timer;
};

Daemon::Parts::Parts(asio::io_context& context, Options given, Provisions provisions, Log& to)
    : io(context),
      options(std::move(given)),
      log(to),
      directory(options.data_dir),
      budget(budget::Budget::create(budget::sizes_for(
          provisions.machine, options.memory > 0
                                  ? std::optional{static_cast<std::size_t>(options.memory) << 20}
                                  : std::nullopt))),
      store(open_store(directory / "db")),
      keys(appliance::Keys::open(directory, entropy, clock.wall())),
      network(make_network(ports_of(options))),
      events(io.get_executor()),
      apps(io.get_executor(), std::move(provisions.apps),
           provisions.sandboxd ? std::make_unique<sandbox::Client>(
                                     io.get_executor(), std::move(provisions.sandboxd->control))
                               : nullptr,
           std::move(provisions.why_no_apps),
           {.data_directory = options.data_dir, .idle = std::chrono::seconds{options.app_idle_s}},
           log),
      api({.store = store,
           .keys = keys,
           .entropy = entropy,
           .log = log,
           .now = [this] { return clock.now(); },
           .wall = [this] { return clock.wall(); },
           .addresses = [this] { return addresses(ways_in()); },
           .default_name = options.name.empty() ? "Hearth" : options.name,
           .version = HEARTH_VERSION},
          {.on_device_revoked = [this](const identity::DeviceId& device) { cut_off(device); },
           .on_changed =
               [this](std::string_view topic) {
                 events.notify(topic);
                 // Somebody may have enrolled over a connection that stood.
                 if (topic == "devices" && network) network->host().review();
                 if (topic == "personas") tell_graph_of_people();
               },
           .on_setup_code =
               [this](const identity::SetupCode&) {
                 // The console is where the first code was shown; a log would keep it.
                 if (const auto url = setup_url())
                   std::fprintf(stderr, "Too many wrong codes. The new address is:\n  %s\n",
                                url->c_str());
               },
           .on_host_key_rotated =
               [this] {
                 // Out of io.run(), should it fail: a box that nobody reaches has to be started
                 // anew.
                 asio::co_spawn(io, change_network(), [](const std::exception_ptr& error) {
                   if (error) std::rethrow_exception(error);
                 });
               }}),
      services({.executor = io.get_executor(),
                .store = store,
                .log = log,
                .wall = [this] { return clock.wall(); },
                .personas = [this] { return api.personas(); },
                .on_changed = [this] { events.notify("services"); }}),
      shells({.executor = io.get_executor(),
              .own = own_bundle(provisions.shell),
              .flocks =
                  [this] {
                    std::vector<Multiaddr> all;
                    for (const auto& member : network->membership().list())
                      all.push_back(member.address);
                    return all;
                  },
              .clock = clock,
              .entropy = entropy,
              .log = log,
              .on_change = [this] { events.notify("flocks"); }},
             {.every = std::chrono::minutes{options.shell_probe}}),
      router(
          {.api = api,
           .apps = apps,
           .events = events,
           .services = services,
           .membership = [this]() -> membership::Membership& { return network->membership(); },
           .root = keys.root(),
           .graph =
               [this](http::Request request, appliance::Who who, std::string app) {
                 return answer_graph(std::move(request), std::move(who), std::move(app));
               },
           .back_up_graph = [this](std::string target) { return back_up_graph(std::move(target)); },
           .shell_at =
               [this](const Multiaddr& address) {
                 const probe::Finding* found = shells.of(address);
                 return found == nullptr ? json{} : to_json(*found);
               },
           .probe_shells = [this] { return probe_shells(); },
           .status = [this] { return status(subjects()); },
           .doctor = [this] { return doctor(subjects()); },
           .metrics = [this] { return metrics(subjects()); }}),
      timer(io) {
  graph.emplace(io.get_executor(),
                graph_service::ServiceOptions{
                    .directory = graph_service::graph_directory(directory),
                    .cache_bytes = static_cast<std::size_t>(options.graph_cache) << 20,
                    .relaxed = options.graph_sync == "relaxed",
                    .upkeep = upkeep_options(options)},
                clock, entropy, log);
  tell_graph_of_people();
  serve(*network);
  apps.on_change([this] { events.notify("apps"); });

  if (options.embedded_flock >= 0) {
    flock_store = open_store(directory / "flock");
    flock::NodeOptions node{.key = appliance::load_or_make_key(directory / "flock.key", entropy),
                            .listen_ips = listen_addresses(options.listen_ips),
                            .port = static_cast<std::uint16_t>(options.embedded_flock),
                            .domain = options.flock_domain,
                            .version = HEARTH_VERSION,
                            .budget = budget};
    if (provisions.shell && provisions.boot)
      node.pages = flock::NodeOptions::Pages{.shell = *provisions.shell, .boot = *provisions.boot};
    flock.emplace(io.get_executor(), std::move(node), *flock_store, clock, entropy, log);
  }

  local::ListenerOptions listening{.sockets = budget->share_sockets(),
                                   .memory = budget->share(budget::Layer::http)};
  const local::ListenerOptions console = listening;
  if (options.gun) {
    gun_service::ServiceOptions service{.directory = gun_service::store_directory(directory)};
    service.budget = budget;
    service.space_bytes = static_cast<std::uint64_t>(options.gun_space) << 20;
    // All of them come from this machine.
    service.limits.connections_per_address = service.limits.connections;
    listening.connections += service.limits.connections;
    gun.emplace(io.get_executor(), std::move(service), clock, entropy, log);
  }
  loopback = local::listen_on_tcp(
      io.get_executor(), *Endpoint::parse(options.http),
      [this](http::Request request) { return answer_local(std::move(request)); }, listening);
  const Endpoint at{Endpoint::parse(options.http)->address, loopback->port()};
  const std::string port = std::to_string(at.port);
  origins.emplace(local::OriginsOptions{.base = "hearth.localhost:" + port,
                                        .bare = {at.to_string(), "localhost:" + port}},
                  provisions.shell ? std::move(*provisions.shell) : local::Site{},
                  provisions.boot ? std::move(*provisions.boot) : local::Site{});
  guard.emplace(*origins);
  control = local::listen_on_unix(
      io.get_executor(), (directory / "control.sock").string(),
      [this](http::Request request) {
        return router.handle(std::move(request), {.transport = "console", .console = true});
      },
      console);
  advance_later();
}

// --- outward ---------------------------------------------------------------------------------

loop::Task<void> Daemon::Parts::serve_stream(libp2p::StreamPtr stream) {
  const auto& connection = *stream->connection();
  appliance::Caller caller{.peer = connection.peer(),
                           .transport = std::string{libp2p::transport_name(connection.transport())},
                           .relayed = connection.transport() == libp2p::Transport::relayed,
                           .console = false};
  http::Handler handler = [this, caller = std::move(caller)](http::Request request) {
    return router.handle(std::move(request), caller);
  };
  http::ServeOptions serving;
  serving.memory = budget->share(budget::Layer::http);
  serving.standing = network->host().standing_of(connection.peer());
  co_await http::serve(std::move(stream), std::move(handler), std::move(serving));
}

loop::Task<http::Response> Daemon::Parts::answer_local(http::Request request) {
  const std::string path{request.path()};
  // Pages of any origin may speak to it, as to any GunDB relay: that is what opening it means.
  if (gun && path == "/gun") {
    const IpAddress here = IpAddress::v4({127, 0, 0, 1});
    co_return co_await gun->answer(std::move(request), here);
  }
  const bool api_path =
      path.starts_with("/api/") || path.starts_with("/app/") || path.starts_with("/.well-known/");
  const bool is_metrics = path == "/metrics" && request.method == "GET";
  // Apps' origins serve their boot page whatever the path; only the shell's and the bare ones have
  // an API.
  const auto asked = origins->origin_of(request.headers.get("host").value_or(""));
  if (!(api_path || is_metrics) || asked == local::Origin::app) co_return origins->serve(request);
  if (auto refusal = guard->refuse(request)) co_return std::move(*refusal);
  if (is_metrics) co_return metrics(subjects());
  if (path == "/.well-known/hearth") co_return well_known(subjects());
  if (path == "/.well-known/hearth-flock" && flock) co_return flock->well_known();
  appliance::Caller caller;  // named: g++ 12 destroys temporaries of a co_await twice
  co_return co_await router.handle(std::move(request), std::move(caller));
}

loop::Task<http::Response> Daemon::Parts::probe_shells() {
  auto looking = shells.look();
  co_await std::move(looking);
  json all = json::array();
  for (const probe::Finding& found : shells.findings()) {
    json row = to_json(found);
    row["multiaddr"] = found.flock.to_string();
    all.push_back(std::move(row));
  }
  co_return http::Response::json(200, json{{"flocks", std::move(all)}}.dump());
}

// --- told to others --------------------------------------------------------------------------

Subjects Daemon::Parts::subjects() const {
  return {.keys = keys,
          .api = api,
          .apps = apps,
          .network = *network,
          .budget = *budget,
          .shells = shells,
          .gun = gun ? &*gun : nullptr,
          .directory = directory,
          .shell_origin = shell_origin(),
          .flock_shell = flock ? flock->shell_origin() : std::string{},
          .setup_url = setup_url()};
}

WaysIn Daemon::Parts::ways_in() const {
  WaysIn ways{.self = network->host().id(),
              .direct = network->webrtc().listen_addresses(),
              .embedded = {},
              .embedded_shell = {},
              .flocks = network->membership().list()};
  if (flock) {
    ways.embedded = flock->addresses();
    ways.embedded_shell = flock->shell_origin();
  }
  return ways;
}

std::optional<std::string> Daemon::Parts::setup_url() const {
  const auto code = api.setup_code();
  if (!code || !origins) return std::nullopt;
  return setup_link(ways_in(), keys.root(), *code).url(shell_origin());
}

// --- what happens by itself ------------------------------------------------------------------

void Daemon::Parts::join_flocks() {
  const auto join = [this](const Multiaddr& address) {
    std::string name = options.name;
    for (const auto& member : network->membership().list())
      if (name.empty() && member.address.p2p() == address.p2p()) name = member.name;
    if (!network->membership().join(address, std::move(name)))
      log.error("flock.not_joined", {{"flock", address.to_string()}});
  };
  if (flock) {
    auto candidates = flock->addresses();
    std::ranges::stable_partition(candidates, is_loopback);
    if (!candidates.empty()) join(candidates.front());
  }
  for (const std::string& text : options.flocks) join(*Multiaddr::parse(text));
}

std::unique_ptr<Network> Daemon::Parts::make_network(const Ports& ports) {
  return std::make_unique<Network>(NetworkParts{.executor = io.get_executor(),
                                                .keys = keys,
                                                .store = store,
                                                .clock = clock,
                                                .entropy = entropy,
                                                .log = log,
                                                .directory = directory,
                                                .budget = budget},
                                   ports);
}

void Daemon::Parts::serve(Network& made) {
  made.host().set_is_enrolled(
      [this](const peer::PeerId& peer) { return !going && api.is_enrolled(peer); });
  made.host().handle("/http/1.1",
                     [this](libp2p::StreamPtr stream) { return serve_stream(std::move(stream)); });
  // Connections may end after the API has gone, when the whole is taken apart.
  made.host().on_connected([this](const libp2p::ConnectionPtr& connection) {
    if (!going) api.peer_connected(connection->peer());
  });
  made.host().on_disconnected([this](const libp2p::ConnectionPtr& connection) {
    if (!going) api.peer_disconnected(connection->peer());
  });
  made.membership().on_change([this] {
    follow_flocks();
    events.notify("flocks");
  });
}

/// The host key has changed: ends every connection made under the old one.
loop::Task<void> Daemon::Parts::change_network() {
  if (std::exchange(changing, true)) co_return;
  while (network->host().id() != keys.peer_id()) {
    // Whoever asked for it may have asked over such a connection, and gets the answer.
    asio::steady_timer pause{io, std::chrono::milliseconds{300}};
    co_await pause.async_wait(asio::use_awaitable);
    auto leaving = network->leave();
    co_await std::move(leaving);
    const Ports ports = network->ports();
    network->finish();
    left.push_back(std::move(network));
    network = make_network(ports);
    serve(*network);
    log.info("host.changed", {{"peer_id", keys.peer_id().to_string()}});
  }
  changing = false;
}

/// Our reflexive address is asked for at the flocks we are connected to.
void Daemon::Parts::follow_flocks() {
  std::vector<Endpoint> servers;
  for (const auto& member : network->membership().list()) {
    const auto bytes = member.address.p2p();
    const auto id = bytes ? peer::PeerId::from_bytes(*bytes)
                          : Result<peer::PeerId, peer::PeerError>{Failure{peer::PeerError{}}};
    if (!id) continue;
    for (const auto& connection : network->host().connections_to(*id))
      if (const auto endpoint = connection->remote_address().tcp()) {
        servers.push_back(*endpoint);
        break;
      }
  }
  network->webrtc().set_stun_servers(std::move(servers));
}

void Daemon::Parts::cut_off(const identity::DeviceId& device) {
  // A device that revokes itself still gets its answer.
  auto later = std::make_shared<asio::steady_timer>(io, std::chrono::milliseconds{300});
  later->async_wait([this, later, device](boost::system::error_code error) {
    const peer::PeerId peer = identity::peer_of(device);
    if (error || api.is_enrolled(peer)) return;
    network->host().close_peer(peer);
    // On the loopback port a device has no connection of its own: what it still hears ends here.
    events.cut(device.to_string());
    router.cut(device.to_string());
    if (graph) graph->cut(device.to_string());
  });
}

// --- the graph -------------------------------------------------------------------------------

namespace {
http::Response stopping() {
  return appliance::error_response(503, "unavailable", "The box is stopping.");
}
}  // namespace

loop::Task<http::Response> Daemon::Parts::back_up_graph(std::string target) {
  if (!graph) co_return stopping();
  auto copied = graph->back_up(target);
  http::Response response = co_await std::move(copied);
  if (response.status != 200 || !gun) co_return response;
  auto copying = gun->back_up(std::filesystem::path{target} / "gun");
  const std::optional<std::string> problem = co_await std::move(copying);
  if (problem) co_return appliance::error_response(503, "unavailable", *problem);
  co_return http::Response::json(200, json{{"backup", target}, {"gun", true}}.dump());
}

loop::Task<http::Response> Daemon::Parts::verify_gun(appliance::Who who) {
  if (!who.is_owner())
    co_return appliance::error_response(403, "denied", "Only an owner of this box may do that.");
  if (!gun) co_return http::Response::json(200, json{{"open", false}}.dump());
  auto verifying = gun->verify();
  const std::optional<gun_service::Service::Verified> done = co_await std::move(verifying);
  if (!done) co_return stopping();
  co_return http::Response::json(200, json{{"open", true},
                                           {"ok", done->ok()},
                                           {"nodes", done->found.nodes},
                                           {"properties", done->found.properties},
                                           {"deferred", done->found.deferred},
                                           {"bytes", done->found.bytes},
                                           {"damaged", done->found.damaged},
                                           {"damaged_keys", done->found.damaged_keys},
                                           {"files", done->can_be_read},
                                           {"ms", done->took.count()}}
                                          .dump());
}

loop::Task<http::Response> Daemon::Parts::answer_graph(http::Request request, appliance::Who who,
                                                       std::string app) {
  if (!graph) co_return stopping();
  if (app.empty() && request.method == "POST" &&
      request.path() == std::string{graph_service::api_path} + "/gun/verify") {
    auto verified = verify_gun(std::move(who));
    co_return co_await std::move(verified);
  }
  graph_service::Asker asker{.owns_box = who.is_owner() && app.empty(), .app = app};
  if (who.persona) asker.persona = *model::id_from<model::PersonaKey>(who.persona->id.bytes());
  if (who.device) asker.device = who.device->id.to_string();
  auto answered = graph->handle(std::move(request), std::move(asker));
  co_return co_await std::move(answered);
}

void Daemon::Parts::tell_graph_of_people() {
  if (!graph) return;
  std::vector<graph_service::Person> people;
  for (const access::Persona& persona : api.personas())
    people.push_back({.persona = *model::id_from<model::PersonaKey>(persona.id.bytes()),
                      .is_owner = persona.role == access::Role::owner});
  graph->set_people(std::move(people));
}

void Daemon::Parts::advance_later() {
  timer.expires_after(std::chrono::seconds{10});
  timer.async_wait([this](boost::system::error_code error) {
    if (error) return;
    api.advance();
    tell_graph_of_people();
    advance_later();
  });
}

// --- the whole -------------------------------------------------------------------------------

Daemon::Daemon(asio::io_context& io, Options options, Provisions provisions, Log& log)
    : parts_(std::make_unique<Parts>(io, std::move(options), std::move(provisions), log)) {}
Daemon::~Daemon() = default;

loop::Task<void> Daemon::start() {
  asio::co_spawn(parts_->io, parts_->apps.prepare(), asio::detached);
  parts_->join_flocks();
  asio::steady_timer pause{parts_->io};
  for (int i = 0; i < 250 && !parts_->network->membership().settled(); ++i) {
    pause.expires_after(std::chrono::milliseconds{20});
    co_await pause.async_wait(asio::use_awaitable);
  }
}

json Daemon::ready() const {
  const Parts& p = *parts_;
  json addrs = json::array();
  for (const Multiaddr& address : p.network->addresses()) addrs.push_back(address.to_string());
  json line{{"root", p.keys.root().to_string()},
            {"peer_id", p.keys.peer_id().to_string()},
            {"http", p.shell_origin()},
            {"addrs", std::move(addrs)},
            {"flock", nullptr},
            {"setup_url", nullptr}};
  if (const auto through = link_flock(p.ways_in())) line["flock"] = through->address.to_string();
  if (p.flock && !p.flock->shell_origin().empty()) line["flock_shell"] = p.flock->shell_origin();
  if (const auto url = p.setup_url()) line["setup_url"] = *url;
  if (p.gun)
    line["gun"] =
        "ws://" +
        Endpoint{Endpoint::parse(p.options.http)->address, p.loopback->port()}.to_string() + "/gun";
  return line;
}

std::string Daemon::greeting() const {
  const Parts& p = *parts_;
  std::string text = "Hearth is ready.\n";
  if (const auto url = p.setup_url())
    text += "\nOpen this address to make the owner. It works once:\n\n  " + *url +
            "\n\nor type the code " + p.api.setup_code()->to_string() + " at " + p.shell_origin() +
            "\n";
  else
    text += "\nOpen " + p.shell_origin() + "\n";
  return text;
}

loop::Task<void> Daemon::stop() {
  Parts& p = *parts_;
  p.loopback.reset();
  p.gun.reset();
  p.control.reset();
  p.graph.reset();
  p.timer.cancel();
  co_await p.apps.shut_down();
  if (p.flock) co_await p.flock->shut_down();
  co_await p.network->host().shut_down();
}

}  // namespace hearth::daemon
