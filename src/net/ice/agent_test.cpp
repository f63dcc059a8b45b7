#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/ice/agent.h>
#include <hearth/ice/network_for_test.h>

namespace hearth::ice {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Endpoint inside_a = ep("10.0.0.2:4001");
const Endpoint inside_b = ep("192.168.7.9:4002");
const Endpoint open_a = ep("198.51.100.1:4001");
const Endpoint open_b = ep("198.51.100.2:4002");

AgentOptions full(Role role, const Endpoint& base) {
  return {.role = role, .bases = {base}, .stun_servers = {World::stun_server()}};
}

// Two peers, each behind a NAT of its own.
struct Pairing {
  Pairing(std::uint64_t seed, NatKind kind_a, NatKind kind_b)
      : world(seed),
        nat_a(world.nat(kind_a, "203.0.113.1")),
        nat_b(world.nat(kind_b, "203.0.113.2")),
        a(world.peer("a", &nat_a, full(Role::controlling, inside_a))),
        b(world.peer("b", &nat_b, full(Role::controlled, inside_b))) {
    world.introduce(a, b);
  }
  bool both_nominated(Duration at_most) {
    return world.run_until([&] { return a.nominated() && b.nominated(); }, at_most);
  }
  World world;
  Nat& nat_a;
  Nat& nat_b;
  Peer& a;
  Peer& b;
};

TEST(Agent, MeetsItsPeerThroughTwoPortRestrictedNats) {
  Pairing p{1, NatKind::port_restricted, NatKind::port_restricted};
  const Instant start = p.world.now;
  ASSERT_TRUE(p.both_nominated(seconds{5}));
  EXPECT_LT(p.world.now - start, seconds{1});
  EXPECT_EQ(p.a.agent->selected()->local, inside_a);
  EXPECT_EQ(p.b.agent->selected()->local, inside_b);
  EXPECT_EQ(p.a.agent->selected()->remote.address, p.nat_b.public_address);
  EXPECT_EQ(p.b.agent->selected()->remote.address, p.nat_a.public_address);
  ASSERT_EQ(p.a.gathered.size(), 2U);
  EXPECT_EQ(p.a.gathered[1].type, CandidateType::server_reflexive);
  EXPECT_EQ(p.a.gathered[1].endpoint, ep("203.0.113.1:20000"));
  EXPECT_EQ(p.a.gathered[1].related, inside_a);
}

TEST(Agent, UsesAWorkingPairBeforeItIsNominated) {
  Pairing p{2, NatKind::port_restricted, NatKind::port_restricted};
  ASSERT_TRUE(p.both_nominated(seconds{5}));
  ASSERT_EQ(p.a.selections.size(), 2U);
  EXPECT_FALSE(p.a.selections[0].second.nominated);
  EXPECT_TRUE(p.a.selections[1].second.nominated);
  EXPECT_GE(p.a.selections[1].first - p.a.selections[0].first, AgentOptions{}.nomination_wait);
}

TEST(Agent, TakesTheHostCandidatesBehindOneNat) {
  World world{3};
  Nat& nat = world.nat(NatKind::symmetric, "203.0.113.1");
  Peer& a = world.peer("a", &nat, full(Role::controlling, inside_a));
  Peer& b = world.peer("b", &nat, full(Role::controlled, ep("10.0.0.3:4002")));
  world.latency = milliseconds{1};
  world.introduce(a, b);
  ASSERT_TRUE(world.run_until([&] { return a.nominated() && b.nominated(); }, seconds{5}));
  EXPECT_EQ(a.agent->selected()->remote, ep("10.0.0.3:4002"));
  // The best pair needs no waiting for a better one.
  EXPECT_LT(a.selections.back().first - a.selections.front().first, milliseconds{10});
}

TEST(Agent, MeetsASymmetricNatAtAnAddressLearnedFromItsChecks) {
  for (const NatKind other : {NatKind::endpoint_independent, NatKind::address_restricted}) {
    Pairing p{4, NatKind::symmetric, other};
    ASSERT_TRUE(p.both_nominated(seconds{5}));
    EXPECT_GE(p.b.agent->counters().peer_reflexive, 1U);
    const auto announced = [&](const Candidate& c) {
      return c.endpoint == p.b.agent->selected()->remote;
    };
    EXPECT_FALSE(std::ranges::any_of(p.a.gathered, announced));
  }
}

TEST(Agent, FailsAfter15SecondsBetweenASymmetricAndAPortRestrictedNat) {
  Pairing p{5, NatKind::symmetric, NatKind::port_restricted};
  EXPECT_TRUE(p.world.run_until([&] { return p.a.failed_at && p.b.failed_at; }, seconds{16}));
  EXPECT_EQ(p.a.agent->table_size(), 0U);
  EXPECT_FALSE(p.a.agent->deadline());
}

TEST(Agent, FailsInBoundedTimeWhereUdpIsBlocked) {
  Pairing p{6, NatKind::port_restricted, NatKind::port_restricted};
  p.a.udp_blocked = true;
  const Instant start = p.world.now;
  ASSERT_TRUE(p.world.run_until([&] { return p.a.failed_at && p.b.failed_at; }, minutes{5}));
  // 15 s after the credentials came, which took two ways through signaling at most.
  EXPECT_EQ(*p.a.failed_at - start, seconds{15} + milliseconds{100});
  EXPECT_EQ(*p.b.failed_at - start, seconds{15} + milliseconds{50});
  EXPECT_TRUE(p.a.gathering_done);
  EXPECT_EQ(p.a.gathered.size(), 1U);
}

TEST(Agent, FailsWhenSignalingNeverDelivers) {
  World world{7};
  Peer& a = world.peer("a", nullptr, full(Role::controlling, open_a));
  const Instant start = world.now;
  ASSERT_TRUE(world.run_until([&] { return a.failed_at.has_value(); }, minutes{5}));
  EXPECT_EQ(*a.failed_at - start, seconds{30});
}

TEST(Agent, SettlesARoleConflictEitherWay) {
  for (const Role role : {Role::controlling, Role::controlled})
    for (std::uint64_t seed = 10; seed < 30; ++seed) {
      World world{seed};
      Peer& a = world.peer("a", nullptr, full(role, open_a));
      Peer& b = world.peer("b", nullptr, full(role, open_b));
      world.introduce(a, b);
      ASSERT_TRUE(world.run_until([&] { return a.nominated() && b.nominated(); }, seconds{5}))
          << seed;
      EXPECT_NE(a.agent->role(), b.agent->role());
      EXPECT_EQ(a.agent->counters().role_switches + b.agent->counters().role_switches, 1U);
    }
}

TEST(Agent, ConnectsThroughTenPercentLoss) {
  std::vector<Duration> times;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Pairing p{seed, NatKind::port_restricted, NatKind::port_restricted};
    p.world.loss = 0.1;
    const Instant start = p.world.now;
    if (p.both_nominated(seconds{14})) times.push_back(p.world.now - start);
  }
  // A rare one loses all five queries to the STUN server.
  EXPECT_GE(times.size(), 998U);
  std::ranges::sort(times);
  EXPECT_LT(times[500], seconds{1});
  EXPECT_LT(times[990], seconds{8});
}

