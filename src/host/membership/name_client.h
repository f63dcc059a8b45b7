#pragma once
// Asks a flock about names, over a libp2p connection to it.

#include <optional>
#include <string>

#include <hearth/base/bytes.h>
#include <hearth/libp2p/host.h>

namespace hearth::membership {

enum class Registered : std::uint8_t {
  yes,
  taken,     ///< the name belongs to another root
  outdated,  ///< the flock knows a newer record: a higher sequence is needed, or this host is
             ///< superseded
  refused,   ///< for another reason, in words
};

struct RegisterResult {
  Registered outcome = Registered::refused;
  std::string why;  ///< the flock's words; empty for yes
};

/// Claims or renews `name` with a signed record. Throws system_error when the flock can't be
/// reached.
libp2p::Task<RegisterResult> register_name(libp2p::ConnectionPtr flock, std::string name,
                                           Bytes record);

/// The signed record of `name`, unverified; nothing when nobody has that name. Throws system_error.
libp2p::Task<std::optional<Bytes>> resolve_name(libp2p::ConnectionPtr flock, std::string name);

}  // namespace hearth::membership
