#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <hearth/http/client.h>
#include <hearth/proxy/carry.h>
#include <hearth/proxy/ports.h>
#include <hearth/tunnel/service_front.h>

namespace hearth::tunnel {

namespace {

constexpr proxy::Farewell farewell{.time = std::chrono::minutes{10}, .while_quiet = true};

loop::Task<std::string> words_of(http::Response& response) {
  const std::string text = co_await http::read_all(*response.body, 16384);
  const auto answer = nlohmann::json::parse(text, nullptr, false);
  std::string words = "The box refused.";
  if (answer.is_object() && answer.contains("error") && answer["error"].is_object())
    words = answer["error"].value("message", words);
  co_return words;
}

}  // namespace

loop::Task<void> ServiceFront::serve(std::unique_ptr<loop::ByteStream> client) {
  std::string why;
  try {
    libp2p::StreamPtr stream = co_await line_.open();
    http::Request request;
    request.target = "/api/v1/services/" + std::to_string(port_) + "/stream";
    request.headers = {
        {"Host", "box"}, {"Connection", "Upgrade"}, {"Upgrade", std::string{proxy::tcp_protocol}}};
    http::Upgraded upgraded = co_await http::upgrade(std::move(stream), std::move(request));
    if (upgraded.stream) {
      const auto pair = std::make_shared<proxy::Pair>(*client, *upgraded.stream, farewell);
      co_await pair->join();
      co_return;
    }
    why = co_await words_of(upgraded.response);
  } catch (const std::exception& error) {
    why = error.what();
  }
  client->reset();
  problem_(why);
}

}  // namespace hearth::tunnel
