#include <gtest/gtest.h>

#include <hearth/sctp/packet.h>
#include <hearth/sctp/ranges.h>
#include <hearth/sctp/tsn.h>

namespace hearth::sctp {
namespace {

Bytes hex(std::string_view digits) {
  return *from_hex(digits);
}

TEST(Packet, InitRoundTripsWithEveryExtension) {
  for (int bits = 0; bits < 16; ++bits) {
    const Bytes cookie(5, std::byte{9});
    const Init init{.tag = 0x01020304,
                    .window = 5 << 20,
                    .outbound_streams = 65535,
                    .inbound_streams = 1024,
                    .first_tsn = 0xfffffffe,
                    .extensions = {.partial_reliability = (bits & 1) != 0,
                                   .reconfiguration = (bits & 2) != 0,
                                   .interleaving = (bits & 4) != 0,
                                   .zero_checksum = (bits & 8) != 0},
                    .cookie = cookie};
    const Bytes value = encode_init(init);
    const auto read = parse_init(value);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->tag, init.tag);
    EXPECT_EQ(read->window, init.window);
    EXPECT_EQ(read->outbound_streams, init.outbound_streams);
    EXPECT_EQ(read->inbound_streams, init.inbound_streams);
    EXPECT_EQ(read->first_tsn, init.first_tsn);
    EXPECT_EQ(read->extensions, init.extensions);
    EXPECT_TRUE(equal(read->cookie, cookie));
    for (std::size_t size = 0; size < 16; ++size)
      EXPECT_FALSE(parse_init(BytesView{value}.first(size))) << size;
  }
}

TEST(Packet, InitWithoutTagOrStreamsIsRefused) {  // RFC 9260 §3.3.2
  EXPECT_FALSE(
      parse_init(hex("00000000"
                     "00010000"
                     "0001"
                     "0001"
                     "00000001")));
  EXPECT_FALSE(
      parse_init(hex("00000001"
                     "00010000"
                     "0000"
                     "0001"
                     "00000001")));
  EXPECT_FALSE(
      parse_init(hex("00000001"
                     "00010000"
                     "0001"
                     "0000"
                     "00000001")));
  EXPECT_TRUE(
      parse_init(hex("00000001"
                     "00010000"
                     "0001"
                     "0001"
                     "00000001")));
}

// RFC 9260 §3.3.1's layout, byte by byte.
TEST(Packet, DataIsWrittenAsTheRfcDrawsIt) {
  std::array<std::byte, 64> out;
  PacketWriter packet{out, 0xa1a2a3a4};
  packet.add(DataChunk{.begins = true,
                       .ends = true,
                       .immediate = true,
                       .tsn = 0x01020304,
                       .stream = StreamId{5},
                       .message = 6,
                       .ppid = Ppid{53},
                       .payload = as_bytes("hello")});
  EXPECT_EQ(to_hex(BytesView{out}.first(packet.size())),
            "13881388a1a2a3a400000000"
            "000b0015"
            "01020304"
            "0005"
            "0006"
            "00000035"
            "68656c6c6f000000");
}

TEST(Packet, IDataCarriesPpidFirstAndThenFragmentNumbers) {  // RFC 8260 §2.1
  for (const bool begins : {true, false}) {
    std::array<std::byte, 64> out;
    PacketWriter packet{out, 1};
    packet.add(DataChunk{.interleaved = true,
                         .begins = begins,
                         .unordered = true,
                         .tsn = 7,
                         .stream = StreamId{9},
                         .message = 0x10000,
                         .fragment = begins ? 0u : 3u,
                         .ppid = Ppid{begins ? 51u : 0u},
                         .payload = as_bytes("x")});
    ChunkReader reader{BytesView{out}.first(packet.size())};
    const auto chunk = reader.next();
    ASSERT_TRUE(chunk);
    const auto data = parse_data(*chunk);
    ASSERT_TRUE(data);
    EXPECT_EQ(data->message, 0x10000u);
    EXPECT_EQ(data->fragment, begins ? 0u : 3u);
    EXPECT_EQ(data->ppid, Ppid{begins ? 51u : 0u});
    EXPECT_TRUE(data->unordered);
    EXPECT_TRUE(reader.empty());
  }
}

TEST(Packet, SackRefusesBlocksThatOverlapOrGoBack) {
  Sack sack;
  const auto with = [](std::string_view blocks) {
    return hex(
        "00000010"
        "00010000"
        "0002"
        "0000" +
        std::string{blocks});
  };
  EXPECT_TRUE(parse_sack(with("00020003"
                              "00050005"),
                         sack));
  EXPECT_EQ(sack.blocks, (std::vector<GapBlock>{{2, 3}, {5, 5}}));
  EXPECT_FALSE(parse_sack(with("00020003"
                               "00030005"),
                          sack));
  EXPECT_FALSE(parse_sack(with("00050006"
                               "00020003"),
                          sack));
  EXPECT_FALSE(parse_sack(with("00000003"
                               "00050006"),
                          sack));
  EXPECT_FALSE(parse_sack(with("00020003"), sack));
}

TEST(Packet, ForwardTsnAndReconfigRoundTrip) {
  for (const bool interleaved : {false, true}) {
    const ForwardTsn forward{
        .cumulative = 77, .skipped = {{StreamId{1}, false, 65535}, {StreamId{2}, interleaved, 9}}};
    const Bytes value = encode_forward_tsn(forward, interleaved);
    const auto read = parse_forward_tsn(
        {interleaved ? ChunkType::i_forward_tsn : ChunkType::forward_tsn, 0, value});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->cumulative, 77u);
    EXPECT_EQ(read->skipped, forward.skipped);
  }
  Bytes both = encode_reset_request(
      {.request = 3, .response = 4, .last_tsn = 5, .streams = {StreamId{8}, StreamId{9}}});
  append(both, encode_reconfig_response({.request = 6, .result = ReconfigResult::in_progress}));
  const auto read = parse_reconfig(both);
  ASSERT_TRUE(read);
  ASSERT_TRUE(read->reset);
  EXPECT_EQ(read->reset->last_tsn, 5u);
  EXPECT_EQ(read->reset->streams, (std::vector{StreamId{8}, StreamId{9}}));
  ASSERT_TRUE(read->responses[0]);
  EXPECT_EQ(read->responses[0]->result, ReconfigResult::in_progress);
  append(both, encode_reconfig_response({.request = 7, .result = ReconfigResult::denied}));
  EXPECT_FALSE(parse_reconfig(both));  // two at most (RFC 6525 §3.1)
}

