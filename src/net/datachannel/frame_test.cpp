#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <hearth/datachannel/frame.h>

namespace hearth::datachannel {
namespace {

using Owned = std::pair<std::optional<Flag>, Bytes>;

std::vector<Owned> decode(BytesView bytes, std::size_t piece) {
  FrameDecoder decoder;
  std::vector<Owned> frames;
  while (!bytes.empty()) {
    BytesView input = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(input.size());
    while (true) {
      const auto frame = decoder.next(input);
      EXPECT_TRUE(frame);
      if (!frame || !*frame) break;
      frames.emplace_back((*frame)->flag, to_bytes((*frame)->data));
    }
    EXPECT_TRUE(input.empty());
  }
  EXPECT_EQ(decoder.buffered(), 0u);
  return frames;
}

TEST(Frame, HasTheBytesOfJsLibp2p) {
  Bytes out;
  append_frame(out, std::nullopt, as_bytes("hi"));
  append_frame(out, Flag::fin, {});
  append_frame(out, Flag::fin_ack, as_bytes("x"));
  EXPECT_EQ(to_hex(out),
            "0412026869"
            "020800"
            "050803120178");
}

TEST(Frame, DecodesAnyDivisionIntoPieces) {
  Bytes out;
  std::vector<Owned> expected;
  for (const std::size_t size : {0UL, 1UL, 126UL, 127UL, 128UL, 300UL, 16375UL}) {
    append_frame(out, std::nullopt, Bytes(size, std::byte{7}));
    expected.emplace_back(std::nullopt, Bytes(size, std::byte{7}));
    append_frame(out, Flag::stop_sending, Bytes(size / 2, std::byte{8}));
    expected.emplace_back(Flag::stop_sending, Bytes(size / 2, std::byte{8}));
  }
  for (const std::size_t piece : {1UL, 2UL, 3UL, 5UL, 100UL, 1200UL, 16384UL, 100000UL})
    EXPECT_EQ(decode(out, piece), expected) << piece;
}

TEST(Frame, TheLargestIsSixteenKibibytesInAll) {
  Bytes out;
  append_frame(out, Flag::fin, Bytes(max_frame_data));
  EXPECT_EQ(out.size(), max_frame);
}

TEST(Frame, RefusesLongerOnesBeforeTheyArrive) {
  for (const char* text : {"ff7f", "808001", "ffffff", "ffffffffff01"}) {
    const Bytes bytes = *from_hex(text);
    BytesView input = bytes;
    FrameDecoder decoder;
    EXPECT_EQ(decoder.next(input).error(), FrameError::too_long) << text;
  }
}

TEST(Frame, RefusesMalformedBodies) {
  for (const char* text : {"0108", "021205", "020a00", "021201"}) {
    const Bytes bytes = *from_hex(text);
    BytesView input = bytes;
    FrameDecoder decoder;
    EXPECT_FALSE(decoder.next(input)) << text;
  }
}

TEST(Frame, PassesOverUnknownFieldsAndFlags) {
  const Bytes bytes = *from_hex(
      "06"
      "0809"
      "1801"
      "1200");
  EXPECT_EQ(decode(bytes, 100), (std::vector<Owned>{{std::nullopt, {}}}));
}

}  // namespace
}  // namespace hearth::datachannel
