#include "sending.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <unistd.h>

#include "fields.h"
#include "messages.h"

namespace hearth::files {
namespace {

using http::Body;
using http::Request;
using http::Response;
using loop::Task;

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

// What is sent of `size` bytes, conditions and ranges considered.
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

}  // namespace

void send_file(Worker& worker, const Request& request, OpenFile file, Response& response) {
  const MakeBody body = [&](ByteRange range) -> std::unique_ptr<Body> {
    return std::make_unique<FileBody>(worker, std::move(file.fd), range);
  };
  const Facts facts = file.facts;
  send(request, facts.size, facts.etag(), facts.modified_ns / 1'000'000'000, body, response);
}

void send_archive(Worker& worker, const Request& request, std::shared_ptr<Archive> archive,
                  const std::string& etag, std::int64_t modified_s, Response& response) {
  const MakeBody body = [&](ByteRange range) -> std::unique_ptr<Body> {
    return std::make_unique<ArchiveBody>(worker, archive, range);
  };
  send(request, archive->length(), etag, modified_s, body, response);
}

}  // namespace hearth::files
