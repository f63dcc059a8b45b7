#pragma once
// Files and archives on their way out: conditions and ranges (RFC 9110 13, 14), streaming.

#include <cstdint>
#include <memory>
#include <string>

#include "archive.h"
#include "space.h"
#include "worker.h"
#include <hearth/http/message.h>

namespace hearth::files {

// `response` has its other headers already.

void send_file(Worker& worker, const http::Request& request, OpenFile file,
               http::Response& response);
void send_archive(Worker& worker, const http::Request& request, std::shared_ptr<Archive> archive,
                  const std::string& etag, std::int64_t modified_s, http::Response& response);

}  // namespace hearth::files
