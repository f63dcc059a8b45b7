#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <hearth/identify/message.h>
#include <hearth/libp2p/host_impl.h>
#include <hearth/peer/peer_record.h>
#include <hearth/peer/public_key.h>

namespace hearth::libp2p {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

/// Changes that come together go out together.
constexpr auto push_delay = std::chrono::milliseconds{200};
/// For a peer to tell who it is, or to hear who we are.
constexpr auto patience = std::chrono::seconds{10};

Task<Unit> read_message(loop::ByteStream& stream, identify::MessageReader& reader) {
  Bytes buffer(2048);
  while (const std::size_t count = co_await stream.read_some(buffer))
    if (!reader.receive(BytesView{buffer}.first(count)))
      throw system_error{asio::error::message_size};
  co_return Unit{};
}

Task<Unit> write_message(StreamPtr stream, Bytes frames) {
  co_await stream->write(frames);
  co_await stream->close_write();
  co_return Unit{};
}

/// js-libp2p allows one identify stream at a time on a connection, and resets a second: so exactly
/// one is opened, once.
Task<Unit> ask(ConnectionPtr connection, identify::MessageReader& reader) {
  const StreamPtr stream = co_await connection->open(std::string{identify::identify_protocol});
  co_await stream->close_write();
  co_await read_message(*stream, reader);
  co_return Unit{};
}

Task<Unit> push_to(ConnectionPtr connection, Bytes frames) {
  StreamPtr stream = co_await connection->open(std::string{identify::push_protocol});
  co_await write_message(std::move(stream), std::move(frames));
  co_return Unit{};
}

}  // namespace

Bytes Host::Impl::own_message(const Connection& to) const {
  identify::Message message;
  message.public_key = peer::encode_public_key(shared->options.key.public_key());
  message.listen_addresses = announced_addresses();
  for (const auto& [protocol, handler] : handlers) message.protocols.push_back(protocol);
  if (!to.remote_address().is_relayed())
    message.observed_address = to.remote_address().without_p2p();
  message.protocol_version = "ipfs/0.1.0";
  message.agent_version = shared->options.agent_version;
  // A sequence by the time: higher after each restart, as long as the clock isn't turned back.
  message.signed_peer_record =
      peer::seal_peer_record({.peer = shared->id,
                              .sequence = static_cast<std::uint64_t>(shared->clock.wall().ms),
                              .addresses = message.listen_addresses},
                             shared->options.key);
  return identify::encode_frames(message);
}

void Host::Impl::serve_identify() {
  const std::weak_ptr<Impl> weak = weak_from_this();
  handlers[std::string{identify::identify_protocol}] = [weak](StreamPtr stream) -> Task<void> {
    const Ptr self = weak.lock();
    if (!self) co_return;
    Bytes frames = self->own_message(*stream->connection());
    co_await within(patience, write_message(std::move(stream), std::move(frames)));
  };
  handlers[std::string{identify::push_protocol}] = [weak](StreamPtr stream) -> Task<void> {
    identify::MessageReader reader;
    co_await within(patience, read_message(*stream, reader));
    const auto message = reader.finish();
    const Ptr self = weak.lock();
    if (self && message) self->learn(*stream->connection(), *message);
  };
}

void Host::Impl::learn(const Connection& from, const identify::Message& message) {
  if (!connections.contains(from.peer())) return;  // it left meanwhile
  PeerInfo& info = infos.try_emplace(from.peer(), from.peer()).first->second;
  if (const auto applied = info.apply(message); !applied) {
    shared->log.debug("libp2p.identify_refused", {{"peer", from.peer().to_string()}});
    return;
  }
  const PeerInfo told = info;
  for (const auto& observer : identified) observer(told);
}

void Host::Impl::identify(const ConnectionPtr& connection) {
  asio::co_spawn(shared->executor, identify_peer(shared_from_this(), connection), asio::detached);
}

Task<void> Host::Impl::identify_peer(Ptr self, ConnectionPtr connection) {
  try {
    identify::MessageReader reader;
    co_await within(patience, ask(connection, reader));
    if (const auto message = reader.finish()) self->learn(*connection, *message);
  } catch (const system_error& error) {
    self->shared->log.debug("libp2p.identify_failed", {{"peer", connection->peer().to_string()},
                                                       {"error", error.code().message()}});
  }
}

void Host::Impl::schedule_push() {
  if (stopping || connections.empty() || std::exchange(push_scheduled, true)) return;
  push_timer.expires_after(push_delay);
  push_timer.async_wait([weak = weak_from_this()](error_code stopped) {
    const Ptr self = weak.lock();
    if (!self) return;
    self->push_scheduled = false;
    if (stopped || self->stopping) return;
    for (const auto& [peer, open] : self->connections) {
      const auto info = self->infos.find(peer);
      if (info == self->infos.end() || !info->second.speaks(identify::push_protocol)) continue;
      if (const ConnectionPtr connection = self->best(peer))
        asio::co_spawn(self->shared->executor, push(self, connection), asio::detached);
    }
  });
}

Task<void> Host::Impl::push(Ptr self, ConnectionPtr connection) {
  try {
    co_await within(patience, push_to(connection, self->own_message(*connection)));
  } catch (const system_error&) {  // it asks again when it comes again
  }
}

}  // namespace hearth::libp2p
