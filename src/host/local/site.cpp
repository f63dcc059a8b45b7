#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <hearth/codec/base64.h>
#include <hearth/crypto/sha2.h>
#include <hearth/local/site.h>

namespace hearth::local {

namespace {

constexpr std::size_t most_bytes = 64U << 20;

std::string_view type_of(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> types{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".txt", "text/plain; charset=utf-8"},
      {".map", "application/json"},
      {".webp", "image/webp"},
  }};
  for (const auto& [suffix, type] : types)
    if (path.ends_with(suffix)) return type;
  return "application/octet-stream";
}

constexpr std::string_view list_name = "/SHA256SUMS";

/// Bytes shared by every response that sends them.
class SharedBody final : public http::Body {
 public:
  explicit SharedBody(std::shared_ptr<const std::string> content) : content_(std::move(content)) {}
  loop::Task<std::size_t> read_some(MutableBytes out) override {
    const std::size_t count = std::min(out.size(), content_->size() - sent_);
    if (count > 0) std::memcpy(out.data(), content_->data() + sent_, count);
    sent_ += count;
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return content_->size(); }

 private:
  std::shared_ptr<const std::string> content_;
  std::size_t sent_ = 0;
};

}  // namespace

Site Site::load(const std::filesystem::path& directory) {
  Site site;
  std::size_t total = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{directory}) {
    if (!entry.is_regular_file()) continue;
    total += entry.file_size();
    if (total > most_bytes) throw std::length_error{directory.string() + " is too large to serve"};
    std::ifstream file{entry.path(), std::ios::binary};
    auto content = std::make_shared<const std::string>(std::istreambuf_iterator<char>{file},
                                                       std::istreambuf_iterator<char>{});
    const crypto::Sha256Digest digest = crypto::sha256(as_bytes(*content));
    const std::string path = "/" + entry.path().lexically_relative(directory).generic_string();
    std::string_view plain = path;
    if (plain.ends_with(".br")) plain.remove_suffix(3);
    site.files_.emplace(
        path, File{.content = std::move(content),
                   .digest = to_hex(digest),
                   .etag = '"' + codec::base64url_encode(BytesView{digest}.first(16)) + '"',
                   .type = std::string{type_of(plain)}});
  }
  return site;
}

Site Site::load_checked(const std::filesystem::path& directory) {
  Site site = load(directory);
  const auto list = site.files_.extract(std::string{list_name});
  if (list.empty())
    throw std::runtime_error{
        (directory / "SHA256SUMS").string() +
        " is missing: these files can't be checked. Build or install them anew."};
  std::istringstream lines{*list.mapped().content};
  std::size_t listed = 0;
  for (std::string line; std::getline(lines, line); ++listed) {
    constexpr std::size_t name_at = 66;  // 64 digits and two spaces
    const std::string name = line.size() > name_at ? line.substr(name_at) : std::string{};
    const auto found = site.files_.find("/" + name);
    if (found == site.files_.end() || found->second.digest != line.substr(0, name_at - 2))
      throw std::runtime_error{(directory / name).string() +
                               " isn't what was built. Build or install these files anew."};
  }
  if (listed != site.files_.size())
    throw std::runtime_error{directory.string() +
                             " holds files that weren't built. Build or install them anew."};
  return site;
}

std::optional<std::string_view> Site::text(std::string_view path) const {
  const auto found = files_.find(path);
  if (found == files_.end()) return std::nullopt;
  return *found->second.content;
}

http::Response Site::get(const http::Request& request, std::string_view path,
                         std::string_view fallback) const {
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response refused = http::Response::text(405, "Only GET and HEAD are answered here.\n");
    refused.headers.add("Allow", "GET, HEAD");
    return refused;
  }
  auto found = files_.find(path);
  if (found == files_.end() && !fallback.empty()) found = files_.find(fallback);
  if (found == files_.end()) return http::Response::text(404, "There is no such page.\n");

  const std::string& type = found->second.type;
  const bool hashed = found->first.starts_with("/assets/");
  http::Response response;
  if (request.headers.has_token("accept-encoding", "br")) {
    if (const auto compressed = files_.find(found->first + ".br"); compressed != files_.end()) {
      found = compressed;
      response.headers.add("Content-Encoding", "br");
    }
  }
  response.headers.add("Content-Type", type);
  response.headers.add("ETag", found->second.etag);
  response.headers.add("Vary", "Accept-Encoding");
  response.headers.add("Cache-Control",
                       hashed ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Referrer-Policy", "no-referrer");
  if (request.headers.has_token("if-none-match", found->second.etag)) {
    response.status = 304;
    return response;
  }
  response.body = std::make_unique<SharedBody>(found->second.content);
  return response;
}

}  // namespace hearth::local