TEST(Agent, RepeatsFromItsSeed) {
  const auto run = [](std::uint64_t seed) {
    Pairing p{seed, NatKind::port_restricted, NatKind::address_restricted};
    p.world.loss = 0.2;
    p.world.run_for(seconds{60});
    return p.world.trace;
  };
  EXPECT_EQ(run(9), run(9));
  EXPECT_NE(run(9), run(10));
}

TEST(Agent, LosesConsent30SecondsAfterTheLastAnswer) {
  Pairing p{20, NatKind::port_restricted, NatKind::port_restricted};
  ASSERT_TRUE(p.both_nominated(seconds{5}));
  p.world.run_for(minutes{2});
  EXPECT_FALSE(p.a.consent_lost_at);
  p.world.cut = true;
  const Instant cut = p.world.now;
  ASSERT_TRUE(
      p.world.run_until([&] { return p.a.consent_lost_at && p.b.consent_lost_at; }, minutes{5}));
  // The last answer came up to 6 s before the cut.
  EXPECT_LE(*p.a.consent_lost_at - cut, seconds{30});
  EXPECT_GT(*p.a.consent_lost_at - cut, seconds{23});
  EXPECT_FALSE(p.a.agent->selected());
  EXPECT_EQ(p.a.agent->table_size(), 0U);
  std::array<std::byte, Agent::max_transmit_size> out;
  EXPECT_FALSE(p.a.agent->poll_transmit(out));
}

