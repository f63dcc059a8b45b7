#include "messages.h"

#include <utility>

#include "fields.h"

namespace hearth::files {
namespace {

constexpr std::size_t most_body_bytes = 1 << 20;
constexpr std::size_t most_items = 1000;

}  // namespace

const char* to_text(Kind kind) {
  return kind == Kind::folder ? "folder" : kind == Kind::file ? "file" : "other";
}

Json to_json(const Path& path, const Facts& facts, const std::string& sha256) {
  Json json{{"name", path.name()},
            {"path", path.text()},
            {"kind", to_text(facts.kind)},
            {"modified", facts.modified_ns / 1'000'000}};
  if (facts.kind == Kind::file) {
    json["size"] = facts.size;
    json["type"] = media_type(path.name());
    json["etag"] = facts.etag();
  }
  if (!sha256.empty()) json["sha256"] = sha256;
  return json;
}

Json to_json(const Entry& entry) {
  return to_json(entry.path, entry.facts, entry.sha256);
}

Json error_json(const Problem& problem) {
  return {{"code", problem.code}, {"message", problem.what()}};
}

http::Response json_response(int status, const Json& json) {
  http::Response response =
      http::Response::json(status, json.dump(-1, ' ', false, Json::error_handler_t::replace));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

void refuse_name() {
  throw Problem{400, "bad_request",
                "That name can't be used: it is empty, too long, or has a character that files "
                "can't have."};
}

Path checked(std::string_view text) {
  auto path = Path::parse(text);
  if (!path) refuse_name();
  return std::move(*path);
}

std::string query_text(const http::Request& request, std::string_view name) {
  return http::query_value(request.query(), name).value_or("");
}

std::size_t query_number(const http::Request& request, std::string_view name, std::size_t otherwise,
                         std::size_t least, std::size_t most) {
  const std::string text = query_text(request, name);
  if (text.empty()) return otherwise;
  const auto number = parse_number(text);
  if (!number || *number < least || *number > most)
    throw Problem{400, "bad_request",
                  std::string{name} + " must be " + std::to_string(least) + " to " +
                      std::to_string(most) + "."};
  return static_cast<std::size_t>(*number);
}

void wrong_method() {
  throw Problem{405, "method_not_allowed", "That can't be done here."};
}

const Json& member(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end())
    throw Problem{400, "bad_request", std::string{"\""} + name + "\" is missing."};
  return *found;
}

std::string text_member(const Json& json, const char* name) {
  if (!json.is_object()) throw Problem{400, "bad_request", "An object was expected."};
  const Json& value = member(json, name);
  if (!value.is_string())
    throw Problem{400, "bad_request", std::string{"\""} + name + "\" must be a text."};
  return value.get<std::string>();
}

const Json& list_member(const Json& json, const char* name) {
  const Json& value = member(json, name);
  if (!value.is_array() || value.size() > most_items)
    throw Problem{400, "bad_request",
                  std::string{"\""} + name + "\" must be a list of at most 1,000."};
  return value;
}

OnConflict conflict_member(const Json& json) {
  if (!json.contains("on_conflict")) return OnConflict::fail;
  const std::string text = text_member(json, "on_conflict");
  if (text == "fail") return OnConflict::fail;
  if (text == "keep_both") return OnConflict::keep_both;
  if (text == "replace") return OnConflict::replace;
  throw Problem{400, "bad_request", "on_conflict is fail, keep_both or replace."};
}

loop::Task<Json> json_body(http::Request& request) {
  // No form of another page can send this type without asking first.
  const auto type = request.headers.get("Content-Type").value_or("");
  if (!http::same_name(type.substr(0, type.find(';')), "application/json"))
    throw Problem{415, "wrong_media_type", "Send application/json."};
  // Said before it is sent, to those who wait for 100 (Continue).
  if (request.body->length().value_or(0) > most_body_bytes) throw http::BodyTooLarge{};
  const std::string text = co_await http::read_all(*request.body, most_body_bytes);
  Json body = Json::parse(text, nullptr, false);
  if (!body.is_object()) throw Problem{400, "bad_request", "That isn't a JSON object."};
  co_return body;
}

}  // namespace hearth::files
