#include "client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/http/client.h>
#include <hearth/loop/socket_stream.h>

namespace hearth::cli {

namespace {

struct Answer {
  int status = 0;
  std::string body;
};

loop::Task<Answer> exchange(boost::asio::any_io_executor executor, std::string socket,
                            std::string method, std::string path, std::string body) {
  auto stream = co_await loop::connect_unix(executor, socket);
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(path);
  request.headers = {{"Host", "control"}, {"Content-Type", "application/json"}};
  request.body = http::make_body(std::move(body));
  http::Response response = co_await http::send(std::move(stream), std::move(request));
  std::string text = co_await http::read_all(*response.body, std::size_t{64} << 20);
  co_return Answer{.status = response.status, .body = std::move(text)};
}

std::string why_unreachable(const std::string& socket, const boost::system::error_code& error) {
  if (error == boost::system::errc::permission_denied)
    return "You may not use the appliance at " + socket +
           ": run this as root or as the user that hearthd runs as.";
  return "No appliance answers at " + socket +
         ".\nIs hearthd running? Name its data directory with --data-dir or HEARTH_DATA_DIR.";
}

}  // namespace

nlohmann::json Client::call(const std::string& method, const std::string& path,
                            const nlohmann::json& body) const {
  const std::string socket = data_dir_ + "/control.sock";
  boost::asio::io_context io;
  std::optional<Answer> answer;
  std::exception_ptr failed;
  boost::asio::co_spawn(
      io, exchange(io.get_executor(), socket, method, path, body.is_null() ? "" : body.dump()),
      [&](const std::exception_ptr& error, Answer value) {
        failed = error;
        answer = std::move(value);
      });
  io.run();
  try {
    if (failed) std::rethrow_exception(failed);
  } catch (const boost::system::system_error& error) {
    throw Failure{3, why_unreachable(socket, error.code())};
  }
  nlohmann::json json =
      answer->body.empty() ? nlohmann::json{} : nlohmann::json::parse(answer->body, nullptr, false);
  if (answer->status >= 200 && answer->status < 300) {
    if (json.is_discarded()) throw Failure{1, "The appliance's answer makes no sense."};
    return json;
  }
  const bool said = json.is_object() && json.contains("error");
  throw Failure{1, said ? json["error"].value("message", "It was refused.")
                        : "The appliance refused (" + std::to_string(answer->status) + ")."};
}

}  // namespace hearth::cli
