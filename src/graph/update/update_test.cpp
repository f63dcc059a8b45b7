#include <algorithm>

#include <gtest/gtest.h>

#include "samples_for_test.h"
#include <hearth/codec/cbor.h>
#include <hearth/update/certificate.h>
#include <hearth/update/signing.h>
#include <hearth/update/verifier.h>

namespace hearth::update {
namespace {

using testing::bytes32;
using testing::key_of;

const model::AuthorKey writer = author_of(key_of(1).public_key());

std::optional<UpdateError> error_of(BytesView body) {
  const auto read = Body::decode(body, writer);
  return read ? std::nullopt : std::optional{read.error()};
}

// A body with these changes in hexadecimal.
std::optional<UpdateError> error_of_changes(const std::string& changes) {
  return error_of(*from_hex("850100f680" + changes));
}

TEST(UpdateBody, EveryOperationRoundTrips) {
  const Body body = testing::sample_body();
  const auto read = Body::decode(body.encode(), writer);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, body);
  EXPECT_EQ(read->encode(), body.encode());
}

TEST(UpdateBody, AnyBytesLessOrMoreAreRefused) {
  Bytes bytes = testing::sample_body().encode();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(Body::decode(BytesView{bytes}.first(size), writer)) << size;
  bytes.push_back(std::byte{0});
  EXPECT_EQ(error_of(bytes), UpdateError::malformed);
}

TEST(UpdateBody, WhatReadsAfterAFlippedBitWritesTheSameBytes) {
  const Bytes bytes = testing::sample_body().encode();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto read = Body::decode(flipped, writer);
    EXPECT_TRUE(!read || read->encode() == flipped) << bit;
  }
}

TEST(UpdateBody, OperationsOfALaterVersionAreKeptAndNamed) {
  // 8 and above: [16, "p", [1, {"k": 1.5}]].
  const Bytes bytes = *from_hex(
      "850100f680"
      "81826173"
      "81"
      "8310617082"
      "01a1616b"
      "f93e00");
  const auto read = Body::decode(bytes, writer);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->has_unknown());
  EXPECT_EQ(std::get<Unknown>(read->changes[0].operations[0]).code, 16U);
  EXPECT_EQ(read->encode(), bytes);
  EXPECT_FALSE(testing::sample_body().has_unknown());
}

TEST(UpdateBody, RefusesWhatBreaksAnOrderOrABound) {
  const std::string put = "8300617001";
  EXPECT_EQ(error_of_changes("81826161"
                             "81" +
                             put),
            std::nullopt);
  EXPECT_EQ(error_of_changes("80"), UpdateError::malformed);              // no change
  EXPECT_EQ(error_of_changes("8182616180"), UpdateError::malformed);      // no operation
  EXPECT_EQ(error_of_changes("81826081" + put), UpdateError::malformed);  // an empty soul
  EXPECT_EQ(error_of_changes("82"
                             "82616181" +
                             put + "82616181" + put),
            UpdateError::out_of_order);  // one soul twice
  EXPECT_EQ(error_of_changes("82"
                             "82616281" +
                             put + "82616181" + put),
            UpdateError::out_of_order);
  EXPECT_EQ(error_of_changes("818261618184006170"
                             "0101"),
            UpdateError::malformed);  // put of 4
  EXPECT_EQ(error_of_changes("8182616181"
                             "830161701b0020000000000000"),
            UpdateError::out_of_range);  // a delta of 2^53
  EXPECT_EQ(error_of_changes("8182616181"
                             "8402617001"
                             "82"
                             "82616201"
                             "82616101"),
            UpdateError::out_of_order);  // fields
  EXPECT_EQ(error_of_changes("8182616181"
                             "840361700180"),
            UpdateError::malformed);  // sees nothing
  EXPECT_EQ(error_of_changes("8182616181"
                             "840361700181"
                             "83010100"),
            UpdateError::out_of_range);  // no such author
  EXPECT_EQ(error_of_changes("8182616181"
                             "840361700181"
                             "83000000"),
            UpdateError::out_of_range);  // seq 0
  EXPECT_EQ(error_of_changes("8182616181"
                             "85046170f6028101"),
            UpdateError::out_of_range);  // side
  EXPECT_EQ(error_of_changes("8182616181"
                             "85046170f60080"),
            UpdateError::malformed);  // no value
  EXPECT_EQ(error_of_changes("8182616181"
                             "83056170"
                             "8184000100"
                             "00"),
            UpdateError::out_of_range);  // a run of none
  EXPECT_EQ(error_of_changes("8182616181"
                             "83056170"
                             "8184000100"
                             "1a00020000"),
            UpdateError::out_of_range);  // too long a run
}

