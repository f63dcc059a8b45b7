#include <string>

#include <gtest/gtest.h>

#include <hearth/sdp/description.h>

namespace hearth::sdp {
namespace {

// createOffer() of Chromium 156 with one data channel, after gathering.
const std::string chromium_offer =
    "v=0\r\n"
    "o=- 1611936994269530420 2 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=group:BUNDLE 0\r\n"
    "a=extmap-allow-mixed\r\n"
    "a=msid-semantic: WMS\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=candidate:1373388588 1 udp 2113937151 580eb02b-39c9-4bb1-86ee-710379855484.local 53695 typ "
    "host generation 0 network-cost 999\r\n"
    "a=candidate:842163049 1 udp 1677729535 198.51.100.7 53695 typ srflx raddr 0.0.0.0 rport 0 "
    "generation 0 network-cost 999\r\n"
    "a=ice-ufrag:PxUK\r\n"
    "a=ice-pwd:gNDac28JVDBb0FGqwQJbEt9K\r\n"
    "a=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 "
    "CE:DF:A2:6A:2E:77:9C:06:5E:05:9D:B3:4A:5E:AA:C8:B3:16:FA:2B:93:82:21:73:35:B0:6B:0A:12:15:52:"
    "08\r\n"
    "a=setup:actpass\r\n"
    "a=mid:0\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:262144\r\n";

// The answer that js-libp2p's webrtc-direct dialer makes up for the listener.
const std::string direct_answer =
    "v=0\n"
    "o=- 0 0 IN IP4 192.0.2.1\n"
    "s=-\n"
    "t=0 0\n"
    "a=ice-lite\n"
    "m=application 4001 UDP/DTLS/SCTP webrtc-datachannel\n"
    "c=IN IP4 192.0.2.1\n"
    "a=mid:0\n"
    "a=ice-options:ice2\n"
    "a=ice-ufrag:libp2p+webrtc+v1/qIa2XYnVvRxQs7HGmKDe1Zr2\n"
    "a=ice-pwd:libp2p+webrtc+v1/qIa2XYnVvRxQs7HGmKDe1Zr2\n"
    "a=fingerprint:sha-256 "
    "ce:df:a2:6a:2e:77:9c:06:5e:05:9d:b3:4a:5e:aa:c8:b3:16:fa:2b:93:82:21:73:35:b0:6b:0a:12:15:52:"
    "08\n"
    "a=setup:passive\n"
    "a=sctp-port:5000\n"
    "a=max-message-size:16384\n"
    "a=candidate:1467250027 1 UDP 1467250027 192.0.2.1 4001 typ host\n"
    "a=end-of-candidates\n";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

DescriptionError error_of(const std::string& text) {
  const auto description = parse_description(text);
  EXPECT_FALSE(description);
  return description ? DescriptionError{} : description.error();
}

TEST(Description, ReadsAnOfferOfChromium) {
  const auto offer = parse_description(chromium_offer);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->session_id, 1611936994269530420U);
  EXPECT_EQ(offer->session_version, 2U);
  EXPECT_EQ(offer->mid, "0");
  EXPECT_EQ(offer->ice_ufrag, "PxUK");
  EXPECT_EQ(offer->ice_password, "gNDac28JVDBb0FGqwQJbEt9K");
  EXPECT_TRUE(offer->trickle);
  EXPECT_FALSE(offer->ice_lite);
  EXPECT_EQ(offer->setup, Setup::actpass);
  EXPECT_EQ(offer->sctp_port, 5000);
  EXPECT_EQ(offer->max_message_size, 262144U);
  EXPECT_EQ(to_string(offer->fingerprint),
            "sha-256 "
            "CE:DF:A2:6A:2E:77:9C:06:5E:05:9D:B3:4A:5E:AA:C8:B3:16:FA:2B:93:82:21:73:35:B0:6B:0A:"
            "12:15:52:08");
  ASSERT_EQ(offer->candidates.size(), 1U);  // the .local one is skipped
  EXPECT_EQ(offer->candidates[0].endpoint, Endpoint::parse("198.51.100.7:53695"));
}

TEST(Description, ReadsTheAnswerOfAWebrtcDirectDialer) {
  const auto answer = parse_description(direct_answer);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ice_lite);
  EXPECT_FALSE(answer->trickle);
  EXPECT_EQ(answer->setup, Setup::passive);
  EXPECT_EQ(answer->ice_ufrag, "libp2p+webrtc+v1/qIa2XYnVvRxQs7HGmKDe1Zr2");
  EXPECT_EQ(answer->candidates.size(), 1U);
  EXPECT_TRUE(answer->end_of_candidates);
}

