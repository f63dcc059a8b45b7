#include "fields.h"

#include <gtest/gtest.h>

namespace hearth::files {
namespace {

// RFC 4648 section 10.
TEST(Base64, MatchesTheRfcsVectors) {
  for (const auto& [plain, encoded] : {std::pair{"", ""},
                                       {"f", "Zg=="},
                                       {"fo", "Zm8="},
                                       {"foo", "Zm9v"},
                                       {"foob", "Zm9vYg=="},
                                       {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(base64_decode(encoded), plain);
  }
  for (const char* bad : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Z_9v", "===="})
    EXPECT_FALSE(base64_decode(bad)) << bad;
}

// tus 1.0.0, "Upload-Metadata".
TEST(Metadata, ReadsTheSpecificationsExample) {
  const auto fields =
      parse_metadata("filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->at("filename"), "world_domination_plan.pdf");
  EXPECT_EQ(fields->at("is_confidential"), "");
  EXPECT_TRUE(parse_metadata("")->empty());
}

TEST(Metadata, RefusesWhatTusDoesnt) {
  for (const char* bad : {"a !!", "a QQ==,a QQ==", ",", "a QQ==,", "\x01 QQ=="})
    EXPECT_FALSE(parse_metadata(bad)) << bad;
  EXPECT_FALSE(parse_metadata(std::string(8193, 'a')));
  std::string many = "k0";
  for (int i = 1; i <= 32; ++i) many += ",k" + std::to_string(i);
  EXPECT_FALSE(parse_metadata(many));
}

// RFC 9110 section 14.1.2's examples, of 10,000 bytes.
TEST(Range, ReadsTheRfcsExamples) {
  const auto part = [](const char* field) { return choose_range(field, 10000); };
  EXPECT_EQ(part("bytes=0-499").range, (ByteRange{0, 499}));
  EXPECT_EQ(part("bytes=500-999").range, (ByteRange{500, 999}));
  EXPECT_EQ(part("bytes=-500").range, (ByteRange{9500, 9999}));
  EXPECT_EQ(part("bytes=9500-").range, (ByteRange{9500, 9999}));
  EXPECT_EQ(part("bytes=0-0,-1").kind, RangeKind::whole) << "several ranges: the whole file";
  EXPECT_EQ(part("bytes=10000-").kind, RangeKind::unsatisfiable);
  EXPECT_EQ(choose_range("bytes=0-", 0).kind, RangeKind::unsatisfiable);
  EXPECT_EQ(choose_range("bytes=-5", 0).kind, RangeKind::unsatisfiable);
  EXPECT_EQ(part("bytes=0-18446744073709551615").range, (ByteRange{0, 9999}));
  EXPECT_EQ(part("bytes=0-18446744073709551616").kind, RangeKind::whole)
      << "not a number that fits";
}

TEST(Etags, AreFoundInLists) {
  EXPECT_TRUE(lists_etag("\"a\", \"b\"", "\"b\"", false));
  EXPECT_TRUE(lists_etag("*", "\"b\"", false));
  EXPECT_TRUE(lists_etag("W/\"b\"", "\"b\"", true));
  EXPECT_FALSE(lists_etag("W/\"b\"", "\"b\"", false))
      << "strong comparison (RFC 9110 section 8.8.3.2)";
  EXPECT_FALSE(lists_etag("", "\"b\"", true));
}

// RFC 9110 section 5.6.7.
TEST(HttpDate, MatchesTheRfcsExample) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
}

// RFC 6266 section 5's last example, with RFC 8187's euro sign.
TEST(Attachment, NamesAFileForOldAndNewReaders) {
  EXPECT_EQ(attachment("€ rates"),
            "attachment; filename=\"_ rates\"; filename*=UTF-8''%E2%82%AC%20rates");
  EXPECT_EQ(attachment("a\"b\\c%.txt"),
            "attachment; filename=\"a_b_c_.txt\"; filename*=UTF-8''a%22b%5Cc%25.txt");
}

TEST(Number, IsDigitsAndNothingElse) {
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615U);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616"})
    EXPECT_FALSE(parse_number(bad)) << bad;
}

}  // namespace
}  // namespace hearth::files
