#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <hearth/base/assert.h>
#include <hearth/dtls/connection.h>
#include <hearth/dtls/shared.h>

namespace hearth::dtls {
namespace {

// A flight is a handful of datagrams; a certificate chain of absurd length ends the handshake
// instead.
constexpr std::size_t max_flight_datagrams = 32;
constexpr int max_last_flight_repeats = 16;
constexpr std::uint8_t change_cipher_spec = 20;
constexpr std::uint8_t handshake = 22;
constexpr std::uint8_t hello_verify_request = 3;
constexpr std::size_t record_header = 13;

/// What a peer's certificate must be, and how it proves its address; found from the SSL by
/// SSL_get_app_data.
struct PeerCheck {
  std::optional<Fingerprint> expected;
  bool mismatch = false;
  std::array<unsigned char, 16> cookie{};  // of this connection alone
};

int make_cookie(SSL* ssl, unsigned char* out, unsigned int* size) {
  const auto& check = *static_cast<const PeerCheck*>(SSL_get_app_data(ssl));
  std::ranges::copy(check.cookie, out);
  *size = static_cast<unsigned int>(check.cookie.size());
  return 1;
}

int check_cookie(SSL* ssl, const unsigned char* cookie, unsigned int size) {
  const auto& check = *static_cast<const PeerCheck*>(SSL_get_app_data(ssl));
  return size == check.cookie.size() && CRYPTO_memcmp(cookie, check.cookie.data(), size) == 0 ? 1
                                                                                              : 0;
}

/// RFC 6347 4.2.1: it isn't repeated, since whom it went to is still to be proved.
bool asks_for_cookie(BytesView datagram) {
  return datagram.size() > record_header &&
         std::to_integer<std::uint8_t>(datagram[0]) == handshake &&
         std::to_integer<std::uint8_t>(datagram[record_header]) == hello_verify_request;
}

// Runs before the peer's key is used: a wrong certificate gets a fatal alert and the handshake ends
// there.
int check_peer(X509_STORE_CTX* store, void*) {
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& check = *static_cast<PeerCheck*>(SSL_get_app_data(ssl));
  if (!check.expected) return 1;
  X509* peer = X509_STORE_CTX_get0_cert(store);
  if (peer != nullptr && fingerprint_of(peer) == *check.expected) return 1;
  check.mismatch = true;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

unsigned int never(SSL*, unsigned int) {
  return std::numeric_limits<unsigned int>::max();
}

}  // namespace

struct Connection::Impl {
  Impl(const Certificate& certificate, const Options& options, Instant now);

  void receive(Instant now, BytesView datagram);
  void advance(Instant now);
  void shake_hands(Instant now);
  std::optional<std::size_t> read_record(MutableBytes out);
  void repeat_flight() { unsent = 0; }
  void finish(CloseReason why);
  void keep(BytesView datagram);
  std::optional<Instant> deadline() const;

  static int bio_read(BIO* bio, char* out, int size);
  static int bio_write(BIO* bio, const char* data, int size);
  static long bio_control(BIO* bio, int command, long, void*);
  static const BIO_METHOD* bio_method();

  Certificate certificate;
  Options options;
  PeerCheck check;
  SslPtr ssl;

  Bytes inbound;  // at most one datagram
  bool inbound_unread = false;
  MutableBytes seal_into;  // where seal() wants its record, while it runs
  std::size_t sealed = 0;

  std::vector<Bytes> flight;  // what we sent last, to be sent again; bounded
  std::size_t unsent = 0;     // index of the first datagram of the flight not yet polled
  int last_flight_repeats = 0;