TEST(Description, RoundTrips) {
  for (const auto& text : {chromium_offer, direct_answer}) {
    const auto description = parse_description(text);
    ASSERT_TRUE(description);
    EXPECT_EQ(parse_description(to_string(*description)), description);
  }
}

TEST(Description, TakesTheSessionsAttributesWhereTheStreamHasNone) {
  const std::string fingerprint = chromium_offer.substr(chromium_offer.find("a=fingerprint"), 119);
  const std::string moved = replaced(replaced(chromium_offer, fingerprint, ""), "t=0 0\r\n",
                                     "t=0 0\r\n" + fingerprint + "a=ice-ufrag:other\r\n");
  const auto offer = parse_description(moved);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->fingerprint, parse_description(chromium_offer)->fingerprint);
  EXPECT_EQ(offer->ice_ufrag, "PxUK");
}

TEST(Description, RefusesWhatItCannotServe) {
  EXPECT_EQ(error_of(""), DescriptionError::no_data_channel);
  EXPECT_EQ(error_of("hello"), DescriptionError::malformed);
  EXPECT_EQ(error_of(replaced(chromium_offer, "v=0", "v=1")), DescriptionError::malformed);
  EXPECT_EQ(error_of(chromium_offer + "v=0\r\n"), DescriptionError::malformed);
  EXPECT_EQ(error_of(replaced(chromium_offer, "application 9", "application 0")),
            DescriptionError::no_data_channel);
  EXPECT_EQ(error_of(replaced(chromium_offer, "m=application", "m=audio")),
            DescriptionError::no_data_channel);
  EXPECT_EQ(error_of(chromium_offer + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"),
            DescriptionError::no_data_channel);
  EXPECT_EQ(error_of(replaced(chromium_offer, "ufrag:PxUK", "ufrag:PxU")),
            DescriptionError::bad_ice_credentials);
  EXPECT_EQ(error_of(replaced(chromium_offer, "pwd:gNDac28", "pwd:g")),
            DescriptionError::bad_ice_credentials);
  EXPECT_EQ(error_of(replaced(chromium_offer, "ufrag:PxUK", "ufrag:Px K")),
            DescriptionError::bad_ice_credentials);
  EXPECT_EQ(error_of(replaced(chromium_offer, "sha-256", "sha-1")),
            DescriptionError::bad_fingerprint);
  EXPECT_EQ(error_of(replaced(chromium_offer, "CE:DF", "CE:D")), DescriptionError::bad_fingerprint);
  EXPECT_EQ(error_of(replaced(chromium_offer, "CE:DF", "CE:DG")),
            DescriptionError::bad_fingerprint);
  EXPECT_EQ(error_of(replaced(chromium_offer, "setup:actpass", "setup:holdconn")),
            DescriptionError::bad_attribute);
  EXPECT_EQ(error_of(replaced(chromium_offer, "sctp-port:5000", "sctp-port:0")),
            DescriptionError::bad_attribute);
  EXPECT_EQ(error_of(std::string(max_description_size + 1, 'a')), DescriptionError::too_long);
}

TEST(Description, RefusesASecondFingerprintThatDiffers) {
  const std::string other = "a=fingerprint:sha-256 " + std::string("00") + [] {
    std::string rest;
    for (int i = 0; i < 31; ++i) rest += ":00";
    return rest;
  }() + "\r\n";
  EXPECT_EQ(error_of(chromium_offer + other), DescriptionError::bad_fingerprint);
}

TEST(Description, KeepsNoMoreCandidatesThanItsBound) {
  std::string text = chromium_offer;
  for (int i = 1; i <= 40; ++i)
    text += "a=candidate:1 1 udp 1 192.0.2." + std::to_string(i) + " 9 typ host\r\n";
  EXPECT_EQ(parse_description(text)->candidates.size(), max_candidates);
}

}  // namespace
}  // namespace hearth::sdp
