#include <array>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/stun/binding_client.h>

namespace hearth::stun {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

const Endpoint server = *Endpoint::parse("192.0.2.1:3478");
const Endpoint reflexive = *Endpoint::parse("203.0.113.5:40000");

TransactionId id(int n) {
  std::array<std::byte, 12> bytes{};
  bytes[0] = static_cast<std::byte>(n);
  return TransactionId{bytes};
}

Bytes answer(const TransactionId& to, Class message_class = Class::success) {
  Bytes out(64);
  MessageWriter writer{out, message_class, to};
  if (message_class == Class::error) {
    writer.error_code(ErrorCode::server_error);
  } else {
    writer.xor_mapped_address(reflexive);
  }
  out.resize(*writer.finish());
  return out;
}

TEST(BindingClient, SendsAtTheTimesOfRfc8489AndGivesUpAfter39500Ms) {
  const Instant start{};
  BindingClient client{{.server = server}, id(1), start};
  std::vector<std::int64_t> sends;
  std::array<std::byte, 64> out;
  Instant now = start;
  std::optional<ClientEvent> event;
  while (!event) {
    while (client.poll_transmit(out)) sends.push_back((now - start) / milliseconds{1});
    event = client.poll_event();
    if (event) break;
    now = *client.deadline();
    client.advance(now);
  }
  EXPECT_THAT(sends, ElementsAre(0, 500, 1500, 3500, 7500, 15500, 31500));
  EXPECT_EQ((now - start) / milliseconds{1}, 39500);
  EXPECT_EQ(std::get<GaveUp>(*event).why, ClientError::timed_out);
  EXPECT_FALSE(client.deadline());
}

TEST(BindingClient, ReportsTheReflexiveAddressAndFallsSilent) {
  BindingClient client{{.server = server}, id(1), Instant{}};
  std::array<std::byte, 64> out;
  const auto sent = client.poll_transmit(out);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->to, server);
  EXPECT_EQ(Message::parse(std::span{out}.first(sent->size))->transaction(), id(1));
  ASSERT_TRUE(client.receive(Instant{}, server, answer(id(1))));
  EXPECT_EQ(std::get<Mapped>(*client.poll_event()).reflexive, reflexive);
  EXPECT_FALSE(client.deadline());
  EXPECT_FALSE(client.receive(Instant{}, server, answer(id(1))));
  EXPECT_FALSE(client.poll_event());
  EXPECT_FALSE(client.poll_transmit(out));
}

TEST(BindingClient, IgnoresStrangersOtherTransactionsAndRubbish) {
  BindingClient client{{.server = server}, id(1), Instant{}};
  const auto refused = [&](const Endpoint& from, const Bytes& bytes) {
    return client.receive(Instant{}, from, bytes).error();
  };
  EXPECT_EQ(refused(*Endpoint::parse("192.0.2.1:3479"), answer(id(1))), ClientError::not_for_us);
  EXPECT_EQ(refused(server, answer(id(2))), ClientError::not_for_us);
  EXPECT_EQ(refused(server, answer(id(1), Class::indication)), ClientError::not_for_us);
  EXPECT_EQ(refused(server, to_bytes("rubbish")), ClientError::not_for_us);
  EXPECT_FALSE(client.poll_event());
  EXPECT_TRUE(client.receive(Instant{}, server, answer(id(1))));
}

TEST(BindingClient, GivesUpWhenTheServerRefuses) {
  BindingClient client{{.server = server}, id(1), Instant{}};
  EXPECT_EQ(client.receive(Instant{}, server, answer(id(1), Class::error)).error(),
            ClientError::refused);
  EXPECT_EQ(std::get<GaveUp>(*client.poll_event()).why, ClientError::refused);
}

}  // namespace
}  // namespace hearth::stun
