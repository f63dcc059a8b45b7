#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <hearth/sdp/candidate.h>
#include <hearth/sdp/description.h>
#include <hearth/webrtc/signaling.h>
#include <hearth/webrtc_driver/signaling.h>

namespace hearth::webrtc_driver {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
using webrtc::SignalingMessage;
using Type = webrtc::SignalingMessage::Type;

namespace {

// A peer that trickles without end is cut off; browsers send a dozen.
constexpr int max_messages = 200;

struct Exchange {
  std::shared_ptr<libp2p::Stream> stream;
  std::shared_ptr<Port> port;
  std::shared_ptr<RtcConnection> session;

  Instant now() const { return port->host().clock().now(); }
};
using ExchangePtr = std::shared_ptr<Exchange>;

[[noreturn]] void fail() {
  throw system_error{asio::error::invalid_argument};
}

loop::Task<SignalingMessage> read_message(std::shared_ptr<libp2p::Stream> stream) {
  std::size_t size = 0;
  for (int shift = 0;; shift += 7) {
    std::array<std::byte, 1> byte;
    co_await loop::read_exactly(*stream, byte);
    size |= (std::to_integer<std::size_t>(byte[0]) & 0x7f) << shift;
    if ((byte[0] & std::byte{0x80}) == std::byte{0}) break;
    if (shift == 14) fail();
  }
  if (size > webrtc::max_signaling_message) fail();
  Bytes body(size);
  if (size > 0) co_await loop::read_exactly(*stream, body);
  auto message = webrtc::parse_signaling(body);
  if (!message) fail();
  co_return std::move(*message);
}

loop::Task<void> write_message(std::shared_ptr<libp2p::Stream> stream, SignalingMessage message) {
  const Bytes bytes = webrtc::encode_signaling(message);
  co_await stream->write(bytes);
}

// RTCIceCandidate.toJSON().
std::string to_json(const sdp::Candidate& candidate) {
  const nlohmann::json object{
      {"candidate", sdp::to_string(candidate)}, {"sdpMid", "0"}, {"sdpMLineIndex", 0}};
  return object.dump();
}

// Candidates that we can't use (TCP, mDNS names, the end's empty one) are passed over.
std::optional<sdp::Candidate> from_json(const std::string& text) {
  const auto object = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find("candidate");
  if (found == object.end() || !found->is_string()) return std::nullopt;
  const auto candidate = sdp::parse_candidate(found->get_ref<const std::string&>());
  if (!candidate) return std::nullopt;
  return *candidate;
}

loop::Task<void> read_candidates(ExchangePtr exchange) {
  try {
    for (int i = 0; i < max_messages; ++i) {
      const SignalingMessage message = co_await read_message(exchange->stream);
      if (message.type != Type::ice_candidate || exchange->session->ended()) break;
      if (const auto candidate = from_json(message.data)) {
        exchange->session->core().add_remote_candidate(exchange->now(), *candidate);
        exchange->session->touch();
      }
    }
  } catch (const system_error&) {  // its end is no reason to give up: the path may work already
  }
}

/// Trickles until the session stands. Throws what became of it.
loop::Task<libp2p::ConnectionPtr> trickle(ExchangePtr exchange) {
  const auto session = exchange->session;
  const auto executor = exchange->stream->executor();
  asio::co_spawn(executor, read_candidates(exchange), asio::detached);

  asio::steady_timer guard{executor};
  guard.expires_after(exchange->port->options().signaling_timeout);
  guard.async_wait([session](error_code stopped) {
    if (!stopped && !session->secured()) session->close();
  });
  bool stream_ended = false;
  while (!session->secured() && !session->ended()) {
    const auto candidate = session->take_candidate();
    if (!candidate) {
      co_await libp2p::Signal::wait(session, session->changed(), executor);
      continue;
    }
    SignalingMessage message{Type::ice_candidate, to_json(*candidate)};
    try {
      if (!stream_ended) co_await write_message(exchange->stream, std::move(message));
    } catch (const system_error&) {
      stream_ended = true;
    }
  }
  libp2p::ConnectionPtr connection = co_await RtcConnection::wait_secured(session);
  try {
    co_await exchange->stream->close_write();
  } catch (const system_error&) {
  }
  co_return connection;
}

void describe(const ExchangePtr& exchange, const std::string& text) {
  const auto description = sdp::parse_description(text);
  if (!description ||
      !exchange->session->core().set_remote_description(exchange->now(), *description)) {
    exchange->session->close();
    fail();
  }
  exchange->session->touch();
}

}  // namespace

loop::Task<void> answer_offer(std::shared_ptr<Port> port, libp2p::StreamPtr stream) {
  const auto exchange = std::make_shared<Exchange>();
  exchange->stream = std::move(stream);
  exchange->port = port;
  auto reading = libp2p::within(port->options().signaling_timeout, read_message(exchange->stream));
  const SignalingMessage offer = co_await std::move(reading);
  if (offer.type != Type::sdp_offer) fail();
  exchange->session =
      port->begin_signaled(exchange->stream->connection()->peer(), ice::Role::controlled);
  if (!exchange->session) throw system_error{asio::error::no_buffer_space};
  describe(exchange, offer.data);
  SignalingMessage answer{Type::sdp_answer,
                          sdp::to_string(exchange->session->core().local_description())};
  try {
    co_await write_message(exchange->stream, std::move(answer));
  } catch (const system_error&) {
    exchange->session->close();
    throw;
  }
  co_await trickle(exchange);
}

loop::Task<libp2p::ConnectionPtr> make_offer(std::shared_ptr<Port> port,
                                             libp2p::ConnectionPtr carrier) {
  const auto exchange = std::make_shared<Exchange>();
  auto opening = carrier->open(webrtc::signaling_protocol);
  exchange->stream = co_await std::move(opening);
  exchange->port = port;
  exchange->session = port->begin_signaled(carrier->peer(), ice::Role::controlling);
  if (!exchange->session) throw system_error{asio::error::no_buffer_space};
  SignalingMessage offer{Type::sdp_offer,
                         sdp::to_string(exchange->session->core().local_description())};
  SignalingMessage answer;
  try {
    co_await write_message(exchange->stream, std::move(offer));
    auto reading =
        libp2p::within(port->options().signaling_timeout, read_message(exchange->stream));
    answer = co_await std::move(reading);
  } catch (const system_error&) {
    exchange->session->close();
    throw;
  }
  if (answer.type != Type::sdp_answer) {
    exchange->session->close();
    fail();
  }
  describe(exchange, answer.data);
  auto trickling = trickle(exchange);
  co_return co_await std::move(trickling);
}

}  // namespace hearth::webrtc_driver
