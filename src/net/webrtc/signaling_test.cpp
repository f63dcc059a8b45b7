#include <gtest/gtest.h>

#include <hearth/webrtc/signaling.h>

namespace hearth::webrtc {
namespace {

// As @libp2p/webrtc writes it: the type stands even when it is 0.
TEST(Signaling, HasTheBytesOfJsLibp2p) {
  const SignalingMessage offer{SignalingMessage::Type::sdp_offer, "v=0"};
  EXPECT_EQ(to_hex(encode_signaling(offer)),
            "07"
            "0800"
            "1203763d30");
  EXPECT_EQ(parse_signaling(*from_hex("08001203763d30")), offer);
}

TEST(Signaling, ReadsBackEveryType) {
  for (const auto type : {SignalingMessage::Type::sdp_offer, SignalingMessage::Type::sdp_answer,
                          SignalingMessage::Type::ice_candidate}) {
    const SignalingMessage message{type, "null"};
    EXPECT_EQ(parse_signaling(BytesView{encode_signaling(message)}.subspan(1)), message);
  }
}

TEST(Signaling, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_signaling({}).error(), SignalingError::unknown_type);
  EXPECT_EQ(parse_signaling(*from_hex("0803")).error(), SignalingError::unknown_type);
  EXPECT_EQ(parse_signaling(*from_hex("0a00")).error(), SignalingError::malformed);
  EXPECT_EQ(parse_signaling(*from_hex("08001202ff")).error(), SignalingError::malformed);
  EXPECT_EQ(parse_signaling(*from_hex("08001201ff")).error(), SignalingError::malformed);
}

}  // namespace
}  // namespace hearth::webrtc
