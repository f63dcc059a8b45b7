#pragma once
// The counters of a host and of its relay, as text.

#include <hearth/budget/budget.h>
#include <hearth/libp2p/host.h>
#include <hearth/libp2p/relay_service.h>

namespace hearth::libp2p {

void add_metrics(budget::MetricsText& text, const Host& host);
void add_metrics(budget::MetricsText& text, const RelayService::Status& relay);

}  // namespace hearth::libp2p
