#include <algorithm>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <hearth/appliance/file.h>
#include <hearth/codec/base64.h>
#include <hearth/identity/statement.h>
#include <hearth/tunnel/box.h>

namespace hearth::tunnel {

using codec::Multiaddr;
using nlohmann::json;

namespace {

constexpr std::size_t file_limit = std::size_t{64} << 10;
constexpr int version = 1;

std::optional<std::string> text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<Multiaddr> address_of(const json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto address = Multiaddr::parse(value.get<std::string>());
  return address ? std::optional{*address} : std::nullopt;
}

/// TCP where the address says so; and where it says UDP, since boxes listen on the same port for
/// both unless they were told otherwise.
std::optional<Multiaddr> as_tcp(const Multiaddr& address) {
  if (address.is_relayed()) return std::nullopt;
  if (const auto endpoint = address.tcp()) return Multiaddr::from_tcp(*endpoint);
  if (const auto endpoint = address.udp()) return Multiaddr::from_tcp(*endpoint);
  if (address.dns_tcp()) return address.without_p2p();
  return std::nullopt;
}

}  // namespace

std::vector<Multiaddr> Box::ways() const {
  std::vector<Multiaddr> ways;
  const auto add = [&ways](Multiaddr way) {
    if (std::ranges::find(ways, way) == ways.end()) ways.push_back(std::move(way));
  };
  for (const Multiaddr& address : addresses)
    if (auto way = as_tcp(address)) add(way->with_p2p(peer.bytes()));
  for (const BoxFlock& flock : flocks)
    add(flock.address.with(codec::Protocol::p2p_circuit).with_p2p(peer.bytes()));
  return ways;
}

std::string to_json(const Box& box) {
  json flocks = json::array();
  for (const BoxFlock& flock : box.flocks)
    flocks.push_back({{"address", flock.address.to_string()}, {"name", flock.name}});
  json addresses = json::array();
  for (const Multiaddr& address : box.addresses) addresses.push_back(address.to_string());
  return json{{"version", version},
              {"name", box.name},
              {"root", box.root.to_string()},
              {"peer_id", box.peer.to_string()},
              {"epoch", box.epoch},
              {"persona", box.persona},
              {"key", codec::base64url_encode(box.key.seed())},
              {"flocks", std::move(flocks)},
              {"addresses", std::move(addresses)}}
             .dump(1) +
         "\n";
}

std::optional<Box> parse_box(std::string_view text) {
  if (text.size() > file_limit) return std::nullopt;
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object() || !object.contains("version") || object["version"] != version)
    return std::nullopt;
  const auto name = text_of(object, "name");
  const auto root_text = text_of(object, "root");
  const auto peer_text = text_of(object, "peer_id");
  const auto persona = text_of(object, "persona");
  const auto key_text = text_of(object, "key");
  const auto epoch = object.find("epoch");
  const auto flocks = object.find("flocks");
  const auto addresses = object.find("addresses");
  if (!name || !is_box_name(*name) || !root_text || !peer_text || !persona || !key_text ||
      epoch == object.end() || !epoch->is_number_unsigned() ||
      epoch->get<std::uint64_t>() > identity::max_number || flocks == object.end() ||
      !flocks->is_array() || flocks->size() > Box::max_flocks || addresses == object.end() ||
      !addresses->is_array() || addresses->size() > Box::max_addresses)
    return std::nullopt;
  const auto root = identity::RootId::parse(*root_text);
  auto peer = peer::PeerId::parse(*peer_text);
  const auto seed = codec::base64url_decode(*key_text);
  if (!root || !peer || !seed) return std::nullopt;
  auto key = crypto::Ed25519PrivateKey::from_seed(*seed);
  if (!key) return std::nullopt;
  Box box{.name = *name,
          .root = *root,
          .peer = std::move(*peer),
          .epoch = epoch->get<std::uint64_t>(),
          .persona = *persona,
          .key = std::move(*key),
          .flocks = {},
          .addresses = {}};
  for (const json& flock : *flocks) {
    if (!flock.is_object() || !flock.contains("address")) return std::nullopt;
    const auto address = address_of(flock["address"]);
    const auto its_name = text_of(flock, "name");
    if (!address || !address->p2p() || !its_name) return std::nullopt;
    box.flocks.push_back({.address = *address, .name = *its_name});
  }
  for (const json& each : *addresses) {
    const auto address = address_of(each);
    if (!address) return std::nullopt;
    box.addresses.push_back(*address);
  }
  return box;
}

bool is_box_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::vector<std::string> Boxes::names() const {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{directory_, ignored})
    if (entry.path().extension() == ".json" && is_box_name(entry.path().stem().string()))
      names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

std::optional<Box> Boxes::find(const std::string& name) const {
  if (!is_box_name(name)) return std::nullopt;
  const auto content = appliance::read_private(path_of(name), file_limit);
  if (!content) return std::nullopt;
  auto box = parse_box(as_text(*content));
  if (!box || box->name != name)
    throw std::runtime_error{path_of(name).string() + " is damaged. Remove it, and pair again."};
  return box;
}

void Boxes::save(const Box& box) const {
  std::filesystem::create_directories(directory_);
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all);
  appliance::write_private(path_of(box.name), as_bytes(to_json(box)));
}

bool Boxes::remove(const std::string& name) const {
  if (!is_box_name(name) || !std::filesystem::exists(path_of(name))) return false;
  appliance::wipe_file(path_of(name));
  return true;
}

}  // namespace hearth::tunnel