TEST(Packet, ChunksMayLackTheLastPaddingAndNothingElse) {
  const Bytes head =
      hex("13881388"
          "00000001"
          "00000000");
  Bytes packet = head;
  append(packet, hex("0a000007"
                     "616263"));
  ChunkReader reader{packet};
  const auto chunk = reader.next();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(as_text(chunk->value), "abc");
  EXPECT_TRUE(reader.empty());
  for (const std::string_view bad : {"0a000008"
                                     "616263",
                                     "0a000003", "0a", "0a0000"}) {
    Bytes broken = head;
    append(broken, hex(bad));
    EXPECT_FALSE(ChunkReader{broken}.next()) << bad;
  }
}

TEST(Tsn, IsTheNumberNearestToWhatIsKnown) {
  constexpr std::uint64_t base = widened_base + 0xfffffffe;
  EXPECT_EQ(widen(base, std::uint32_t{0xffffffff}), base + 1);
  EXPECT_EQ(widen(base, std::uint32_t{1}), base + 3);
  EXPECT_EQ(widen(base, std::uint32_t{0xfffffff0}), base - 14);
  EXPECT_EQ(widen(std::uint64_t{0x1fffe}, std::uint16_t{2}), 0x20002u);
  EXPECT_EQ(to_wire(base + 3), 1u);
}

TEST(Ranges, HoldWhatASetWouldHold) {
  std::uint32_t state = 5;
  for (int round = 0; round < 200; ++round) {
    Ranges ranges;
    std::vector<bool> model(64);
    for (int step = 0; step < 30; ++step) {
      state = state * 1664525 + 1013904223;
      const std::uint64_t first = (state >> 8) % 60;
      const std::uint64_t last = first + (state >> 20) % 4;
      std::size_t fresh = 0;
      if ((state >> 28) == 0) {
        ranges.remove_to(first);
        for (std::size_t i = 0; i <= first; ++i) model[i] = false;
      } else {
        ranges.add({first, last}, [&](Range r) {
          for (std::uint64_t i = r.first; i <= r.last; ++i) {
            EXPECT_FALSE(model[i]);
            ++fresh;
            model[i] = true;
          }
        });
        for (std::uint64_t i = first; i <= last; ++i) EXPECT_TRUE(model[i]);
      }
      for (std::size_t i = 0; i < model.size(); ++i) ASSERT_EQ(ranges.contains(i), model[i]);
      for (std::size_t i = 1; i < ranges.size(); ++i)
        ASSERT_GT(ranges[i].first, ranges[i - 1].last + 1);
    }
  }
}

}  // namespace
}  // namespace hearth::sctp
