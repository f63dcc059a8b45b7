// Uploads in pieces, as tus 1.0.0 has it (docs/protocol/files.md).

#include <optional>
#include <utility>

#include "fields.h"
#include "messages.h"
#include "service.h"

namespace hearth::files {
namespace {

using http::Body;
using http::Request;
using http::Response;
using loop::Task;

constexpr std::size_t chunk_bytes = 128 * 1024;

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
        piece->hear();
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
      Json json = to_json(state);
      try {
        if (state.complete) json["entry"] = to_json(who->space.entry(state.path));
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

}  // namespace hearth::files
