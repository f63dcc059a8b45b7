#include <gtest/gtest.h>

#include <hearth/access/directory.h>
#include <hearth/storage/memory_store.h>

namespace hearth::access {
namespace {

using namespace std::chrono_literals;
using storage::MemoryStore;

crypto::Ed25519PublicKey key(int seed) {
  return crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed)))
      .value()
      .public_key();
}
PersonaId persona_id(int seed) {
  return PersonaId{key(seed)};
}
DeviceId device_id(int seed) {
  return DeviceId{key(seed)};
}

Credentials credentials(int fill = 1) {
  const auto scalar = crypto::Ristretto255Scalar::create([&] {
                        Bytes bytes(32);
                        bytes[0] = static_cast<std::byte>(fill);
                        return bytes;
                      }())
                          .value();
  return {.record = {.client_public_key = crypto::Ristretto255Element::base(scalar)},
          .vault = Bytes(72, static_cast<std::byte>(fill))};
}

Persona persona(int seed, std::string name, Role role = Role::member) {
  return {.id = persona_id(seed),
          .name = std::move(name),
          .display_name = "Someone",
          .role = role,
          .created = 1000,
          .credentials = credentials()};
}

Device device(int seed, int of_persona, bool remembered = true) {
  return {.id = device_id(seed),
          .persona = persona_id(of_persona),
          .name = "Firefox",
          .added = 1000,
          .last_seen = 1000,
          .remembered = remembered};
}

class DirectoryTest : public testing::Test {
 protected:
  MemoryStore store;
  Instant now{1h};
  Directory directory = load();

  Directory load() { return Directory::load(store, now).value(); }
  void claim() { ASSERT_TRUE(directory.claim(persona(1, "anna"), device(101, 1), now)); }
};

TEST_F(DirectoryTest, D1IsClaimedOnceAndForGood) {
  EXPECT_FALSE(directory.claimed());
  claim();
  EXPECT_TRUE(directory.claimed());
  EXPECT_EQ(directory.persona(persona_id(1))->role, Role::owner);
  EXPECT_EQ(directory.claim(persona(2, "eve"), device(102, 2), now).error(),
            DirectoryError::exists);
  directory = load();
  EXPECT_TRUE(directory.claimed());
  EXPECT_EQ(directory.claim(persona(2, "eve"), device(102, 2), now).error(),
            DirectoryError::exists);
}

TEST_F(DirectoryTest, EverythingSurvivesAReload) {
  claim();
  ASSERT_TRUE(directory.add_persona(persona(2, "ben"), std::nullopt, now));
  ASSERT_TRUE(directory.add_device(device(103, 2, false), now));
  ASSERT_TRUE(directory.rename_device(device_id(103), "Tablet"));
  ASSERT_TRUE(directory.set_certificate(device_id(103), Bytes(5)));
  ASSERT_TRUE(directory.set_credentials(persona_id(2), credentials(7)));
  ASSERT_TRUE(directory.set_appliance_certificate(persona_id(2), Bytes(9)));

  const Directory again = load();
  EXPECT_EQ(again.personas().size(), 2u);
  EXPECT_EQ(again.persona_named("ben")->id, persona_id(2));
  EXPECT_EQ(again.persona_named("ben")->encode(), directory.persona_named("ben")->encode());
  EXPECT_EQ(again.persona_named("ben")->credentials.vault, Bytes(72, std::byte{7}));
  EXPECT_EQ(again.device(device_id(103))->encode(), directory.device(device_id(103))->encode());
  EXPECT_EQ(again.device(device_id(103))->name, "Tablet");
}

TEST_F(DirectoryTest, AFailingDiskChangesNothing) {
  claim();
  store.fail_writes(true);
  EXPECT_EQ(directory.add_persona(persona(2, "ben"), std::nullopt, now).error(),
            DirectoryError::store_failed);
  EXPECT_EQ(directory.add_device(device(102, 1), now).error(), DirectoryError::store_failed);
  EXPECT_EQ(directory.remove_device(device_id(101)).error(), DirectoryError::store_failed);
  EXPECT_EQ(directory.rename_device(device_id(101), "x").error(), DirectoryError::store_failed);
  EXPECT_EQ(directory.persona_named("ben"), nullptr);
  EXPECT_EQ(directory.device(device_id(102)), nullptr);
  EXPECT_EQ(directory.device(device_id(101))->name, "Firefox");
}

TEST_F(DirectoryTest, NamesAndIdsAreUnique) {
  claim();
  EXPECT_EQ(directory.add_persona(persona(2, "anna"), std::nullopt, now).error(),
            DirectoryError::name_taken);
  EXPECT_EQ(directory.add_persona(persona(1, "ben"), std::nullopt, now).error(),
            DirectoryError::exists);
}

TEST_F(DirectoryTest, TheLastOwnerStays) {
  claim();
  ASSERT_TRUE(directory.add_persona(persona(2, "ben"), std::nullopt, now));
  EXPECT_EQ(directory.remove_persona(persona_id(1)).error(), DirectoryError::last_owner);
  ASSERT_TRUE(directory.add_persona(persona(3, "cleo", Role::owner), std::nullopt, now));
  ASSERT_TRUE(directory.remove_persona(persona_id(1)));
  EXPECT_EQ(directory.remove_persona(persona_id(3)).error(), DirectoryError::last_owner);
}

