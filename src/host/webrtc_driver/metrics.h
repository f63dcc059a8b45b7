#pragma once
// The counters of a UDP port, as text.

#include <hearth/budget/budget.h>
#include <hearth/webrtc_driver/transport.h>

namespace hearth::webrtc_driver {

void add_metrics(budget::MetricsText& text, const Counters& counters);

}  // namespace hearth::webrtc_driver
