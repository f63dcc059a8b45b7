#pragma once
// One UDP socket shared by all sessions: datagrams in and out in batches, each with both its
// addresses.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>

namespace hearth::udp {

/// One datagram, either way. `bytes` is borrowed.
struct Datagram {
  Endpoint remote;
  /// Inbound: the address it was sent to. Outbound: the address it leaves from; an unspecified
  /// address (0.0.0.0, ::) lets the kernel choose. The port is always the socket's own.
  Endpoint local;
  BytesView bytes;
};

struct Options {
  /// 0.0.0.0 or :: for every address of one family (IPv6 sockets take no IPv4); port 0 picks one.
  Endpoint bind;
  /// Asked for in both directions. Without CAP_NET_ADMIN net.core.{r,w}mem_max limits it.
  std::size_t buffer_bytes = std::size_t{8} << 20;
};

struct Counters {
  std::uint64_t received = 0;
  std::uint64_t received_bytes = 0;
  /// Longer than `max_datagram`, or without a usable source: dropped.
  std::uint64_t dropped_in = 0;
  std::uint64_t sent = 0;
  std::uint64_t sent_bytes = 0;
  /// Refused by the kernel for good (no route, filtered): dropped.
  std::uint64_t dropped_out = 0;
};

/// Used on its executor only; callbacks run there, never inside send().
class Socket {
 public:
  /// Datagrams per callback, and per system call.
  static constexpr std::size_t max_batch = 64;
  /// Longer datagrams are dropped: nothing we speak over UDP needs more.
  static constexpr std::size_t max_datagram = 2048;

  /// 1 to max_batch datagrams; the views die when it returns. Must not throw; may destroy the
  /// socket.
  using OnDatagrams = std::function<void(std::span<const Datagram>)>;
  /// The kernel takes datagrams again after send() took fewer than given. Must not throw.
  using OnWritable = std::function<void()>;

  /// Binds. Throws boost::system::system_error.
  Socket(boost::asio::any_io_executor executor, const Options& options);
  /// Closes; no callback runs afterwards.
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Begins to deliver. Once.
  void start(OnDatagrams on_datagrams, OnWritable on_writable);

  /// Hands datagrams to the kernel in order; those it refuses for good are dropped and count as
  /// taken. Fewer than given: its buffer is full; keep the rest and wait for on_writable.
  std::size_t send(std::span<const Datagram> datagrams);
  /// Whether the last send() took everything, or on_writable has run since.
  [[nodiscard]] bool writable() const;

  /// The bound address with its real port.
  [[nodiscard]] Endpoint local() const;
  [[nodiscard]] const Counters& counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::udp