TEST(Agent, KeepsConsentThroughLossWithACheckEvery5Seconds) {
  Pairing p{21, NatKind::port_restricted, NatKind::port_restricted};
  ASSERT_TRUE(p.both_nominated(seconds{5}));
  p.world.loss = 0.05;  // a round trip fails 10 % of the time; five in a row must
  p.world.run_for(minutes{10});
  EXPECT_FALSE(p.a.consent_lost_at);
  EXPECT_NEAR(static_cast<double>(p.a.agent->counters().consent_checks_sent), 120, 8);  // every 5 s
}

TEST(Agent, LiteAnswersAControllingPeerBehindAnyNat) {
  for (const NatKind kind :
       {NatKind::endpoint_independent, NatKind::port_restricted, NatKind::symmetric}) {
    World world{30};
    Nat& nat = world.nat(kind, "203.0.113.1");
    Peer& dialer = world.peer("dialer", &nat, full(Role::controlling, inside_a));
    Peer& lite = world.peer("lite", nullptr, {.mode = Mode::lite, .bases = {open_b}});
    dialer.agent->set_remote_credentials(world.now, lite.agent->local_credentials());
    (void)dialer.agent->add_remote_candidate(
        world.now, {.foundation = "1", .priority = 1, .endpoint = open_b});
    ASSERT_TRUE(
        world.run_until([&] { return dialer.nominated() && lite.nominated(); }, seconds{5}));
    EXPECT_EQ(lite.agent->selected()->remote.address, nat.public_address);
    EXPECT_EQ(lite.agent->counters().checks_sent, 0U);
    world.run_for(minutes{2});
    EXPECT_FALSE(dialer.consent_lost_at);
    EXPECT_FALSE(lite.consent_lost_at);
    dialer.udp_blocked = true;
    world.run_for(seconds{31});
    EXPECT_TRUE(lite.consent_lost_at);
  }
}

TEST(Agent, FollowsThePeerToTheNewPortOfItsNat) {
  for (const Mode mode : {Mode::full, Mode::lite}) {
    World world{34};
    Nat& nat = world.nat(NatKind::port_restricted, "203.0.113.1");
    Peer& a = world.peer("a", &nat, full(Role::controlling, inside_a));
    Peer& b = world.peer("b", nullptr, {.mode = mode, .bases = {open_b}});
    world.introduce(a, b);
    ASSERT_TRUE(world.run_until([&] { return a.nominated() && b.nominated(); }, seconds{5}));
    for (int i = 0; i < 50; ++i) {  // more often than there are places for remote candidates
      nat.forget();
      world.run_for(seconds{25});
      ASSERT_TRUE(b.agent->selected());
      EXPECT_EQ(b.agent->selected()->remote.port, nat.next_port - 1);
      world.run_for(seconds{10});
    }
    EXPECT_FALSE(a.consent_lost_at);
  }
}

TEST(Agent, LiteFailsWhenNobodyChecksIt) {
  World world{31};
  Peer& lite = world.peer("lite", nullptr, {.mode = Mode::lite, .bases = {open_b}});
  const Instant start = world.now;
  ASSERT_TRUE(world.run_until([&] { return lite.failed_at.has_value(); }, minutes{5}));
  EXPECT_EQ(*lite.failed_at - start, seconds{15});
}

