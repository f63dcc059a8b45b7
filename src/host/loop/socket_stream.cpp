#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <hearth/loop/socket_stream.h>

namespace hearth::loop {

namespace asio = boost::asio;

namespace {

template <class Socket>
class SocketStream final : public ByteStream {
 public:
  explicit SocketStream(Socket socket) : socket_(std::move(socket)) {}

  Task<std::size_t> read_some(MutableBytes out) override {
    boost::system::error_code error;
    const std::size_t count = co_await socket_.async_read_some(
        asio::buffer(out.data(), out.size()), asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::eof) co_return 0;
    if (error) throw boost::system::system_error{error};
    co_return count;
  }

  Task<void> write(BytesView data) override {
    co_await asio::async_write(socket_, asio::buffer(data.data(), data.size()),
                               asio::use_awaitable);
  }

  Task<void> close_write() override {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    co_return;
  }

  void reset() noexcept override {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_both, ignored);
    socket_.close(ignored);
  }

  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  Socket socket_;
};

}  // namespace

std::unique_ptr<ByteStream> make_stream(asio::ip::tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
  return std::make_unique<SocketStream<asio::ip::tcp::socket>>(std::move(socket));
}

std::unique_ptr<ByteStream> make_stream(asio::local::stream_protocol::socket socket) {
  return std::make_unique<SocketStream<asio::local::stream_protocol::socket>>(std::move(socket));
}

Task<std::unique_ptr<ByteStream>> connect_unix(asio::any_io_executor executor, std::string path) {
  asio::local::stream_protocol::socket socket{executor};
  const asio::local::stream_protocol::endpoint endpoint{path};
  co_await socket.async_connect(endpoint, asio::use_awaitable);
  co_return make_stream(std::move(socket));
}

}  // namespace hearth::loop
