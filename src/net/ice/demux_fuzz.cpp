// Stateful: sessions come and go while anything arrives. The bounds hold, and nothing stays behind.
#include <string>
#include <vector>

#include <hearth/base/assert.h>
#include <hearth/ice/demux.h>
#include <hearth/ice/network_for_test.h>

using namespace hearth;
using namespace hearth::ice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t max_sessions = 6;
  constexpr std::size_t max_unconfirmed = 3;
  SeededEntropy entropy{1};
  Demux demux{
      {.stun_server = true, .max_sessions = max_sessions, .max_unconfirmed = max_unconfirmed},
      entropy};
  Reader in{std::as_bytes(std::span{data, size})};
  Instant now{};
  std::vector<SessionTag> alive;

  const auto byte = [&] { return in.u8().value_or(0); };
  const auto endpoint = [&] {
    const std::uint8_t b = byte();
    return Endpoint{IpAddress::v4({203, 0, b, 1}), static_cast<std::uint16_t>(1 + b % 8)};
  };
  const auto pick = [&] {
    return alive.empty() ? SessionTag{byte()} : alive[byte() % alive.size()];
  };
  const auto ufrag = [&] {
    const std::string n = std::to_string(byte() % 8);
    return byte() % 2 == 0 ? "libp2p+webrtc+v1/012345" + n : "ufrag" + n;
  };

  while (!in.empty()) {
    switch (byte() % 8) {
      case 0:
        if (const auto tag = demux.add(ufrag())) alive.push_back(*tag);
        break;
      case 1: {  // an authenticated check
        const std::string name = ufrag();
        Bytes out(256);
        stun::MessageWriter writer{out, stun::Class::request, make_transaction(pick(), entropy)};
        writer.username(name, "peer").integrity(as_bytes(byte() % 8 == 0 ? "wrong" : name));
        out.resize(*writer.fingerprint().finish());
        const Route route = demux.route(now, endpoint(), out);
        if (const auto* admit = std::get_if<Admit>(&route)) {
          if (admit->evicted) HEARTH_ASSERT(std::erase(alive, *admit->evicted) == 1);
          alive.push_back(admit->session);
        }
        break;
      }
      case 2:
        if (demux.bind(pick(), endpoint())) HEARTH_ASSERT(!alive.empty());
        break;
      case 3:
        demux.confirm(pick());
        break;
      case 4: {
        const SessionTag tag = pick();
        demux.remove(tag);
        std::erase(alive, tag);
        break;
      }
      case 5: {  // a response
        Bytes out(64);
        const auto written =
            stun::MessageWriter{out, stun::Class::success, make_transaction(pick(), entropy)}
                .finish();
        out.resize(*written);
        (void)demux.route(now, endpoint(), out);
        break;
      }
      case 6:
        now += std::chrono::milliseconds{byte() * 10};
        break;
      default: {  // anything
        const Endpoint from = endpoint();
        const std::size_t length = byte();
        const auto bytes = in.bytes(std::min(length, in.remaining()));
        const Route route = demux.route(now, from, *bytes);
        if (const auto* admit = std::get_if<Admit>(&route)) {
          if (admit->evicted) std::erase(alive, *admit->evicted);
          alive.push_back(admit->session);
        }
      }
    }
    HEARTH_ASSERT(demux.sessions() == alive.size());
    HEARTH_ASSERT(demux.sessions() <= max_sessions);
    HEARTH_ASSERT(demux.unconfirmed() <= max_unconfirmed);
    HEARTH_ASSERT(demux.table_size() <=
                  max_sessions * (2 + Demux::max_endpoints_per_session) + max_unconfirmed);
  }
  for (const SessionTag tag : alive) demux.remove(tag);
  HEARTH_ASSERT(demux.table_size() == 0);
  return 0;
}
