// The one file that knows usrsctp. Its tables, timers and settings are the process's; here they are
// tamed: no threads, time only as passed in, its addresses are numbers that are never dereferenced.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <usrsctp.h>

#include <hearth/base/assert.h>
#include <hearth/sctp/crc32c.h>
#include <hearth/sctp/usrsctp_for_test.h>

namespace hearth::sctp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t port = 5000;  // both sides' (RFC 8841 §5.1's usual value)
constexpr Duration tick = 10ms;       // usrsctp's delayed acknowledgement is two of these
constexpr Duration busy_after_traffic = 250ms;
constexpr std::size_t resets_per_request = 128;  // fits a packet
constexpr int send_buffer_use_option =
    0x1101;  // SCTP_GET_SNDBUF_USE, left out of the public header
struct SendBufferUse {
  sctp_assoc_t association;
  std::uint32_t sending;
  std::uint32_t receiving;
};

using Key = std::uintptr_t;

void* to_address(Key key) {
  return reinterpret_cast<void*>(key);  // NOLINT(performance-no-int-to-ptr): a name, never followed
}
Key to_key(void* address) {
  return reinterpret_cast<Key>(address);
}

sockaddr_conn address_of(Key key) {
  sockaddr_conn address{};
  address.sconn_family = AF_CONN;
  address.sconn_port = htons(port);
  address.sconn_addr = to_address(key);
  return address;
}

/// What usrsctp calls back into: only ever notes things down.
struct Endpoint {
  Bytes out;                      // packets not yet polled, back to back
  std::deque<std::size_t> sizes;  // of each; bounded by the congestion window
  std::size_t taken = 0;          // bytes of `out` already polled
  bool readable = false;
};

class Stack {
 public:
  static Stack& instance() {
    static Stack* const stack = new Stack;  // usrsctp can't be ended and begun again
    return *stack;
  }

  Key add(Endpoint& endpoint) {
    const Key key = next_key_++;
    endpoints_.emplace(key, &endpoint);
    usrsctp_register_address(to_address(key));
    return key;
  }
  void remove(Key key) {
    usrsctp_deregister_address(to_address(key));
    endpoints_.erase(key);
  }
  Endpoint* find(Key key) {
    const auto found = endpoints_.find(key);
    return found == endpoints_.end() ? nullptr : found->second;
  }

  /// One timeline for the whole process. A step back begins another (tests); a long gap (a laptop
  /// that slept) counts as a second.
  void advance(Instant now) {
    if (now < last_) last_ = now;
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - last_);
    if (elapsed < 1ms) return;
    last_ += elapsed;
    usrsctp_handle_timers(
        static_cast<std::uint32_t>(std::min(elapsed, std::chrono::milliseconds{1s}).count()));
  }

  /// For one message piece at a time.
  MutableBytes scratch() { return *scratch_; }

 private:
  Stack() {
    usrsctp_init_nothreads(0, transmit, nullptr);
    usrsctp_enable_crc32c_offload();
    usrsctp_sysctl_set_sctp_no_csum_on_loopback(0);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auto_asconf(0);
    usrsctp_sysctl_set_sctp_nrsack_enable(0);
    usrsctp_sysctl_set_sctp_pktdrop_enable(0);
    usrsctp_sysctl_set_sctp_reconfig_enable(1);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(16 * 1024);
    usrsctp_sysctl_set_sctp_initial_cwnd(10);
    usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
    usrsctp_sysctl_set_sctp_rto_min_default(200);
    usrsctp_sysctl_set_sctp_rto_initial_default(500);
    usrsctp_sysctl_set_sctp_rto_max_default(10'000);
    usrsctp_sysctl_set_sctp_init_rto_max_default(2'000);
    usrsctp_sysctl_set_sctp_init_rtx_max_default(10);
    usrsctp_sysctl_set_sctp_path_rtx_max_default(10);
    usrsctp_sysctl_set_sctp_assoc_rtx_max_default(10);
  }

  // An association may be gone when its last packet comes: then there is nobody to send it.
  static int transmit(void* address, void* data, std::size_t size, std::uint8_t, std::uint8_t) {
    Endpoint* endpoint = instance().find(to_key(address));
    if (endpoint == nullptr || size < 12) return 0;
    const MutableBytes packet{static_cast<std::byte*>(data), size};
    write_checksum(packet);
    append(endpoint->out, packet);
    endpoint->sizes.push_back(size);
    return 0;
  }

  Key next_key_ = 1;
  Instant last_{};
  std::unordered_map<Key, Endpoint*> endpoints_;  // never walked
  std::unique_ptr<std::array<std::byte, 64 * 1024>> scratch_ =
      std::make_unique<std::array<std::byte, 64 * 1024>>();
};

void note_readable(struct socket*, void* address, int) {
  if (Endpoint* endpoint = Stack::instance().find(to_key(address))) endpoint->readable = true;
}

template <class Value>
void set_option(struct socket* socket, int level, int name, const Value& value) {
  HEARTH_ASSERT(usrsctp_setsockopt(socket, level, name, &value, sizeof(value)) == 0);
}

}  // namespace

