#include "service.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <nlohmann/json.hpp>
#include <unistd.h>

namespace hearth::files {
namespace {

using Json = nlohmann::json;
using http::Body;
using http::Request;
using http::Response;
using loop::Task;

constexpr std::string_view api_prefix = "/api/v1/";
constexpr std::size_t most_body_bytes = 1 << 20;
constexpr std::size_t most_items = 1000;
constexpr std::size_t chunk_bytes = 128 * 1024;

// What people put here can be anything: as a page it gets an origin of its own, no script, and no
// way out.
constexpr const char* content_policy =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src "
    "'self'";
constexpr const char* page_policy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src "
    "'self' blob:; "
    "frame-src 'self' blob:; object-src 'self' blob:; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'";

const char* to_text(Kind kind) {
  return kind == Kind::folder ? "folder" : kind == Kind::file ? "file" : "other";
}

Json to_json(const Path& path, const Facts& facts, const std::string& sha256 = {}) {
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

Response json_response(int status, const Json& json) {
  Response response =
      Response::json(status, json.dump(-1, ' ', false, Json::error_handler_t::replace));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

[[noreturn]] void refuse_name() {
  throw Problem{400, "bad_request",
                "That name can't be used: it is empty, too long, or has a character that files "
                "can't have."};
}

Path checked(std::string_view text) {
  auto path = Path::parse(text);
  if (!path) refuse_name();
  return std::move(*path);
}

std::string query_text(const Request& request, std::string_view name) {
  return http::query_value(request.query(), name).value_or("");
}

std::size_t query_number(const Request& request, std::string_view name, std::size_t otherwise,
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

[[noreturn]] void wrong_method() {
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

Json undo(const char* path, Json body) {
  return {{"method", "POST"}, {"path", path}, {"body", std::move(body)}};
}

// Does each item by itself: `act` fills in the item's result, and what it throws becomes its error.
template <class Act>
Json each(const Json& items, Act act) {
  Json results = Json::array();
  for (const auto& item : items) {
    Json result;
    try {
      act(item, result);
    } catch (const Problem& problem) {
      result["error"] = error_json(problem);
    }
    results.push_back(std::move(result));
  }
  return results;
}

Json post_folder(Space& space, const Json& body) {
  const Path path = checked(text_member(body, "path"));
  const std::string made = space.make_folder(path);
  return {{"entry", to_json(space.entry(path))},
          {"undo", undo("/api/v1/trash", {{"paths", {made}}})}};
}

Json post_move(Space& space, const Json& body) {
  const auto on_conflict = conflict_member(body);
  Json back = Json::array();
  Json results = each(list_member(body, "items"), [&](const Json& item, Json& result) {
    const Path from = checked(text_member(item, "from"));
    result["from"] = from.text();
    const Path to = space.move(from, checked(text_member(item, "to")), on_conflict);
    result["to"] = to.text();
    result["entry"] = to_json(space.entry(to));
    // The last first, so that each finds things where they were then.
    const Json step{{"from", to.text()}, {"to", from.text()}};
    if (from != to) back.insert(back.begin(), step);
  });
  return {{"results", std::move(results)},
          {"undo", back.empty() ? Json{} : undo("/api/v1/move", {{"items", back}})}};
}

Json post_trash(Space& space, const Json& body) {
  Json ids = Json::array();
  Json results = each(list_member(body, "paths"), [&](const Json& item, Json& result) {
    if (!item.is_string()) throw Problem{400, "bad_request", "A path must be a text."};
    result["path"] = item;
    const std::string id = space.trash(checked(item.get<std::string>()));
    result["id"] = id;
    ids.push_back(id);
  });
  return {{"results", std::move(results)},
          {"undo", ids.empty() ? Json{} : undo("/api/v1/trash/restore", {{"ids", ids}})}};
}

Json post_restore(Space& space, const Json& body) {
  const auto on_conflict = conflict_member(body);
  Json paths = Json::array();
  Json results = each(list_member(body, "ids"), [&](const Json& item, Json& result) {
    if (!item.is_string()) throw Problem{400, "bad_request", "An id must be a text."};
    result["id"] = item;
    const Path path = space.restore(item.get<std::string>(), on_conflict);
    result["path"] = path.text();
    result["entry"] = to_json(space.entry(path));
    paths.push_back(path.text());
  });
  return {{"results", std::move(results)},
          {"undo", paths.empty() ? Json{} : undo("/api/v1/trash", {{"paths", paths}})}};
}

/// A stretch of an open file, read on the worker's threads.
class FileBody final : public Body {
 public:
  FileBody(Worker& worker, Fd fd, ByteRange range)
      : worker_(worker),
        fd_(std::make_shared<Fd>(std::move(fd))),
        at_(range.first),
        end_(range.last + 1),
        length_(range.size()) {}

  Task<std::size_t> read_some(MutableBytes out) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), end_ - at_));
    if (want == 0) co_return 0;
    auto act = [fd = fd_, out, want, at = at_] {
      return ::pread(fd->get(), out.data(), want, static_cast<off_t>(at));
    };
    const ssize_t count = co_await worker_.run(std::move(act));
    // Shorter than promised: the connection must break, or the other side would take it for the
    // whole.
    if (count <= 0) throw boost::system::system_error{boost::asio::error::connection_aborted};
    at_ += static_cast<std::uint64_t>(count);
    co_return static_cast<std::size_t>(count);
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

 private:
  Worker& worker_;
  std::shared_ptr<Fd> fd_;
  std::uint64_t at_, end_, length_;
};

/// A stretch of an archive; whoever asked is told of a changed file by the connection's end.
class ArchiveBody final : public Body {
 public:
  ArchiveBody(Worker& worker, std::shared_ptr<Archive> archive, ByteRange range)
      : worker_(worker),
        reader_(std::make_shared<Archive::Reader>(std::move(archive), range.first)),
        left_(range.size()),
        length_(range.size()) {}

  Task<std::size_t> read_some(MutableBytes out) override {
    const MutableBytes wanted =
        out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_)));
    if (wanted.empty()) co_return 0;
    auto act = [reader = reader_, wanted] { return reader->read(wanted); };
    const std::size_t count = co_await worker_.run(std::move(act));
    left_ -= count;
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

