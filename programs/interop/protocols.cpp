#include "protocols.h"

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/libp2p/direct_stream.h>

namespace hearth::interop {

using boost::system::system_error;
using libp2p::StreamPtr;
using libp2p::Task;
namespace error = boost::asio::error;

namespace {

constexpr std::size_t echo_bytes = 16384;
constexpr std::size_t bulk_bytes = std::size_t{256} << 10;

/// An idle stream holds no buffer: there may be a thousand on each of 250 connections.
Task<void> serve_echo(StreamPtr stream) {
  auto* direct = dynamic_cast<libp2p::DirectAccess*>(stream.get());
  while (true) {
    if (direct) co_await direct->wait_readable();
    Bytes buffer(echo_bytes);
    const std::size_t count = co_await stream->read_some(buffer);
    if (count == 0) break;
    co_await stream->write(BytesView{buffer}.first(count));
  }
  co_await stream->close_write();
}

Task<void> write_zeros(libp2p::Stream& stream, std::uint64_t size) {
  const Bytes zeros(std::min<std::uint64_t>(size, bulk_bytes));
  while (size > 0) {
    const std::uint64_t count = std::min<std::uint64_t>(size, zeros.size());
    co_await stream.write(BytesView{zeros}.first(count));
    size -= count;
  }
}

Task<std::uint64_t> read_to_end(libp2p::Stream& stream) {
  Bytes buffer(bulk_bytes);
  std::uint64_t total = 0;
  while (const std::size_t count = co_await stream.read_some(buffer)) total += count;
  co_return total;
}

Task<void> serve_perf(StreamPtr stream) {
  Bytes head(8);
  co_await loop::read_exactly(*stream, head);
  Reader reader{head};
  const std::uint64_t size = *reader.u64_be();
  co_await read_to_end(*stream);
  co_await write_zeros(*stream, size);
  co_await stream->close_write();
}

/// Byte `at` of what echo() sends.
std::byte pattern(std::uint64_t at) {
  return static_cast<std::byte>(at * 31 + (at >> 8) * 7);
}

Task<void> write_pattern(std::shared_ptr<libp2p::Stream> stream, std::uint64_t size) {
  Bytes chunk;
  for (std::uint64_t at = 0; at < size; at += chunk.size()) {
    chunk.resize(std::min<std::uint64_t>(size - at, bulk_bytes));
    for (std::size_t i = 0; i < chunk.size(); ++i) chunk[i] = pattern(at + i);
    co_await stream->write(chunk);
  }
  co_await stream->close_write();
}

}  // namespace

void serve_protocols(libp2p::Host& host) {
  host.handle(std::string{echo_protocol}, serve_echo);
  host.handle(std::string{perf_protocol}, serve_perf);
}

Task<bool> echo(libp2p::ConnectionPtr on, std::uint64_t size) {
  const std::shared_ptr<libp2p::Stream> stream = co_await on->open(std::string{echo_protocol});
  boost::asio::co_spawn(stream->executor(), write_pattern(stream, size),
                        [stream](std::exception_ptr failed) {
                          if (failed) stream->reset();
                        });
  Bytes buffer(echo_bytes);
  std::uint64_t at = 0;
  bool same = true;
  while (const std::size_t count = co_await stream->read_some(buffer)) {
    for (std::size_t i = 0; i < count; ++i) same = same && buffer[i] == pattern(at + i);
    at += count;
  }
  co_return same&& at == size;
}

Task<void> perf(libp2p::ConnectionPtr on, std::uint64_t upload, std::uint64_t download) {
  const StreamPtr stream = co_await on->open(std::string{perf_protocol});
  Bytes head;
  Writer{head}.u64_be(download);
  co_await stream->write(head);
  co_await write_zeros(*stream, upload);
  co_await stream->close_write();
  const std::uint64_t got = co_await read_to_end(*stream);
  if (got != download) throw system_error{error::eof};
}

}  // namespace hearth::interop