  bool connected = false;
  bool closed = false;
  Instant gives_up;
  std::optional<Instant> repeat_at;
  Duration rto;
  std::deque<Event> events;  // at most Connected and Closed
};

// The datagram's borders are kept: one read or write is one datagram.
int Connection::Impl::bio_read(BIO* bio, char* out, int size) {
  auto& self = *static_cast<Impl*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (!self.inbound_unread) {
    BIO_set_retry_read(bio);
    return -1;
  }
  self.inbound_unread = false;
  const std::size_t count = std::min(self.inbound.size(), static_cast<std::size_t>(size));
  std::copy_n(self.inbound.begin(), count, reinterpret_cast<std::byte*>(out));
  return static_cast<int>(count);
}

int Connection::Impl::bio_write(BIO* bio, const char* data, int size) {
  auto& self = *static_cast<Impl*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const BytesView datagram = std::as_bytes(std::span{data, static_cast<std::size_t>(size)});
  if (self.seal_into.size() >= datagram.size()) {
    std::ranges::copy(datagram, self.seal_into.begin());
    self.sealed = datagram.size();
    self.seal_into = {};
  } else {
    self.keep(datagram);
  }
  return size;
}

long Connection::Impl::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* Connection::Impl::bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram");
    HEARTH_ASSERT(made);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

ContextPtr make_context(X509* x509, EVP_PKEY* key) {
  ContextPtr context{SSL_CTX_new(DTLS_method())};
  HEARTH_ASSERT(context);
  SSL_CTX* ctx = context.get();
  HEARTH_ASSERT(SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) == 1);
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_QUERY_MTU |
                               SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(ctx, 1);  // a datagram is read whole, or its rest is lost
  HEARTH_ASSERT(SSL_CTX_set_cipher_list(ctx,
                                        "ECDHE-ECDSA-AES128-GCM-SHA256:"
                                        "ECDHE-ECDSA-CHACHA20-POLY1305:"
                                        "ECDHE-ECDSA-AES256-GCM-SHA384") == 1);
  HEARTH_ASSERT(SSL_CTX_set1_groups_list(ctx, "X25519:P-256") == 1);
  HEARTH_ASSERT(SSL_CTX_use_certificate(ctx, x509) == 1);
  HEARTH_ASSERT(SSL_CTX_use_PrivateKey(ctx, key) == 1);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, check_peer, nullptr);
  SSL_CTX_set_cookie_generate_cb(ctx, make_cookie);
  SSL_CTX_set_cookie_verify_cb(ctx, check_cookie);
  return context;
}

Connection::Impl::Impl(const Certificate& own, const Options& given, Instant now)
    : certificate(own),
      options(given),
      check{.expected = given.expected_peer},
      gives_up(now + given.handshake_timeout),
      rto(given.rto) {
  ssl.reset(SSL_new(certificate.shared_->context.get()));
  HEARTH_ASSERT(ssl);
  BIO* bio = BIO_new(bio_method());
  HEARTH_ASSERT(bio);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_app_data(ssl.get(), &check);
  SSL_set_mtu(ssl.get(), static_cast<long>(options.mtu));
  DTLS_set_timer_cb(ssl.get(), never);
  if (options.role == Role::client) {
    SSL_set_connect_state(ssl.get());
    shake_hands(now);
  } else {
    if (options.prove_address) {
      // One for the whole handshake: an answer to a request that crossed a second one counts too.
      HEARTH_ASSERT(RAND_bytes(check.cookie.data(), static_cast<int>(check.cookie.size())) == 1);
      SSL_set_options(ssl.get(), SSL_OP_COOKIE_EXCHANGE);
    }
    SSL_set_accept_state(ssl.get());
  }
}

void Connection::Impl::keep(BytesView datagram) {
  if (flight.size() < max_flight_datagrams) flight.push_back(to_bytes(datagram));
}

void Connection::Impl::receive(Instant now, BytesView datagram) {
  if (closed || datagram.empty()) return;
  inbound.assign(datagram.begin(), datagram.end());
  inbound_unread = true;
  if (!connected) return shake_hands(now);

  // The peer repeats its last flight, so ours was lost.
  const auto type = std::to_integer<std::uint8_t>(datagram.front());
  if ((type == handshake || type == change_cipher_spec) && options.role == Role::server &&
      last_flight_repeats < max_last_flight_repeats) {
    ++last_flight_repeats;
    repeat_flight();
  }
}

void Connection::Impl::shake_hands(Instant now) {
  // What is written from here on is the next flight; while nothing is, the last one stays to be
  // repeated.
  std::vector<Bytes> previous = std::exchange(flight, {});
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl.get());
  const int error = SSL_get_error(ssl.get(), done);
  if (flight.empty()) {
    flight = std::move(previous);
    // The ClientHello came again as it was, which OpenSSL takes for a replay: our request was lost.
    if (!repeat_at && !flight.empty() && options.role == Role::server && !connected &&
        asks_for_cookie(flight.front()) && inbound.size() >= flight.front().size())
      repeat_flight();
  } else {
    // Datagrams of the previous flight not yet polled would arrive too late to matter.
    unsent = 0;
    rto = options.rto;
    repeat_at = now + rto;
    if (asks_for_cookie(flight.front())) repeat_at.reset();
  }
  if (done == 1) {
    connected = true;
    repeat_at.reset();
    if (options.role == Role::client && unsent >= flight.size()) flight.clear();
    X509* peer = SSL_get0_peer_certificate(ssl.get());
    HEARTH_ASSERT(peer);
    events.emplace_back(Connected{fingerprint_of(peer)});
  } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    const bool alerted = ERR_GET_REASON(ERR_peek_error()) >= SSL_AD_REASON_OFFSET;
    finish(check.mismatch ? CloseReason::fingerprint_mismatch
           : alerted      ? CloseReason::alert_from_peer
                          : CloseReason::handshake_failed);
  }
  ERR_clear_error();
}

