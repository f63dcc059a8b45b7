#include <algorithm>
#include <array>
#include <charconv>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <zlib.h>

#include <hearth/http/client.h>
#include <hearth/loop/resolve.h>
#include <hearth/loop/socket_stream.h>
#include <hearth/probe/fetch.h>

namespace hearth::probe {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::system_error;

namespace {

constexpr std::array<std::string_view, 3> agents{
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
    "Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.6 Mobile/15E148 Safari/604.1"};
constexpr std::array<std::string_view, 4> languages{"en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8",
                                                    "en-GB,en;q=0.5", "ar,en;q=0.8"};

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool is_below_localhost(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

class TlsStream final : public loop::ByteStream {
 public:
  using Socket = ssl::stream<tcp::socket>;
  TlsStream(std::shared_ptr<ssl::context> context, Socket socket)
      : context_(std::move(context)), socket_(std::move(socket)) {}

  loop::Task<std::size_t> read_some(MutableBytes out) override {
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const std::size_t count =
        co_await socket_.async_read_some(asio::buffer(out.data(), out.size()), token);
    if (error == asio::error::eof) co_return 0;
    if (error) throw system_error{error};
    co_return count;
  }
  loop::Task<void> write(BytesView data) override {
    co_await asio::async_write(socket_, asio::buffer(data.data(), data.size()),
                               asio::use_awaitable);
  }
  loop::Task<void> close_write() override { co_return; }  // an answer would be cut short
  void reset() noexcept override {
    boost::system::error_code ignored;
    socket_.lowest_layer().close(ignored);
  }
  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  std::shared_ptr<ssl::context> context_;
  Socket socket_;
};

loop::Task<std::unique_ptr<loop::ByteStream>> secure(tcp::socket socket, std::string host) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  context->set_default_verify_paths();
  context->set_verify_mode(ssl::verify_peer);
  TlsStream::Socket secured{std::move(socket), *context};
  secured.set_verify_callback(ssl::host_name_verification{host});
  // SSL_set_tlsext_host_name() is a macro with an old-style cast.
  SSL_ctrl(secured.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           host.data());
  co_await secured.async_handshake(ssl::stream_base::client, asio::use_awaitable);
  co_return std::make_unique<TlsStream>(std::move(context), std::move(secured));
}

loop::Task<std::unique_ptr<loop::ByteStream>> connect(Site site, Site near) {
  auto looking = loop::resolve(near.host, near.port);
  std::vector<tcp::endpoint> endpoints = co_await std::move(looking);
  const bool is_here = !endpoints.empty() && endpoints.front().address().is_loopback();
  if (is_below_localhost(site.host)) {
    for (auto& endpoint : endpoints) endpoint.port(site.port);
  } else if (site.host != near.host) {
    auto resolving = loop::resolve(site.host, site.port);
    endpoints = co_await std::move(resolving);
    // A flock elsewhere has no say in what this machine is asked on its own ports.
    if (!is_here)
      std::erase_if(endpoints, [](const auto& one) { return one.address().is_loopback(); });
  }
  if (endpoints.empty()) throw system_error{asio::error::host_not_found};
  tcp::socket socket{co_await asio::this_coro::executor};
  co_await asio::async_connect(socket, endpoints, asio::use_awaitable);
  if (!site.secure) co_return loop::make_stream(std::move(socket));
  auto securing = secure(std::move(socket), site.host);
  co_return co_await std::move(securing);
}

struct Wants {
  std::string_view accept, destination, mode;
};
Wants wants(Kind kind) {
  switch (kind) {
    case Kind::page:
      return {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "document",
              "navigate"};
    case Kind::worker:
      return {"*/*", "serviceworker", "same-origin"};
    case Kind::script:
      return {"*/*", "script", "cors"};
    case Kind::style:
      return {"text/css,*/*;q=0.1", "style", "no-cors"};
    case Kind::other:
      return {"*/*", "image", "no-cors"};
    case Kind::data:
      break;
  }
  return {"*/*", "empty", "cors"};
}

/// gzip and zlib (RFC 1952, 1950); nothing when it is broken or longer than `limit`.
std::optional<std::string> inflated(const std::string& packed, std::size_t limit) {
  z_stream stream{};
  constexpr int either = 15 + 32;  // the largest window, either header
  if (::inflateInit2(&stream, either) != Z_OK) return std::nullopt;
  std::string plain(limit + 1, '\0');
  std::string input = packed;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  const int status = ::inflate(&stream, Z_FINISH);
  plain.resize(stream.total_out);
  ::inflateEnd(&stream);
  if (status != Z_STREAM_END || plain.size() > limit) return std::nullopt;
  return plain;
}

}  // namespace

std::string Site::authority() const {
  return port == (secure ? 443 : 80) ? host : host + ":" + std::to_string(port);
}

std::string Site::origin() const {
  return (secure ? "https://" : "http://") + authority();
}

std::optional<Site> site_of(const codec::Multiaddr& flock) {
  const bool secure = flock.is_secure_websocket();
  if (const auto name = flock.dns_tcp())
    return Site{.secure = secure, .host = name->host, .port = name->port};
  const auto tcp = flock.tcp();
  if (!tcp) return std::nullopt;
  return Site{.secure = secure, .host = tcp->address.to_string(), .port = tcp->port};
}

std::optional<Site> parse_site(std::string_view url) {
  Site site;
  if (url.starts_with("https://")) {
    site.secure = true;
    site.port = 443;
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  url = url.substr(0, url.find_first_of("/?#"));
  const std::size_t colon = url.find(':');
  site.host = std::string{url.substr(0, colon)};
  if (site.host.empty() || site.host.size() > 253 ||
      !std::ranges::all_of(site.host, is_host_character))
    return std::nullopt;
  if (colon != std::string_view::npos) {
    const std::string_view digits = url.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), site.port);
    if (error != std::errc{} || end != digits.data() + digits.size() || site.port == 0)
      return std::nullopt;
  }
  return site;
}

