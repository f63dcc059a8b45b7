#pragma once
// The origins of one base host: the shell at `home.<base>`, each app instance at `<label>.<base>`.

#include <optional>
#include <string>

#include <hearth/http/message.h>
#include <hearth/local/site.h>

namespace hearth::local {

/// Which origin a Host header names.
enum class Origin : std::uint8_t { shell, app, bare, unknown };

struct OriginsOptions {
  /// With its port when it isn't the scheme's own: "hearth.localhost:8420", "flock.example".
  std::string base;
  std::string scheme = "http";
  /// Further names of the server itself, without a site of their own: "127.0.0.1:8420".
  std::vector<std::string> bare;
};

/// Serves the shell and the apps' boot pages as static files, by Host.
class Origins {
 public:
  Origins(OriginsOptions options, Site shell, Site boot);

  [[nodiscard]] Origin origin_of(std::string_view host) const;
  [[nodiscard]] std::string shell_origin() const {
    return options_.scheme + "://home." + options_.base;
  }

  /// Static files for shell and app origins; a bare name is sent to the shell; anything else is
  /// 421.
  [[nodiscard]] http::Response serve(const http::Request& request) const;

 private:
  [[nodiscard]] http::Response page(const http::Request& request) const;

  OriginsOptions options_;
  Site shell_;
  Site boot_;
  std::string shell_csp_;
  std::string app_csp_;
};

}  // namespace hearth::local
