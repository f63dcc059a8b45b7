#pragma once
// How a device gets in: by a link that `hearth pair` or the shell made, once.

#include <hearth/identity/link.h>
#include <hearth/tunnel/line.h>

namespace hearth::tunnel {

/// A box that has enrolled a new key as a device of kind `cli`. `name` is what the user calls the
/// box, `device_name` what its people will see. Throws Refused, Unreachable or system_error.
loop::Task<std::unique_ptr<Box>> pair(LineOptions options, identity::Link link, std::string name,
                                      std::string device_name);

}  // namespace hearth::tunnel
