#include <boost/asio/ssl.hpp>
#include <boost/beast/ssl.hpp>

#include <hearth/libp2p/websocket_stream.h>

namespace hearth::libp2p {

using namespace detail;

namespace {

namespace ssl = boost::asio::ssl;
// Movable, and knows how Beast closes it.
using TlsSocket = beast::ssl_stream<TcpSocket>;

class TlsContextImpl final : public TlsContext {
 public:
  explicit TlsContextImpl(ssl::context::method method) : context(method) {
    context.set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 |
                        ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
    // Idle connections give OpenSSL's record buffers back.
    SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  }
  ssl::context context;
};

class TlsStream final : public loop::ByteStream {
 public:
  explicit TlsStream(TlsSocket socket) : socket_(std::move(socket)) {}

  Task<std::size_t> read_some(MutableBytes out) override {
    error_code error;
    const std::size_t count = co_await socket_.async_read_some(
        asio::buffer(out.data(), out.size()), asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::eof) co_return 0;
    if (error) throw system_error{error};  // stream_truncated too: an attacker can close TCP
    co_return count;
  }
  Task<void> write(BytesView data) override {
    co_await asio::async_write(socket_, asio::buffer(data.data(), data.size()),
                               asio::use_awaitable);
  }
  Task<void> close_write() override {
    error_code ignored;
    // Sends close_notify and doesn't wait for the peer's: ask for it without reading.
    SSL_set_shutdown(socket_.native_handle(), SSL_RECEIVED_SHUTDOWN);
    co_await socket_.async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  }
  void reset() noexcept override {
    error_code ignored;
    beast::get_lowest_layer(socket_).close(ignored);
  }
  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  TlsSocket socket_;
};

ssl::context& context_of(TlsContext& tls) {
  return static_cast<TlsContextImpl&>(tls).context;
}

}  // namespace

std::shared_ptr<TlsContext> TlsContext::server(const std::string& certificate_file,
                                               const std::string& key_file) {
  auto tls = std::make_shared<TlsContextImpl>(ssl::context::tls_server);
  boost::system::error_code failed;
  tls->context.use_certificate_chain_file(certificate_file, failed);
  if (failed) throw boost::system::system_error{failed, certificate_file};
  tls->context.use_private_key_file(key_file, ssl::context::pem, failed);
  if (failed) throw boost::system::system_error{failed, key_file};
  return tls;
}

std::shared_ptr<TlsContext> TlsContext::client() {
  auto tls = std::make_shared<TlsContextImpl>(ssl::context::tls_client);
  tls->context.set_verify_mode(ssl::verify_none);
  return tls;
}

namespace detail {

Task<Accepted> accept_tls(TcpSocket socket, std::shared_ptr<TlsContext> tls) {
  TlsSocket secured{std::move(socket), context_of(*tls)};
  co_await secured.async_handshake(ssl::stream_base::server, asio::use_awaitable);
  co_return co_await accept_sniffed(std::move(secured), [](TlsSocket plain) -> RawStream {
    return std::make_unique<TlsStream>(std::move(plain));
  });
}

Task<RawStream> dial_websocket_tls(TcpSocket socket, WebSocketTarget target,
                                   std::shared_ptr<TlsContext> tls, std::string server_name) {
  TlsSocket secured{std::move(socket), context_of(*tls)};
  if (!server_name.empty())
    // SSL_set_tlsext_host_name() is a macro with an old-style cast.
    SSL_ctrl(secured.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             server_name.data());
  co_await secured.async_handshake(ssl::stream_base::client, asio::use_awaitable);
  co_return co_await ask_for_websocket(std::move(secured), std::move(target));
}

}  // namespace detail

}  // namespace hearth::libp2p
