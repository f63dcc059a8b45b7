#include <utility>

#include <hearth/base/assert.h>
#include <hearth/stun/binding_client.h>

namespace hearth::stun {

BindingClient::BindingClient(const Options& options, const TransactionId& id, Instant now)
    : options_(options), id_(id), deadline_(now) {
  HEARTH_ASSERT(options_.max_sends >= 1 && options_.max_sends <= 30);
  HEARTH_ASSERT(options_.rto > Duration::zero());
  advance(now);
}

Result<Unit, ClientError> BindingClient::receive(Instant, const Endpoint& from,
                                                 BytesView datagram) {
  if (!deadline_ || from != options_.server) return Failure{ClientError::not_for_us};
  const auto message = Message::parse(datagram);
  if (!message || message->transaction() != id_) return Failure{ClientError::not_for_us};
  switch (message->message_class()) {
    case Class::success:
      if (!message->xor_mapped_address() || !message->unknown_required().empty())
        return Failure{ClientError::malformed};
      finish(Mapped{*message->xor_mapped_address()});
      return Unit{};
    case Class::error:
      finish(GaveUp{ClientError::refused});
      return Failure{ClientError::refused};
    default:
      return Failure{ClientError::not_for_us};
  }
}

void BindingClient::advance(Instant now) {
  if (!deadline_ || now < *deadline_) return;
  if (sends_ == options_.max_sends) return finish(GaveUp{ClientError::timed_out});
  const Duration wait = sends_ + 1 == options_.max_sends ? options_.rto * options_.last_wait_rtos
                                                         : options_.rto * (1 << sends_);
  ++sends_;
  send_pending_ = true;
  deadline_ =
      now + wait;  // from now, not from the old deadline: a laptop that slept must not burst
}

std::optional<Transmit> BindingClient::poll_transmit(MutableBytes out) {
  if (!send_pending_) return std::nullopt;
  send_pending_ = false;
  // SOFTWARE is what a server may ignore: header 20 + attribute header 4 + 20 spaces.
  const auto size =
      MessageWriter{out, Class::request, id_}.software("hearth              ").finish();
  HEARTH_ASSERT(size == request_size);
  return Transmit{options_.server, *size};
}

std::optional<ClientEvent> BindingClient::poll_event() {
  return std::exchange(event_, std::nullopt);
}

void BindingClient::finish(ClientEvent event) {
  event_ = event;
  deadline_.reset();
  send_pending_ = false;
}

}  // namespace hearth::stun