struct UsrsctpAssociation::Impl {
  Impl(const Options& given, Instant now);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void after_input(Instant now);
  void read_all();
  void read_notification(BytesView bytes);
  void on_association_change(const sctp_assoc_change& change);
  void on_stream_reset(BytesView bytes);
  void request_resets();
  void finish(CloseReason why);
  void drop_socket();
  std::size_t buffered() const;

  Options options;
  Endpoint endpoint;
  Key key;
  struct socket* socket = nullptr;

  std::optional<Message> message;  // whole, waiting for poll_message
  Message partial;                 // the pieces so far
  std::deque<Event> events;        // bounded by what one packet can cause; drained after each

  std::set<StreamId> resets_waiting;
  std::vector<StreamId> resets_requested;  // at most one request is outstanding

  bool established = false;
  bool closed = false;
  bool receiving = false;
  bool crowded = false;  // more than half of the send buffer is used
  std::uint16_t streams = 0;
  Instant now;
  Instant busy_until;
};

UsrsctpAssociation::Impl::Impl(const Options& given, Instant at)
    : options(given), key(Stack::instance().add(endpoint)), now(at), busy_until(at + 1s) {
  HEARTH_ASSERT(options.send_buffer > options.max_message);
  HEARTH_ASSERT(options.receive_buffer > options.max_message);
  Stack::instance().advance(at);
  socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  HEARTH_ASSERT(socket != nullptr);
  HEARTH_ASSERT(usrsctp_set_non_blocking(socket, 1) == 0);
  set_option(socket, SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0});  // close aborts
  // Room for what writable() promises, and for usrsctp's own accounts.
  set_option(socket, SOL_SOCKET, SO_SNDBUF, static_cast<int>(options.send_buffer * 5 / 4));
  set_option(socket, SOL_SOCKET, SO_RCVBUF, static_cast<int>(options.receive_buffer));
  set_option(socket, IPPROTO_SCTP, SCTP_NODELAY, 1);
  set_option(socket, IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
  set_option(
      socket, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET,
      sctp_assoc_value{.assoc_id = SCTP_ALL_ASSOC, .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ});
  constexpr std::array<std::uint16_t, 3> wanted_events{SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT,
                                                       SCTP_SHUTDOWN_EVENT};
  for (const std::uint16_t type : wanted_events) {
    sctp_event wanted{};
    wanted.se_assoc_id = SCTP_ALL_ASSOC;
    wanted.se_type = type;
    wanted.se_on = 1;
    set_option(socket, IPPROTO_SCTP, SCTP_EVENT, wanted);
  }
  sctp_initmsg init{};
  init.sinit_num_ostreams = options.streams;
  init.sinit_max_instreams = options.streams;
  set_option(socket, IPPROTO_SCTP, SCTP_INITMSG, init);
  HEARTH_ASSERT(usrsctp_set_upcall(socket, note_readable, to_address(key)) == 0);

  sockaddr_conn address = address_of(key);
  // usrsctp wants a sockaddr.
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  HEARTH_ASSERT(usrsctp_bind(socket, generic, sizeof(address)) == 0);
  const int connecting = usrsctp_connect(socket, generic, sizeof(address));
  HEARTH_ASSERT(connecting == 0 || errno == EINPROGRESS);
  sctp_paddrparams path{};
  std::memcpy(&path.spp_address, &address, sizeof(address));
  path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE;
  path.spp_pathmtu = static_cast<std::uint32_t>(options.mtu);
  set_option(socket, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);
}