TEST(Agent, ConnectsOverIpv6) {
  World world{32};
  Peer& a = world.peer("a", nullptr, full(Role::controlling, ep("[2001:db8::1]:4001")));
  Peer& b = world.peer("b", nullptr, full(Role::controlled, ep("[2001:db8::2]:4002")));
  world.introduce(a, b);
  ASSERT_TRUE(world.run_until([&] { return a.nominated() && b.nominated(); }, seconds{5}));
}

TEST(Agent, SpacesOrdinaryChecksToPublicAddressesBy50Ms) {
  World world{33};
  Peer& a = world.peer("a", nullptr, full(Role::controlling, open_a));
  a.agent->set_remote_credentials(world.now, Credentials::generate(world.entropy()));
  for (int i = 1; i <= 20; ++i)
    (void)a.agent->add_remote_candidate(world.now,
                                        {.foundation = "1",
                                         .priority = 1000,
                                         .endpoint = ep("198.51.100.200:" + std::to_string(i))});
  world.run_for(milliseconds{475});
  EXPECT_EQ(a.agent->counters().checks_sent, 10U);
}

// --- hostile and odd input

class AgentInput : public ::testing::Test {
 protected:
  AgentInput() {
    while (agent_.poll_event()) {
    }
  }

  struct Check {
    std::string_view ufrag = "ours";
    std::string_view password = "our password, 22 chars";
    bool use_candidate = false;
    bool controlling = true;
    bool fingerprint = true;
    std::uint64_t tie_breaker = 7;
  };
  Bytes check(const Check& options) {
    Bytes out(600);
    stun::MessageWriter writer{out, stun::Class::request,
                               stun::TransactionId{entropy_.array<12>()}};
    writer.username(options.ufrag, "theirs").priority(1845494271);
    if (options.controlling) {
      writer.ice_controlling(options.tie_breaker);
    } else {
      writer.ice_controlled(options.tie_breaker);
    }
    if (options.use_candidate) writer.use_candidate();
    writer.integrity(as_bytes(options.password));
    if (options.fingerprint) writer.fingerprint();
    out.resize(*writer.finish());
    return out;
  }
  Result<Received, AgentError> receive(const Bytes& bytes, const Endpoint& from) {
    return agent_.receive(now_, from, open_a, bytes);
  }
  // Answers every check it sends, as the peer at its destination would.
  void answer_all() {
    std::array<std::byte, Agent::max_transmit_size> buffer;
    while (const auto sent = agent_.poll_transmit(buffer)) {
      const auto message = stun::Message::parse(std::span{buffer}.first(sent->size));
      ASSERT_TRUE(message);
      if (message->message_class() != stun::Class::request) continue;
      Bytes out(200);
      stun::MessageWriter writer{out, stun::Class::success, message->transaction()};
      writer.xor_mapped_address(sent->local).integrity(as_bytes(remote_.password)).fingerprint();
      out.resize(*writer.finish());
      EXPECT_EQ(agent_.receive(now_, sent->to, sent->local, out), Received::response);
    }
  }
  void pass(Duration time) {
    const Instant end = now_ + time;
    while (agent_.deadline() && *agent_.deadline() <= end) {
      now_ = std::max(now_, *agent_.deadline());
      agent_.advance(now_);
      answer_all();
    }
    now_ = end;
  }

  SeededEntropy entropy_{5};
  Instant now_{seconds{100}};
  Credentials remote_{"theirs", "their password, 22 chars"};
  Agent agent_{
      {.role = Role::controlled, .local = {"ours", "our password, 22 chars"}, .bases = {open_a}},
      entropy_,
      now_};
};

