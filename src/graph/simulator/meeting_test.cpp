// Three who were offline for long meet, in every order.

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <hearth/graph_store/faulty_store.h>
#include <hearth/replica/replica.h>
#include <hearth/simulator/people.h>

namespace hearth::simulator {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
constexpr std::size_t edits = 300;
#else
constexpr std::size_t edits = 10'000;
#endif

struct Letter {
  update::Update update;
  Bytes certificate;
};

struct Replica {
  std::unique_ptr<graph_store::FaultyStore> disk = std::make_unique<graph_store::FaultyStore>();
  std::unique_ptr<replica::Replica> core;

  Replica(const model::SpaceId& space, const Bytes& founding)
      : core(std::move(*replica::Replica::open(*disk, "s/", space, beginning))) {
    EXPECT_TRUE(core->add_entry(founding));
  }
  void take(const std::vector<Letter>& letters, update::Verifier* verifier) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      const Letter& letter = letters[i];
      auto update = verifier != nullptr ? verifier->verify(letter.update)
                                        : Result<update::VerifiedUpdate, update::UpdateError>{
                                              update::VerifiedUpdate::trusted(letter.update)};
      ASSERT_TRUE(update);
      ASSERT_EQ(core->add(std::move(*update), letter.certificate), replica::Accepted::added);
      if (i % 1000 == 999) {
        ASSERT_TRUE(core->commit());
      }
    }
  }
};

class Meeting : public ::testing::Test {
 protected:
  Meeting() {
    Random random{1};
    const Persona owner{random};
    const auto home = random.key();
    update::Entry first{.time = static_cast<std::uint64_t>(beginning.ms),
                        .signer = update::author_of(home.public_key())};
    first.changes.push_back(update::Found{.kind = update::SpaceKind::guarded, .nonce = {}});
    first.changes.push_back(update::SetRole{owner.id, update::Role::owner, {}});
    space = model::SpaceId{first.id().value()};
    founding = update::sign(first, home);
    for (auto& log : logs) log = written(Device{owner, random}, random);
  }

  // Registers, counters, sets and lists of nodes that the others write, too.
  std::vector<Letter> written(const Device& device, Random& random) {
    Replica alone{space, founding};
    std::vector<Letter> letters;
    for (std::size_t i = 0; i < edits; ++i) {
      const Timestamp now{.ms = beginning.ms + static_cast<std::int64_t>(i) * second_ms};
      auto draft = alone.core->draft(device.author, now);
      const std::string soul = "node/" + std::to_string(random.below(edits / 4));
      switch (random.below(6)) {
        case 0:
          (void)draft->add(soul, "count", 1);
          break;
        case 1:
          (void)draft->include(soul, "set", static_cast<double>(random.below(9)));
          break;
        case 2:
          (void)draft->insert(soul, "list", 0, {static_cast<double>(i)});
          break;
        default:
          (void)draft->put(soul, "name", "name " + std::to_string(i));
          break;
      }
      auto update = alone.core->write(*draft, device.key, device.certificate);
      EXPECT_TRUE(update);
      letters.push_back({std::move(*update), i == 0 ? device.certificate : Bytes{}});
    }
    return letters;
  }

  model::SpaceId space;
  Bytes founding;
  std::array<std::vector<Letter>, 3> logs;
};

TEST_F(Meeting, ThreeWithTenThousandOfflineEditsEachMeetInEveryOrderWithTheSameBytes) {
  const Timestamp end{.ms = beginning.ms + 10 * day_ms};
  std::array<std::size_t, 3> order{0, 1, 2};
  Bytes state;
  do {
    // The first meeting checks signatures, as a box does; it is the one that is timed.
    const bool is_timed = state.empty();
    std::array<std::unique_ptr<Replica>, 3> three;
    for (std::size_t i = 0; i < 3; ++i) {
      three[i] = std::make_unique<Replica>(space, founding);
      three[i]->take(logs[i], nullptr);
      ASSERT_TRUE(three[i]->core->commit());
    }
    const std::clock_t begin = std::clock();
    std::vector<Bytes> states;
    for (const std::size_t one : order) {
      update::Verifier verifier;
      for (const std::size_t other : order)
        if (other != one) three[one]->take(logs[other], is_timed ? &verifier : nullptr);
      ASSERT_TRUE(three[one]->core->advance(end));
      states.push_back(*three[one]->core->canonical_state());
    }
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (is_timed) {
      std::printf("three with %zu edits each meet: %.2f s of one core\n", edits, seconds);
      RecordProperty("seconds", std::to_string(seconds));
      state = states.front();
    }
    for (const Bytes& other : states) ASSERT_EQ(other, state);
  } while (std::ranges::next_permutation(order).found);
}

}  // namespace
}  // namespace hearth::simulator
