#include <gtest/gtest.h>

#include <hearth/sandbox/order.h>

namespace hearth::sandbox {
namespace {

BytesView body(const Bytes& frame) {
  return BytesView{frame}.subspan(2);
}

TEST(Order, IsWrittenAsDocumented) {
  EXPECT_EQ(to_hex(encode(Order{.verb = Verb::start, .id = 7, .app = "files"})),
            "000c01020000000705" + to_hex(as_bytes("files")));
  EXPECT_EQ(to_hex(encode(Order{.verb = Verb::kill_all, .id = 1})), "000701050000000100");
  EXPECT_EQ(to_hex(encode(Reply{.id = 7,
                                .outcome = Outcome::failed,
                                .state = AppState::failed,
                                .uid = 65'736'000,
                                .text = "no"})),
            "0010018000000007030303eb0d400002" + to_hex(as_bytes("no")));
}

TEST(Order, ComesBackAsItWas) {
  Digest digest;
  digest.fill(std::byte{0xAB});
  for (const auto& order :
       {Order{Verb::prepare, 1, "files", digest}, Order{Verb::stop, 2, "a"},
        Order{Verb::state, 3, "a-b-3"}, Order{Verb::kill_all, 4, ""},
        Order{Verb::erase, 5, std::string(32, 'x')}, Order{Verb::log, 0xFFFFFFFF, "x"}})
    EXPECT_EQ(decode_order(body(encode(order))), order);
  const Reply reply{.id = 9,
                    .outcome = Outcome::done,
                    .state = AppState::running,
                    .uid = 200'000,
                    .text = std::string(max_reply_text, 'x')};
  EXPECT_EQ(decode_reply(body(encode(reply))), reply);
  EXPECT_EQ(
      decode_reply(body(encode(Reply{.id = 1, .text = std::string(100'000, 'x')})))->text.size(),
      max_reply_text);
}

TEST(Order, RefusesEverythingElse) {
  const Bytes good = encode(Order{.verb = Verb::prepare, .id = 7, .app = "files"});
  EXPECT_TRUE(decode_order(body(good)));
  for (std::size_t size = 0; size < good.size() - 2; ++size)
    EXPECT_EQ(decode_order(body(good).first(size)).error(), OrderError::truncated);
  const auto changed = [&](std::size_t at, int to) {
    Bytes frame = good;
    frame[2 + at] = static_cast<std::byte>(to);
    return decode_order(body(frame)).error();
  };
  EXPECT_EQ(changed(0, 2), OrderError::wrong_version);
  EXPECT_EQ(changed(1, 0), OrderError::unknown_verb);
  EXPECT_EQ(changed(1, 8), OrderError::unknown_verb);
  EXPECT_EQ(changed(5, 0), OrderError::bad_id);
  EXPECT_EQ(changed(7, '/'), OrderError::bad_app);
  EXPECT_EQ(changed(1, static_cast<int>(Verb::start)), OrderError::trailing_bytes)
      << "only prepare has a digest";
  EXPECT_EQ(changed(1, static_cast<int>(Verb::kill_all)), OrderError::bad_app);
}

TEST(AppId, IsANameAndNeverAPath) {
  for (const char* good : {"files", "a", "a-1", "abcdefghijklmnopqrstuvwxyz012345"})
    EXPECT_TRUE(is_app_id(good)) << good;
  for (const std::string bad : {"", "-a", "a-", "1a", "A", "a/b", "..", ".", "a.b", "a b", "a_b",
                                "ä", "a\n", "abcdefghijklmnopqrstuvwxyz0123456"})
    EXPECT_FALSE(is_app_id(bad)) << bad;
  EXPECT_FALSE(is_app_id(std::string_view{"a\0", 2}));
}

}  // namespace
}  // namespace hearth::sandbox
