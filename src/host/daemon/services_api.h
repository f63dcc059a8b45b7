#pragma once
// `/api/v1/services` (docs/protocol/api.md): TCP ports of this machine that owners let people reach
// through the box, and the way there.

#include <functional>
#include <optional>

#include <hearth/access/services.h>
#include <hearth/appliance/api.h>
#include <hearth/http/message.h>
#include <hearth/proxy/app_proxy.h>

namespace hearth::daemon {

inline constexpr std::string_view services_path = "/api/v1/services";

struct ServicesParts {
  boost::asio::any_io_executor executor;
  storage::Store& store;
  Log& log;
  std::function<Timestamp()> wall;
  std::function<std::vector<access::Persona>()> personas;
  /// "services" changed.
  std::function<void()> on_changed;
};

class ServicesApi {
 public:
  /// Throws std::runtime_error when what is kept can't be read.
  explicit ServicesApi(ServicesParts parts);

  /// Requests at or below `services_path`, of somebody who is known. Streams count among `sockets`,
  /// which outlive this.
  loop::Task<http::Response> handle(http::Request request, appliance::Who who,
                                    proxy::Sockets& sockets);

 private:
  loop::Task<http::Response> change(http::Request request, std::uint16_t port,
                                    proxy::Sockets& sockets);
  loop::Task<http::Response> open(const http::Request& request, std::uint16_t port,
                                  appliance::Who who, proxy::Sockets& sockets);
  [[nodiscard]] http::Response list(const appliance::Who& who) const;
  /// Ends what is open to `port` for those who may not reach it any more.
  void cut(std::uint16_t port, proxy::Sockets& sockets) const;
  [[nodiscard]] bool may_reach(std::uint16_t port, std::string_view persona) const;

  ServicesParts parts_;
  access::Services services_;
};

}  // namespace hearth::daemon
