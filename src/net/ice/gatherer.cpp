#include <algorithm>
#include <utility>
#include <variant>

#include <hearth/ice/gatherer.h>

namespace hearth::ice {

namespace {
stun::BindingClient::Options client_options(const Endpoint& server) {
  return {.server = server,
          .rto = std::chrono::milliseconds{250},
          .max_sends = 5,
          .last_wait_rtos = 16};
}
}  // namespace

Gatherer::Gatherer(const Options& options, Entropy& entropy, Instant now) {
  Instant start = now;
  for (const Endpoint& server : options.servers)
    for (const Endpoint& base : options.bases) {
      if (base.address.is_v4() != server.address.is_v4() ||
          base.address.is_loopback() != server.address.is_loopback())
        continue;
      queries_.push_back(
          {base, stun::BindingClient{client_options(server), make_transaction(options.tag, entropy),
                                     start}});
      start += options.pace;
    }
}

bool Gatherer::receive(Instant now, const Endpoint& from, const Endpoint& local,
                       BytesView datagram) {
  for (Query& query : queries_) {
    if (query.base != local) continue;
    const auto result = query.client.receive(now, from, datagram);
    if (!result && result.error() != stun::ClientError::refused) continue;
    sweep();
    return true;
  }
  return false;
}

void Gatherer::advance(Instant now) {
  for (Query& query : queries_) query.client.advance(now);
  sweep();
}

void Gatherer::sweep() {
  std::erase_if(queries_, [this](Query& query) {
    const auto event = query.client.poll_event();
    if (!event) return false;
    if (const auto* mapped = std::get_if<stun::Mapped>(&*event))
      found_.push_back({query.base, mapped->reflexive});
    return true;
  });
}

std::optional<Gatherer::Transmit> Gatherer::poll_transmit(MutableBytes out) {
  for (Query& query : queries_)
    if (const auto sent = query.client.poll_transmit(out))
      return Transmit{sent->to, query.base, sent->size};
  return std::nullopt;
}

std::optional<Gatherer::Reflexive> Gatherer::poll_reflexive() {
  if (found_.empty()) return std::nullopt;
  const Reflexive reflexive = found_.front();
  found_.pop_front();
  return reflexive;
}

std::optional<Instant> Gatherer::deadline() const {
  std::optional<Instant> next;
  for (const Query& query : queries_)
    if (const auto at = query.client.deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

}  // namespace hearth::ice