TEST(UpdateBody, RunsOfManyErasesAreBoundedTogether) {
  codec::CborWriter to;
  to.array(5).uint(1).uint(0).null().array(0).array(1).array(2).text("s").array(1);
  to.array(3).uint(5).text("p").array(2);
  to.array(4).uint(0).uint(1).uint(0).uint(max_values);
  to.array(4).uint(0).uint(1).uint(0).uint(1);
  EXPECT_EQ(error_of(to.take()), UpdateError::too_large);
}

TEST(UpdateBody, NamesEachOtherAuthorOnceAndNeverTheWriter) {
  Body body = testing::sample_body();
  body.authors.push_back(body.authors[0]);
  EXPECT_EQ(error_of(body.encode()), UpdateError::out_of_order);
  body.authors[1] = writer;
  EXPECT_EQ(error_of(body.encode()), UpdateError::out_of_order);
}

TEST(UpdateHeader, HasOneEncoding) {
  const Header header = testing::sample_header();
  Bytes bytes = header.encode();
  ASSERT_TRUE(Header::decode(bytes));
  EXPECT_EQ(*Header::decode(bytes), header);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(Header::decode(BytesView{bytes}.first(size)));
  Header none = header;
  none.seq = 0;
  EXPECT_EQ(Header::decode(none.encode()).error(), UpdateError::out_of_range);
  bytes[1] = std::byte{2};
  EXPECT_EQ(Header::decode(bytes).error(), UpdateError::wrong_version);
}

struct Signed {
  crypto::Ed25519PrivateKey key = key_of(1);
  Update update;
  Signed() {
    update.body = testing::sample_body().encode();
    update.header = testing::sample_header();
    update.header.body = hash_of(*update.body);
    update.signature = sign(update.header, key);
  }
};

// R28: flip any bit, and it is refused.
TEST(Verifier, AnyFlippedBitIsNoticed) {
  const Signed signed_update;
  Verifier verifier;
  ASSERT_TRUE(verifier.verify(signed_update.update));
  const Bytes header = signed_update.update.header.encode();
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    Bytes flipped = header;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto read = Header::decode(flipped);
    if (!read) continue;
    Update update = signed_update.update;
    update.header = *read;
    EXPECT_FALSE(verifier.verify(update)) << bit;
  }
  for (std::size_t bit = 0; bit < 64 * 8; ++bit) {
    Update update = signed_update.update;
    update.signature[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_EQ(verifier.verify(update).error(), UpdateError::bad_signature) << bit;
  }
  const Bytes original = testing::sample_body().encode();
  for (std::size_t bit = 0; bit < original.size() * 8; bit += 7) {
    Update update = signed_update.update;
    Bytes body = original;
    body[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    update.body = std::move(body);
    EXPECT_EQ(verifier.verify(update).error(), UpdateError::wrong_body) << bit;
  }
}

TEST(Verifier, SmallOrderAndNonCanonicalKeysAreRefused) {
  Verifier verifier;
  // The identity, a point of order 8 and an encoding that is not reduced (p + 1).
  for (const char* hex : {"0100000000000000000000000000000000000000000000000000000000000000",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    Signed signed_update;
    signed_update.update.header.author = *model::id_from<model::AuthorKey>(*from_hex(hex));
    EXPECT_EQ(verifier.verify(signed_update.update).error(), UpdateError::bad_key) << hex;
  }
}

TEST(Verifier, SaysOfManyWhichAreRight) {
  std::vector<Update> updates(50, Signed{}.update);
  for (std::size_t i = 0; i < updates.size(); i += 3) updates[i].header.seq += 1;
  Verifier verifier;
  const auto answers = verifier.verify_all(updates);
  ASSERT_EQ(answers.size(), updates.size());
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].has_value(), i % 3 != 0);
}

TEST(Verifier, ASignatureForAnotherKindOfStatementDoesNotCount) {
  Signed signed_update;
  signed_update.update.signature =
      signed_update.key.sign(labelled(checkpoint_label, signed_update.update.header.encode()));
  EXPECT_FALSE(Verifier{}.verify(signed_update.update));
}

TEST(Membership, EntriesRoundTripAndAreSigned) {
  for (const Entry& entry : {testing::sample_first(), testing::sample_entry()}) {
    EXPECT_EQ(*Entry::decode(entry.encode()), entry);
    Bytes statement = sign(entry, key_of(1));
    EXPECT_EQ(*verify_entry(statement), entry);
    EXPECT_EQ(verify_entry(sign(entry, key_of(2))).error(), UpdateError::bad_signature);
    for (std::size_t i = 0; i < statement.size(); ++i) {
      statement[i] ^= std::byte{1};
      EXPECT_FALSE(verify_entry(statement)) << i;
      statement[i] ^= std::byte{1};
    }
  }
}

