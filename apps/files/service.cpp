#include "service.h"

#include <algorithm>
#include <cerrno>

#include "changes.h"
#include "fields.h"
#include "messages.h"
#include "sending.h"

namespace hearth::files {
namespace {

using http::Request;
using http::Response;
using loop::Task;

constexpr std::string_view api_prefix = "/api/v1/";

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

bool is_persona(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
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
        if (const auto child = at.join(item.name)) entries.push_back(to_json(*child, item.facts));
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
    auto act = [&] { return to_json(space.entry(at)); };
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
        entries.push_back(to_json(entry));
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
  const Change act = change_at(path);
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
  const std::string etag = "\"" + std::string{id} + "\"";
  send_archive(worker_, request, found, etag, who->space.now_ms() / 1000, response);
  co_return response;
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
