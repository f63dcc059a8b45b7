#pragma once
// A TCP service of the box on a local port or socket: bytes, whatever they mean.

#include <functional>

#include <hearth/proxy/app_proxy.h>
#include <hearth/tunnel/line.h>

namespace hearth::tunnel {

class ServiceFront {
 public:
  /// Told why a connection wasn't made. The same words again and again are one's own to leave out.
  using Problem = std::function<void(const std::string& why)>;

  /// `line` outlives it.
  ServiceFront(Line& line, std::uint16_t port, Problem problem)
      : line_(line), port_(port), problem_(std::move(problem)) {}

  /// Carries one local connection, until both sides have ended. Never throws.
  loop::Task<void> serve(std::unique_ptr<loop::ByteStream> client);

 private:
  Line& line_;
  std::uint16_t port_;
  Problem problem_;
};

}  // namespace hearth::tunnel