TEST(Membership, RefusesInconsistentEntries) {
  const auto error = [](Entry entry) { return Entry::decode(entry.encode()).error(); };
  Entry first = testing::sample_first();
  first.changes.pop_back();
  EXPECT_EQ(error(first), UpdateError::malformed);  // no owner
  first = testing::sample_first();
  first.term = 2;
  EXPECT_EQ(error(first), UpdateError::malformed);
  Entry later = testing::sample_entry();
  later.changes.push_back(Found{});
  EXPECT_EQ(error(later), UpdateError::malformed);  // founded twice
  later = testing::sample_entry();
  later.prev = std::nullopt;
  EXPECT_EQ(error(later), UpdateError::malformed);
  later = testing::sample_entry();
  std::get<SetRole>(later.changes[1]).role = Role::writer;
  EXPECT_EQ(error(later), UpdateError::out_of_range);  // cuts, and still a writer
}

TEST(CheckpointFormat, RoundTripsAndIsSignedByTheHome) {
  const Checkpoint checkpoint = testing::sample_checkpoint();
  EXPECT_EQ(*Checkpoint::decode(checkpoint.encode()), checkpoint);
  const auto read = SignedCheckpoint::decode(sign(checkpoint, key_of(1)));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->is_signed_by(author_of(key_of(1).public_key())));
  EXPECT_FALSE(read->is_signed_by(author_of(key_of(2).public_key())));
  Checkpoint broken = checkpoint;
  broken.prev = std::nullopt;
  EXPECT_EQ(Checkpoint::decode(broken.encode()).error(), UpdateError::malformed);
  broken = checkpoint;
  broken.heads.push_back(broken.heads[0]);
  EXPECT_EQ(Checkpoint::decode(broken.encode()).error(), UpdateError::out_of_order);
}

// S14: anyone can check it, and nobody can make one up.
TEST(ForkProof, IsTwoSignedHeadersOfOneSeq) {
  Signed one;
  Signed other;
  other.update.header.bytes += 1;
  other.update.signature = sign(other.update.header, other.key);
  Verifier verifier;
  const ForkProof proof = ForkProof::of(one.update, other.update);
  EXPECT_EQ(ForkProof::of(other.update, one.update), proof);
  EXPECT_EQ(*ForkProof::verify(proof.encode(), verifier), proof);

  EXPECT_EQ(ForkProof::verify(ForkProof{proof.second, proof.first}.encode(), verifier).error(),
            UpdateError::out_of_order);
  EXPECT_FALSE(ForkProof::verify(ForkProof{proof.first, proof.first}.encode(), verifier));
  Signed later;
  later.update.header.seq += 1;
  later.update.signature = sign(later.update.header, later.key);
  EXPECT_EQ(ForkProof::verify(ForkProof::of(one.update, later.update).encode(), verifier).error(),
            UpdateError::out_of_range);
  ForkProof forged = proof;
  forged.second.signature[0] ^= std::byte{1};
  EXPECT_EQ(ForkProof::verify(forged.encode(), verifier).error(), UpdateError::bad_signature);
}

Bytes certificate(const crypto::Ed25519PrivateKey& signer, const crypto::Ed25519PrivateKey& persona,
                  const crypto::Ed25519PrivateKey& device, std::string_view kind,
                  BytesView issuer = {}) {
  const Bytes payload = codec::CborWriter{}
                            .array(6)
                            .uint(1)
                            .bytes(persona.public_key().bytes())
                            .bytes(device.public_key().bytes())
                            .text(kind)
                            .uint(1)
                            .bytes(issuer)
                            .take();
  return codec::CborWriter{}
      .array(2)
      .bytes(payload)
      .bytes(signer.sign(labelled("hearth/device-certificate", payload)))
      .take();
}

TEST(Certificate, APersonaSpeaksThroughWhatItOrItsApplianceCertified) {
  const auto persona = key_of(1);
  const auto appliance = key_of(2);
  const auto device = key_of(3);
  const auto author = author_of(device.public_key());
  const model::PersonaKey expected{author_of(persona.public_key()).value()};

  EXPECT_EQ(*verify_certificate(certificate(persona, persona, device, "browser"), author),
            expected);
  const Bytes box = certificate(persona, persona, appliance, "appliance");
  EXPECT_EQ(*verify_certificate(certificate(appliance, persona, device, "cli", box), author),
            expected);
  EXPECT_EQ(*verify_certificate({}, author), model::PersonaKey{author.value()});

  EXPECT_EQ(verify_certificate(certificate(device, persona, device, "browser"), author).error(),
            UpdateError::bad_signature);
  EXPECT_EQ(verify_certificate(certificate(persona, persona, appliance, "browser"), author).error(),
            UpdateError::bad_key);  // another device's
  const Bytes phone = certificate(persona, persona, appliance, "browser");
  EXPECT_EQ(
      verify_certificate(certificate(appliance, persona, device, "cli", phone), author).error(),
      UpdateError::bad_key);  // a phone certifies nobody
}

}  // namespace
}  // namespace hearth::update