UsrsctpAssociation::Impl::~Impl() {
  drop_socket();
  Stack::instance().remove(key);
}

void UsrsctpAssociation::Impl::drop_socket() {
  if (socket == nullptr) return;
  usrsctp_set_upcall(socket, nullptr, nullptr);
  usrsctp_close(std::exchange(socket, nullptr));
}

void UsrsctpAssociation::Impl::after_input(Instant at) {
  now = at;
  endpoint.readable =
      true;  // a wake-up may have been deferred past its own call; looking costs little
  read_all();
  if (closed) return;
  if (!resets_waiting.empty()) request_resets();
  if (crowded && buffered() <= options.send_buffer / 2) {
    crowded = false;
    events.emplace_back(Writable{});
  }
}

// Stops at a whole message that nobody took: what is behind it stays in usrsctp's buffer, and so
// the peer's window closes.
void UsrsctpAssociation::Impl::read_all() {
  while (endpoint.readable && !message && !closed) {
    const MutableBytes buffer = Stack::instance().scratch();
    sctp_rcvinfo info{};
    socklen_t info_size = sizeof(info);
    unsigned int info_type = SCTP_RECVV_NOINFO;
    socklen_t from_size = 0;
    int flags = 0;
    const ssize_t size = usrsctp_recvv(socket, buffer.data(), buffer.size(), nullptr, &from_size,
                                       &info, &info_size, &info_type, &flags);
    if (size <= 0) {
      endpoint.readable = false;
      if (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        finish(receiving ? CloseReason::aborted_by_peer : CloseReason::lost);
      return;
    }
    const BytesView piece = BytesView{buffer}.first(static_cast<std::size_t>(size));
    if ((flags & MSG_NOTIFICATION) != 0) {
      read_notification(piece);
      continue;
    }
    if (partial.payload.size() + piece.size() > options.max_message)
      return finish(CloseReason::message_too_long);
    append(partial.payload, piece);
    if ((flags & MSG_EOR) == 0) continue;
    partial.stream = StreamId{info.rcv_sid};
    partial.ppid = Ppid{ntohl(info.rcv_ppid)};
    partial.ordering =
        (info.rcv_flags & SCTP_UNORDERED) != 0 ? Ordering::unordered : Ordering::ordered;
    message = std::exchange(partial, {});
  }
}

void UsrsctpAssociation::Impl::read_notification(BytesView bytes) {
  sctp_notification::sctp_tlv head;
  if (bytes.size() < sizeof(head)) return;
  std::memcpy(&head, bytes.data(), sizeof(head));
  if (head.sn_type == SCTP_ASSOC_CHANGE && bytes.size() >= sizeof(sctp_assoc_change)) {
    sctp_assoc_change change;
    std::memcpy(&change, bytes.data(), sizeof(change));
    on_association_change(change);
  } else if (head.sn_type == SCTP_STREAM_RESET_EVENT) {
    on_stream_reset(bytes);
  } else if (head.sn_type == SCTP_SHUTDOWN_EVENT) {
    finish(CloseReason::shut_down_by_peer);
  }
}

void UsrsctpAssociation::Impl::on_association_change(const sctp_assoc_change& change) {
  switch (change.sac_state) {
    case SCTP_COMM_UP:
      if (established) return;
      established = true;
      streams = std::min(change.sac_outbound_streams, change.sac_inbound_streams);
      events.emplace_back(Established{streams});
      return;
    case SCTP_COMM_LOST:
    case SCTP_RESTART:  // data channels have no meaning across a restart
      return finish(receiving ? CloseReason::aborted_by_peer : CloseReason::lost);
    case SCTP_SHUTDOWN_COMP:
      return finish(CloseReason::shut_down_by_peer);
    default:
      return finish(CloseReason::lost);
  }
}

void UsrsctpAssociation::Impl::on_stream_reset(BytesView bytes) {
  sctp_stream_reset_event head;
  if (bytes.size() < sizeof(head)) return;
  std::memcpy(&head, bytes.data(), sizeof(head));
  if ((head.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) != 0) {
    for (BytesView rest = bytes.subspan(sizeof(head)); rest.size() >= 2; rest = rest.subspan(2)) {
      std::uint16_t id = 0;
      std::memcpy(&id, rest.data(), sizeof(id));
      events.emplace_back(PeerReset{StreamId{id}});
    }
  } else {
    // Denied or failed counts as done: the channel is over either way.
    for (const StreamId id : std::exchange(resets_requested, {}))
      events.emplace_back(ResetDone{id});
  }
}

void UsrsctpAssociation::Impl::request_resets() {
  if (!established || closed || !resets_requested.empty()) return;
  std::vector<StreamId> batch;
  for (const StreamId id : resets_waiting) {
    if (batch.size() == resets_per_request) break;
    batch.push_back(id);
  }
  std::vector<std::uint16_t> request(sizeof(sctp_reset_streams) / 2 + batch.size());
  sctp_reset_streams head{};
  head.srs_assoc_id = SCTP_ALL_ASSOC;
  head.srs_flags = SCTP_STREAM_RESET_OUTGOING;
  head.srs_number_streams = static_cast<std::uint16_t>(batch.size());
  std::memcpy(request.data(), &head, sizeof(head));
  std::ranges::transform(batch, request.begin() + sizeof(head) / 2, &StreamId::value);
  // Refused while an earlier request is on its way: asked again after the next input.
  if (usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, request.data(),
                         static_cast<socklen_t>(request.size() * 2)) != 0)
    return;
  for (const StreamId id : batch) resets_waiting.erase(id);
  resets_requested = std::move(batch);
}

