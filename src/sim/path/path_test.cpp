#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <hearth/path/path.h>
#include <hearth/path/too_big.h>

namespace hearth::path {
namespace {

using namespace std::chrono_literals;

constexpr Instant start = Instant{} + 1s;

Bytes packet_of(std::size_t size, std::uint8_t number = 0) {
  Bytes packet(size);
  packet[0] = std::byte{0x45};
  packet[size - 1] = std::byte{number};
  return packet;
}

/// All that comes, with the time it came at.
std::vector<std::pair<Duration, Bytes>> drain(Path& path) {
  std::vector<std::pair<Duration, Bytes>> all;
  while (const auto at = path.deadline()) {
    auto packet = path.poll(*at);
    if (!packet) break;
    all.emplace_back(*at - start, std::move(*packet));
  }
  return all;
}

TEST(Path, DelaysWithoutDroppingOrReordering) {
  Path path{{.delay = 20ms}, 1, start};
  for (std::uint8_t i = 0; i < 100; ++i) path.offer(start + i * 1ms, packet_of(100, i));
  EXPECT_FALSE(path.poll(start + 20ms - 1ns));
  const auto all = drain(path);
  ASSERT_EQ(all.size(), 100);
  for (std::uint8_t i = 0; i < 100; ++i) {
    EXPECT_EQ(all[i].first, 20ms + i * 1ms);
    EXPECT_EQ(all[i].second, packet_of(100, i));
  }
  EXPECT_EQ(path.counters().carried, 100);
  EXPECT_EQ(path.counters().bytes, 10'000);
}

TEST(Path, LosesTheShareItIsToldAndTheSameForTheSameSeed) {
  const auto lost = [](std::uint64_t seed) {
    Path path{{.loss = 0.05}, seed, start};
    for (int i = 0; i < 20'000; ++i) path.offer(start, packet_of(60));
    return path.counters().lost;
  };
  EXPECT_NEAR(static_cast<double>(lost(1)), 1'000, 150);
  EXPECT_EQ(lost(1), lost(1));
  EXPECT_NE(lost(1), lost(2));
}

TEST(Path, ABottleneckSpacesPacketsAndItsQueueOverflows) {
  // A packet of 1,250 bytes takes 1 ms; ten of them may wait while one passes.
  Path path{{.bits_per_second = 10'000'000, .queue_bytes = 12'500, .delay = 5ms}, 1, start};
  for (std::uint8_t i = 0; i < 20; ++i) path.offer(start, packet_of(1250, i));
  const auto all = drain(path);
  ASSERT_EQ(all.size(), 11);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(all[i].first, 5ms + static_cast<int>(i + 1) * 1ms);
  EXPECT_EQ(path.counters().overflowed, 9);
}

TEST(Path, CarriesExactlyTheRateOfItsBottleneck) {
  Path path{{.bits_per_second = 100'000'000, .queue_bytes = 625'000}, 1, start};
  std::size_t bytes = 0;
  for (Instant now = start; now < start + 2s; now += 100us) {
    for (int i = 0; i < 2; ++i) path.offer(now, packet_of(1400));
    while (const auto packet = path.poll(now)) bytes += packet->size();
  }
  EXPECT_NEAR(static_cast<double>(bytes), 25e6, 25e4);
  EXPECT_GT(path.counters().overflowed, 0);
}

TEST(Path, ReorderedPacketsAreOvertaken) {
  Path path{{.delay = 10ms, .reordered = 0.1, .reordered_by = 3ms}, 3, start};
  for (std::uint8_t i = 0; i < 200; ++i) path.offer(start + i * 1ms, packet_of(40, i));
  const auto all = drain(path);
  ASSERT_EQ(all.size(), 200);
  std::size_t overtaken = 0;
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i].second.back() < all[i - 1].second.back()) ++overtaken;
  EXPECT_GT(overtaken, 5);
  EXPECT_GE(path.counters().reordered, overtaken);
}

TEST(Path, NothingPassesInAnOutage) {
  Path path{{.outage = 2s, .outage_every = 10s}, 1, start};
  for (int i = 0; i < 100; ++i) path.offer(start + i * 100ms, packet_of(40));
  EXPECT_EQ(path.counters().in_outage, 20);
  path.cut(start + 13s);
  path.offer(start + 13s - 1ns, packet_of(40));
  EXPECT_EQ(path.counters().in_outage, 21);
  path.offer(start + 13s, packet_of(40));
  EXPECT_EQ(path.counters().in_outage, 21);
}

TEST(Path, WhatIsUnderWayComesAsItWouldHaveWhenConditionsChange) {
  Path path{{.delay = 300ms}, 1, start};
  path.offer(start, packet_of(40, 1));
  path.change({.delay = 10ms});
  path.offer(start, packet_of(40, 2));
  const auto all = drain(path);
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0].first, 10ms);
  EXPECT_EQ(all[1].first, 300ms);
}

TEST(Path, TellsTheSenderOfAPacketTooBigUnlessItIsABlackHole) {
  Path path{{.mtu = 1280}, 1, start};
  path.offer(start, packet_of(1280));
  path.offer(start, packet_of(1281));
  EXPECT_TRUE(path.poll_reply());
  EXPECT_FALSE(path.poll_reply());
  path.change({.mtu = 1280, .tells = false});
  path.offer(start, packet_of(1281));
  EXPECT_FALSE(path.poll_reply());
  EXPECT_EQ(path.counters().too_big, 2);
  EXPECT_EQ(drain(path).size(), 1);
}

// One's complement over the whole, its checksum included, is all ones (RFC 1071 §1).
std::uint16_t sum_of(BytesView bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

TEST(TooBig, IsAnIcmpErrorThatQuotesThePacketAndNamesTheMtu) {
  Bytes packet(1400, std::byte{0xab});
  packet[0] = std::byte{0x45};
  packet[9] = std::byte{17};
  for (std::size_t i = 0; i < 8; ++i) packet[12 + i] = static_cast<std::byte>(i + 1);
  const auto reply = make_too_big(packet, 1280);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->size(), 576);  // RFC 1812 §4.3.2.3
  EXPECT_EQ(to_hex(BytesView{*reply}.subspan(12, 8)), "0506070801020304");
  EXPECT_EQ(to_hex(BytesView{*reply}.subspan(20, 2)), "0304");
  EXPECT_EQ(to_hex(BytesView{*reply}.subspan(26, 2)), "0500");
  EXPECT_TRUE(equal(BytesView{*reply}.subspan(28), BytesView{packet}.first(548)));
  EXPECT_EQ(sum_of(BytesView{*reply}.first(20)), 0xffff);
  EXPECT_EQ(sum_of(BytesView{*reply}.subspan(20)), 0xffff);
}

TEST(TooBig, IsAnIcmpV6ErrorOfAtMostTheLeastMtu) {
  Bytes packet(1500, std::byte{0xcd});
  packet[0] = std::byte{0x60};
  packet[6] = std::byte{17};
  for (std::size_t i = 0; i < 32; ++i) packet[8 + i] = static_cast<std::byte>(i);
  const auto reply = make_too_big(packet, 1280);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->size(), 1280);
  EXPECT_TRUE(equal(BytesView{*reply}.subspan(24, 16), BytesView{packet}.subspan(8, 16)));
  EXPECT_EQ(to_hex(BytesView{*reply}.subspan(40, 2)), "0200");
  EXPECT_EQ(to_hex(BytesView{*reply}.subspan(44, 4)), "00000500");
  const auto length = static_cast<std::uint32_t>(reply->size() - 40);
  EXPECT_EQ(sum_of(BytesView{*reply}.subspan(8), length + 58), 0xffff);
}

TEST(TooBig, IsNotSaidOfErrorsNorOfWhatIsNoIp) {
  Bytes error = packet_of(1400);
  error[9] = std::byte{1};
  error[20] = std::byte{3};
  EXPECT_FALSE(make_too_big(error, 1280));
  error[20] = std::byte{8};  // an echo is no error
  EXPECT_TRUE(make_too_big(error, 1280));
  for (std::size_t size = 0; size < 28; ++size) EXPECT_FALSE(make_too_big(Bytes(size), 1280));
  EXPECT_FALSE(make_too_big(Bytes(1400, std::byte{0x15}), 1280));
}

}  // namespace
}  // namespace hearth::path
