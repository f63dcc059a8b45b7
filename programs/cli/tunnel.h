#pragma once
// The commands by which this user's programs reach a box as one of its devices (`box`, `tunnel`),
// and by which its owner says which TCP services may be reached so (`service`).

#include <string>
#include <vector>

#include "commands.h"

namespace hearth::cli {

struct BoxOptions {
  std::string directory;  ///< of the user's boxes; empty: where programs keep such things
  std::string link;
  std::string name;
  std::string device_name;
};
int box_add(const Context& context, const BoxOptions& options);
int box_list(const Context& context, const BoxOptions& options);
int box_remove(const Context& context, const BoxOptions& options);

struct TunnelOptions {
  BoxOptions box;     ///< its `name` may be empty when there is one alone
  std::string what;   ///< an app's id, or with `tcp` a port of the box
  std::string local;  ///< a port, or a socket's path with a slash; empty: a port that is free
  bool tcp = false;
};
/// Until SIGINT or SIGTERM, or the box refuses this device for good.
int tunnel(const Context& context, const TunnelOptions& options);

struct ServiceOptions {
  std::uint16_t port = 0;
  std::string name;
  std::vector<std::string> personas;
};
int service_allow(const Context& context, const ServiceOptions& options);
int service_deny(const Context& context, const ServiceOptions& options);
int service_list(const Context& context);

}  // namespace hearth::cli
