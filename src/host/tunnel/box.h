#pragma once
// What a device keeps of a box that has let it in: one private file each.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/codec/multiaddr.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/identity/id.h>
#include <hearth/peer/peer_id.h>

namespace hearth::tunnel {

/// A meeting place of the box, and its name there; the name may be empty.
struct BoxFlock {
  codec::Multiaddr address;
  std::string name;
  friend bool operator==(const BoxFlock&, const BoxFlock&) = default;
};

struct Box {
  static constexpr std::size_t max_addresses = 32;
  static constexpr std::size_t max_flocks = 16;

  std::string name;               ///< what the user calls it
  identity::RootId root;          ///< pinned at first contact
  peer::PeerId peer;              ///< its host, as of `epoch`
  std::uint64_t epoch = 0;        ///< of the host certificate; lower ones are refused
  std::string persona;            ///< whose device this is, for showing
  crypto::Ed25519PrivateKey key;  ///< the device's
  std::vector<BoxFlock> flocks;
  std::vector<codec::Multiaddr> addresses;  ///< of the box itself

  /// Where to look for it, best first: TCP at its own addresses, then through its flocks.
  [[nodiscard]] std::vector<codec::Multiaddr> ways() const;
};

/// As JSON, and back; nothing for what isn't one.
[[nodiscard]] std::string to_json(const Box& box);
[[nodiscard]] std::optional<Box> parse_box(std::string_view json);

/// 1 to 32 of `a-z 0-9 -`: it is a file's name, too.
[[nodiscard]] bool is_box_name(std::string_view name);

/// The boxes of one user, as files of a directory that is 0700.
class Boxes {
 public:
  explicit Boxes(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// In order.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Nothing when there is none of that name. Throws std::runtime_error for a damaged one.
  [[nodiscard]] std::optional<Box> find(const std::string& name) const;
  /// Throws std::system_error.
  void save(const Box& box) const;
  /// Forgets it, and wipes the device's key. False when there is none.
  bool remove(const std::string& name) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(const std::string& name) const {
    return directory_ / (name + ".json");
  }
  std::filesystem::path directory_;
};

}  // namespace hearth::tunnel
