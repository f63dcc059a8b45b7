// base64, base32 and base58.
#include <gtest/gtest.h>

#include <hearth/codec/base32.h>
#include <hearth/codec/base58.h>
#include <hearth/codec/base64.h>

namespace hearth::codec {
namespace {

TEST(Base64, WritesTheExamplesOfRfc4648Section10) {
  EXPECT_EQ(base64_encode(as_bytes("")), "");
  EXPECT_EQ(base64_encode(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64_encode(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(base64_encode(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(base64_encode(as_bytes("foob")), "Zm9vYg==");
  EXPECT_EQ(base64url_encode(*from_hex("fbefff")), "--__");
  EXPECT_EQ(base64_encode(*from_hex("fbefff")), "++//");
}

TEST(Base64, EachValueHasOneText) {
  EXPECT_EQ(base64_decode("Zg==").value(), to_bytes("f"));
  EXPECT_EQ(base64url_decode("Zg").value(), to_bytes("f"));
  EXPECT_FALSE(base64_decode("Zg"));  // padding missing
  EXPECT_FALSE(base64_decode("Zg="));
  EXPECT_FALSE(base64_decode("Zh=="));  // idle bits set
  EXPECT_FALSE(base64_decode("Zm9v===="));
  EXPECT_FALSE(base64_decode("Zg==Zg=="));
  EXPECT_FALSE(base64_decode("Zm 9"));
  EXPECT_FALSE(base64url_decode("Zg=="));
  EXPECT_FALSE(base64url_decode("Zh"));
  EXPECT_FALSE(base64url_decode("Z"));
  EXPECT_FALSE(base64url_decode("++//"));
}

TEST(Base32, WritesTheExamplesOfRfc4648Section10InLowerCaseUnpadded) {
  EXPECT_EQ(base32_encode(as_bytes("f")), "my");
  EXPECT_EQ(base32_encode(as_bytes("foobar")), "mzxw6ytboi");
  EXPECT_EQ(base32_decode("mzxw6ytboi").value(), to_bytes("foobar"));
}

TEST(Base32, EachValueHasOneText) {
  EXPECT_FALSE(base32_decode("MY"));
  EXPECT_FALSE(base32_decode("mz"));  // idle bits set
  EXPECT_FALSE(base32_decode("m"));
  EXPECT_FALSE(base32_decode("mzx"));
}

TEST(Base58, WritesTheExamplesOfTheInternetDraft) {
  // draft-msporny-base58-03 section 5
  EXPECT_EQ(base58_encode(as_bytes("Hello World!")), "2NEpo7TZRRrLZSi2U");
  EXPECT_EQ(base58_encode(*from_hex("0000287fb4cd")), "11233QC4");
  EXPECT_EQ(base58_decode("11233QC4").value(), *from_hex("0000287fb4cd"));
  EXPECT_FALSE(base58_decode("0OIl"));
  EXPECT_FALSE(base58_decode(std::string(max_base58_text + 1, '2')));
}

TEST(TextEncodings, RoundTripEveryLength) {
  Bytes bytes;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    EXPECT_EQ(base32_decode(base32_encode(bytes)), bytes);
    EXPECT_EQ(base58_decode(base58_encode(bytes)), bytes);
    bytes.push_back(static_cast<std::byte>(i * 7));
  }
}

}  // namespace
}  // namespace hearth::codec
