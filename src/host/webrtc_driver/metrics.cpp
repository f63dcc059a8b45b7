#include <hearth/webrtc_driver/metrics.h>

namespace hearth::webrtc_driver {

void add_metrics(budget::MetricsText& text, const Counters& counters) {
  text.gauge("webrtc_sessions", counters.sessions);
  text.counter("webrtc_admitted_total", counters.admitted);
  text.counter("webrtc_evicted_total", counters.evicted);
  text.counter("webrtc_secured_total", counters.secured);
  text.counter("datagrams_in_total", counters.datagrams_in);
  text.counter("datagrams_out_total", counters.datagrams_out);
  for (std::size_t i = 0; i < ice::drop_reasons; ++i)
    text.counter("datagrams_dropped_total", {{"why", to_string(static_cast<ice::DropReason>(i))}},
                 counters.dropped[i]);
}

}  // namespace hearth::webrtc_driver
