#pragma once
// The HTTP face of it all: docs/protocol/files.md.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "archive.h"
#include "space.h"
#include "uploads.h"
#include "worker.h"
#include <hearth/http/message.h>

namespace hearth::files {

struct ServiceOptions {
  std::string data_directory;
  std::string web_directory;  ///< the built front end; may be missing
  std::function<std::int64_t()> now_ms;
};

class Service {
 public:
  /// Throws Problem when the data directory can't be used.
  Service(ServiceOptions options, Worker& worker);

  loop::Task<http::Response> handle(http::Request request);
  /// Deletes what is out of date, for every persona. Blocking.
  void expire();

 private:
  struct Person {
    explicit Person(Fd directory, std::function<std::int64_t()> now_ms)
        : space(std::move(directory), std::move(now_ms)), uploads(space) {}
    Space space;
    Uploads uploads;
    Archives archives;
  };
  using PersonPtr = std::shared_ptr<Person>;

  PersonPtr person(const http::Request& request);
  PersonPtr person(const std::string& id);
  loop::Task<http::Response> api(http::Request& request, std::string_view path);
  loop::Task<http::Response> read(PersonPtr person, http::Request& request, std::string_view path);
  loop::Task<http::Response> change(PersonPtr person, http::Request& request,
                                    std::string_view path);
  loop::Task<http::Response> content(PersonPtr person, http::Request& request,
                                     std::string_view encoded);
  loop::Task<http::Response> make_archive(PersonPtr person, http::Request& request);
  loop::Task<http::Response> archive(PersonPtr person, http::Request& request, std::string_view id);
  loop::Task<http::Response> tus(PersonPtr person, http::Request& request, std::string_view id);
  loop::Task<http::Response> page(http::Request& request);
  loop::Task<UploadState> receive(std::shared_ptr<Piece> piece, http::Body& body);

  ServiceOptions options_;
  Worker& worker_;
  Fd people_, web_;
  std::mutex mutex_;
  std::map<std::string, PersonPtr> known_;
};

}  // namespace hearth::files
