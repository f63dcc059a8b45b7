#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/multistream/negotiator.h>
#include <hearth/noise/handshake.h>
#include <hearth/session/session.h>
#include <hearth/yamux/connection.h>

namespace hearth::session {
namespace {

using multistream::NegotiationError;
using multistream::Negotiator;
using noise::NoiseError;

constexpr std::string_view security_protocol = "/noise";
constexpr std::string_view muxer_protocol = "/yamux/1.0.0";

// The plaintext of a full frame. OpenSSL's Poly1305 (AVX-512) takes whole multiples of 128 bytes a
// third faster than others, the largest possible frame among them.
constexpr std::size_t bulk_plaintext = noise::max_plaintext / 128 * 128;

// What is left of an output is used for a further frame only if it takes this much.
constexpr std::size_t worthwhile_room = 2048;

CloseReason reason_of(NegotiationError error) {
  return error == NegotiationError::none_agreed ? CloseReason::no_common_protocol
                                                : CloseReason::bad_negotiation;
}

CloseReason reason_of(NoiseError error) {
  return error == NoiseError::wrong_peer ? CloseReason::wrong_peer : CloseReason::handshake_failed;
}

CloseReason reason_of(yamux::EndCause cause) {
  switch (cause) {
    case yamux::EndCause::closed_by_us:
      return CloseReason::closed_by_us;
    case yamux::EndCause::closed_by_peer:
      return CloseReason::closed_by_peer;
    case yamux::EndCause::pipe_ended:
      return CloseReason::pipe_ended;
    case yamux::EndCause::protocol_error:
      return CloseReason::protocol_error;
    case yamux::EndCause::peer_error:
      return CloseReason::peer_error;
    case yamux::EndCause::abuse:
      return CloseReason::abuse;
    case yamux::EndCause::unresponsive:
      return CloseReason::unresponsive;
  }
  return CloseReason::protocol_error;
}

Negotiator make_negotiator(Role role, std::string_view protocol) {
  if (role == Role::initiator) return Negotiator::dialer({std::string{protocol}});
  return Negotiator::listener(
      [protocol](std::string_view proposed) { return proposed == protocol; });
}

template <class Machine>
void drain(Machine& machine, Bytes& out) {
  std::array<std::byte, 512> piece;
  while (const std::size_t size = machine.poll_transmit(piece))
    append(out, BytesView{piece}.first(size));
}

}  // namespace

struct Session::Impl {
  enum class Stage : std::uint8_t { security, handshake, muxer, open, closed };

  // What is needed until the connection stands, and then given back.
  struct Upgrade {
    Negotiator negotiator;
    noise::Handshake handshake;
    Instant until;
    std::optional<Secured> secured;  // told once a muxer is agreed
  };

  Role role;
  yamux::MemoryBudget& budget;
  yamux::Limits limits;
  Stage stage = Stage::security;
  std::unique_ptr<Upgrade> upgrade;
  std::optional<noise::CipherState> sealer, opener;
  std::optional<yamux::Connection> mux;
  Bytes outgoing;  // of the upgrade
  Bytes partial;   // an incoming frame that hasn't come wholly
  yamux::Fifo<Event> events;
  std::optional<CloseReason> failure;  // says more than the muxer's own cause

  Impl(const Options& options, Entropy& entropy, Instant now)
      : role(options.role), budget(options.budget), limits(options.limits) {
    const bool initiator = role == Role::initiator;
    upgrade = std::make_unique<Upgrade>(Upgrade{
        .negotiator = make_negotiator(role, security_protocol),
        .handshake =
            noise::Handshake{options.credentials,
                             {.role = initiator ? noise::Role::initiator : noise::Role::responder,
                              .expected = options.expected,
                              .stream_muxers = {std::string{muxer_protocol}}},
                             entropy},
        .until = now + options.handshake_timeout});
    // The initiator's first Noise message goes along with the proposal of Noise: a round trip less.
    // The responder can't have anything else to offer.
    collect();
  }

  void collect() {
    drain(upgrade->negotiator, outgoing);
    drain(upgrade->handshake, outgoing);
  }

  void fail(Instant now, CloseReason reason) {
    if (stage == Stage::closed || (mux && mux->ended())) return;
    upgrade.reset();
    partial = {};
    if (mux) {
      failure = reason;
      mux->end(now);  // brings the Closed, and keeps what was received readable
    } else {
      stage = Stage::closed;
      events.push(Closed{reason});
    }
  }

  void receive(Instant now, BytesView bytes) {
    if (stage == Stage::security) {
      const auto used = upgrade->negotiator.receive(bytes);
      if (!used) return fail(now, reason_of(used.error()));
      bytes = bytes.subspan(*used);
      if (!upgrade->negotiator.selected().empty()) stage = Stage::handshake;
      collect();
    }
    if (stage == Stage::handshake) {
      const auto used = upgrade->handshake.receive(bytes);
      if (!used) return fail(now, reason_of(used.error()));
      bytes = bytes.subspan(*used);
      collect();
      if (upgrade->handshake.done()) on_authenticated(now);
    }
    if (stage == Stage::muxer || stage == Stage::open) receive_frames(now, bytes);
  }

