#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <hearth/datachannel/channels.h>

namespace hearth::datachannel {
namespace {

constexpr sctp::Ppid binary{53};

sctp::Message message(std::uint16_t stream, sctp::Ppid ppid, BytesView payload) {
  return {sctp::StreamId{stream}, ppid, sctp::Ordering::ordered, to_bytes(payload)};
}
sctp::Message open_message(std::uint16_t stream, std::string label = "") {
  return message(stream, dcep_ppid, encode_dcep(Open{.label = std::move(label)}));
}

std::vector<Action> actions(Channels& channels) {
  std::vector<Action> all;
  while (const Action* action = channels.peek_action()) {
    all.push_back(*action);
    channels.pop_action();
  }
  return all;
}

Channels established(Channels::Parity own, Limits limits = {}) {
  Channels channels{own, limits};
  channels.established(256);
  return channels;
}

/// Closes from our side, with everything the two ends then do.
void close_wholly(Channels& channels, ChannelId id) {
  channels.close(id);
  channels.reset_done(id);
  channels.peer_reset(id);
}

TEST(Channels, ClientsOpenEvenIdsAndServersOddOnes) {
  Channels client = established(Channels::Parity::even);
  Channels server = established(Channels::Parity::odd);
  EXPECT_EQ(client.open({})->value(), 0);
  EXPECT_EQ(client.open({})->value(), 2);
  EXPECT_EQ(server.open({})->value(), 1);
  EXPECT_EQ(server.open({})->value(), 3);
}

TEST(Channels, OpensOnlyOnceEstablishedAndOnlyWithinTheStreams) {
  Channels channels{Channels::Parity::even, {.max_outbound = 10'000}};
  EXPECT_EQ(channels.open({}).error(), OpenError::not_established);
  channels.established(6);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(channels.open({}));
  EXPECT_EQ(channels.open({}).error(), OpenError::no_free_id);
}

TEST(Channels, AnsweringAnOpenAcknowledgesAndTells) {
  Channels channels = established(Channels::Parity::odd);
  ASSERT_TRUE(channels.receive(open_message(4, "label")));
  const auto event = channels.poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Opened>(*event).id, ChannelId{4});
  EXPECT_EQ(std::get<Opened>(*event).label, "label");
  const auto sent = actions(channels);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(std::get<SendControl>(sent[0]).message, encode_dcep(Ack{}));
}

TEST(Channels, RefusesAnOpenOfOurParityOrOfAnOpenChannel) {
  Channels channels = established(Channels::Parity::odd);
  EXPECT_EQ(channels.receive(open_message(5)).error(), MessageError::bad_open);
  EXPECT_TRUE(channels.receive(open_message(4)));
  EXPECT_EQ(channels.receive(open_message(4)).error(), MessageError::bad_open);
  EXPECT_EQ(channels.receive(open_message(256)).error(), MessageError::bad_open);
}

TEST(Channels, GivesAnIdBackOnlyAfterBothDirectionsAreReset) {
  Channels channels = established(Channels::Parity::even);
  const ChannelId id = *channels.open({});
  channels.close(id);
  EXPECT_NE(*channels.open({}), id);
  channels.reset_done(id);
  EXPECT_NE(*channels.open({}), id);
  channels.peer_reset(id);
  EXPECT_EQ(*channels.open({}), id);
}

TEST(Channels, AnswersThePeersResetWithItsOwn) {
  Channels channels = established(Channels::Parity::odd);
  ASSERT_TRUE(channels.receive(open_message(0)));
  actions(channels);
  (void)channels.poll_event();
  channels.peer_reset(ChannelId{0});
  const auto event = channels.poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Closed>(*event).id, ChannelId{0});
  const auto sent = actions(channels);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(std::get<ResetStream>(sent[0]).id, ChannelId{0});
  channels.reset_done(ChannelId{0});
  EXPECT_EQ(channels.size(), 0u);
}

TEST(Channels, ThePeerMayReuseAnIdBeforeItsAnswerToOurResetArrives) {
  Channels channels = established(Channels::Parity::odd);
  ASSERT_TRUE(channels.receive(open_message(0)));
  channels.peer_reset(ChannelId{0});
  ASSERT_TRUE(channels.receive(open_message(0, "again")));
  channels.reset_done(ChannelId{0});
  EXPECT_TRUE(channels.is_open(ChannelId{0}));
  EXPECT_TRUE(channels.receive(message(0, binary, as_bytes("x"))));
}

TEST(Channels, GivesDataOfOpenChannelsOnly) {
  Channels channels = established(Channels::Parity::odd);
  EXPECT_EQ(channels.receive(message(0, binary, as_bytes("x"))).error(), MessageError::no_channel);
  ASSERT_TRUE(channels.receive(open_message(0)));
  const auto data = channels.receive(message(0, binary, as_bytes("x")));
  ASSERT_TRUE(data && *data);
  EXPECT_EQ((*data)->payload, to_bytes("x"));
  channels.close(ChannelId{0});
  EXPECT_EQ(channels.receive(message(0, binary, as_bytes("x"))).error(), MessageError::no_channel);
}

TEST(Channels, EmptyMessagesTravelAsOneByte) {
  Channels channels = established(Channels::Parity::odd);
  ASSERT_TRUE(channels.receive(open_message(0)));
  for (const Kind kind : {Kind::text, Kind::binary}) {
    const auto data = channels.receive(message(0, ppid_of(kind, true), Bytes(1)));
    ASSERT_TRUE(data && *data);
    EXPECT_EQ((*data)->kind, kind);
    EXPECT_TRUE((*data)->payload.empty());
  }
}

TEST(Channels, ANegotiatedChannelNeedsNoOpen) {
  Channels channels = established(Channels::Parity::odd);
  channels.open_negotiated(ChannelId{0});
  EXPECT_TRUE(channels.receive(message(0, binary, as_bytes("x"))));
  EXPECT_TRUE(actions(channels).empty());
}

TEST(Channels, RefusesMoreThanTheLimitByReset) {
  Channels channels = established(Channels::Parity::odd, {.max_inbound = 2});
  for (std::uint16_t id = 0; id < 6; id += 2) ASSERT_TRUE(channels.receive(open_message(id)));
  EXPECT_TRUE(channels.is_open(ChannelId{2}));
  EXPECT_FALSE(channels.is_open(ChannelId{4}));
  const auto sent = actions(channels);
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(std::get<ResetStream>(sent[2]).id, ChannelId{4});
}

TEST(Channels, EightHundredTwentyChannelsInTurnNeedFewIdsAndLeaveNothing) {
  Channels channels = established(Channels::Parity::even);
  std::set<ChannelId> used;
  for (int i = 0; i < 820; ++i) {
    const ChannelId id = *channels.open({});
    used.insert(id);
    actions(channels);
    close_wholly(channels, id);
    actions(channels);
    while (channels.poll_event()) {
    }
  }
  EXPECT_EQ(used.size(), 1u);
  EXPECT_EQ(channels.size(), 0u);
}

}  // namespace
}  // namespace hearth::datachannel
