// A link that lets one new device in. It is put together here: the appliance doesn't know which
// shell it will be opened with.

#include "commands.h"
#include "output.h"
#include <hearth/codec/base64.h>
#include <hearth/identity/link.h>
#include <hearth/terminal/terminal.h>

namespace hearth::cli {

using nlohmann::json;

namespace {

/// With one persona there is nothing to choose.
json whose(const Context& context, const std::string& name) {
  if (!name.empty()) return find_persona(context, name);
  const json personas = context.client.call("GET", "/api/v1/personas").at("personas");
  if (personas.empty())
    throw Failure{1, "Nobody owns this box yet. Open the address that `hearth status` shows."};
  if (personas.size() > 1)
    throw Failure{1, "Whose device is it? Say it with --persona NAME; see: hearth persona list"};
  return personas.front();
}

/// A flock with a name serves the shell there: a link to this machine's loopback opens nowhere
/// else.
std::string shell_origin(const json& status, const std::optional<codec::Multiaddr>& flock) {
  const std::string own = status.at("shell_origin");
  const bool on_loopback = own == status.value("http", std::string{});
  if (!on_loopback || !flock) return own;
  const std::string text = flock->to_string();
  if (!text.starts_with("/dns")) return own;
  const std::size_t from = text.find('/', 1) + 1;
  const std::size_t to = text.find("/tcp/", from);
  if (to == std::string::npos) return own;
  const std::string host = text.substr(from, to - from);
  const std::string port = text.substr(to + 5, text.find('/', to + 5) - to - 5);
  if (host == "localhost" || host.ends_with(".localhost")) return own;
  return "https://home." + host + (port == "443" ? "" : ":" + port);
}

std::string link_of(const json& answer, const json& status) {
  const auto root = identity::RootId::parse(answer.at("link_root").get<std::string>());
  auto secret = codec::base64url_decode(answer.at("secret").get<std::string>());
  if (!root || !secret) throw Failure{1, "The appliance's answer makes no sense."};
  identity::Link link{.kind = identity::LinkKind::pair,
                      .root = *root,
                      .flock = std::nullopt,
                      .secret = std::move(*secret),
                      .addresses = {}};
  if (answer.contains("flock"))
    if (const auto flock = codec::Multiaddr::parse(answer["flock"].get<std::string>()))
      link.flock = *flock;
  for (const json& text : answer.at("multiaddrs"))
    if (const auto address = codec::Multiaddr::parse(text.get<std::string>()))
      link.addresses.push_back(*address);
  return link.url(shell_origin(status, link.flock));
}

}  // namespace

int pair(const Context& context, const std::string& persona, const std::string& device_name) {
  json body{{"persona", whose(context, persona).at("id")}};
  if (!device_name.empty()) body["device_name"] = device_name;
  json answer = context.client.call("POST", "/api/v1/pairings", body);
  const std::string url = link_of(answer, context.client.call("GET", "/local/v1/status"));
  if (context.json) {
    answer["url"] = url;
    print_json(answer);
    return 0;
  }
  if (terminal::is_terminal())
    if (const auto code = terminal::qr_code(url)) print(*code);
  print(url + "\n\nOpen this on the new device within 10 minutes. It works once.\n");
  return 0;
}

}  // namespace hearth::cli