std::size_t UsrsctpAssociation::Impl::buffered() const {
  if (socket == nullptr) return 0;
  SendBufferUse use{};
  socklen_t size = sizeof(use);
  if (usrsctp_getsockopt(socket, IPPROTO_SCTP, send_buffer_use_option, &use, &size) != 0) return 0;
  return use.sending;
}

void UsrsctpAssociation::Impl::finish(CloseReason why) {
  if (closed) return;
  closed = true;
  drop_socket();
  events.emplace_back(Closed{why});
}

UsrsctpAssociation::UsrsctpAssociation(const Options& options, Entropy&, Instant now)
    : impl_(std::make_unique<Impl>(options, now)) {}
UsrsctpAssociation::~UsrsctpAssociation() = default;
UsrsctpAssociation::UsrsctpAssociation(UsrsctpAssociation&&) noexcept = default;
UsrsctpAssociation& UsrsctpAssociation::operator=(UsrsctpAssociation&&) noexcept = default;

void UsrsctpAssociation::receive(Instant now, BytesView packet) {
  Impl& self = *impl_;
  if (self.closed || !has_valid_checksum(packet)) return;
  Stack::instance().advance(now);
  self.busy_until = now + busy_after_traffic;
  self.receiving = true;
  usrsctp_conninput(to_address(self.key), packet.data(), packet.size(), 0);
  self.after_input(now);
  self.receiving = false;
}

void UsrsctpAssociation::advance(Instant now) {
  Impl& self = *impl_;
  if (self.closed) return;
  Stack::instance().advance(now);
  self.after_input(now);
}