  void on_authenticated(Instant now) {
    noise::Handshake::Outcome outcome = upgrade->handshake.take();
    sealer.emplace(std::move(outcome.send));
    opener.emplace(std::move(outcome.receive));
    upgrade->secured = Secured{.peer = std::move(outcome.peer), .key = outcome.key};
    const auto& muxers = outcome.stream_muxers;
    if (std::ranges::find(muxers, muxer_protocol) != muxers.end()) return on_muxer(now);
    if (!muxers.empty()) return fail(now, CloseReason::no_common_protocol);
    // A peer that doesn't negotiate early: multistream-select once more, inside.
    upgrade->negotiator = make_negotiator(role, muxer_protocol);
    stage = Stage::muxer;
    seal_negotiation();
  }

  void on_muxer(Instant now) {
    events.push(std::move(*upgrade->secured));
    upgrade.reset();
    stage = Stage::open;
    mux.emplace(role == Role::initiator ? yamux::Role::dialer : yamux::Role::listener, limits,
                budget, now);
  }

  void seal_negotiation() {
    Bytes plaintext;
    drain(upgrade->negotiator, plaintext);
    if (plaintext.empty()) return;
    Writer{outgoing}.u16_be(static_cast<std::uint16_t>(plaintext.size() + noise::tag_size));
    const std::size_t begin = outgoing.size();
    outgoing.resize(begin + plaintext.size() + noise::tag_size);
    sealer->seal(plaintext, MutableBytes{outgoing}.subspan(begin));
  }

  void on_plaintext(Instant now, BytesView plaintext) {
    if (stage == Stage::muxer) {
      const auto used = upgrade->negotiator.receive(plaintext);
      if (!used) return fail(now, reason_of(used.error()));
      plaintext = plaintext.subspan(*used);
      seal_negotiation();
      if (upgrade->negotiator.selected().empty()) return;
      on_muxer(now);
    }
    mux->receive(now, plaintext);
  }

  [[nodiscard]] bool receiving() const {
    return stage == Stage::muxer || (stage == Stage::open && !mux->ended());
  }

  // Whole frames are opened where they lie, into a buffer that lives as long as this call: an idle
  // connection holds none. Only a frame that comes in pieces is copied.
  void receive_frames(Instant now, BytesView bytes) {
    std::unique_ptr<std::byte[]> plaintext;
    std::size_t plaintext_size = 0;
    while (receiving() && !bytes.empty()) {
      if (!partial.empty() || bytes.size() < frame_size(bytes)) {
        bytes = bytes.subspan(complete(bytes));
        if (partial.size() < noise::length_size || partial.size() < frame_size(partial)) return;
        Bytes frame = std::exchange(partial, {});
        const MutableBytes sealed = MutableBytes{frame}.subspan(noise::length_size);
        if (sealed.size() < noise::tag_size) return fail(now, CloseReason::decryption_failed);
        const MutableBytes opened = sealed.first(sealed.size() - noise::tag_size);
        if (!opener->open(sealed, opened)) return fail(now, CloseReason::decryption_failed);
        on_plaintext(now, opened);
        continue;
      }
      const BytesView sealed =
          bytes.subspan(noise::length_size, frame_size(bytes) - noise::length_size);
      if (sealed.size() < noise::tag_size) return fail(now, CloseReason::decryption_failed);
      const std::size_t size = sealed.size() - noise::tag_size;
      if (size > plaintext_size) {
        plaintext.reset(new std::byte[size]);  // not zeroed, unlike make_unique's
        plaintext_size = size;
      }
      const MutableBytes opened{plaintext.get(), size};
      if (!opener->open(sealed, opened)) return fail(now, CloseReason::decryption_failed);
      bytes = bytes.subspan(noise::length_size + sealed.size());
      on_plaintext(now, opened);
    }
  }

  // Of the frame that begins here, its length included; more than there can be when that isn't
  // known.
  static std::size_t frame_size(BytesView bytes) {
    const auto length = Reader{bytes}.u16_be();
    return length ? noise::length_size + *length : noise::length_size + noise::max_frame;
  }

  // Adds to `partial` what it lacks, and returns how much that was.
  std::size_t complete(BytesView bytes) {
    std::size_t used = 0;
    for (; partial.size() < noise::length_size && used < bytes.size(); ++used)
      partial.push_back(bytes[used]);
    if (partial.size() < noise::length_size) return used;
    const std::size_t size = frame_size(partial);
    const BytesView more =
        bytes.subspan(used, std::min(size - partial.size(), bytes.size() - used));
    // All at once when it is nearly there; else it grows with what comes, not with what was
    // promised.
    if (partial.size() + more.size() == size) partial.reserve(size);
    append(partial, more);
    return used + more.size();
  }

