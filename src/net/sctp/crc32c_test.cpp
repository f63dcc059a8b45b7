#include <gtest/gtest.h>

#include <hearth/sctp/crc32c.h>

namespace hearth::sctp {
namespace {

// RFC 3720 §B.4.
TEST(Crc32c, AgreesWithTheRfcsVectors) {
  EXPECT_EQ(crc32c(Bytes(32)), 0x8a9136aau);
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0xff})), 0x62a8ab43u);
  Bytes rising(32);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(rising), 0x46dd794eu);
}

TEST(Crc32c, ChecksumsAPacketAndNoticesEveryFlippedBit) {
  Bytes packet(37, std::byte{0x31});
  write_checksum(packet);
  EXPECT_TRUE(has_valid_checksum(packet));
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    packet[bit / 8] ^= std::byte(1 << bit % 8);
    EXPECT_FALSE(has_valid_checksum(packet)) << bit;
    packet[bit / 8] ^= std::byte(1 << bit % 8);
  }
  EXPECT_FALSE(has_valid_checksum(BytesView{packet}.first(11)));
}

}  // namespace
}  // namespace hearth::sctp
