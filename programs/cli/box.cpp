// Boxes that have let this user's programs in.

#include <array>
#include <cstdlib>
#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <unistd.h>

#include "output.h"
#include "tunnel.h"
#include "tunnel_client.h"
#include <hearth/identity/link.h>
#include <hearth/terminal/terminal.h>
#include <hearth/tunnel/pairing.h>

namespace hearth::cli {

using nlohmann::json;

tunnel::Boxes boxes_of(const BoxOptions& options) {
  if (!options.directory.empty()) return tunnel::Boxes{options.directory};
  const char* data = std::getenv("XDG_DATA_HOME");
  const char* home = std::getenv("HOME");
  if (data != nullptr && data[0] == '/')
    return tunnel::Boxes{std::filesystem::path{data} / "hearth/boxes"};
  if (home == nullptr || home[0] != '/')
    throw Failure{2, "Say where this user's boxes are kept, with --boxes DIR."};
  return tunnel::Boxes{std::filesystem::path{home} / ".local/share/hearth/boxes"};
}

tunnel::Box find_box(const tunnel::Boxes& boxes, const std::string& name) {
  std::string chosen = name;
  if (chosen.empty()) {
    const auto names = boxes.names();
    if (names.empty())
      throw Failure{1,
                    "No box has let you in yet. Run `hearth pair` on it, and `hearth box add` "
                    "with the link here."};
    if (names.size() > 1)
      throw Failure{2, "Which box? Say it with --box NAME; see: hearth box list"};
    chosen = names.front();
  }
  auto box = boxes.find(chosen);
  if (!box) throw Failure{1, "There is no box '" + chosen + "'. See them with: hearth box list"};
  return std::move(*box);
}

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "computer";
  return name.data();
}

/// A link that was given as `-` is read from standard input: arguments show in `ps`.
identity::Link read_link(const std::string& given) {
  std::string text = given;
  if (text == "-") std::getline(std::cin, text);
  const auto link = identity::Link::parse(text);
  if (!link || link->kind != identity::LinkKind::pair)
    throw Failure{2, "That is no link of `hearth pair`. Give it whole, in quotes."};
  return *link;
}

json shown(const tunnel::Box& box) {
  return {{"name", box.name},
          {"root", box.root.to_string()},
          {"peer_id", box.peer.to_string()},
          {"persona", box.persona},
          {"device", identity::DeviceId{box.key.public_key()}.to_string()}};
}

}  // namespace

int box_add(const Context& context, const BoxOptions& options) {
  const tunnel::Boxes boxes = boxes_of(options);
  const identity::Link link = read_link(options.link);
  const std::string name = options.name.empty() ? "box" : options.name;
  if (!tunnel::is_box_name(name))
    throw Failure{2, "A box's name has 1 to 32 of a-z, 0-9 and hyphens."};
  if (boxes.find(name))
    throw Failure{1, "There is a box '" + name + "' already. Give another --name, or remove it."};
  const std::string device_name =
      options.device_name.empty() ? "hearth on " + host_name() : options.device_name;

  Machine machine;
  auto pairing = tunnel::pair(machine.options(), link, name, device_name);
  const std::unique_ptr<tunnel::Box> box = machine.run(std::move(pairing));
  boxes.save(*box);
  if (context.json)
    print_json(shown(*box));
  else
    print("The box '" + name + "' has let this user in, as a device of " + box->persona +
          ".\nTry: hearth tunnel files 8080\n");
  return 0;
}

int box_list(const Context& context, const BoxOptions& options) {
  const tunnel::Boxes boxes = boxes_of(options);
  json all = json::array();
  std::vector<std::vector<std::string>> rows{{"NAME", "PERSONA", "ROOT", "DEVICE"}};
  for (const std::string& name : boxes.names()) {
    const auto box = boxes.find(name);
    if (!box) continue;
    all.push_back(shown(*box));
    rows.push_back({name, box->persona, box->root.to_string(), text_of(all.back(), "device")});
  }
  if (context.json)
    print_json({{"boxes", all}});
  else
    print(terminal::table(rows));
  return 0;
}

int box_remove(const Context& context, const BoxOptions& options) {
  if (!boxes_of(options).remove(options.name))
    throw Failure{1, "There is no box '" + options.name + "'. See them with: hearth box list"};
  if (context.json)
    print_json({{"removed", options.name}});
  else
    print("Forgotten. The box still lists this device: remove it there, too.\n");
  return 0;
}

}  // namespace hearth::cli
