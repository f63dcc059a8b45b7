#include <array>
#include <filesystem>

#include <hearth/codec/base64.h>
#include <hearth/daemon/report.h>
#include <hearth/libp2p/metrics.h>
#include <hearth/webrtc_driver/metrics.h>

namespace hearth::daemon {

using nlohmann::json;

namespace {
json texts(const std::vector<codec::Multiaddr>& addresses) {
  json all = json::array();
  for (const codec::Multiaddr& address : addresses) all.push_back(address.to_string());
  return all;
}

/// What metrics() has, for `hearth status`.
json resources(const Subjects& of) {
  constexpr std::array<std::string_view, budget::standings> who{"stranger", "newcomer", "enrolled"};
  json rows = json::array();
  for (const budget::Item& item : of.budget.items()) {
    json refused;
    for (std::size_t i = 0; i < who.size(); ++i) refused[std::string{who[i]}] = item.refused[i];
    rows.push_back({{"resource", item.resource},
                    {"layer", item.layer},
                    {"used", item.used},
                    {"limit", item.limit},
                    {"limit_of_strangers", item.limit_of_strangers},
                    {"refused", std::move(refused)}});
  }
  const libp2p::ResourceCounters held = of.network.host().resources();
  json refused;
  for (std::size_t i = 0; i < libp2p::refusal_kinds; ++i)
    refused[std::string{to_string(static_cast<libp2p::Refusal>(i))}] = held.refused[i];
  const webrtc_driver::Counters rtc = of.network.webrtc().counters();
  json dropped;
  for (std::size_t i = 0; i < ice::drop_reasons; ++i)
    dropped[std::string{to_string(static_cast<ice::DropReason>(i))}] = rtc.dropped[i];
  return {{"budget", std::move(rows)},     {"connections", held.connections},
          {"strangers", held.strangers},   {"half_open", held.half_open},
          {"streams", held.streams},       {"webrtc_sessions", rtc.sessions},
          {"refused", std::move(refused)}, {"datagrams_dropped", std::move(dropped)}};
}
}  // namespace

json to_json(const probe::Finding& found) {
  json row{{"offer", probe::to_string(found.offer)}, {"checked", found.checked.seconds()}};
  if (!found.origin.empty()) row["origin"] = found.origin;
  if (!found.why.empty()) row["why"] = found.why;
  if (!found.files.empty()) row["files"] = found.files;
  return row;
}

http::Response well_known(const Subjects& of) {
  return http::Response::json(
      200, json{{"root", of.keys.root().to_string()},
                {"peer_id", of.keys.peer_id().to_string()},
                {"name", of.api.name()},
                {"host_certificate", codec::base64url_encode(of.keys.host_certificate())},
                {"addrs", texts(of.network.addresses())},
                {"claimed", of.api.claimed()}}
               .dump());
}

json status(const Subjects& of) {
  json connections = json::array();
  for (const auto& connection : of.network.host().connections()) {
    json row{{"peer_id", connection->peer().to_string()},
             {"transport", libp2p::transport_name(connection->transport())},
             {"relayed", connection->transport() == libp2p::Transport::relayed},
             {"remote", connection->remote_address().to_string()}};
    if (const auto who = of.api.who({}, {.peer = connection->peer()}); who && who->device)
      row["device_name"] = who->device->name;
    connections.push_back(std::move(row));
  }
  json flocks = json::array();
  for (const auto& member : of.network.membership().list()) {
    json row{{"multiaddr", member.address.to_string()},
             {"state", membership::to_string(member.state)},
             {"name", member.name},
             {"error", member.error}};
    if (const auto* found = of.shells.of(member.address)) row["shell"] = to_json(*found);
    flocks.push_back(std::move(row));
  }
  json state{{"name", of.api.name()},
             {"version", HEARTH_VERSION},
             {"root", of.keys.root().to_string()},
             {"peer_id", of.keys.peer_id().to_string()},
             {"http", of.shell_origin},
             {"shell_origin", of.flock_shell.empty() ? of.shell_origin : of.flock_shell},
             {"claimed", of.api.claimed()},
             {"addrs", texts(of.network.addresses())},
             {"flocks", std::move(flocks)},
             {"connections", std::move(connections)},
             {"resources", resources(of)},
             {"apps", of.apps.list(of.keys.root()).at("apps")}};
  if (of.setup_url) state["setup_url"] = *of.setup_url;
  if (of.gun != nullptr)
    state["gun"] = {{"connections", of.gun->connections()},
                    {"puts", of.gun->counters().puts},
                    {"refused_puts", of.gun->counters().refused_puts},
                    {"gets", of.gun->counters().gets},
                    {"store_errors", of.gun->counters().store_errors}};
  return state;
}

http::Response metrics(const Subjects& of) {
  budget::MetricsText text{"hearthd_"};
  libp2p::add_metrics(text, of.network.host());
  webrtc_driver::add_metrics(text, of.network.webrtc().counters());
  text.add(of.budget.items());
  if (of.gun != nullptr) {
    text.gauge("gun_connections", of.gun->connections());
    text.counter("gun_puts_total", of.gun->counters().puts);
    text.counter("gun_refused_puts_total", of.gun->counters().refused_puts);
    text.counter("gun_refused_connections_total", of.gun->counters().refused_connections);
    text.counter("gun_gets_total", of.gun->counters().gets);
  }
  http::Response response = http::Response::text(200, text.text());
  response.headers.set("Content-Type", "text/plain; version=0.0.4");
  return response;
}

json doctor(const Subjects& of) {
  json checks = json::array();
  const auto check = [&checks](bool ok, std::string what, std::string advice) {
    checks.push_back({{"ok", ok}, {"what", std::move(what)}, {"advice", std::move(advice)}});
  };
  check(of.api.claimed(), "The box has an owner.", "Open the address that `hearth status` shows.");
  check(!of.keys.root_key_is_here(), "The recovery kit is saved, away from this box.",
        "Run `hearth recovery show`, write the words down, then `hearth recovery confirm`.");
  const auto members = of.network.membership().list();
  check(!members.empty(), "The box is in a flock, so it can be found from elsewhere.",
        "Join one with `hearth flock join MULTIADDR`.");
  for (const auto& member : members)
    check(member.state == membership::FlockState::joined,
          "Reachable through " + member.address.to_string() + ".",
          member.error.empty() ? "It is being joined; look again in a minute." : member.error);
  for (const json& app : of.apps.list(of.keys.root()).at("apps"))
    check(!app.contains("why"), "The app " + app.at("title").get<std::string>() + " can run.",
          app.value("why", std::string{}));
  for (const probe::Finding& found : of.shells.findings())
    check(found.offer != probe::Offer::differs,
          found.flock.to_string() + " serves no changed shell.",
          "Nobody should log in at " + found.origin + ". See `hearth flock probe`.");
  std::error_code error;
  const auto space = std::filesystem::space(of.directory, error);
  check(!error && space.available > (1ULL << 30), "There is more than 1 GiB of free space.",
        "Free some space, or move the data directory to a larger disk.");
  return {{"checks", std::move(checks)}};
}

}  // namespace hearth::daemon