std::optional<std::size_t> UsrsctpAssociation::poll_transmit(MutableBytes out) {
  Endpoint& endpoint = impl_->endpoint;
  if (endpoint.sizes.empty()) return std::nullopt;
  const std::size_t size = endpoint.sizes.front();
  HEARTH_ASSERT(out.size() >= size);
  std::copy_n(endpoint.out.begin() + static_cast<std::ptrdiff_t>(endpoint.taken), size,
              out.begin());
  endpoint.sizes.pop_front();
  endpoint.taken += size;
  if (endpoint.sizes.empty()) {
    endpoint.out.clear();
    endpoint.taken = 0;
    if (endpoint.out.capacity() > 256 * 1024) endpoint.out.shrink_to_fit();
  }
  return size;
}

std::optional<Event> UsrsctpAssociation::poll_event() {
  if (impl_->events.empty()) return std::nullopt;
  const Event event = impl_->events.front();
  impl_->events.pop_front();
  return event;
}

std::optional<Message> UsrsctpAssociation::poll_message() {
  Impl& self = *impl_;
  if (!self.message) self.read_all();
  std::optional<Message> message = std::exchange(self.message, std::nullopt);
  if (message) self.read_all();  // events may stand behind it
  return message;
}

// usrsctp can't say when its next timer is due, so it is asked every tick while it may have one.
std::optional<Instant> UsrsctpAssociation::deadline() const {
  const Impl& self = *impl_;
  if (self.closed) return std::nullopt;
  const bool waits = !self.established || !self.resets_requested.empty() ||
                     !self.resets_waiting.empty() || self.now < self.busy_until ||
                     self.buffered() > 0;
  if (!waits) return std::nullopt;
  return self.now + tick;
}

Result<Unit, SendError> UsrsctpAssociation::send(Instant now, StreamId stream, Ppid ppid,
                                                 Ordering ordering, BytesView payload) {
  Impl& self = *impl_;
  if (self.closed || !self.established) return Failure{SendError::not_established};
  if (payload.empty() || payload.size() > self.options.max_message)
    return Failure{SendError::bad_size};
  if (stream.value() >= self.streams) return Failure{SendError::bad_stream};
  if (payload.size() > small_payload && payload.size() > writable()) {
    self.crowded = true;
    return Failure{SendError::would_block};
  }
  Stack::instance().advance(now);
  self.now = std::max(self.now, now);
  self.busy_until = now + busy_after_traffic;
  sctp_sndinfo info{};
  info.snd_sid = stream.value();
  info.snd_flags = ordering == Ordering::unordered ? SCTP_UNORDERED : 0;
  info.snd_ppid = htonl(ppid.value());
  const ssize_t sent = usrsctp_sendv(self.socket, payload.data(), payload.size(), nullptr, 0, &info,
                                     sizeof(info), SCTP_SENDV_SNDINFO, 0);
  if (sent < 0) {
    // Too many small pieces, or the stream is being reset; either passes. A lost association will
    // say so.
    self.crowded = true;
    return Failure{SendError::would_block};
  }
  HEARTH_ASSERT(static_cast<std::size_t>(sent) == payload.size());
  if (self.buffered() > self.options.send_buffer / 2) self.crowded = true;
  return Unit{};
}

std::size_t UsrsctpAssociation::buffered() const {
  return impl_->buffered();
}

std::size_t UsrsctpAssociation::writable() const {
  const Impl& self = *impl_;
  if (self.closed || !self.established) return 0;
  const std::size_t used = self.buffered();
  return used >= self.options.send_buffer ? 0 : self.options.send_buffer - used;
}

void UsrsctpAssociation::reset_stream(Instant now, StreamId stream) {
  Impl& self = *impl_;
  if (self.closed || !self.established || stream.value() >= self.streams) return;
  Stack::instance().advance(now);
  self.now = std::max(self.now, now);
  self.resets_waiting.insert(stream);
  self.request_resets();
}

void UsrsctpAssociation::close(Instant now) {
  Impl& self = *impl_;
  if (self.closed) return;
  Stack::instance().advance(now);
  self.finish(CloseReason::closed_here);
}

}  // namespace hearth::sctp
