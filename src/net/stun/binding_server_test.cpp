#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/stun/binding_client.h>
#include <hearth/stun/binding_server.h>

namespace hearth::stun {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Endpoint client = *Endpoint::parse("203.0.113.5:40000");

// A request of exactly `size` bytes: 20, or at least 24 in steps of four.
Bytes request(std::size_t size, std::byte id = std::byte{1}) {
  Bytes out(size);
  std::array<std::byte, 12> transaction{};
  transaction[0] = id;
  MessageWriter writer{out, Class::request, TransactionId{transaction}};
  if (size > header_size) writer.software(std::string(size - header_size - 4, ' '));
  EXPECT_EQ(writer.finish(), size);
  return out;
}

class BindingServerTest : public ::testing::Test {
 protected:
  std::optional<std::size_t> answer(const Endpoint& from, const Bytes& bytes) {
    const auto size = server_.answer(now_, from, bytes, out_);
    return size ? std::optional{*size} : std::nullopt;
  }
  SeededEntropy entropy_{1};
  BindingServer server_{{}, entropy_};
  Instant now_{seconds{1000}};
  std::array<std::byte, BindingServer::max_answer_size> out_{};
};

TEST_F(BindingServerTest, TellsAPaddedClientItsAddressAtOnce) {
  const auto size = answer(client, request(BindingClient::request_size));
  ASSERT_EQ(size, 32U);
  const auto message = Message::parse(std::span{out_}.first(*size));
  EXPECT_EQ(message->message_class(), Class::success);
  EXPECT_EQ(message->xor_mapped_address(), client);

  const Endpoint v6 = *Endpoint::parse("[2001:db8::1]:40000");
  EXPECT_EQ(answer(v6, request(BindingClient::request_size)), 44U);
}

TEST_F(BindingServerTest, AnswersABrowsersBareRequestOnceItsRetransmissionPaidForIt) {
  EXPECT_FALSE(answer(client, request(20)));
  EXPECT_EQ(answer(client, request(20)), 32U);  // 40 bytes in, 32 out, 8 left
  EXPECT_FALSE(answer(client, request(20)));    // 28
  EXPECT_EQ(answer(client, request(20)), 32U);
}

TEST_F(BindingServerTest, NeverSendsAPrefixMoreThanItGotFromIt) {
  // 200,000 requests of all sizes from more prefixes than the table holds, a fourth of them from
  // one victim.
  std::mt19937_64 random{7};
  struct Flow {
    std::uint64_t in = 0;
    std::uint64_t out = 0;
  };
  std::map<std::pair<std::uint8_t, std::uint64_t>, Flow> flows;
  Flow all;
  std::uint64_t answers = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto draw = random();
    std::array<std::uint8_t, 16> octets{};
    octets[0] = 0x20;
    if (draw % 4 != 0) {
      octets[1] = static_cast<std::uint8_t>(random() & 0xff);
      octets[2] = static_cast<std::uint8_t>(random() & 0xff);
    }
    const IpAddress address = (draw >> 8) % 2 == 0
                                  ? IpAddress::v4({octets[0], octets[1], octets[2], octets[3]})
                                  : IpAddress::v6(octets);
    const Bytes bytes = request(20 + 4 * ((draw >> 16) % 12));
    const Prefix prefix = Prefix::of(address);
    Flow& flow = flows[{prefix.family, prefix.bits}];
    flow.in += bytes.size();
    all.in += bytes.size();
    if (const auto size = answer({address, 3478}, bytes)) {
      flow.out += *size;
      all.out += *size;
      ++answers;
    }
    ASSERT_LE(flow.out, flow.in);
    now_ += milliseconds{1};
  }
  EXPECT_GT(answers, 10'000U);
  EXPECT_LE(static_cast<double>(all.out) / static_cast<double>(all.in), 1.0);
  RecordProperty("amplification",
                 std::to_string(static_cast<double>(all.out) / static_cast<double>(all.in)));
}

TEST_F(BindingServerTest, LimitsAPrefixAndSparesTheOthers) {
  const auto count = [&](const Endpoint& from, int requests) {
    int answered = 0;
    for (int i = 0; i < requests; ++i) answered += answer(from, request(44)) ? 1 : 0;
    return answered;
  };
  EXPECT_EQ(count(client, 1000), 60);
  EXPECT_EQ(count(*Endpoint::parse("203.0.113.99:1"), 1000), 0);  // the same /24
  EXPECT_EQ(count(*Endpoint::parse("203.0.114.5:1"), 10), 10);
  EXPECT_EQ(count(*Endpoint::parse("[2001:db8::1]:1"), 1000), 60);
  EXPECT_EQ(count(*Endpoint::parse("[2001:db8::ffff:1]:1"), 1000), 0);  // the same /64
  EXPECT_EQ(count(*Endpoint::parse("[2001:db8:0:1::1]:1"), 10), 10);
  now_ += seconds{1};
  EXPECT_EQ(count(client, 1000), 20);
}

TEST_F(BindingServerTest, LimitsAllTogether) {
  int answered = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto address = IpAddress::v4(
        {10, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i & 0xff), 1});
    answered += answer({address, 1}, request(44)) ? 1 : 0;
  }
  EXPECT_EQ(answered, 10'000);
}

TEST_F(BindingServerTest, AnswersUnknownRequiredAttributesWith420) {
  Bytes bytes = *from_hex("000100042112a442b7e7a701bc34d686fa87dfae7fff0000");
  EXPECT_FALSE(answer(client, bytes));  // 24 in, 36 to send
  const auto size = answer(client, bytes);
  ASSERT_TRUE(size);
  EXPECT_EQ(Message::parse(std::span{out_}.first(*size))->error_code(), 420);
}

TEST_F(BindingServerTest, IsSilentToAnythingButRequests) {
  Bytes out(64);
  const auto size =
      MessageWriter{out, Class::success, TransactionId{}}.xor_mapped_address(client).finish();
  out.resize(*size);
  EXPECT_EQ(server_.answer(now_, client, out, out_).error(), ServerRefusal::not_a_request);
  EXPECT_EQ(server_.answer(now_, client, to_bytes("GET / HTTP/1.1"), out_).error(),
            ServerRefusal::not_a_request);
}

TEST(PrefixTable, KeepsTheMostRecentlyUsedOfASetAndForgetsTheRest) {
  SeededEntropy entropy{3};
  PrefixTable<int> table{1, entropy};  // one set of four
  const auto prefix = [](std::uint64_t n) { return Prefix{.bits = n, .family = 4}; };
  Instant now{};
  for (std::uint64_t n = 0; n < 4; ++n)
    table.at(now += seconds{1}, prefix(n)) = static_cast<int>(n) + 1;
  EXPECT_EQ(table.at(now += seconds{1}, prefix(0)), 1);  // used again
  EXPECT_EQ(table.at(now += seconds{1}, prefix(9)), 0);  // takes the place of 1
  EXPECT_EQ(table.at(now += seconds{1}, prefix(0)), 1);
  EXPECT_EQ(table.at(now += seconds{1}, prefix(1)), 0);
}

}  // namespace
}  // namespace hearth::stun
