// Two tables joined by queues; the input decides who acts and what arrives when. A stranger's
// messages are thrown in. When all is delivered and closed, both tables must be empty.
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <variant>

#include <hearth/base/assert.h>
#include <hearth/datachannel/channels.h>

namespace {

using namespace hearth;
using namespace hearth::datachannel;

constexpr std::uint16_t streams = 16;
struct ResetRequest {
  ChannelId id;
};
using Item = std::variant<sctp::Message, ResetRequest>;

struct Side {
  Channels channels;
  std::deque<Item> to_peer;

  void drain() {
    while (const Action* action = channels.peek_action()) {
      if (const auto* control = std::get_if<SendControl>(action))
        to_peer.push_back(
            sctp::Message{control->id, dcep_ppid, sctp::Ordering::ordered, control->message});
      else
        to_peer.push_back(ResetRequest{std::get<ResetStream>(*action).id});
      channels.pop_action();
    }
    while (channels.poll_event()) {
    }
    HEARTH_ASSERT(channels.size() <= streams);
  }
};

void deliver(Side& from, Side& to) {
  if (from.to_peer.empty()) return;
  Item item = std::move(from.to_peer.front());
  from.to_peer.pop_front();
  if (auto* message = std::get_if<sctp::Message>(&item)) {
    (void)to.channels.receive(std::move(*message));
  } else {
    const ChannelId id = std::get<ResetRequest>(item).id;
    to.channels.peer_reset(id);
    to.drain();
    from.channels.reset_done(id);
  }
  from.drain();
  to.drain();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::array<Side, 2> sides{Side{Channels{Channels::Parity::even, {.max_inbound = 5}}, {}},
                            Side{Channels{Channels::Parity::odd, {.max_inbound = 5}}, {}}};
  for (Side& side : sides) side.channels.established(streams);
  bool forged = false;
  for (std::size_t i = 0; i + 1 < size; i += 2) {
    Side& side = sides[data[i] & 1];
    Side& other = sides[~data[i] & 1];
    const ChannelId id{static_cast<std::uint16_t>(data[i + 1] % streams)};
    switch ((data[i] >> 1) % 5) {
      case 0:
        (void)side.channels.open({.label = "x"});
        break;
      case 1:
        side.channels.close(id);
        break;
      case 2:
        deliver(side, other);
        break;
      case 3:
        if (side.channels.is_open(id)) {
          side.to_peer.push_back(
              sctp::Message{id, sctp::Ppid{53}, sctp::Ordering::ordered, Bytes(3)});
        }
        break;
      case 4:
        forged = true;
        (void)side.channels.receive(
            sctp::Message{id, sctp::Ppid{50U + data[i + 1] % 9}, sctp::Ordering::ordered,
                          to_bytes(std::as_bytes(std::span{data + i, size - i}))});
        break;
    }
    side.drain();
  }
  for (Side& side : sides) {
    for (std::uint16_t id = 0; id < streams; ++id) side.channels.close(ChannelId{id});
    side.drain();
  }
  while (!sides[0].to_peer.empty() || !sides[1].to_peer.empty()) {
    deliver(sides[0], sides[1]);
    deliver(sides[1], sides[0]);
  }
  for (const Side& side : sides) HEARTH_ASSERT(forged || side.channels.size() == 0);
  return 0;
}
