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

constexpr std::size_t answer_limit = std::size_t{64} << 20;

/// A request's body out of a stream, piece by piece.
class StreamBody final : public http::Body {
 public:
  explicit StreamBody(std::istream& from) : from_(from) {}
  loop::Task<std::size_t> read_some(MutableBytes out) override {
    // char may alias anything.
    from_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    co_return static_cast<std::size_t>(from_.gcount());
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  std::istream& from_;
};

/// `take` gets the body of a good answer, piece by piece; without it all is returned.
loop::Task<Answer> exchange(boost::asio::any_io_executor executor, std::string socket,
                            http::Request request,
                            const std::function<void(std::string_view)>* take) {
  auto stream = co_await loop::connect_unix(executor, socket);
  http::Response response = co_await http::send(std::move(stream), std::move(request));
  Answer answer{.status = response.status, .body = {}};
  if (take != nullptr && response.status == 200) {
    Bytes buffer(64 * 1024);
    while (const std::size_t count = co_await response.body->read_some(buffer))
      (*take)(as_text(BytesView{buffer}.first(count)));
    co_return answer;
  }
  answer.body = co_await http::read_all(*response.body, answer_limit);
  co_return answer;
}

std::string why_unreachable(const std::string& socket, const boost::system::error_code& error) {
  if (error == boost::system::errc::permission_denied)
    return "You may not use the appliance at " + socket +
           ": run this as root or as the user that hearthd runs as.";
  return "No appliance answers at " + socket +
         ".\nIs hearthd running? Name its data directory with --data-dir or HEARTH_DATA_DIR.";
}

http::Request request_of(std::string method, std::string path) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(path);
  request.headers = {{"Host", "control"}, {"Content-Type", "application/json"}};
  return request;
}

Answer ask(const std::string& data_dir, http::Request request,
           const std::function<void(std::string_view)>* take = nullptr) {
  const std::string socket = data_dir + "/control.sock";
  boost::asio::io_context io;
  std::optional<Answer> answer;
  std::exception_ptr failed;
  boost::asio::co_spawn(io, exchange(io.get_executor(), socket, std::move(request), take),
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
  return std::move(*answer);
}

/// Its JSON; throws Failure for what is no success.
nlohmann::json result_of(const Answer& answer) {
  nlohmann::json json =
      answer.body.empty() ? nlohmann::json{} : nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.status >= 200 && answer.status < 300) {
    if (json.is_discarded()) throw Failure{1, "The appliance's answer makes no sense."};
    return json;
  }
  const bool said = json.is_object() && json.contains("error");
  throw Failure{1, said ? json["error"].value("message", "It was refused.")
                        : "The appliance refused (" + std::to_string(answer.status) + ")."};
}

}  // namespace

nlohmann::json Client::call(const std::string& method, const std::string& path,
                            const nlohmann::json& body) const {
  http::Request request = request_of(method, path);
  request.body = http::make_body(body.is_null() ? std::string{} : body.dump());
  return result_of(ask(data_dir_, std::move(request)));
}

void Client::download(const std::string& path,
                      const std::function<void(std::string_view)>& take) const {
  const Answer answer = ask(data_dir_, request_of("GET", path), &take);
  if (answer.status != 200) (void)result_of(answer);
}

nlohmann::json Client::upload(const std::string& path, std::istream& from) const {
  http::Request request = request_of("POST", path);
  request.headers.set("Content-Type", "application/jsonl");
  request.body = std::make_unique<StreamBody>(from);
  return result_of(ask(data_dir_, std::move(request)));
}

}  // namespace hearth::cli