TEST_F(AgentInput, IsUnchangedByWhatIsNotAuthenticated) {
  const std::size_t before = agent_.table_size();
  EXPECT_EQ(receive(to_bytes("rubbish"), open_b).error(), AgentError::malformed);
  EXPECT_EQ(receive(check({.ufrag = "else"}), open_b).error(), AgentError::not_for_us);
  EXPECT_EQ(receive(check({.password = "a guess"}), open_b).error(), AgentError::unauthenticated);
  EXPECT_EQ(receive(check({.fingerprint = false}), open_b).error(), AgentError::unauthenticated);
  std::array<std::byte, Agent::max_transmit_size> out;
  EXPECT_FALSE(agent_.poll_transmit(out));
  EXPECT_EQ(agent_.table_size(), before);
}

TEST_F(AgentInput, AnswersChecksThatComeBeforeTheCredentialsAndChecksBackAfterThem) {
  ASSERT_EQ(receive(check({.use_candidate = true}), open_b), Received::check);
  std::array<std::byte, Agent::max_transmit_size> out;
  const auto answer = agent_.poll_transmit(out);
  ASSERT_TRUE(answer);
  EXPECT_EQ(stun::Message::parse(std::span{out}.first(answer->size))->xor_mapped_address(), open_b);
  EXPECT_LE(answer->size, check({}).size());
  EXPECT_FALSE(agent_.poll_transmit(out));
  agent_.set_remote_credentials(now_, remote_);
  answer_all();
  ASSERT_TRUE(agent_.selected());
  EXPECT_EQ(*agent_.selected(), (SelectedPair{open_a, open_b, true}));
}

TEST_F(AgentInput, FollowsTheLaterOfTwoNominationsAndTheBetterOfAVolley) {
  agent_.set_remote_credentials(now_, remote_);
  const Endpoint better = ep("198.51.100.10:1");
  const Endpoint worse = ep("198.51.100.11:1");
  ASSERT_TRUE(
      agent_.add_remote_candidate(now_, {.foundation = "1", .priority = 2000, .endpoint = better}));
  ASSERT_TRUE(
      agent_.add_remote_candidate(now_, {.foundation = "2", .priority = 1000, .endpoint = worse}));
  pass(milliseconds{200});
  ASSERT_EQ(receive(check({.use_candidate = true}), better), Received::check);
  ASSERT_EQ(receive(check({.use_candidate = true}), worse), Received::check);
  EXPECT_EQ(agent_.selected()->remote, better);  // both at once: the better
  pass(seconds{3});
  ASSERT_EQ(receive(check({.use_candidate = true}), worse), Received::check);
  EXPECT_EQ(agent_.selected()->remote, worse);  // the peer changed its mind
}

TEST_F(AgentInput, FallsBackToAnotherWorkingPairAndLosesConsentWithTheLast) {
  agent_.set_remote_credentials(now_, remote_);
  ASSERT_EQ(receive(check({.use_candidate = true}), open_b), Received::check);
  pass(seconds{40});
  ASSERT_TRUE(agent_.selected());
  const Endpoint moved = ep("198.51.100.77:9");
  ASSERT_EQ(receive(check({.use_candidate = true}), moved), Received::check);
  answer_all();
  EXPECT_EQ(agent_.selected()->remote, moved);
  // From here nobody answers.
  while (!agent_.closed()) {
    now_ = *agent_.deadline();
    agent_.advance(now_);
    std::array<std::byte, Agent::max_transmit_size> out;
    while (agent_.poll_transmit(out)) {
    }
  }
  std::optional<AgentEvent> last;
  while (auto event = agent_.poll_event()) last = event;
  ASSERT_TRUE(last);
  EXPECT_TRUE(std::holds_alternative<ConsentLost>(*last));
}

TEST_F(AgentInput, NeverWaitsForAMomentThatHasPassed) {
  agent_.set_remote_credentials(now_, remote_);
  ASSERT_EQ(receive(check({}), open_b), Received::check);
  answer_all();
  ASSERT_TRUE(agent_.selected());
  // From here nothing is answered, yet the peer's checks come, and at 14 s change our role: a pair
  // that is stale, being checked anew and to be nominated.
  std::array<std::byte, Agent::max_transmit_size> buffer;
  for (int second = 0; second < 60 && !agent_.closed(); ++second) {
    const Instant end = now_ + seconds{1};
    int steps = 0;
    while (agent_.deadline() && *agent_.deadline() <= end) {
      ASSERT_LT(++steps, 20) << second;
      now_ = std::max(now_, *agent_.deadline());
      agent_.advance(now_);
    }
    while (agent_.poll_transmit(buffer)) {
    }
    now_ = end;
    if (second < 29) {
      EXPECT_EQ(receive(check({.controlling = second < 14, .tie_breaker = 0}), open_b),
                Received::check)
          << second;
    }
  }
  EXPECT_TRUE(agent_.closed());  // for want of consent, not before
}

