#include <hearth/flock/server.h>
#include <hearth/http/server.h>
#include <hearth/libp2p/metrics.h>
#include <hearth/local/guard.h>

namespace hearth::flock {

using http::Request;
using http::Response;

namespace {

constexpr std::string_view names_prefix = "/flock/v1/names/";

std::string network_of_connection(const libp2p::Connection& connection) {
  const auto tcp = connection.remote_address().tcp();
  return tcp ? network_of(tcp->address) : std::string{};
}

std::string json_text(std::string_view text) {
  return '"' + std::string{text} + '"';
}

}  // namespace

Server::Server(libp2p::Host& host, storage::Store& store, const local::Origins* origins,
               ServerOptions options, const loop::SystemClock& clock, Log& log)
    : host_(host),
      origins_(origins),
      options_(std::move(options)),
      registry_(store, options_.names),
      names_(registry_, clock, log),
      relay_(host, {}, [this, &clock](const peer::PeerId& peer) {
        // Asked at each reservation: the host is there, so its claim no longer lapses.
        const bool registered = registry_.is_registered(clock.wall(), peer);
        if (registered) (void)registry_.confirm(clock.wall(), peer);
        return registered;
      }) {
  host_.handle("/http/1.1", [this](libp2p::StreamPtr stream) -> loop::Task<void> {
    const Asker asker{.peer = stream->connection()->peer(),
                      .network = network_of_connection(*stream->connection())};
    http::Handler handler = [this, asker](Request request) {
      return answer(std::move(request), asker);
    };
    http::ServeOptions serving = serve_options();
    serving.standing = host_.standing_of(asker.peer.value());
    co_await http::serve(std::move(stream), std::move(handler), std::move(serving));
  });
  host_.set_http_fallback([this](std::unique_ptr<loop::ByteStream> stream) -> loop::Task<void> {
    http::Handler handler = [this](Request request) { return answer(std::move(request), Asker{}); };
    http::ServeOptions serving = serve_options();
    co_await http::serve(std::move(stream), std::move(handler), std::move(serving));
  });
  host_.set_is_enrolled([this, &clock](const peer::PeerId& peer) {
    return registry_.is_registered(clock.wall(), peer);
  });
}

http::ServeOptions Server::serve_options() const {
  http::ServeOptions serving;
  serving.memory = host_.budget()->share(budget::Layer::http);
  return serving;
}

loop::Task<Response> Server::answer(Request request, Asker asker) {
  const std::string path{request.path()};
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads && path == "/healthz") co_return Response::text(200, "ok\n");
  if (reads && path == "/metrics") co_return metrics();
  if (reads && path == "/.well-known/hearth-flock") co_return well_known();
  if (path.starts_with(names_prefix)) {
    std::string name = path.substr(names_prefix.size());
    constexpr std::string_view transfer = "/transfer";
    if (request.method == "POST" && name.ends_with(transfer)) {
      name.resize(name.size() - transfer.size());
      co_return co_await names_.transfer(std::move(name), std::move(request), std::move(asker));
    }
    if (request.method == "PUT")
      co_return co_await names_.put(std::move(name), std::move(request), std::move(asker));
    if (reads) co_return co_await names_.get(std::move(name));
    co_return local::api_error(405, "bad_request", "Names are read with GET and set with PUT.");
  }
  if (origins_ != nullptr) co_return origins_->serve(request);
  co_return Response::text(404, "This flock serves no pages.\n");
}

std::vector<std::string> Server::addresses() const {
  const std::string suffix = "/p2p/" + host_.id().to_string();
  std::vector<std::string> all;
  for (const auto& address : host_.announced_addresses())
    all.push_back(address.to_string() + suffix);
  return all;
}

Response Server::well_known() const {
  std::string json = "{\"peer_id\":" + json_text(host_.id().to_string()) + ",\"addrs\":[";
  bool first = true;
  for (const std::string& address : addresses()) {
    json += (first ? "" : ",") + json_text(address);
    first = false;
  }
  json += "],\"stun\":" + json_text(options_.stun_url) +
          ",\"version\":" + json_text(options_.version) + "}";
  Response response = Response::json(200, std::move(json));
  response.headers.add("Access-Control-Allow-Origin", "*");
  return response;
}

Response Server::metrics() const {
  budget::MetricsText text{"hearth_flock_"};
  const NameCounters& names = names_.counters();
  text.counter("names_found_total", names.found);
  text.counter("names_missing_total", names.missing);
  text.counter("names_claimed_total", names.claimed);
  text.counter("names_renewed_total", names.renewed);
  text.counter("names_transferred_total", names.transferred);
  text.counter("names_refused_total", names.refused);
  libp2p::add_metrics(text, relay_.status());
  libp2p::add_metrics(text, host_);
  text.add(host_.budget()->items());
  if (stun_ != nullptr) {
    text.counter("stun_received_total", stun_->counters().received);
    text.counter("stun_answered_total", stun_->counters().answered);
    text.counter("stun_limited_total", stun_->counters().limited);
  }
  Response response = Response::text(200, text.text());
  response.headers.set("Content-Type", "text/plain; version=0.0.4");
  return response;
}

}  // namespace hearth::flock
