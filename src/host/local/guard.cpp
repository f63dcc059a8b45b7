#include <hearth/local/guard.h>

namespace hearth::local {

http::Response api_error(int status, std::string_view code, std::string_view message) {
  // Both texts are ours, without anything to escape.
  http::Response response =
      http::Response::json(status, "{\"error\":{\"code\":\"" + std::string{code} +
                                       "\",\"message\":\"" + std::string{message} + "\"}}");
  // To a page elsewhere a refusal looks like a port where nobody listens.
  response.headers.add("Cross-Origin-Resource-Policy", "same-site");
  return response;
}

std::optional<http::Response> Guard::refuse(const http::Request& request) const {
  const Origin asked = origins_.origin_of(request.headers.get("host").value_or(""));
  if (asked != Origin::shell && asked != Origin::bare)
    return api_error(421, "bad_request", "This address doesn't serve the API.");
  const auto origin = request.headers.get("origin");
  if (origin && *origin != origins_.shell_origin())
    return api_error(403, "denied", "Pages of other sites may not use the API.");
  const auto site = request.headers.get("sec-fetch-site");
  if (site && *site != "same-origin" && *site != "none")
    return api_error(403, "denied", "Pages of other sites may not use the API.");
  const bool changes = request.method != "GET" && request.method != "HEAD";
  const auto type = request.headers.get("content-type");
  const bool json = type && (*type == "application/json" || type->starts_with("application/json;"));
  // Forms and no-cors fetches can't send this type, nor an Authorization header.
  if (changes && !json && !request.headers.has("authorization"))
    return api_error(415, "bad_request", "Send application/json.");
  return std::nullopt;
}

}  // namespace hearth::local
