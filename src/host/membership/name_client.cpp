#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <hearth/http/client.h>
#include <hearth/identity/statement.h>
#include <hearth/membership/name_client.h>

namespace hearth::membership {

namespace {

std::string words_of(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object())
    return json["error"].value("message", std::string{"The flock refused."});
  return "The flock refused.";
}

libp2p::Task<http::Response> ask(libp2p::ConnectionPtr flock, http::Request request) {
  request.headers.set("Host", "flock");
  std::vector<std::string> protocols{"/http/1.1"};
  auto stream = co_await flock->open_stream(std::move(protocols));
  co_return co_await http::send(std::move(stream), std::move(request));
}

}  // namespace

libp2p::Task<RegisterResult> register_name(libp2p::ConnectionPtr flock, std::string name,
                                           Bytes record) {
  http::Request request;
  request.method = "PUT";
  request.target = "/flock/v1/names/" + name;
  request.headers = {{"Content-Type", "application/cbor"}};
  request.body = http::make_body(std::move(record));
  http::Response response = co_await ask(std::move(flock), std::move(request));
  const std::string body = co_await http::read_all(*response.body, 16384);
  if (response.status == 200 || response.status == 201)
    co_return RegisterResult{.outcome = Registered::yes, .why = {}};
  const Registered outcome = response.status == 409   ? Registered::outdated
                             : response.status == 403 ? Registered::taken
                                                      : Registered::refused;
  co_return RegisterResult{.outcome = outcome, .why = words_of(body)};
}

libp2p::Task<std::optional<Bytes>> resolve_name(libp2p::ConnectionPtr flock, std::string name) {
  http::Request request;
  request.target = "/flock/v1/names/" + name;
  http::Response response = co_await ask(std::move(flock), std::move(request));
  const std::string body = co_await http::read_all(*response.body, identity::max_statement_size);
  if (response.status == 404) co_return std::nullopt;
  if (response.status != 200) throw boost::system::system_error{boost::asio::error::access_denied};
  co_return to_bytes(body);
}

}  // namespace hearth::membership
