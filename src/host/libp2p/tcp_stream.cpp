#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/libp2p/raw_streams.h>

namespace hearth::libp2p {

namespace asio = boost::asio;
using boost::system::error_code;
using loop::Task;

namespace {

class TcpStream final : public loop::ByteStream, public DirectAccess {
 public:
  explicit TcpStream(TcpSocket socket) : socket_(std::move(socket)) {
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    socket_.non_blocking(true, ignored);
  }

  Task<std::size_t> read_some(MutableBytes out) override {
    while (true) {
      if (const auto count = try_read(out)) co_return *count;
      co_await wait_readable();
    }
  }

  Task<void> write(BytesView data) override {
    data = data.subspan(try_write(data));
    if (!data.empty())
      co_await asio::async_write(socket_, asio::buffer(data.data(), data.size()),
                                 asio::use_awaitable);
  }

  Task<void> close_write() override {
    error_code ignored;
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
    co_return;
  }

  void reset() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

  asio::any_io_executor executor() override { return socket_.get_executor(); }

  Task<void> wait_readable() override {
    co_await socket_.async_wait(TcpSocket::wait_read, asio::use_awaitable);
  }

  std::optional<std::size_t> try_read(MutableBytes out) override {
    error_code error;
    const std::size_t count = socket_.read_some(asio::buffer(out.data(), out.size()), error);
    if (error == asio::error::would_block) return std::nullopt;
    if (error == asio::error::eof) return 0;
    if (error) throw boost::system::system_error{error};
    return count;
  }

  std::size_t try_write(BytesView data) override {
    std::size_t written = 0;
    while (written < data.size()) {
      error_code error;
      written +=
          socket_.write_some(asio::buffer(data.data() + written, data.size() - written), error);
      if (error == asio::error::would_block) break;
      if (error) throw boost::system::system_error{error};
    }
    return written;
  }

 private:
  TcpSocket socket_;
};

class PrefixedStream final : public loop::ByteStream {
 public:
  PrefixedStream(Bytes prefix, RawStream rest)
      : prefix_(std::move(prefix)), rest_(std::move(rest)) {}

  Task<std::size_t> read_some(MutableBytes out) override {
    if (read_ == prefix_.size()) {
      prefix_ = {};
      read_ = 0;
      co_return co_await rest_->read_some(out);
    }
    const std::size_t count = std::min(out.size(), prefix_.size() - read_);
    std::copy_n(prefix_.begin() + static_cast<std::ptrdiff_t>(read_), count, out.begin());
    read_ += count;
    co_return count;
  }
  Task<void> write(BytesView data) override { return rest_->write(data); }
  Task<void> close_write() override { return rest_->close_write(); }
  void reset() noexcept override { rest_->reset(); }
  asio::any_io_executor executor() override { return rest_->executor(); }

 private:
  Bytes prefix_;
  std::size_t read_ = 0;
  RawStream rest_;
};

}  // namespace

RawStream make_tcp_stream(TcpSocket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

RawStream with_prefix(Bytes prefix, RawStream rest) {
  if (prefix.empty()) return rest;
  return std::make_unique<PrefixedStream>(std::move(prefix), std::move(rest));
}

}  // namespace hearth::libp2p
