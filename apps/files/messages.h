#pragma once
// What requests say and answers hold, as JSON and in queries: docs/protocol/files.md.

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "listing.h"
#include "name.h"
#include "space.h"
#include <hearth/http/message.h>

namespace hearth::files {

using Json = nlohmann::json;

[[nodiscard]] const char* to_text(Kind kind);
[[nodiscard]] Json to_json(const Path& path, const Facts& facts, const std::string& sha256 = {});
[[nodiscard]] Json to_json(const Entry& entry);
[[nodiscard]] Json error_json(const Problem& problem);
[[nodiscard]] http::Response json_response(int status, const Json& json);

// What isn't as it must be throws Problem, in words for the person.

[[noreturn]] void refuse_name();
[[noreturn]] void wrong_method();
[[nodiscard]] Path checked(std::string_view text);
/// Empty when it isn't there.
[[nodiscard]] std::string query_text(const http::Request& request, std::string_view name);
[[nodiscard]] std::size_t query_number(const http::Request& request, std::string_view name,
                                       std::size_t otherwise, std::size_t least, std::size_t most);

[[nodiscard]] const Json& member(const Json& json, const char* name);
[[nodiscard]] std::string text_member(const Json& json, const char* name);
/// At most 1,000 items.
[[nodiscard]] const Json& list_member(const Json& json, const char* name);
[[nodiscard]] OnConflict conflict_member(const Json& json);
/// An object, of at most 1 MiB.
[[nodiscard]] loop::Task<Json> json_body(http::Request& request);

}  // namespace hearth::files
