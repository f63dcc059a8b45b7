#include <gtest/gtest.h>

#include <hearth/base/temporary_directory_for_test.h>
#include <hearth/rocks/room.h>

namespace hearth::rocks {
namespace {

TEST(Room, IsThatOfTheDirectorysDisk) {
  const TemporaryDirectory scratch;
  const auto room = room_of(scratch.path());
  ASSERT_TRUE(room);
  EXPECT_GT(room->available, 0U);
  EXPECT_GE(room->total, room->available);
  // A disk without a free byte, whatever it is asked for.
  EXPECT_EQ(room_of("/proc")->available, 0U);
  EXPECT_FALSE(has_room("/proc"));
  EXPECT_FALSE(room_of("/nowhere"));
  EXPECT_TRUE(has_room("/nowhere"));
}

}  // namespace
}  // namespace hearth::rocks
