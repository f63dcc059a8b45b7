#include <array>

#include <hearth/libp2p/metrics.h>

namespace hearth::libp2p {

void add_metrics(budget::MetricsText& text, const Host& host) {
  const ResourceCounters held = host.resources();
  std::array<std::uint64_t, transports> open{};
  for (const ConnectionPtr& one : host.connections())
    ++open[static_cast<std::size_t>(one->transport())];
  for (std::size_t i = 0; i < transports; ++i)
    text.gauge("connections", {{"transport", transport_name(static_cast<Transport>(i))}}, open[i]);
  text.gauge("connections_of_strangers", held.strangers);
  text.gauge("half_open", held.half_open);
  text.gauge("streams", held.streams);
  text.gauge("stream_memory_bytes", held.memory_bytes);
  text.counter("accepted_total", held.accepted);
  for (std::size_t i = 0; i < refusal_kinds; ++i)
    text.counter("refused_total", {{"why", to_string(static_cast<Refusal>(i))}}, held.refused[i]);
}

void add_metrics(budget::MetricsText& text, const RelayService::Status& relay) {
  text.gauge("relay_reservations", relay.reservations);
  text.gauge("relay_circuits", relay.circuits);
  text.counter("relay_reserved_total", relay.counters.reserved);
  text.counter("relay_refused_total", relay.counters.refused + relay.counters.connect_refused);
  text.counter("relay_circuits_total", relay.counters.connected);
  text.counter("relay_circuits_cut_total", relay.counters.cut);
  text.counter("relay_bytes_total", relay.counters.relayed_bytes);
}

}  // namespace hearth::libp2p
