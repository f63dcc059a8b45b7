#include <algorithm>
#include <charconv>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/loop/resolve.h>

namespace hearth::loop {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using unix_socket = asio::local::stream_protocol;

namespace {

constexpr auto avahi_patience = std::chrono::seconds{10};
constexpr std::size_t max_answer = 512;

/// What can be put into a line for Avahi as it is.
bool is_local_name(std::string_view host) {
  constexpr std::string_view end = ".local";
  return host.size() > end.size() && host.size() <= 253 && host.ends_with(end) &&
         std::ranges::all_of(host, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.';
         });
}

/// "+ INTERFACE PROTOCOL NAME ADDRESS"; anything else says why not.
std::optional<asio::ip::address> address_in(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t space = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, space));
    line.remove_prefix(std::min(space + 1, line.size()));
  }
  if (words.size() != 5 || words[0] != "+") return std::nullopt;
  error_code failed;
  asio::ip::address address = asio::ip::make_address(std::string{words[4]}, failed);
  if (failed) return std::nullopt;
  // A link-local address means nothing without its link.
  unsigned interface = 0;
  std::from_chars(words[1].data(), words[1].data() + words[1].size(), interface);
  if (address.is_v6() && address.to_v6().is_link_local()) {
    auto scoped = address.to_v6();
    scoped.scope_id(interface);
    address = scoped;
  }
  return address;
}

/// One question and its answer; it closes the connection itself. Nothing where it isn't there, is
/// too slow, or doesn't know.
Task<std::optional<asio::ip::address>> ask_avahi(std::string path, std::string question,
                                                 std::chrono::steady_clock::time_point until) {
  const auto executor = co_await asio::this_coro::executor;
  auto socket = std::make_shared<unix_socket::socket>(executor);
  asio::steady_timer limit{executor, until};
  limit.async_wait([weak = std::weak_ptr{socket}](error_code cancelled) {
    const auto open = weak.lock();
    error_code ignored;
    if (!cancelled && open) open->close(ignored);
  });
  error_code error;
  const unix_socket::endpoint at{path};
  co_await socket->async_connect(at, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return std::nullopt;
  const auto bytes = asio::buffer(question);
  co_await asio::async_write(*socket, bytes, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return std::nullopt;
  std::string answer;
  auto incoming = asio::dynamic_buffer(answer, max_answer);
  const std::size_t size = co_await asio::async_read_until(
      *socket, incoming, '\n', asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return std::nullopt;
  co_return address_in(std::string_view{answer}.substr(0, size - 1));
}

}  // namespace

Task<std::vector<tcp::endpoint>> resolve(std::string host, std::uint16_t port, std::string avahi) {
  error_code no_address;
  const auto address = asio::ip::make_address(host, no_address);
  std::vector<tcp::endpoint> endpoints;
  if (!no_address) {
    endpoints.emplace_back(address, port);
    co_return endpoints;
  }
  if (is_local_name(host)) {
    const auto until = std::chrono::steady_clock::now() + avahi_patience;
    for (const char* family : {"IPV6", "IPV4"}) {
      std::string question = std::string{"RESOLVE-HOSTNAME-"} + family + " " + host + "\n";
      auto asking = ask_avahi(avahi, std::move(question), until);
      const auto found = co_await std::move(asking);
      if (found) endpoints.emplace_back(*found, port);
    }
    if (!endpoints.empty()) co_return endpoints;
  }
  tcp::resolver resolver{co_await asio::this_coro::executor};
  const std::string service = std::to_string(port);
  const auto found = co_await resolver.async_resolve(host, service, asio::use_awaitable);
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

}  // namespace hearth::loop
