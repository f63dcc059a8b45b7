#include <random>

#include <gtest/gtest.h>

#include <hearth/yamux/byte_queue.h>

namespace hearth::yamux {
namespace {

TEST(ByteQueue, GivesBackWhatItTookInAnyPortions) {
  std::mt19937_64 random{7};
  ByteQueue queue;
  Bytes expected;
  std::size_t taken = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes piece(random() % (i % 50 == 0 ? 200'000 : 700));
    for (std::byte& byte : piece) byte = static_cast<std::byte>(random());
    queue.append(piece);
    append(expected, piece);
    Bytes out(random() % 5000);
    const std::size_t size = queue.read(out);
    ASSERT_TRUE(equal(BytesView{out}.first(size), BytesView{expected}.subspan(taken, size)));
    taken += size;
    ASSERT_EQ(queue.size(), expected.size() - taken);
    if (i % 100 == 0 && !queue.empty()) {
      taken += queue.front().size();
      queue.pop(queue.front().size());
    }
  }
}

TEST(ByteQueue, HasAFrontWheneverItIsNotEmpty) {
  ByteQueue queue;
  EXPECT_TRUE(queue.front().empty());
  queue.append(to_bytes("abc"));
  queue.pop(2);
  EXPECT_EQ(as_text(queue.front()), "c");
  queue.pop(1);
  EXPECT_TRUE(queue.front().empty());
  queue.append({});
  EXPECT_TRUE(queue.empty());
}

TEST(ByteQueue, MovesWhole) {
  ByteQueue a;
  a.append(to_bytes("abc"));
  ByteQueue b = std::move(a);
  EXPECT_EQ(as_text(b.front()), "abc");
  a = std::move(b);
  EXPECT_EQ(a.size(), 3U);
}

}  // namespace
}  // namespace hearth::yamux
