#include <algorithm>
#include <array>

#include <hearth/stun/binding_server.h>

namespace hearth::stun {

namespace {
// Credit is for a retransmission soon, not a reserve to be spent on somebody later.
constexpr std::uint32_t max_credit_bytes = 256;
}  // namespace

BindingServer::BindingServer(const Options& options, Entropy& entropy)
    : options_(options), accounts_(options.table_sets, entropy) {}

Result<std::size_t, ServerRefusal> BindingServer::answer(Instant now, const Endpoint& from,
                                                         BytesView datagram, MutableBytes out) {
  const auto request = Message::parse(datagram);
  if (!request || request->message_class() != Class::request)
    return Failure{ServerRefusal::not_a_request};
  ++counters_.received;
  counters_.received_bytes += datagram.size();

  std::array<std::byte, max_answer_size> buffer;
  std::optional<std::size_t> size;
  if (const auto unknown = request->unknown_required(); !unknown.empty()) {
    size = MessageWriter{buffer, Class::error, request->transaction()}
               .error_code(ErrorCode::unknown_attribute)
               .unknown_attributes(unknown)
               .finish();
  } else {
    size = MessageWriter{buffer, Class::success, request->transaction()}
               .xor_mapped_address(from)
               .finish();
  }
  if (!size || *size > out.size()) return Failure{ServerRefusal::no_room};

  Account& account = accounts_.at(now, Prefix::of(from.address));
  account.credit_bytes = static_cast<std::uint32_t>(
      std::min<std::size_t>(account.credit_bytes + datagram.size(), max_credit_bytes));
  if (account.credit_bytes < *size) {
    ++counters_.unpaid;
    return Failure{ServerRefusal::unpaid};
  }
  if (!account.rate.take(now, options_.per_prefix)) {
    ++counters_.limited;
    return Failure{ServerRefusal::prefix_limited};
  }
  if (!all_.take(now, options_.in_all)) {
    ++counters_.limited;
    return Failure{ServerRefusal::limited};
  }
  account.credit_bytes -= static_cast<std::uint32_t>(*size);
  std::ranges::copy(std::span{buffer}.first(*size), out.begin());
  ++counters_.answered;
  counters_.sent_bytes += *size;
  return *size;
}

}  // namespace hearth::stun