  std::size_t poll_transmit(MutableBytes out) {
    HEARTH_ASSERT(out.size() >= min_transmit);
    std::size_t written = std::min(out.size(), outgoing.size());
    if (written > 0) {
      std::copy_n(outgoing.begin(), written, out.begin());
      outgoing.erase(outgoing.begin(), outgoing.begin() + static_cast<std::ptrdiff_t>(written));
      if (!outgoing.empty()) return written;
      outgoing = {};
    }
    if (!mux || failure) return written;
    constexpr std::size_t overhead = noise::length_size + noise::tag_size;
    while (out.size() - written >= (written == 0 ? min_transmit : worthwhile_room)) {
      const MutableBytes rest = out.subspan(written);
      const std::size_t room = std::min(rest.size() - overhead, bulk_plaintext);
      const std::size_t size = mux->poll_transmit(rest.subspan(noise::length_size, room));
      if (size == 0) break;
      const std::size_t length = size + noise::tag_size;
      rest[0] = static_cast<std::byte>(length >> 8);
      rest[1] = static_cast<std::byte>(length & 0xff);
      sealer->seal(rest.subspan(noise::length_size, size),
                   rest.subspan(noise::length_size, length));
      written += noise::length_size + length;
    }
    return written;
  }

  std::optional<Event> poll_event() {
    if (!events.empty()) return events.pop();
    if (!mux) return std::nullopt;
    auto event = mux->poll_event();
    if (!event) return std::nullopt;
    return std::visit(
        [this](const auto& known) -> Event {
          if constexpr (std::is_same_v<std::decay_t<decltype(known)>, yamux::Ended>) {
            return Closed{failure.value_or(reason_of(known.cause))};
          } else {
            return known;
          }
        },
        *event);
  }
};

Session::Session(const Options& options, Entropy& entropy, Instant now)
    : impl_(std::make_unique<Impl>(options, entropy, now)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

void Session::receive(Instant now, BytesView bytes) {
  impl_->receive(now, bytes);
}

void Session::end(Instant now) {
  if (impl_->mux) return impl_->mux->end(now);
  impl_->fail(now, CloseReason::pipe_ended);
}

void Session::advance(Instant now) {
  if (impl_->mux) return impl_->mux->advance(now);
  if (impl_->upgrade && now >= impl_->upgrade->until)
    impl_->fail(now, CloseReason::handshake_timeout);
}

std::size_t Session::poll_transmit(MutableBytes out) {
  return impl_->poll_transmit(out);
}
std::optional<Event> Session::poll_event() {
  return impl_->poll_event();
}

std::optional<Instant> Session::deadline() const {
  if (impl_->mux) return impl_->mux->deadline();
  if (impl_->upgrade) return impl_->upgrade->until;
  return std::nullopt;
}

Result<StreamId, OpenError> Session::open_stream(Instant now) {
  if (!impl_->mux) return Failure{OpenError::closed};
  return impl_->mux->open_stream(now);
}

std::size_t Session::write(StreamId id, BytesView bytes) {
  return impl_->mux ? impl_->mux->write(id, bytes) : 0;
}

std::size_t Session::writable(StreamId id) const {
  return impl_->mux ? impl_->mux->writable(id) : 0;
}

std::size_t Session::read(StreamId id, MutableBytes out) {
  return impl_->mux ? impl_->mux->read(id, out) : 0;
}

BytesView Session::peek(StreamId id) const {
  return impl_->mux ? impl_->mux->peek(id) : BytesView{};
}

void Session::consume(StreamId id, std::size_t count) {
  if (impl_->mux) impl_->mux->consume(id, count);
}

ReadState Session::read_state(StreamId id) const {
  return impl_->mux ? impl_->mux->read_state(id) : ReadState::reset;
}

void Session::close_write(StreamId id) {
  if (impl_->mux) impl_->mux->close_write(id);
}

bool Session::flushed(StreamId id) const {
  return !impl_->mux || impl_->mux->flushed(id);
}

void Session::reset(StreamId id) {
  if (impl_->mux) impl_->mux->reset(id);
}

void Session::release(StreamId id) {
  if (impl_->mux) impl_->mux->release(id);
}

void Session::close() {
  if (impl_->mux) return impl_->mux->close();
  impl_->fail({}, CloseReason::closed_by_us);
}

bool Session::closed() const {
  return impl_->stage == Impl::Stage::closed || (impl_->mux && impl_->mux->ended());
}

bool Session::secured() const {
  return impl_->mux.has_value() && !impl_->mux->ended();
}

std::optional<Duration> Session::round_trip() const {
  return impl_->mux ? impl_->mux->round_trip() : std::nullopt;
}

std::size_t Session::streams() const {
  return impl_->mux ? impl_->mux->streams() : 0;
}

std::size_t Session::inbound_streams() const {
  return impl_->mux ? impl_->mux->inbound_streams() : 0;
}

}  // namespace hearth::session
