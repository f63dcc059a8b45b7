#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hearth/base/assert.h>
#include <hearth/udp/sockaddr.h>
#include <hearth/udp/socket.h>

namespace hearth::udp {

namespace {

// The kernel's limits for UDP_SEGMENT: UDP_MAX_SEGMENTS, and one IP datagram's worth of bytes.
constexpr std::size_t max_segments = 64;
constexpr std::size_t max_segmented_bytes = 65000;
// Batches per wake-up, so that a flood of datagrams leaves the loop room for its other work.
constexpr int batches_per_wake = 4;

constexpr std::size_t control_size =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t));

struct alignas(cmsghdr) Control {
  std::array<std::byte, control_size> bytes{};
};

[[noreturn]] void fail(const char* what) {
  throw boost::system::system_error{errno, boost::system::system_category(), what};
}

void set_option(int fd, int level, int name, int value, const char* what) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) fail(what);
}

void grow_buffer(int fd, int forced, int ordinary, std::size_t bytes) {
  const int value = static_cast<int>(std::min(bytes, std::size_t{1} << 30));
  if (::setsockopt(fd, SOL_SOCKET, forced, &value, sizeof value) == 0) return;
  // The kernel clamps this one to its limit, which is the best we can get.
  (void)::setsockopt(fd, SOL_SOCKET, ordinary, &value, sizeof value);
}

int open_socket(const Options& options) {
  const bool v4 = options.bind.address.is_v4();
  const int fd = ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  try {
    if (v4) {
      set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    } else {
      set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
      set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    }
    grow_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options.buffer_bytes);
    grow_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options.buffer_bytes);
    sockaddr_storage address{};
    const socklen_t length = to_sockaddr(options.bind, address);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0) fail("bind");
  } catch (...) {
    ::close(fd);
    throw;
  }
  return fd;
}

// The address a datagram came to.
std::optional<IpAddress> destination_of(msghdr& header) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      return IpAddress::from_bytes(std::as_bytes(std::span{&info.ipi_addr, 1}));
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      return IpAddress::from_bytes(std::as_bytes(std::span{&info.ipi6_addr, 1}));
    }
  }
  return std::nullopt;
}

// Appends one control message. The caller's buffer holds any combination used here.
template <class T>
void add_control(msghdr& header, Control& control, int level, int type, const T& value) {
  auto* c = reinterpret_cast<cmsghdr*>(control.bytes.data() + header.msg_controllen);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(c), &value, sizeof value);
  header.msg_control = control.bytes.data();
  header.msg_controllen += CMSG_SPACE(sizeof value);
}

void set_source(msghdr& header, Control& control, const IpAddress& from) {
  if (from.is_unspecified()) return;
  if (from.is_v4()) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, from.bytes().data(), 4);
    add_control(header, control, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, from.bytes().data(), 16);
    add_control(header, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

// How many datagrams from the front can leave as one segmented send: the same addresses and the
// same size, of which only the last may be shorter.
std::size_t run_length(std::span<const Datagram> datagrams) {
  const Datagram& first = datagrams.front();
  std::size_t count = 1;
  std::size_t bytes = first.bytes.size();
  if (bytes == 0) return 1;
  while (count < datagrams.size() && count < max_segments) {
    const Datagram& next = datagrams[count];
    bytes += next.bytes.size();
    if (next.remote != first.remote || next.local != first.local || next.bytes.empty() ||
        next.bytes.size() > first.bytes.size() || bytes > max_segmented_bytes)
      break;
    ++count;
    if (next.bytes.size() < first.bytes.size()) break;
  }
  return count;
}

}  // namespace

