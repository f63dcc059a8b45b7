#include <gtest/gtest.h>

#include <hearth/sdp/candidate.h>

namespace hearth::sdp {
namespace {

CandidateError error_of(std::string_view text) {
  const auto candidate = parse_candidate(text);
  EXPECT_FALSE(candidate) << text;
  return candidate.error();
}

TEST(Candidate, ReadsTheExamplesOfRfc8839) {  // §5.1
  const auto host = parse_candidate("a=candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->foundation, "1");
  EXPECT_EQ(host->priority, 2130706431U);
  EXPECT_EQ(host->endpoint, Endpoint::parse("203.0.113.141:8998"));
  EXPECT_EQ(host->type, CandidateType::host);
  EXPECT_FALSE(host->related);

  const auto reflexive = parse_candidate(
      "candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998");
  ASSERT_TRUE(reflexive);
  EXPECT_EQ(reflexive->type, CandidateType::server_reflexive);
  EXPECT_EQ(reflexive->related, Endpoint::parse("203.0.113.141:8998"));
}

TEST(Candidate, ReadsWhatBrowsersWrite) {
  EXPECT_TRUE(parse_candidate(
      "candidate:842163049 1 udp 1677729535 198.51.100.7 52634 typ srflx raddr 0.0.0.0 "
      "rport 0 generation 0 ufrag PxUK network-cost 999"));
  const auto firefox = parse_candidate("candidate:0 1 UDP 2122252543 2001:db8::7 57018 typ host");
  ASSERT_TRUE(firefox);
  EXPECT_TRUE(firefox->endpoint.address.is_v6());
}

TEST(Candidate, TellsWhatItCannotUseFromWhatIsWrong) {
  EXPECT_EQ(
      error_of(
          "candidate:1373388588 1 udp 2113937151 580eb02b-39c9-4bb1-86ee-710379855484.local 53695 "
          "typ host generation 0 network-cost 999"),
      CandidateError::unsupported);
  EXPECT_EQ(
      error_of("candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0"),
      CandidateError::unsupported);
  EXPECT_EQ(error_of("candidate:1 2 udp 1518280447 192.0.2.1 9 typ host"),
            CandidateError::unsupported);
  EXPECT_EQ(error_of("candidate:1 1 udp 1518280447 192.0.2.1 9 typ new"),
            CandidateError::unsupported);
  for (const auto* text :
       {"", "candidate:", "1 1 udp", "1 0 udp 1 192.0.2.1 9 typ host",
        "1 1 udp 0 192.0.2.1 9 typ host", "1 1 udp 2147483648 192.0.2.1 9 typ host",
        "1 1 udp 1 192.0.2.1 65536 typ host", "1 1 udp 1 192.0.2.1 9 type host",
        "1 1 udp 1 192.0.2.1 9 typ", "1 1 udp 1 192_0 9 typ host",
        "1 1 udp 1 192.0.2.1 9 typ host raddr",
        "1 1 udp 1 192.0.2.1 9 typ srflx raddr [::] rport 0", "1 1 udp 1 192.0.2.1 9 typ host  x y",
        "a:b 1 udp 1 192.0.2.1 9 typ host",
        "123456789012345678901234567890123 1 udp 1 192.0.2.1 9 typ host"})
    EXPECT_EQ(error_of(text), CandidateError::malformed) << text;
}

TEST(Candidate, RoundTrips) {
  for (const auto* text :
       {"candidate:h1 1 udp 2130706431 192.0.2.1 4001 typ host",
        "candidate:s+/ 1 udp 1 2001:db8::1 1 typ srflx raddr :: rport 0",
        "candidate:p 1 udp 2147483647 192.0.2.1 65535 typ prflx raddr 10.0.0.1 rport 4001",
        "candidate:r 1 udp 7 192.0.2.1 9 typ relay raddr 0.0.0.0 rport 0"})
    EXPECT_EQ(to_string(*parse_candidate(text)), text);
}

}  // namespace
}  // namespace hearth::sdp
