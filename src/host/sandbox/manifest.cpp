#include <initializer_list>

#include <nlohmann/json.hpp>

#include <hearth/sandbox/file.h>
#include <hearth/sandbox/manifest.h>
#include <hearth/sandbox/order.h>

namespace hearth::sandbox {
namespace {

using Json = nlohmann::json;

void only(const Json& object, std::initializer_list<std::string_view> keys) {
  if (!object.is_object()) throw Trouble{"app.json: an object was expected"};
  for (const auto& item : object.items()) {
    bool known = false;
    for (const auto key : keys) known = known || key == item.key();
    if (!known) throw Trouble{"app.json: unknown key " + item.key()};
  }
}

std::uint64_t number(const Json& object, const char* key, std::uint64_t otherwise,
                     std::uint64_t least, std::uint64_t most) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  if (!found->is_number_unsigned() || *found < least || *found > most)
    throw Trouble{std::string{"app.json: "} + key + " is out of range"};
  return found->get<std::uint64_t>();
}

std::string text(const Json& value, std::size_t most, const char* what) {
  if (!value.is_string()) throw Trouble{std::string{"app.json: "} + what + " must be a text"};
  auto result = value.get<std::string>();
  if (result.empty() || result.size() > most || result.find('\0') != std::string::npos)
    throw Trouble{std::string{"app.json: "} + what + " is empty or too long"};
  return result;
}

}  // namespace

Manifest parse_manifest(std::string_view json) {
  const Json root = Json::parse(json, nullptr, false);
  if (root.is_discarded()) throw Trouble{"app.json isn't JSON"};
  only(root, {"id", "title", "command", "limits"});
  Manifest manifest;
  manifest.id = text(root.value("id", Json{}), 32, "id");
  if (!is_app_id(manifest.id)) throw Trouble{"app.json: id isn't an app's id"};
  manifest.title = text(root.value("title", Json{}), 64, "title");
  const Json command = root.value("command", Json{});
  if (!command.is_array() || command.empty() || command.size() > 16)
    throw Trouble{"app.json: command must be a list of 1 to 16 texts"};
  for (const auto& part : command) manifest.command.push_back(text(part, 256, "command"));
  if (manifest.command.front().front() != '/')
    throw Trouble{"app.json: command must begin with an absolute path"};
  if (root.contains("limits")) {
    const Json& limits = root["limits"];
    only(limits, {"memory_mib", "pids", "cpu_percent"});
    manifest.limits.memory_bytes = number(limits, "memory_mib", 256, 16, 16384) << 20;
    manifest.limits.pids = static_cast<std::uint32_t>(number(limits, "pids", 64, 4, 4096));
    manifest.limits.cpu_percent =
        static_cast<std::uint32_t>(number(limits, "cpu_percent", 100, 5, 800));
  }
  return manifest;
}

}  // namespace hearth::sandbox