 private:
  Worker& worker_;
  std::shared_ptr<Archive::Reader> reader_;
  std::uint64_t left_, length_;
};

// RFC 9110 13.2.2's order. 0: go on.
int precondition(const Request& request, const std::string& etag, std::int64_t modified_s) {
  const auto& headers = request.headers;
  if (const auto match = headers.get("If-Match")) {
    if (!lists_etag(*match, etag, false)) return 412;
  } else if (const auto since = headers.get("If-Unmodified-Since")) {
    const auto date = parse_http_date(*since);
    if (date && modified_s > *date) return 412;
  }
  if (const auto none = headers.get("If-None-Match")) {
    if (lists_etag(*none, etag, true)) return 304;
  } else if (const auto since = headers.get("If-Modified-Since")) {
    const auto date = parse_http_date(*since);
    if (date && modified_s <= *date) return 304;
  }
  return 0;
}

bool range_applies(const Request& request, const std::string& etag, std::int64_t modified_s) {
  const auto condition = request.headers.get("If-Range");
  if (!condition) return true;
  if (condition->starts_with('"')) return *condition == etag;
  const auto date = parse_http_date(*condition);
  return date && *date == modified_s;
}

using MakeBody = std::function<std::unique_ptr<Body>(ByteRange)>;

// What is sent of `size` bytes, conditions and ranges considered. `response` has its other headers
// already.
void send(const Request& request, std::uint64_t size, const std::string& etag,
          std::int64_t modified_s, const MakeBody& make_body, Response& response) {
  response.headers.set("ETag", etag);
  response.headers.set("Last-Modified", http_date(modified_s));
  response.headers.set("Accept-Ranges", "bytes");
  if (const int status = precondition(request, etag, modified_s); status != 0) {
    if (status == 412) throw Problem{412, "precondition_failed", "The file has changed meanwhile."};
    response.status = status;
    return;
  }
  RangeChoice choice;
  const auto range = request.headers.get("Range");
  if (range && request.method == "GET" && range_applies(request, etag, modified_s))
    choice = choose_range(*range, size);
  if (choice.kind == RangeKind::unsatisfiable) {
    response = json_response(
        416,
        {{"error", {{"code", "range_not_satisfiable"}, {"message", "The file isn't that long."}}}});
    response.headers.set("Content-Range", "bytes */" + std::to_string(size));
    return;
  }
  ByteRange whole{0, size - 1};
  if (choice.kind == RangeKind::part) {
    response.status = 206;
    whole = choice.range;
    response.headers.set("Content-Range", "bytes " + std::to_string(whole.first) + "-" +
                                              std::to_string(whole.last) + "/" +
                                              std::to_string(size));
  }
  if (size != 0) response.body = make_body(whole);
}

void send_file(Worker& worker, const Request& request, OpenFile file, Response& response) {
  const MakeBody body = [&](ByteRange range) -> std::unique_ptr<Body> {
    return std::make_unique<FileBody>(worker, std::move(file.fd), range);
  };
  const Facts facts = file.facts;
  send(request, facts.size, facts.etag(), facts.modified_ns / 1'000'000'000, body, response);
}

Task<Json> json_body(Request& request) {
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

bool is_persona(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

Json to_json(const UploadState& state) {
  Json json{{"id", state.id},
            {"offset", state.offset},
            {"length", state.length},
            {"complete", state.complete},
            {"expires", state.expires_ms}};
  json["path"] = state.complete ? Json(state.path.text()) : Json{};
  if (state.complete) json["sha256"] = state.sha256;
  return json;
}

/// RFC 9530, of the hexadecimal digest.
std::string repr_digest(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return "sha-256=:" + base64_encode(bytes) + ":";
}

void describe(Response& response, const UploadState& state) {
  response.headers.set("Upload-Offset", std::to_string(state.offset));
  response.headers.set("Upload-Expires", http_date(state.expires_ms / 1000));
  if (!state.complete) return;
  response.headers.set("Content-Location", "/api/v1/content/" + percent_encode(state.path.text()));
  response.headers.set("Repr-Digest", repr_digest(state.sha256));
}

}  // namespace

Service::Service(ServiceOptions options, Worker& worker)
    : options_(std::move(options)), worker_(worker) {
  const Fd data{::open(options_.data_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!data) throw problem_of(errno, "open " + options_.data_directory);
  people_ = make_folder(data.get(), "people");
  web_ = Fd{::open(options_.web_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // Whoever was here before: their trash and uploads run out even if they don't come back.
  for (const auto& id : names_in(people_.get()))
    if (is_persona(id)) (void)person(id);
}

Service::PersonPtr Service::person(const std::string& id) {
  const std::lock_guard lock{mutex_};
  auto& known = known_[id];
  if (!known)
    known = std::make_shared<Person>(make_folder(people_.get(), id.c_str()), options_.now_ms);
  return known;
}

Service::PersonPtr Service::person(const Request& request) {
  const std::string id{request.headers.get("Hearth-Persona").value_or("")};
  if (!is_persona(id)) throw Problem{403, "denied", "Log in to see your files."};
  return person(id);
}

void Service::expire() {
  std::vector<PersonPtr> all;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, person] : known_) all.push_back(person);
  }
  for (const auto& person : all) {
    person->space.expire();
    person->uploads.expire();
  }
}

Task<Response> Service::handle(Request request) {
  Response response;
  const std::string path{request.path()};
  const bool is_tus = path.starts_with("/api/v1/uploads");
  try {
    if (path.starts_with(api_prefix))
      response = co_await api(request, std::string_view{path}.substr(api_prefix.size()));
    else
      response = co_await page(request);
  } catch (const Problem& problem) {
    response = json_response(problem.status, {{"error", error_json(problem)}});
  } catch (const http::BodyTooLarge&) {
    response = json_response(
        413, {{"error", {{"code", "too_large"}, {"message", "The request is too large."}}}});
  }
  if (is_tus) {
    response.headers.set("Tus-Resumable", "1.0.0");
    response.headers.set("Cache-Control", "no-store");
    if (response.status == 412) response.headers.set("Tus-Version", "1.0.0");
  }
  response.headers.set("X-Content-Type-Options", "nosniff");
  co_return response;
}

Task<Response> Service::api(Request& request, std::string_view path) {
  const PersonPtr who = person(request);
  if (path == "uploads" || path.starts_with("uploads/")) {
    // Not in the call: g++ 12 evaluates both arms of a conditional there.
    std::string_view id;
    if (path.size() > 8) id = path.substr(8);
    co_return co_await tus(who, request, id);
  }
  if (path.starts_with("archives/")) co_return co_await archive(who, request, path.substr(9));
  if (path.starts_with("content/")) co_return co_await content(who, request, path.substr(8));
  if (request.method == "GET" || request.method == "HEAD")
    co_return co_await read(who, request, path);
  co_return co_await change(who, request, path);
}

Task<Response> Service::read(PersonPtr who, Request& request, std::string_view path) {
  Space& space = who->space;
  const Path at = checked(query_text(request, "path"));
  if (path == "list") {
    PageRequest wanted;
    const std::string sort = query_text(request, "sort");
    if (sort == "size")
      wanted.sort = Sort::size;
    else if (sort == "modified")
      wanted.sort = Sort::modified;
    else if (!sort.empty() && sort != "name")
      throw Problem{400, "bad_request", "sort is name, size or modified."};
    const std::string order = query_text(request, "order");
    if (!order.empty() && order != "asc" && order != "desc")
      throw Problem{400, "bad_request", "order is asc or desc."};
    wanted.order = order == "desc" ? Order::descending : Order::ascending;
    wanted.limit = query_number(request, "limit", 200, 1, 1000);
    wanted.offset = query_number(request, "offset", 0, 0, 1'000'000'000);
    wanted.cursor = query_text(request, "cursor");
    auto act = [&] {
      const Page page = space.list(at, wanted);
      Json entries = Json::array();
      for (const auto& item : page.items)
        if (const auto child = at.join(item.name))
          entries.push_back(files::to_json(*child, item.facts));
      return Json{{"path", at.text()},
                  {"version", page.version},
                  {"total", page.total},
                  {"folders", page.folders},
                  {"offset", page.offset},
                  {"entries", std::move(entries)},
                  {"cursor", page.cursor.empty() ? Json{} : Json(page.cursor)}};
    };
    const Json result = co_await worker_.run(act);
    co_return json_response(200, result);
  }
  if (path == "entry") {
    auto act = [&] { return files::to_json(space.entry(at)); };
    const Json result = co_await worker_.run(act);
    co_return json_response(200, result);
  }
  if (path == "search") {
    const std::string text = query_text(request, "q");
    if (text.empty() || text.size() > max_name_bytes)
      throw Problem{400, "bad_request", "Type what to look for."};
    const std::size_t limit = query_number(request, "limit", 100, 1, 1000);
    auto act = [&] {
      bool complete = false;
      Json entries = Json::array();
      for (const auto& entry : space.search(at, text, limit, complete))
        entries.push_back(files::to_json(entry));
      return Json{{"entries", std::move(entries)}, {"complete", complete}};
    };
    const Json result = co_await worker_.run(act);
    co_return json_response(200, result);
  }
  if (path == "stats") {
    auto act = [&] { return space.usage(); };
    const Usage usage = co_await worker_.run(act);
    co_return json_response(200, {{"used", usage.used},
                                  {"free", usage.free},
                                  {"files", usage.files},
                                  {"folders", usage.folders},
                                  {"trash", usage.trash}});
  }
  if (path == "trash") {
    const std::size_t limit = query_number(request, "limit", 200, 1, 1000);
    const std::string cursor = query_text(request, "cursor");
    auto act = [&] {
      std::size_t total = 0;
      std::string next;
      Json entries = Json::array();
      for (const auto& it : space.trashed(cursor, limit, total, next)) {
        const auto slash = it.path.rfind('/');
        entries.push_back({{"id", it.id},
                           {"name", it.path.substr(slash == std::string::npos ? 0 : slash + 1)},
                           {"path", it.path},
                           {"kind", to_text(it.kind)},
                           {"size", it.size},
                           {"deleted", it.deleted_ms},
                           {"expires", it.deleted_ms + trash_days * 86'400'000}});
      }
      return Json{{"entries", std::move(entries)},
                  {"total", total},
                  {"cursor", next.empty() ? Json{} : Json(next)}};
    };
    const Json result = co_await worker_.run(act);
    co_return json_response(200, result);
  }
  throw Problem{404, "not_found", "There is nothing here."};
}

Task<Response> Service::change(PersonPtr who, Request& request, std::string_view path) {
  Space& space = who->space;
  if (request.method == "DELETE") {
    if (path == "trash") {
      auto act = [&] { space.empty_trash(); };
      co_await worker_.run(act);
    } else if (path.starts_with("trash/")) {
      auto act = [&, id = std::string{path.substr(6)}] { space.erase(id); };
      co_await worker_.run(act);
    } else {
      wrong_method();
    }
    co_return Response::empty(204);
  }
  if (request.method != "POST") wrong_method();
  if (path == "archives") co_return co_await make_archive(who, request);
  Json (*act)(Space&, const Json&) = path == "folders"         ? &post_folder
                                     : path == "move"          ? &post_move
                                     : path == "trash"         ? &post_trash
                                     : path == "trash/restore" ? &post_restore
                                                               : nullptr;
  if (act == nullptr) throw Problem{404, "not_found", "There is nothing here."};
  const Json body = co_await json_body(request);
  const int status = path == "folders" ? 201 : 200;
  auto job = [&] { return act(space, body); };
  const Json result = co_await worker_.run(job);
  co_return json_response(status, result);
}

Task<Response> Service::content(PersonPtr who, Request& request, std::string_view encoded) {
  if (request.method != "GET" && request.method != "HEAD") wrong_method();
  const auto text = http::percent_decode(encoded);
  if (!text) throw Problem{400, "bad_request", "That address isn't written as it must be."};
  const Path path = checked(*text);
  auto act = [&] { return who->space.open(path); };
  OpenFile file = co_await worker_.run(act);
  Response response;
  response.headers.set("Content-Type", std::string{media_type(path.name())});
  response.headers.set("Content-Security-Policy", content_policy);
  const std::string version = query_text(request, "v");
  const bool pinned = !version.empty() && "\"" + version + "\"" == file.facts.etag();
  response.headers.set("Cache-Control",
                       pinned ? "private, max-age=31536000, immutable" : "private, no-cache");
  if (query_text(request, "download") == "1")
    response.headers.set("Content-Disposition", attachment(path.name()));
  send_file(worker_, request, std::move(file), response);
  co_return response;
}

Task<Response> Service::make_archive(PersonPtr who, Request& request) {
  const Json body = co_await json_body(request);
  std::vector<Path> paths;
  const Json& items = member(body, "paths");
  if (!items.is_array() || items.empty() || items.size() > Archive::most_entries)
    throw Problem{400, "bad_request", "\"paths\" must be a list of at least one."};
  for (const auto& item : items) {
    if (!item.is_string()) throw Problem{400, "bad_request", "A path must be a text."};
    paths.push_back(checked(item.get<std::string>()));
  }
  const std::string name = text_member(body, "name");
  if (!check_name(name)) refuse_name();
  auto act = [&] {
    auto made = std::make_shared<Archive>(who->space, paths, name + ".zip");
    const std::string id = who->archives.keep(made, who->space.now_ms());
    return Json{{"path", "/api/v1/archives/" + id},
                {"name", made->name()},
                {"size", made->length()},
                {"files", made->files()}};
  };
  const Json result = co_await worker_.run(act);
  co_return json_response(201, result);
}

Task<Response> Service::archive(PersonPtr who, Request& request, std::string_view id) {
  if (request.method != "GET" && request.method != "HEAD") wrong_method();
  const std::shared_ptr<Archive> found = who->archives.find(id, who->space.now_ms());
  Response response;
  response.headers.set("Content-Type", "application/zip");
  response.headers.set("Content-Disposition", attachment(found->name()));
  response.headers.set("Cache-Control", "no-store");
  const MakeBody body = [&](ByteRange range) -> std::unique_ptr<Body> {
    return std::make_unique<ArchiveBody>(worker_, found, range);
  };
  const std::string etag = "\"" + std::string{id} + "\"";
  send(request, found->length(), etag, who->space.now_ms() / 1000, body, response);
  co_return response;
}

Task<UploadState> Service::receive(std::shared_ptr<Piece> piece, Body& body) {
  Bytes buffer(chunk_bytes);
  for (;;) {
    // Several small reads make one trip to the disk.
    std::size_t filled = 0;
    bool ended = false;
    std::exception_ptr broken;
    try {
      while (filled < buffer.size()) {
        const std::size_t count = co_await body.read_some(MutableBytes{buffer}.subspan(filled));
        if (count == 0) {
          ended = true;
          break;
        }
        filled += count;
      }
    } catch (...) {
      // What arrived before the connection broke counts.
      broken = std::current_exception();
    }
    if (filled != 0) {
      auto act = [&] { piece->write(BytesView{buffer}.first(filled)); };
      co_await worker_.run(act);
    }
    if (broken) std::rethrow_exception(broken);
    if (ended) break;
  }
  auto act = [&] { return piece->finish(); };
  co_return co_await worker_.run(act);
}

Task<Response> Service::tus(PersonPtr who, Request& request, std::string_view id_view) {
  Uploads& uploads = who->uploads;
  const std::string id{id_view};
  const std::string& method = request.method;
  const auto& headers = request.headers;
  if (method == "OPTIONS") {
    Response response = Response::empty(204);
    response.headers.set("Tus-Version", "1.0.0");
    response.headers.set("Tus-Extension",
                         "creation,creation-with-upload,checksum,termination,expiration");
    response.headers.set("Tus-Max-Size", std::to_string(most_upload_bytes));
    response.headers.set("Tus-Checksum-Algorithm", "sha256");
    co_return response;
  }
  if (method == "GET" && !id.empty()) {
    auto act = [&] {
      const UploadState state = uploads.state(id);
      Json json = files::to_json(state);
      try {
        if (state.complete) json["entry"] = files::to_json(who->space.entry(state.path));
      } catch (const Problem&) {
        // Moved or thrown away since.
      }
      return json;
    };
    const Json result = co_await worker_.run(act);
    co_return json_response(200, result);
  }
  if (headers.get("Tus-Resumable") != "1.0.0")
    throw Problem{412, "precondition_failed", "Speak tus 1.0.0."};

  std::optional<Checksum> checksum;
  if (const auto field = headers.get("Upload-Checksum")) {
    checksum = parse_checksum(*field);
    if (!checksum || !checksum->known)
      throw Problem{400, "bad_request", "Upload-Checksum must be sha256 and its base64."};
  }
  const bool has_bytes = headers.get("Content-Type") == "application/offset+octet-stream";

  if (method == "POST" && id.empty()) {
    const auto length = parse_number(headers.get("Upload-Length").value_or(""));
    if (!length) throw Problem{400, "bad_request", "Upload-Length is missing."};
    const UploadRequest wanted =
        upload_request(*length, headers.get("Upload-Metadata").value_or(""));
    auto create = [&] { return uploads.create(wanted); };
    UploadState state = co_await worker_.run(create);
    if (has_bytes && !state.complete) {
      auto open = [&] { return uploads.piece(state.id, 0, checksum); };
      std::shared_ptr<Piece> piece = co_await worker_.run(open);
      state = co_await receive(std::move(piece), *request.body);
    }
    Response response = Response::empty(201);
    response.headers.set("Location", "/api/v1/uploads/" + state.id);
    describe(response, state);
    co_return response;
  }
  if (method == "HEAD") {
    auto act = [&] { return uploads.state(id); };
    const UploadState state = co_await worker_.run(act);
    Response response = Response::empty(200);
    describe(response, state);
    response.headers.set("Upload-Length", std::to_string(state.length));
    if (!state.metadata.empty()) response.headers.set("Upload-Metadata", state.metadata);
    co_return response;
  }
  if (method == "PATCH") {
    if (!has_bytes) throw Problem{415, "wrong_media_type", "Send application/offset+octet-stream."};
    const auto offset = parse_number(headers.get("Upload-Offset").value_or(""));
    if (!offset) throw Problem{400, "bad_request", "Upload-Offset is missing."};
    auto open = [&] { return uploads.piece(id, *offset, checksum); };
    std::shared_ptr<Piece> piece = co_await worker_.run(open);
    const UploadState state = co_await receive(std::move(piece), *request.body);
    Response response = Response::empty(204);
    describe(response, state);
    co_return response;
  }
  if (method == "DELETE") {
    auto act = [&] { uploads.remove(id); };
    co_await worker_.run(act);
    co_return Response::empty(204);
  }
  wrong_method();
}

// The front end: files of /web, the start page for every address of its own.
Task<Response> Service::page(Request& request) {
  if (request.method != "GET" && request.method != "HEAD") wrong_method();
  if (!web_) throw Problem{404, "not_found", "The pages of Files aren't installed."};
  const auto text = http::percent_decode(request.path().substr(1));
  std::optional<Path> path;
  if (text)
    if (auto parsed = Path::parse(*text)) path = std::move(*parsed);
  auto act = [&]() -> std::pair<OpenFile, Path> {
    try {
      if (path && !path->is_top()) return {open_file(web_.get(), *path), *path};
    } catch (const Problem&) {
      if (path->name().contains('.')) throw;
    }
    Path start = checked("index.html");
    return {open_file(web_.get(), start), std::move(start)};
  };
  auto [file, at] = co_await worker_.run(act);
  Response response;
  response.headers.set("Content-Type", std::string{media_type(at.name())});
  response.headers.set("Content-Security-Policy", page_policy);
  response.headers.set("Referrer-Policy", "no-referrer");
  // Built files carry a hash in their names.
  response.headers.set("Cache-Control", at.text().starts_with("assets/")
                                            ? "public, max-age=31536000, immutable"
                                            : "no-cache");
  send_file(worker_, request, std::move(file), response);
  co_return response;
}

}  // namespace hearth::files