TEST_F(AgentInput, EndsWhenThePeerRefusesTheOnlyPair) {
  agent_.set_remote_credentials(now_, remote_);
  ASSERT_EQ(receive(check({.controlling = false, .tie_breaker = 0}), open_b), Received::check);
  ASSERT_EQ(agent_.role(), Role::controlling);
  std::array<std::byte, Agent::max_transmit_size> buffer;
  const auto answer_with = [&](stun::Class message_class) {
    while (const auto sent = agent_.poll_transmit(buffer)) {
      const auto message = stun::Message::parse(std::span{buffer}.first(sent->size));
      if (message->message_class() != stun::Class::request) continue;
      Bytes out(200);
      stun::MessageWriter writer{out, message_class, message->transaction()};
      if (message_class == stun::Class::error) {
        writer.error_code(stun::ErrorCode::server_error);
      } else {
        writer.xor_mapped_address(open_a);
      }
      writer.integrity(as_bytes(remote_.password)).fingerprint();
      out.resize(*writer.finish());
      EXPECT_EQ(receive(out, open_b), Received::response);
      return;
    }
  };
  answer_with(stun::Class::success);
  ASSERT_TRUE(agent_.selected());
  answer_with(stun::Class::error);  // to the nomination
  EXPECT_TRUE(agent_.closed());
  EXPECT_FALSE(agent_.deadline());
}

TEST_F(AgentInput, AnswersItsRoleWith487WhenItsTieBreakerIsLarger) {
  ASSERT_EQ(receive(check({.controlling = false, .tie_breaker = ~std::uint64_t{0}}), open_b),
            Received::check);
  std::array<std::byte, Agent::max_transmit_size> out;
  const auto answer = agent_.poll_transmit(out);
  EXPECT_EQ(stun::Message::parse(std::span{out}.first(answer->size))->error_code(), 487);
  EXPECT_EQ(agent_.role(), Role::controlled);
  ASSERT_EQ(receive(check({.controlling = false, .tie_breaker = 0}), open_b), Received::check);
  EXPECT_EQ(agent_.role(), Role::controlling);
}

TEST_F(AgentInput, BoundsWhatAPeerCanMakeItKeep) {
  agent_.set_remote_credentials(now_, remote_);
  std::size_t refused = 0;
  for (int i = 1; i <= 1000; ++i) {
    const Endpoint from = ep("198.51.100.9:" + std::to_string(i));
    if (!agent_.add_remote_candidate(now_, {.foundation = "1", .priority = 1, .endpoint = from}))
      ++refused;
    (void)receive(check({}), from);
    (void)agent_.receive(now_, from, ep("198.51.100.1:" + std::to_string(i)), check({}));
  }
  EXPECT_EQ(refused, 1000 - Agent::max_remote_candidates);
  EXPECT_GT(agent_.counters().responses_dropped, 0U);
  EXPECT_LE(agent_.table_size(),
            Agent::max_remote_candidates + 2 * Agent::max_pairs + Agent::max_queued_responses + 1);
}

