// Any sequence of requests: the tables stay within their bounds, nobody gets more than the budgets,
// and after everyone left all tables are empty.

#include <array>
#include <vector>

#include <hearth/base/assert.h>
#include <hearth/relay/policy.h>

namespace {

using namespace hearth;

peer::PeerId peer_of(std::uint8_t number) {
  Bytes multihash = {std::byte{0x12}, std::byte{0x20}};
  multihash.resize(34, std::byte{number});
  return *peer::PeerId::from_bytes(multihash);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const relay::PolicyOptions options{.reservations = 4,
                                     .reservations_per_address = 2,
                                     .circuits = 6,
                                     .circuits_per_target = 3,
                                     .circuits_per_source = 2,
                                     .stranger_bytes = 1000,
                                     .appliance_bytes_per_second = 10'000,
                                     .total_bytes_per_second = 20'000};
  Instant now{std::chrono::seconds{1}};
  const Instant start = now;
  relay::RelayPolicy policy{
      options, [](const peer::PeerId& id) { return id == peer_of(1) || id == peer_of(2); }, now};
  std::vector<relay::CircuitId> circuits;
  Reader input{std::as_bytes(std::span{data, size})};
  while (true) {
    const auto action = input.u8();
    const auto argument = input.u8();
    if (!action || !argument) break;
    const std::uint8_t low = *argument & 7;
    const std::uint8_t high = *argument >> 4;
    switch (*action % 6) {
      case 0:
        (void)policy.reserve(peer_of(low), IpAddress::v4({10, 0, 0, high}), now, Timestamp{});
        break;
      case 1:
        if (const auto opened = policy.connect(peer_of(high), peer_of(low), now))
          circuits.push_back(opened->id);
        break;
      case 2:
        if (!circuits.empty()) policy.close(circuits[*argument % circuits.size()]);
        break;
      case 3:
        if (!circuits.empty()) {
          const auto id = circuits[low % circuits.size()];
          const auto flow = (high & 1) != 0 ? relay::Flow::to_target : relay::Flow::to_source;
          const auto allowed = policy.allowance(id, flow, 4096, now);
          HEARTH_ASSERT(allowed.bytes <= 4096 && !(allowed.cut && allowed.bytes > 0));
          HEARTH_ASSERT(allowed.bytes > 0 || allowed.cut ||
                        (allowed.retry && *allowed.retry > now));
          policy.flowed(id, flow, allowed.bytes);
        }
        break;
      case 4:
        now += std::chrono::milliseconds{*argument * 100};
        break;
      case 5:
        policy.forget(peer_of(low));
        break;
    }
    HEARTH_ASSERT(policy.reservations() <= options.reservations);
    HEARTH_ASSERT(policy.circuits() <= options.circuits);
  }
  const double passed = std::chrono::duration<double>{now - start}.count();
  HEARTH_ASSERT(static_cast<double>(policy.counters().relayed_bytes) <=
                options.total_bytes_per_second * (passed + 0.5) + 1);
  for (const auto id : circuits) policy.close(id);
  for (int i = 0; i < 16; ++i) policy.forget(peer_of(static_cast<std::uint8_t>(i)));
  HEARTH_ASSERT(policy.reservations() == 0 && policy.circuits() == 0);
  return 0;
}