struct Socket::Impl : std::enable_shared_from_this<Impl> {
  Impl(const boost::asio::any_io_executor& executor, const Options& options)
      : socket(
            executor,
            options.bind.address.is_v4() ? boost::asio::ip::udp::v4() : boost::asio::ip::udp::v6(),
            open_socket(options)) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::getsockname(socket.native_handle(), generic, &length) != 0) fail("getsockname");
    bound = from_sockaddr(generic, length).value_or(options.bind);
    buffers.resize(max_batch * max_datagram);
  }

  void wait_readable() {
    socket.async_wait(boost::asio::ip::udp::socket::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (!error && !self->closed) self->drain();
                      });
  }

  void wait_writable() {
    socket.async_wait(boost::asio::ip::udp::socket::wait_write,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (error || self->closed) return;
                        self->blocked = false;
                        if (self->on_writable) self->on_writable();
                      });
  }

  void drain() {
    for (int i = 0; i < batches_per_wake; ++i) {
      if (!receive_batch()) break;
      if (closed) return;
    }
    wait_readable();  // level-triggered in effect: what is left wakes us at once
  }

  // One recvmmsg. False when the socket is empty.
  bool receive_batch() {
    for (std::size_t i = 0; i < max_batch; ++i) {
      vectors[i] = {.iov_base = buffers.data() + i * max_datagram, .iov_len = max_datagram};
      messages[i].msg_hdr = {.msg_name = &names[i],
                             .msg_namelen = sizeof names[i],
                             .msg_iov = &vectors[i],
                             .msg_iovlen = 1,
                             .msg_control = controls[i].bytes.data(),
                             .msg_controllen = control_size,
                             .msg_flags = 0};
    }
    const int count =
        ::recvmmsg(socket.native_handle(), messages.data(), max_batch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return count < 0 && errno == EINTR;
    std::array<Datagram, max_batch> datagrams;
    std::size_t usable = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      msghdr& header = messages[i].msg_hdr;
      const auto from =
          from_sockaddr(static_cast<const sockaddr*>(header.msg_name), header.msg_namelen);
      if (!from || from->port == 0 || (header.msg_flags & MSG_TRUNC) != 0) {
        ++counters.dropped_in;
        continue;
      }
      const std::size_t size = messages[i].msg_len;
      ++counters.received;
      counters.received_bytes += size;
      datagrams[usable++] = {.remote = *from,
                             .local = {destination_of(header).value_or(bound.address), bound.port},
                             .bytes = BytesView{buffers}.subspan(i * max_datagram, size)};
    }
    if (usable != 0) on_datagrams(std::span{datagrams}.first(usable));
    return !closed && static_cast<std::size_t>(count) == max_batch;
  }

  std::size_t send(std::span<const Datagram> datagrams) {
    std::size_t taken = 0;
    while (taken < datagrams.size()) {
      const std::size_t count = send_batch(datagrams.subspan(taken), segmentation);
      if (count == 0) break;
      taken += count;
    }
    if (taken < datagrams.size() && !blocked) {
      blocked = true;
      wait_writable();
    }
    return taken;
  }

  // One sendmmsg over the front of `datagrams`; 0 when the kernel's buffer is full.
  std::size_t send_batch(std::span<const Datagram> datagrams, bool segmented) {
    std::array<std::size_t, max_batch> runs{};
    std::size_t message_count = 0;
    std::size_t packed = 0;
    while (packed < datagrams.size() && packed < max_batch) {
      const std::span<const Datagram> rest =
          datagrams.subspan(packed, std::min(datagrams.size(), max_batch) - packed);
      const std::size_t run = segmented ? run_length(rest) : 1;
      pack(message_count, packed, rest.first(run));
      runs[message_count++] = run;
      packed += run;
    }
    const int sent = ::sendmmsg(socket.native_handle(), messages.data(),
                                static_cast<unsigned>(message_count), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      std::size_t taken = 0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(sent); ++i)
        for (std::size_t end = taken + runs[i]; taken < end; ++taken) {
          ++counters.sent;
          counters.sent_bytes += datagrams[taken].bytes.size();
        }
      return taken;
    }
    // What stopped it is the first message's error.
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno == EINTR) return send_batch(datagrams, segmented);
    if (runs[0] > 1 && (errno == EIO || errno == EINVAL || errno == EMSGSIZE)) {
      // EIO: the device can't segment, ever. Else a segment exceeds this path's MTU and must be
      // fragmented, which only a plain send does.
      if (errno == EIO) segmentation = false;
      return send_batch(datagrams.first(runs[0]), false);
    }
    counters.dropped_out += runs[0];
    return runs[0];
  }

  void pack(std::size_t message, std::size_t first_vector, std::span<const Datagram> run) {
    for (std::size_t i = 0; i < run.size(); ++i)
      vectors[first_vector + i] = {.iov_base = const_cast<std::byte*>(run[i].bytes.data()),
                                   .iov_len = run[i].bytes.size()};
    msghdr& header = messages[message].msg_hdr;
    header = {};
    header.msg_namelen = to_sockaddr(run.front().remote, names[message]);
    header.msg_name = &names[message];
    header.msg_iov = &vectors[first_vector];
    header.msg_iovlen = run.size();
    set_source(header, controls[message], run.front().local.address);
    if (run.size() > 1)
      add_control(header, controls[message], SOL_UDP, UDP_SEGMENT,
                  static_cast<std::uint16_t>(run.front().bytes.size()));
  }

  boost::asio::ip::udp::socket socket;
  Endpoint bound;
  OnDatagrams on_datagrams;
  OnWritable on_writable;
  Counters counters;
  bool blocked = false;
  bool closed = false;
  bool segmentation = true;

  Bytes buffers;
  std::array<mmsghdr, max_batch> messages{};
  std::array<iovec, max_batch> vectors{};
  std::array<sockaddr_storage, max_batch> names{};
  std::array<Control, max_batch> controls{};
};

Socket::Socket(boost::asio::any_io_executor executor, const Options& options)
    : impl_(std::make_shared<Impl>(executor, options)) {}

Socket::~Socket() {
  impl_->closed = true;
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
}

void Socket::start(OnDatagrams on_datagrams, OnWritable on_writable) {
  HEARTH_ASSERT(!impl_->on_datagrams);
  impl_->on_datagrams = std::move(on_datagrams);
  impl_->on_writable = std::move(on_writable);
  impl_->wait_readable();
}

std::size_t Socket::send(std::span<const Datagram> datagrams) {
  return impl_->send(datagrams);
}
bool Socket::writable() const {
  return !impl_->blocked;
}
Endpoint Socket::local() const {
  return impl_->bound;
}
const Counters& Socket::counters() const {
  return impl_->counters;
}

}  // namespace hearth::udp
