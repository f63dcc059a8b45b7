#pragma once
// A stream that passes everything on: the base of those that only have to know when it ends.

#include <memory>

#include <hearth/loop/byte_stream.h>

namespace hearth::loop {

class ForwardingStream : public ByteStream {
 public:
  explicit ForwardingStream(std::unique_ptr<ByteStream> inner) : inner_(std::move(inner)) {}
  ForwardingStream(const ForwardingStream&) = delete;
  ForwardingStream& operator=(const ForwardingStream&) = delete;

  Task<std::size_t> read_some(MutableBytes out) override { return inner_->read_some(out); }
  Task<void> write(BytesView data) override { return inner_->write(data); }
  Task<void> close_write() override { return inner_->close_write(); }
  void reset() noexcept override { inner_->reset(); }
  boost::asio::any_io_executor executor() override { return inner_->executor(); }

 private:
  std::unique_ptr<ByteStream> inner_;
};

}  // namespace hearth::loop