Manners some_manners(Entropy& entropy) {
  return {.user_agent = std::string{agents.at(entropy.u64() % agents.size())},
          .languages = std::string{languages.at(entropy.u64() % languages.size())}};
}

loop::Task<Fetched> fetch(Site site, std::string path, Kind kind, Manners manners, Site near,
                          std::size_t limit) {
  auto connecting = connect(site, std::move(near));
  auto stream = co_await std::move(connecting);
  const Wants wanted = wants(kind);
  http::Request request;
  request.target = std::move(path);
  request.headers = {{"Host", site.authority()},
                     {"User-Agent", manners.user_agent},
                     {"Accept", std::string{wanted.accept}},
                     {"Accept-Language", manners.languages},
                     // What browsers send over plain HTTP; Brotli would need a library of its own.
                     {"Accept-Encoding", "gzip, deflate"},
                     {"Sec-Fetch-Dest", std::string{wanted.destination}},
                     {"Sec-Fetch-Mode", std::string{wanted.mode}},
                     {"Sec-Fetch-Site", kind == Kind::page ? "none" : "same-origin"}};
  if (kind == Kind::worker) request.headers.add("Service-Worker", "script");
  auto asking = http::send(std::move(stream), std::move(request));
  http::Response response = co_await std::move(asking);
  Fetched fetched{.status = response.status};
  fetched.location = std::string{response.headers.get("location").value_or("")};
  if (response.status != 200) co_return fetched;
  try {
    // What hardly packs is a little longer packed.
    auto reading = http::read_all(*response.body, limit + 1024);
    fetched.body = co_await std::move(reading);
  } catch (const http::BodyTooLarge&) {
    fetched.too_long = true;
    co_return fetched;
  }
  const auto coding = response.headers.get("content-encoding").value_or("identity");
  const std::optional<std::string> plain =
      coding == "identity" ? std::optional{fetched.body} : inflated(fetched.body, limit);
  fetched.too_long = !plain || plain->size() > limit;
  fetched.body = fetched.too_long ? std::string{} : *plain;
  co_return fetched;
}

}  // namespace hearth::probe