TEST_F(DirectoryTest, APersonaGoesWithItsDevices) {
  claim();
  ASSERT_TRUE(directory.add_persona(persona(2, "ben"), device(102, 2), now));
  ASSERT_TRUE(directory.add_device(device(103, 2), now));
  const auto gone = directory.remove_persona(persona_id(2));
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->size(), 2u);
  EXPECT_EQ(directory.device(device_id(102)), nullptr);
  EXPECT_NE(directory.device(device_id(101)), nullptr);
  directory = load();
  EXPECT_EQ(directory.device(device_id(103)), nullptr);
  EXPECT_TRUE(directory.add_persona(persona(4, "ben"), std::nullopt, now));
}

TEST_F(DirectoryTest, ADeviceBelongsToOnePersonaAtATime) {
  claim();
  ASSERT_TRUE(directory.add_persona(persona(2, "ben"), std::nullopt, now));
  ASSERT_TRUE(directory.add_device(device(101, 2), now));
  EXPECT_TRUE(directory.devices_of(persona_id(1)).empty());
  EXPECT_EQ(directory.devices_of(persona_id(2)).size(), 1u);
}

TEST_F(DirectoryTest, PersonasAndDevicesAreBounded) {
  claim();
  for (int i = 1; i < 64; ++i) ASSERT_TRUE(directory.add_device(device(101 + i, 1), now));
  EXPECT_EQ(directory.add_device(device(200, 1), now).error(), DirectoryError::too_many);
  // One of its own may still begin anew.
  EXPECT_TRUE(directory.add_device(device(101, 1), now));
  for (int i = 2; i <= 64; ++i)
    ASSERT_TRUE(directory.add_persona(persona(i, "p" + std::to_string(i)), std::nullopt, now));
  EXPECT_EQ(directory.add_persona(persona(65, "p65"), std::nullopt, now).error(),
            DirectoryError::too_many);
}

TEST_F(DirectoryTest, ForgetsWhatIsNotRememberedTenMinutesAfterItHasGone) {
  claim();
  ASSERT_TRUE(directory.add_device(device(102, 1, /*remembered=*/false), now));
  directory.device_came(device_id(102), Timestamp::from_seconds(2000));
  EXPECT_FALSE(directory.deadline());
  now += 1h;
  EXPECT_TRUE(directory.advance(now).empty());
  directory.device_gone(device_id(102), Timestamp::from_seconds(5600), now);
  EXPECT_EQ(directory.deadline(), now + 10min);
  EXPECT_TRUE(directory.advance(now + 10min - 1ns).empty());
  EXPECT_EQ(directory.advance(now + 10min), std::vector{device_id(102)});
  EXPECT_EQ(directory.device(device_id(102)), nullptr);
  EXPECT_NE(directory.device(device_id(101)), nullptr);
  EXPECT_FALSE(directory.deadline());
}

TEST_F(DirectoryTest, ADeviceEnrolledOverItsOwnConnectionIsThereWhileThatLasts) {
  claim();
  directory.device_came(device_id(102), Timestamp::from_seconds(1000));
  ASSERT_TRUE(directory.add_device(device(102, 1, false), now));
  EXPECT_TRUE(directory.advance(now + 24h).empty());
  directory.device_gone(device_id(102), Timestamp::from_seconds(1000), now + 24h);
  EXPECT_EQ(directory.advance(now + 24h + 10min).size(), 1u);
}

TEST_F(DirectoryTest, AfterARestartTheUnrememberedHaveTheirTenMinutesAgain) {
  claim();
  ASSERT_TRUE(directory.add_device(device(102, 1, false), now));
  now += 24h;
  directory = load();
  EXPECT_TRUE(directory.advance(now).empty());
  EXPECT_EQ(directory.advance(now + 10min).size(), 1u);
}

TEST_F(DirectoryTest, LastSeenIsExactInMemoryAndWrittenSeldom) {
  claim();
  directory.device_seen(device_id(101), Timestamp::from_seconds(1599), now);
  EXPECT_EQ(directory.device(device_id(101))->last_seen, 1599u);
  EXPECT_EQ(load().device(device_id(101))->last_seen, 1000u);
  directory.device_seen(device_id(101), Timestamp::from_seconds(1600), now);
  EXPECT_EQ(load().device(device_id(101))->last_seen, 1600u);
  // A clock that jumps back makes nobody younger.
  directory.device_seen(device_id(101), Timestamp::from_seconds(5), now);
  EXPECT_EQ(directory.device(device_id(101))->last_seen, 1600u);
}

TEST_F(DirectoryTest, ARecordItCannotReadStopsIt) {
  claim();
  ASSERT_TRUE(store.put("persona/x", Bytes(3)));
  EXPECT_EQ(Directory::load(store, now).error(), StoreError::corrupt);
}

TEST(Records, RefuseOtherVersionsAndAnyTruncation) {
  const Bytes whole = persona(1, "anna").encode();
  ASSERT_TRUE(decode_persona(whole));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_persona(BytesView{whole}.first(size))) << size;
  Bytes later = whole;
  ASSERT_EQ(later[1], std::byte{1});
  later[1] = std::byte{2};
  EXPECT_EQ(decode_persona(later).error(), RecordError::unsupported_version);
  Bytes longer = device(1, 1).encode();
  ASSERT_TRUE(decode_device(longer));
  longer.push_back(std::byte{0});
  EXPECT_EQ(decode_device(longer).error(), RecordError::malformed);
}

}  // namespace
}  // namespace hearth::access
