#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/session/session.h>
#include <hearth/session/test_pair.h>

namespace hearth::session {
namespace {

template <class T>
std::vector<T> only(const std::vector<Event>& events) {
  std::vector<T> some;
  for (const Event& event : events)
    if (const T* one = std::get_if<T>(&event)) some.push_back(*one);
  return some;
}

std::string read_all(Session& session, StreamId id) {
  std::string text;
  std::array<std::byte, 1000> piece;
  while (const std::size_t size = session.read(id, piece))
    text += as_text(BytesView{piece}.first(size));
  return text;
}

TEST(Session, BothEndsLearnWhoTheOtherIs) {
  TestPair pair;
  pair.pump();
  const auto at_dialer = only<Secured>(TestPair::events(pair.dialer));
  const auto at_listener = only<Secured>(TestPair::events(pair.listener));
  ASSERT_EQ(at_dialer.size(), 1U);
  ASSERT_EQ(at_listener.size(), 1U);
  EXPECT_EQ(at_dialer[0].peer, pair.listener_host.id);
  EXPECT_EQ(at_listener[0].peer, pair.dialer_host.id);
  EXPECT_EQ(at_listener[0].key, pair.dialer_host.key.public_key());
}

TEST(Session, TheDialIsOneRoundTripAndAHalf) {
  TestPair pair;
  pair.carry(pair.dialer, pair.listener);  // header, /noise, message 1
  pair.carry(pair.listener, pair.dialer);  // answers, message 2
  EXPECT_TRUE(pair.dialer.secured());
  const auto stream = pair.dialer.open_stream(pair.now);
  ASSERT_TRUE(stream);
  EXPECT_EQ(pair.dialer.write(*stream, as_bytes("first")), 5U);
  pair.carry(pair.dialer, pair.listener);  // message 3, and the first stream right behind
  const auto opened = only<StreamOpened>(TestPair::events(pair.listener));
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(read_all(pair.listener, opened[0].id), "first");
}

TEST(Session, CarriesBytesBothWaysInAnyFragmentation) {
  for (const std::size_t portion : {1U, 7U, 100'000U}) {
    TestPair pair;
    pair.pump(portion);
    const auto id = *pair.dialer.open_stream(pair.now);
    EXPECT_EQ(pair.dialer.write(id, as_bytes("ask")), 3U);
    pair.dialer.close_write(id);
    pair.pump(portion);
    EXPECT_EQ(read_all(pair.listener, id), "ask");
    EXPECT_EQ(pair.listener.read_state(id), ReadState::finished);
    EXPECT_EQ(pair.listener.write(id, as_bytes("answer")), 6U);
    pair.listener.close_write(id);
    pair.pump(portion);
    EXPECT_EQ(read_all(pair.dialer, id), "answer");
    EXPECT_EQ(pair.dialer.read_state(id), ReadState::finished);
    pair.dialer.release(id);
    pair.listener.release(id);
    EXPECT_EQ(pair.dialer.streams() + pair.listener.streams(), 0U);
    EXPECT_EQ(pair.budget.used(), 0U);
  }
}

}  // namespace
}  // namespace hearth::session