TEST_F(AgentInput, RefusesCandidatesNobodyCanSendTo) {
  for (const auto* text : {"0.0.0.0:1", "224.0.0.1:1", "[ff02::1]:1", "[::]:1", "192.0.2.1:0"})
    EXPECT_EQ(
        agent_.add_remote_candidate(now_, {.foundation = "1", .priority = 1, .endpoint = ep(text)})
            .error(),
        AgentError::unusable)
        << text;
  // One on our own loopback is known but never checked: no base of ours is there.
  agent_.set_remote_credentials(now_, remote_);
  ASSERT_TRUE(agent_.add_remote_candidate(
      now_, {.foundation = "1", .priority = 1, .endpoint = ep("127.0.0.1:53")}));
  pass(seconds{5});
  EXPECT_EQ(agent_.counters().checks_sent, 0U);
}

TEST_F(AgentInput, IgnoresAnswersFromElsewhereOrWithTheWrongPassword) {
  agent_.set_remote_credentials(now_, remote_);
  ASSERT_TRUE(
      agent_.add_remote_candidate(now_, {.foundation = "1", .priority = 1, .endpoint = open_b}));
  std::array<std::byte, Agent::max_transmit_size> buffer;
  const auto sent = agent_.poll_transmit(buffer);
  ASSERT_TRUE(sent);
  const auto id = stun::Message::parse(std::span{buffer}.first(sent->size))->transaction();
  EXPECT_EQ(tag_of(id), SessionTag{0});
  const auto answer = [&](std::string_view password) {
    Bytes out(200);
    const auto size = stun::MessageWriter{out, stun::Class::success, id}
                          .xor_mapped_address(open_a)
                          .integrity(as_bytes(password))
                          .fingerprint()
                          .finish();
    out.resize(*size);
    return out;
  };
  EXPECT_EQ(receive(answer("wrong"), open_b).error(), AgentError::unauthenticated);
  EXPECT_EQ(receive(answer(remote_.password), ep("198.51.100.2:1")).error(),
            AgentError::not_for_us);
  EXPECT_FALSE(agent_.selected());
  EXPECT_EQ(receive(answer(remote_.password), open_b), Received::response);
  EXPECT_TRUE(agent_.selected());
}

TEST(CheckList, ComputesThePrioritiesOfRfc8445) {
  // §5.1.2.1 with 126, 65535 and component 1, as in the examples of RFC 8839.
  EXPECT_EQ(candidate_priority(CandidateType::host, 65535), 2130706431U);
  EXPECT_EQ(candidate_priority(CandidateType::server_reflexive, 65535), 1694498815U);
  // §6.1.2.3: 2^32 * MIN(G,D) + 2 * MAX(G,D) + (G > D ? 1 : 0).
  EXPECT_EQ(pair_priority(Role::controlling, 3, 2), (std::uint64_t{2} << 32) + 6 + 1);
  EXPECT_EQ(pair_priority(Role::controlled, 3, 2), (std::uint64_t{2} << 32) + 6);
}

TEST(CheckList, GivesUpFailedPairsFirstThenTheLeastWaitingToABetterOrHeardOne) {
  CheckList list{2};
  ASSERT_EQ(list.add(0, 0, 10, PairOrigin::announced), 0U);
  ASSERT_EQ(list.add(0, 1, 20, PairOrigin::announced), 1U);
  EXPECT_FALSE(list.add(0, 2, 5, PairOrigin::announced));
  EXPECT_EQ(list.add(0, 2, 5, PairOrigin::heard), 0U);
  EXPECT_EQ(list.add(0, 3, 30, PairOrigin::announced), 0U);
  list[0].state = PairState::failed;
  EXPECT_EQ(list.add(0, 4, 1, PairOrigin::announced), 0U);
  list[0].state = PairState::in_progress;
  list[1].state = PairState::succeeded;
  EXPECT_FALSE(list.add(0, 5, 100, PairOrigin::heard));
}

TEST(Credentials, AreRandomIceChars) {
  SeededEntropy entropy{1};
  const auto first = Credentials::generate(entropy);
  EXPECT_EQ(first.ufrag.size(), 8U);
  EXPECT_EQ(first.password.size(), 24U);
  EXPECT_TRUE(sdp::is_ice_chars(first.ufrag + first.password));
  EXPECT_NE(first, Credentials::generate(entropy));
}

}  // namespace
}  // namespace hearth::ice
