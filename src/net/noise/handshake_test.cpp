#include <array>
#include <functional>

#include <gtest/gtest.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/codec/protobuf.h>
#include <hearth/noise/handshake.h>
#include <hearth/peer/public_key.h>

namespace hearth::noise {
namespace {

struct Side {
  explicit Side(std::uint8_t seed)
      : entropy(seed),
        key(crypto::Ed25519PrivateKey::generate(entropy)),
        credentials(key, entropy),
        id(peer::PeerId::from_public_key(key.public_key())) {}
  Handshake start(Handshake::Options options) { return {credentials, std::move(options), entropy}; }

  SeededEntropy entropy;
  crypto::Ed25519PrivateKey key;
  Credentials credentials;
  peer::PeerId id;
};

Bytes sent(Handshake& handshake) {
  Bytes all;
  std::array<std::byte, 100> piece;
  while (const std::size_t size = handshake.poll_transmit(piece))
    append(all, BytesView{piece}.first(size));
  return all;
}

std::optional<NoiseError> give(Handshake& handshake, BytesView bytes) {
  const auto used = handshake.receive(bytes);
  if (used) return std::nullopt;
  return used.error();
}

class HandshakeTest : public testing::Test {
 protected:
  Side alice{1}, bob{100};
  Handshake initiator =
      alice.start({.role = Role::initiator, .stream_muxers = {"/yamux/1.0.0", "/x"}});
  Handshake responder = bob.start({.role = Role::responder, .stream_muxers = {"/yamux/1.0.0"}});
};

TEST_F(HandshakeTest, BothLearnWhoTheOtherIsAndShareKeys) {
  EXPECT_FALSE(give(responder, sent(initiator)));
  EXPECT_FALSE(give(initiator, sent(responder)));
  EXPECT_FALSE(give(responder, sent(initiator)));
  ASSERT_TRUE(initiator.done());
  ASSERT_TRUE(responder.done());
  Handshake::Outcome a = initiator.take(), b = responder.take();
  EXPECT_EQ(a.peer, bob.id);
  EXPECT_EQ(b.peer, alice.id);
  EXPECT_EQ(a.key, bob.key.public_key());
  EXPECT_EQ(a.handshake_hash, b.handshake_hash);
  EXPECT_EQ(a.stream_muxers, std::vector<std::string>{"/yamux/1.0.0"});
  EXPECT_EQ(b.stream_muxers, (std::vector<std::string>{"/yamux/1.0.0", "/x"}));

  Bytes frame(5 + tag_size);
  a.send.seal(as_bytes("hello"), frame);
  Bytes text(5);
  EXPECT_TRUE(b.receive.open(frame, text));
  EXPECT_EQ(as_text(text), "hello");
  EXPECT_FALSE(b.receive.open(frame, text)) << "a repeated frame";
}

TEST_F(HandshakeTest, MessagesAreAsLongAsThoseOfJsLibp2p) {
  Handshake ours = alice.start({.role = Role::initiator, .stream_muxers = {"/yamux/1.0.0"}});
  const Bytes message1 = sent(ours);
  EXPECT_EQ(message1.size(), 2 + 32U);
  EXPECT_FALSE(give(responder, message1));
  const Bytes message2 = sent(responder);
  EXPECT_EQ(message2.size(), 2 + 216U);
  EXPECT_FALSE(give(ours, message2));
  EXPECT_EQ(sent(ours).size(), 2 + 184U);
}

TEST_F(HandshakeTest, TakesBytesOneByOne) {
  const auto carry = [](Handshake& from, Handshake& to) {
    for (const std::byte byte : sent(from)) EXPECT_EQ(to.receive({&byte, 1}), 1U);
  };
  carry(initiator, responder);
  carry(responder, initiator);
  carry(initiator, responder);
  EXPECT_TRUE(responder.done());
}

TEST_F(HandshakeTest, LeavesWhatFollowsTheLastFrame) {
  EXPECT_FALSE(give(responder, sent(initiator)));
  EXPECT_FALSE(give(initiator, sent(responder)));
  Bytes last = sent(initiator);
  const std::size_t size = last.size();
  append(last, as_bytes("transport"));
  EXPECT_EQ(responder.receive(last), size);
  EXPECT_EQ(responder.receive(as_bytes("transport")), 0U);
}

// S26: nothing of a handshake can be altered, cut or left out without one side noticing.
TEST(Handshake, AnyAlteredByteAborts) {
  for (int message = 1; message <= 3; ++message) {
    for (std::size_t position = 0;; ++position) {
      Side alice{1}, bob{100};
      Handshake initiator =
          alice.start({.role = Role::initiator, .stream_muxers = {"/yamux/1.0.0"}});
      Handshake responder = bob.start({.role = Role::responder, .stream_muxers = {"/yamux/1.0.0"}});
      bool failed = false, altered = false;
      const auto carry = [&](int number, Handshake& from, Handshake& to) {
        Bytes bytes = sent(from);
        if (number == message && position < bytes.size()) {
          bytes[position] ^= std::byte{0x10};
          altered = true;
        }
        failed = failed || give(to, bytes).has_value();
      };
      carry(1, initiator, responder);
      carry(2, responder, initiator);
      carry(3, initiator, responder);
      if (!altered) break;
      EXPECT_TRUE(failed || !initiator.done() || !responder.done()) << message << ":" << position;
    }
  }
}

TEST(Handshake, DifferentProloguesAbort) {
  Side alice{1}, bob{100};
  Handshake initiator = alice.start({.role = Role::initiator, .prologue = to_bytes("version 2")});
  Handshake responder = bob.start({.role = Role::responder, .prologue = to_bytes("version 1")});
  EXPECT_FALSE(give(responder, sent(initiator)));
  EXPECT_EQ(give(initiator, sent(responder)), NoiseError::decryption_failed);
}

TEST(Handshake, AnInitiatorTellsNothingToAnyoneElse) {
  Side alice{1}, bob{100}, mallory{200};
  Handshake initiator = alice.start({.role = Role::initiator, .expected = bob.id});
  Handshake responder = mallory.start({.role = Role::responder});
  EXPECT_FALSE(give(responder, sent(initiator)));
  EXPECT_EQ(give(initiator, sent(responder)), NoiseError::wrong_peer);
  EXPECT_TRUE(sent(initiator).empty());
}

TEST(Handshake, AResponderMayExpectSomebodyToo) {
  Side alice{1}, bob{100}, mallory{200};
  Handshake initiator = mallory.start({.role = Role::initiator});
  Handshake responder = bob.start({.role = Role::responder, .expected = alice.id});
  EXPECT_FALSE(give(responder, sent(initiator)));
  EXPECT_FALSE(give(initiator, sent(responder)));
  EXPECT_EQ(give(responder, sent(initiator)), NoiseError::wrong_peer);
}

// Somebody shows another's identity key, with a signature that is not over the static key in use.
TEST(Handshake, AnIdentityMustHaveSignedThisStaticKey) {
  Side alice{1}, bob{100}, mallory{200};
  const Credentials stolen{
      crypto::X25519PrivateKey::generate(mallory.entropy), bob.credentials.identity_key(), [&] {
        crypto::Ed25519Signature signature;
        std::ranges::copy(bob.credentials.identity_signature(), signature.begin());
        return signature;
      }()};
  Handshake initiator = alice.start({.role = Role::initiator, .expected = bob.id});
  Handshake responder{stolen, {.role = Role::responder}, mallory.entropy};
  EXPECT_FALSE(give(responder, sent(initiator)));
  EXPECT_EQ(give(initiator, sent(responder)), NoiseError::bad_signature);
}

TEST(Handshake, RefusesIdentityKeysItCannotVerify) {
  Side alice{1}, mallory{200};
  const auto answer_to = [&](Bytes identity_key) {
    const Credentials odd{crypto::X25519PrivateKey::generate(mallory.entropy),
                          std::move(identity_key), crypto::Ed25519Signature{}};
    Handshake initiator = alice.start({.role = Role::initiator});
    Handshake responder{odd, {.role = Role::responder}, mallory.entropy};
    EXPECT_FALSE(give(responder, sent(initiator)));
    return give(initiator, sent(responder));
  };
  EXPECT_EQ(answer_to(codec::ProtoWriter{}.varint(1, 0).bytes(2, Bytes(294)).take()),
            NoiseError::unsupported_key);
  EXPECT_EQ(answer_to({}), NoiseError::malformed);
  EXPECT_EQ(answer_to(to_bytes("rubbish")), NoiseError::malformed);
}

TEST(Handshake, RefusesKeysOfSmallOrder) {
  Side bob{100};
  // Zero, one, and a point of order eight (RFC 7748 §6.1, cr.yp.to/ecdh.html).
  for (const auto* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"}) {
    Handshake responder = bob.start({.role = Role::responder});
    Bytes message = *from_hex("0020");
    append(message, *from_hex(point));
    EXPECT_EQ(give(responder, message), NoiseError::weak_key) << point;
    EXPECT_TRUE(sent(responder).empty());
  }
}

TEST(Handshake, RefusesAFirstMessageWithAPayload) {
  Side bob{100};
  Handshake responder = bob.start({.role = Role::responder});
  Bytes message = *from_hex("0021");
  message.resize(2 + 33, std::byte{9});
  EXPECT_EQ(give(responder, message), NoiseError::malformed);
}

TEST(Handshake, RefusesFramesThatAreEmptyOrTooLargeByTheirLengthAlone) {
  Side bob{100};
  EXPECT_EQ(
      [&] {
        Handshake responder = bob.start({.role = Role::responder});
        return give(responder, *from_hex("0000"));
      }(),
      NoiseError::malformed);
  EXPECT_EQ(
      [&] {
        Handshake responder = bob.start({.role = Role::responder});
        return give(responder, *from_hex("ffff00"));
      }(),
      NoiseError::frame_too_large);
}

}  // namespace
}  // namespace hearth::noise
