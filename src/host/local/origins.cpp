#include <algorithm>

#include <hearth/local/origins.h>

namespace hearth::local {

namespace {

bool is_app_label(std::string_view label) {
  return label.size() == 26 && std::ranges::all_of(label, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
         });
}

/// A route of a page has no dot in its last segment; a missing file is a 404, not a page.
bool names_file(std::string_view path) {
  return path.substr(path.rfind('/')).find('.') != std::string_view::npos;
}

}  // namespace

Origins::Origins(OriginsOptions options, Site shell, Site boot)
    : options_(std::move(options)),
      shell_(std::move(shell)),
      boot_(std::move(boot)),
      // WebRTC and WebSocket go to addresses known only at run time, so connect-src can't name
      // them.
      shell_csp_(
          "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
          "img-src 'self' data: blob:; font-src 'self'; connect-src 'self' ws: wss:; "
          "manifest-src 'self'; worker-src 'self'; frame-src " +
          options_.scheme + "://*." + options_.base +
          "; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
      app_csp_(
          "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; "
          "connect-src 'self'; frame-src 'self'; frame-ancestors " +
          shell_origin() + " 'self'; base-uri 'none'; form-action 'none'") {}

Origin Origins::origin_of(std::string_view host) const {
  if (std::ranges::find(options_.bare, host) != options_.bare.end() || host == options_.base)
    return Origin::bare;
  if (!host.ends_with(options_.base)) return Origin::unknown;
  std::string_view label = host.substr(0, host.size() - options_.base.size());
  if (!label.ends_with('.')) return Origin::unknown;
  label.remove_suffix(1);
  if (label == "home") return Origin::shell;
  return is_app_label(label) ? Origin::app : Origin::unknown;
}

namespace {
bool asks_for_page(const http::Request& request) {
  const auto wanted = request.headers.get("Sec-Fetch-Dest").value_or("document");
  const bool is_page = wanted == "document" || wanted == "iframe" || wanted == "frame";
  return is_page && !request.headers.has("Range");
}
}  // namespace

http::Response Origins::serve(const http::Request& request) const {
  http::Response response = page(request);
  // Else a picture or script that loads tells any page that a box is here.
  response.headers.set("Cross-Origin-Resource-Policy", "same-site");
  return response;
}

http::Response Origins::page(const http::Request& request) const {
  const Origin origin = origin_of(request.headers.get("host").value_or(""));
  const std::string_view path = request.path();
  http::Response response;
  switch (origin) {
    case Origin::unknown:
      return http::Response::text(421, "No such site is served here. Check the address.\n");
    case Origin::bare:
      response = http::Response::empty(302);
      response.headers.add("Location", shell_origin() + std::string{path});
      return response;
    case Origin::shell: {
      response = shell_.get(request, path, names_file(path) ? "" : "/index.html");
      response.headers.add("Content-Security-Policy", shell_csp_);
      response.headers.add("Cross-Origin-Opener-Policy", "same-origin");
      response.headers.add("X-Frame-Options", "DENY");
      return response;
    }
    case Origin::app: {
      // Only the boot page and what it needs: an app's own worker could else take the place of
      // ours.
      const bool is_part = path.starts_with("/.hearth/") && names_file(path);
      // A download gone on with by the browser itself comes past the worker, and must not end with
      // a page in its file.
      if (!is_part && !asks_for_page(request))
        return http::Response::text(404, "Only pages are served here.\n");
      response = boot_.get(request, path, is_part ? "" : "/.hearth/boot.html");
      response.headers.add("Content-Security-Policy", app_csp_);
      response.headers.add("Origin-Agent-Cluster", "?1");
      if (path.starts_with("/.hearth/sw")) response.headers.add("Service-Worker-Allowed", "/");
      return response;
    }
  }
  return http::Response::empty(421);
}

}  // namespace hearth::local