std::optional<std::size_t> Connection::Impl::read_record(MutableBytes out) {
  if (!connected || closed) return std::nullopt;
  ERR_clear_error();
  const int size = SSL_read(ssl.get(), out.data(), static_cast<int>(out.size()));
  if (size > 0) {
    if (last_flight_repeats < max_last_flight_repeats) {  // the peer has our last flight
      last_flight_repeats = max_last_flight_repeats;
      if (unsent >= flight.size()) flight.clear();
    }
    return static_cast<std::size_t>(size);
  }
  const int error = SSL_get_error(ssl.get(), size);
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN) {
    finish(CloseReason::closed_by_peer);
  } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    finish(CloseReason::alert_from_peer);
  }
  return std::nullopt;
}

// Deviates from RFC 6347 §4.2.2: a repeated flight keeps its records' sequence numbers, because it
// is the stored datagrams that are sent again. OpenSSL's own timer reads the wall clock, so it is
// set to never fire. A receiver drops those records that it has, which is right, and takes the
// others. What that loses, the answer to a repeated last flight, receive() makes up for.
void Connection::Impl::advance(Instant now) {
  if (closed || connected) return;
  if (now >= gives_up) return finish(CloseReason::handshake_timed_out);
  if (!repeat_at || now < *repeat_at) return;
  repeat_flight();
  rto = std::min(rto * 2, options.rto * 16);
  repeat_at = now + rto;
}

void Connection::Impl::finish(CloseReason why) {
  if (closed) return;
  closed = true;
  repeat_at.reset();
  events.emplace_back(Closed{why});
}

std::optional<Instant> Connection::Impl::deadline() const {
  if (closed || connected) return std::nullopt;
  return repeat_at ? std::min(*repeat_at, gives_up) : gives_up;
}

Connection::Connection(const Certificate& certificate, const Options& options, Instant now)
    : impl_(std::make_unique<Impl>(certificate, options, now)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

void Connection::receive(Instant now, BytesView datagram) {
  impl_->receive(now, datagram);
}
void Connection::advance(Instant now) {
  impl_->advance(now);
}
std::optional<std::size_t> Connection::poll_data(MutableBytes out) {
  return impl_->read_record(out);
}
std::optional<Instant> Connection::deadline() const {
  return impl_->deadline();
}
bool Connection::is_connected() const {
  return impl_->connected && !impl_->closed;
}

std::optional<std::size_t> Connection::poll_transmit(MutableBytes out) {
  auto& flight = impl_->flight;
  if (impl_->unsent >= flight.size()) return std::nullopt;
  const Bytes& datagram = flight[impl_->unsent++];
  HEARTH_ASSERT(out.size() >= datagram.size());
  std::ranges::copy(datagram, out.begin());
  const std::size_t size = datagram.size();
  const bool last = impl_->unsent == flight.size();
  if (last && (impl_->closed || (impl_->connected && impl_->options.role == Role::client)))
    flight.clear();
  return size;
}

std::optional<Event> Connection::poll_event() {
  if (impl_->events.empty()) return std::nullopt;
  const Event event = impl_->events.front();
  impl_->events.pop_front();
  return event;
}

Result<std::size_t, Error> Connection::seal(BytesView content, MutableBytes out) {
  if (!is_connected()) return Failure{Error::not_connected};
  if (content.empty() || content.size() + overhead > impl_->options.mtu ||
      out.size() < content.size() + overhead)
    return Failure{Error::too_large};
  impl_->seal_into = out;
  impl_->sealed = 0;
  ERR_clear_error();
  const int written = SSL_write(impl_->ssl.get(), content.data(), static_cast<int>(content.size()));
  impl_->seal_into = {};
  ERR_clear_error();
  if (written <= 0 || impl_->sealed == 0) return Failure{Error::not_connected};
  return impl_->sealed;
}

void Connection::close() {
  if (impl_->closed) return;
  if (impl_->connected) {
    impl_->flight.clear();
    impl_->unsent = 0;
    ERR_clear_error();
    SSL_shutdown(impl_->ssl.get());
    ERR_clear_error();
  }
  impl_->finish(CloseReason::closed_here);
}

}  // namespace hearth::dtls
