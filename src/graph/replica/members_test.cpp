// Who may write, and what becomes void.

#include <gtest/gtest.h>

#include "desk_for_test.h"

namespace hearth::replica::testing {
namespace {

using model::Value;
using namespace std::string_literals;

// R26: in a protected space only members write.
TEST(Replica, AStrangersUpdatesDoNotCountInAProtectedSpace) {
  const Space space{2};
  const Space strangers{3};
  Desk desk{space};
  desk.put(0, "p", "ours"s);
  const auto stranger = key_of(77);
  EXPECT_EQ(desk.replica()
                .write(
                    [&] {
                      auto draft =
                          desk.replica().draft(update::author_of(stranger.public_key()), desk.now);
                      (void)draft->put("soul", "p", "theirs"s);
                      return *draft;
                    }(),
                    stranger)
                .error(),
            Refusal::not_allowed);
  // One who signs anyway.
  update::Update forged;
  forged.body = update::Body{.state = *model::Stamp::create(1.0),
                             .changes = {{"soul", {update::Put{"p", "theirs"s}}}}}
                    .encode();
  forged.header = {.space = space.id,
                   .author = update::author_of(stranger.public_key()),
                   .seq = 1,
                   .prev = update::hash_of({}),
                   .membership = desk.replica().ledger().membership.head(),
                   .bytes = forged.body->size(),
                   .body = update::hash_of(*forged.body)};
  forged.signature = update::sign(forged.header, stranger);
  ASSERT_EQ(desk.replica().add(*update::Verifier{}.verify(forged)), Accepted::added);
  EXPECT_EQ(desk.value("p"), Value{"ours"s});
  EXPECT_EQ(desk.replica().status().counting, 1U);
  forged.header.space = strangers.id;
  forged.signature = update::sign(forged.header, stranger);
  EXPECT_EQ(desk.replica().add(*update::Verifier{}.verify(forged)).error(), Refusal::wrong_space);
}

// R25: in a public space any key writes, until it is banned.
TEST(Replica, AnyKeyWritesInAPublicSpaceUntilItIsBanned) {
  const Space space{1, update::SpaceKind::open};
  Desk desk{space};
  const auto stranger = key_of(77);
  const auto author = update::author_of(stranger.public_key());
  auto draft = desk.replica().draft(author, desk.now);
  ASSERT_TRUE(draft->put("soul", "p", 1.0));
  const auto update = desk.replica().write(*draft, stranger);
  ASSERT_TRUE(update);
  EXPECT_EQ(desk.value("p"), Value{1.0});
  desk.entry({update::SetRole{persona_of(stranger), update::Role::none, {}}});
  EXPECT_FALSE(desk.value("p"));
  auto again = desk.replica().draft(author, desk.now);
  ASSERT_TRUE(again->put("soul", "p", 2.0));
  EXPECT_EQ(desk.replica().write(*again, stranger).error(), Refusal::not_allowed);
}

TEST(Replica, RemovingAMemberVoidsWhatCameAfterTheNamedUpdateEverywhere) {
  const Space space{3};
  Desk thief{space};
  Desk desk{space};
  thief.put(0, "p", "honest"s);
  desk.receive(thief.sent);
  const update::Position last = desk.head(0);
  thief.put(0, "p", "stolen"s);
  thief.put(0, "q", "stolen"s);
  desk.receive(thief.sent);
  EXPECT_EQ(desk.value("p"), Value{"stolen"s});

  const Message removal =
      desk.entry({update::SetRole{persona_of(space.personas[0]), update::Role::none, {last}}});
  EXPECT_EQ(desk.value("p"), Value{"honest"s});
  EXPECT_FALSE(desk.value("q"));
  // The thief goes on, names the old entry, and claims any time; it learns of its end too.
  thief.put(0, "q", "again"s);
  desk.receive(thief.sent);
  EXPECT_FALSE(desk.value("q"));
  deliver(thief.replica(), removal);
  EXPECT_EQ(thief.state(), desk.state());
  // Somebody new, in another order.
  Desk late{space};
  late.receive({removal});
  late.receive(thief.sent);
  EXPECT_EQ(late.state(), desk.state());
}

TEST(Replica, WordsHungOnWhatBecameVoidDoNotVanish) {
  const Space space{2};
  Desk thief{space};
  thief.put(0, "x", 1.0);
  const update::Position last = thief.head(0);
  ASSERT_TRUE(
      thief.write(0, [](Draft& draft) { (void)draft.insert("soul", "l", 0, letters("BAD")); }));
  Desk desk{space};
  desk.receive(thief.sent);
  ASSERT_TRUE(
      desk.write(1, [](Draft& draft) { (void)draft.insert("soul", "l", 2, letters("good")); }));
  EXPECT_EQ(desk.list("l"), "BAgoodD");
  const Message removal = desk.entry({update::EndAuthor{last}});
  EXPECT_EQ(desk.list("l"), "good");
  Desk late{space};
  late.receive({removal});
  late.receive(desk.sent);  // never sees the void update at all
  late.receive({thief.sent[0]});
  EXPECT_EQ(late.list("l"), "good");
  EXPECT_EQ(late.state(), desk.state());
}

TEST(Replica, AHigherTermWinsAndWhatStoodBesideItIsVoid) {
  const Space space{1};
  Desk desk{space};
  Desk other{space};
  const Message removal =
      desk.entry({update::SetRole{persona_of(space.personas[0]), update::Role::none, {}}});
  EXPECT_EQ(desk.replica().ledger().membership.role(persona_of(space.personas[0])),
            update::Role::none);
  // The home is lost; its owner hands the space to another, from before that.
  const auto& membership = other.replica().ledger().membership;
  const auto new_home = key_of(50);
  const update::Entry takeover{
      .space = space.id,
      .term = 2,
      .seq = 1,
      .prev = membership.head(),
      .time = membership.head_entry().time,
      .signer = update::author_of(space.owner.public_key()),
      .changes = {update::SetHome{update::author_of(new_home.public_key())}}};
  const Bytes statement = update::sign(takeover, space.owner);
  for (Desk* each : {&desk, &other}) {
    EXPECT_EQ(each->replica().add_entry(statement), Accepted::added);
    deliver(each->replica(), removal);
    EXPECT_EQ(each->replica().ledger().membership.role(persona_of(space.personas[0])),
              update::Role::writer);
    EXPECT_EQ(each->replica().ledger().membership.home(), update::author_of(new_home.public_key()));
  }
  // Nobody else takes over, and the term must be higher.
  update::Entry usurpation = takeover;
  usurpation.term = 3;
  usurpation.signer = update::author_of(space.personas[0].public_key());
  EXPECT_EQ(desk.replica().add_entry(update::sign(usurpation, space.personas[0])).error(),
            Refusal::not_allowed);
  update::Entry lower = takeover;
  lower.term = 1;
  EXPECT_EQ(desk.replica().add_entry(update::sign(lower, space.owner)).error(),
            Refusal::not_allowed);
}

}  // namespace
}  // namespace hearth::replica::testing
