// Two sessions with a pipe between them that cuts, alters and adds bytes: nobody is ever taken for
// somebody else, what arrives was sent, and at the end everything is given back.
#include <algorithm>
#include <vector>

#include <hearth/base/assert.h>
#include <hearth/session/test_pair.h>

using namespace hearth;
using namespace hearth::session;

namespace {

// The stream that each end sends: byte n is a function of n.
std::byte byte_at(std::size_t position) {
  return static_cast<std::byte>(position * 7 + (position >> 8));
}

struct End {
  Session& session;
  const peer::PeerId& peer;
  Bytes wire;
  std::size_t sent = 0, received = 0;
  std::vector<StreamId> streams;
  bool closed = false;

  void drain() {
    while (const auto event = session.poll_event()) {
      HEARTH_ASSERT(!closed);
      if (const auto* secured = std::get_if<Secured>(&*event)) HEARTH_ASSERT(secured->peer == peer);
      if (const auto* opened = std::get_if<StreamOpened>(&*event)) streams.push_back(opened->id);
      if (std::holds_alternative<Closed>(*event)) closed = true;
    }
    HEARTH_ASSERT(closed == session.closed());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader input{std::as_bytes(std::span{data, size})};
  const auto next = [&] { return input.u8().value_or(0); };
  TestPair pair{{}, 1'000'000};
  if (next() % 2 == 0) pair.secure();
  End ends[] = {{.session = pair.dialer, .peer = pair.listener_host.id},
                {.session = pair.listener, .peer = pair.dialer_host.id}};
  ends[0].drain();
  ends[1].drain();
  // One stream carries the checked bytes, the dialer's to the listener.
  std::optional<StreamId> checked;

  while (!input.empty()) {
    const std::uint8_t action = next();
    End& end = ends[action & 1];
    End& other = ends[1 - (action & 1)];
    switch ((action >> 1) % 10) {
      case 0:
      case 1: {
        Bytes buffer(Session::min_transmit + next() * 300U);
        append(end.wire, BytesView{buffer}.first(end.session.poll_transmit(buffer)));
        break;
      }
      case 2:
      case 3: {
        const std::size_t count = std::min<std::size_t>(next() * 300U + 1, end.wire.size());
        other.session.receive(pair.now, BytesView{end.wire}.first(count));
        end.wire.erase(end.wire.begin(), end.wire.begin() + static_cast<std::ptrdiff_t>(count));
        break;
      }
      case 4:
        if (!end.wire.empty()) end.wire[next() * 37U % end.wire.size()] ^= std::byte{next()};
        break;
      case 5:
        append(end.wire, *input.bytes(std::min<std::size_t>(next() % 20, input.remaining())));
        break;
      case 6:
        if (checked || !ends[0].session.secured()) break;
        if (const auto id = ends[0].session.open_stream(pair.now)) checked = *id;
        break;
      case 7: {
        if (!checked) break;
        Bytes piece(next() * 64U);
        for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = byte_at(ends[0].sent + i);
        ends[0].sent += ends[0].session.write(*checked, piece);
        break;
      }
      case 8: {
        if (!checked) break;
        Bytes out(next() * 64U);
        const std::size_t count = ends[1].session.read(*checked, out);
        for (std::size_t i = 0; i < count; ++i)
          HEARTH_ASSERT(out[i] == byte_at(ends[1].received + i));
        ends[1].received += count;
        HEARTH_ASSERT(ends[1].received <= ends[0].sent);
        break;
      }
      case 9:
        pair.now += std::chrono::milliseconds{next() * 40};
        end.session.advance(pair.now);
        break;
    }
    ends[0].drain();
    ends[1].drain();
  }

  for (End& end : ends) {
    end.session.end(pair.now);
    end.drain();
    HEARTH_ASSERT(end.closed);
    for (const StreamId id : end.streams) end.session.release(id);
    if (checked) end.session.release(*checked);
    HEARTH_ASSERT(end.session.streams() == 0);
    HEARTH_ASSERT(!end.session.deadline());
  }
  HEARTH_ASSERT(pair.budget.used() == 0);
  return 0;
}
