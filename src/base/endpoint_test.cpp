#include <gtest/gtest.h>

#include <hearth/base/endpoint.h>

namespace hearth {
namespace {

TEST(IpAddress, WritesTheFormOfRfc5952) {
  const auto text = [](std::string_view t) { return IpAddress::parse(t)->to_string(); };
  EXPECT_EQ(text("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(text("2001:0db8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(text("::"), "::");
  EXPECT_EQ(text("::1"), "::1");
  EXPECT_EQ(text("1::"), "1::");
  EXPECT_EQ(text("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");  // one group stays
  EXPECT_EQ(text("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");           // the longer run
  EXPECT_EQ(text("::ffff:192.0.2.1"), "::ffff:c000:201");
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const auto* text :
       {"", ".", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", ":",
        ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "1:2:3:4:5:6:7::8",
        "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0", "1:2:3:4:5:6:7:"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, KnowsItsScope) {
  EXPECT_TRUE(IpAddress::parse("127.3.2.1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("10.1.2.3")->is_private());
  EXPECT_TRUE(IpAddress::parse("172.31.0.1")->is_private());
  EXPECT_FALSE(IpAddress::parse("172.32.0.1")->is_private());
  EXPECT_TRUE(IpAddress::parse("fe80::1")->is_private());
  EXPECT_TRUE(IpAddress::parse("fd00::1")->is_private());
  EXPECT_FALSE(IpAddress::parse("2001:db8::1")->is_private());
  EXPECT_TRUE(IpAddress::parse("::ffff:127.0.0.1")->unmapped().is_loopback());
}

TEST(Endpoint, RoundTripsBothFamilies) {
  for (const auto* text : {"192.0.2.1:4001", "[2001:db8::1]:65535", "0.0.0.0:0"})
    EXPECT_EQ(Endpoint::parse(text)->to_string(), text);
  for (const auto* text :
       {"192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "2001:db8::1:80", "[1.2.3.4]:5"})
    EXPECT_FALSE(Endpoint::parse(text)) << text;
}

}  // namespace
}  // namespace hearth
