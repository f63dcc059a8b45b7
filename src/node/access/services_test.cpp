#include <gtest/gtest.h>

#include <hearth/access/services.h>
#include <hearth/storage/memory_store.h>

namespace hearth::access {
namespace {

PersonaId persona(int seed) {
  return PersonaId{crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed)))
                       .value()
                       .public_key()};
}

class ServicesTest : public testing::Test {
 protected:
  storage::MemoryStore store;
  Services services = Services::load(store).value();
};

TEST_F(ServicesTest, NothingIsReachableUntilItIsGranted) {
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{22, 80, 5432, 65535}) {
    EXPECT_FALSE(services.may_reach(port, persona(1), Role::owner));
    EXPECT_FALSE(services.may_reach(port, persona(2), Role::member));
  }
}

TEST_F(ServicesTest, AGrantIsForTheOwnersAndThoseNamedAndForOnePort) {
  ASSERT_TRUE(services.put({.port = 22, .name = "ssh", .personas = {persona(2)}, .added = 7}));
  EXPECT_TRUE(services.may_reach(22, persona(1), Role::owner));
  EXPECT_TRUE(services.may_reach(22, persona(2), Role::member));
  EXPECT_FALSE(services.may_reach(22, persona(3), Role::member));
  EXPECT_FALSE(services.may_reach(23, persona(1), Role::owner));
}

TEST_F(ServicesTest, GrantsOutliveARestartAndRemovalIsForGood) {
  ASSERT_TRUE(services.put({.port = 22, .name = "ssh", .personas = {persona(3), persona(2)}}));
  ASSERT_TRUE(services.put({.port = 80}));
  Services again = Services::load(store).value();
  ASSERT_EQ(again.all().size(), 2U);
  EXPECT_EQ(*again.find(22), *services.find(22));
  ASSERT_TRUE(again.remove(22));
  EXPECT_EQ(again.remove(22).error(), ServicesError::not_found);
  EXPECT_FALSE(Services::load(store).value().may_reach(22, persona(2), Role::member));
}

TEST_F(ServicesTest, ADiskThatFailsChangesNothing) {
  ASSERT_TRUE(services.put({.port = 22}));
  store.fail_writes(true);
  EXPECT_EQ(services.put({.port = 80}).error(), ServicesError::store_failed);
  EXPECT_EQ(services.remove(22).error(), ServicesError::store_failed);
  EXPECT_TRUE(services.may_reach(22, persona(1), Role::owner));
  EXPECT_EQ(services.find(80), nullptr);
}

TEST_F(ServicesTest, ThereAreSoManyAndNoMore) {
  for (std::uint16_t port = 1; port <= Services::max_services; ++port)
    ASSERT_TRUE(services.put({.port = port}));
  EXPECT_EQ(services.put({.port = 1000}).error(), ServicesError::too_many);
  EXPECT_TRUE(services.put({.port = 1, .name = "changed"}));
}

TEST_F(ServicesTest, ADamagedRecordIsNoGrant) {
  const Bytes good = Service{.port = 22, .name = "ssh", .personas = {persona(2)}}.encode();
  ASSERT_TRUE(decode_service(good));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(decode_service(BytesView{good}.first(size))) << size;
  ASSERT_TRUE(store.put("service/23", good));  // under another port's key
  EXPECT_EQ(Services::load(store).error(), storage::StoreError::corrupt);
}

}  // namespace
}  // namespace hearth::access
