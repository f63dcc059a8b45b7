#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/codec/protobuf.h>
#include <hearth/crypto/hkdf.h>
#include <hearth/noise/handshake.h>

namespace hearth::noise {
namespace {

constexpr std::size_t key_size = 32;

// Exactly 32 characters, so it is the first hash as it stands (Noise §5.2).
constexpr std::string_view protocol_name = "Noise_XX_25519_ChaChaPoly_SHA256";
static_assert(protocol_name.size() == 32);

// The payload's signature is checked before anything else in it is used.
struct Payload {
  BytesView identity_key, identity_signature;
  std::vector<std::string> stream_muxers;
};

// NoiseExtensions {1: webtransport_certhashes, 2: stream_muxers}
Result<Unit, NoiseError> read_extensions(BytesView message, Payload& payload) {
  codec::ProtoReader reader{message};
  for (;;) {
    const auto next = reader.next();
    if (!next) return Failure{NoiseError::malformed};
    if (!*next) return Unit{};
    if ((*next)->number != 2) continue;
    const auto muxer = (*next)->text();
    if (!muxer || payload.stream_muxers.size() == max_muxers) return Failure{NoiseError::malformed};
    payload.stream_muxers.emplace_back(*muxer);
  }
}

// NoiseHandshakePayload {1: identity_key, 2: identity_sig, 4: extensions}
Result<Payload, NoiseError> read_payload(BytesView message) {
  Payload payload;
  codec::ProtoReader reader{message};
  for (;;) {
    const auto next = reader.next();
    if (!next) return Failure{NoiseError::malformed};
    if (!*next) return payload;
    const codec::ProtoField& field = **next;
    if (field.number != 1 && field.number != 2 && field.number != 4) continue;
    const auto value = field.bytes();
    if (!value) return Failure{NoiseError::malformed};
    if (field.number == 1) payload.identity_key = *value;
    if (field.number == 2) payload.identity_signature = *value;
    if (field.number == 4) HEARTH_CHECK(read_extensions(*value, payload));
  }
}

}  // namespace

Handshake::Handshake(const Credentials& credentials, Options options, Entropy& entropy)
    : credentials_(credentials),
      options_(std::move(options)),
      ephemeral_(crypto::X25519PrivateKey::generate(entropy)) {
  std::ranges::copy(as_bytes(protocol_name), hash_.begin());
  std::ranges::copy(hash_, chaining_key_.mutable_bytes().begin());
  mix_hash(options_.prologue);
  if (options_.role == Role::initiator) write_message1();
}

Result<std::size_t, NoiseError> Handshake::receive(BytesView bytes) {
  std::size_t used = 0;
  while (!done() && used < bytes.size()) {
    const auto length = Reader{partial_}.u16_be();
    const std::size_t wanted = length_size + length.value_or(0);
    const BytesView more =
        bytes.subspan(used, std::min(wanted - partial_.size(), bytes.size() - used));
    append(partial_, more);
    used += more.size();
    if (partial_.size() < wanted) break;
    if (!length) {  // it is known now
      const std::size_t size = *Reader{partial_}.u16_be();
      if (size == 0) return Failure{NoiseError::malformed};
      if (size > max_handshake_frame) return Failure{NoiseError::frame_too_large};
      continue;
    }
    const Bytes frame = std::exchange(partial_, {});
    HEARTH_CHECK(on_message(BytesView{frame}.subspan(length_size)));
  }
  return used;
}

Result<Unit, NoiseError> Handshake::on_message(BytesView message) {
  switch (step_) {
    case Step::message1:
      HEARTH_CHECK(read_message1(message));
      HEARTH_CHECK(write_message2());
      step_ = Step::message3;
      return Unit{};
    case Step::message2:
      HEARTH_CHECK(read_message2(message));
      HEARTH_CHECK(write_message3());
      step_ = Step::done;
      return Unit{};
    case Step::message3:
      HEARTH_CHECK(read_message3(message));
      step_ = Step::done;
      return Unit{};
    case Step::done:
      break;
  }
  return Failure{NoiseError::malformed};
}

// -> e
void Handshake::write_message1() {
  mix_hash(ephemeral_.public_key());
  mix_hash({});  // the empty payload
  send_frame(ephemeral_.public_key());
  step_ = Step::message2;
}

Result<Unit, NoiseError> Handshake::read_message1(BytesView message) {
  // libp2p sends nothing in the clear, and neither may the peer.
  if (message.size() != key_size) return Failure{NoiseError::malformed};
  std::ranges::copy(message, remote_ephemeral_.begin());
  mix_hash(remote_ephemeral_);
  mix_hash({});
  return Unit{};
}

// <- e, ee, s, es
Result<Unit, NoiseError> Handshake::write_message2() {
  Bytes message = to_bytes(ephemeral_.public_key());
  mix_hash(ephemeral_.public_key());
  HEARTH_CHECK(mix_agreement(ephemeral_, remote_ephemeral_));
  encrypt_and_hash(message, credentials_.static_key().public_key());
  HEARTH_CHECK(mix_agreement(credentials_.static_key(), remote_ephemeral_));
  encrypt_and_hash(message, payload());
  send_frame(message);
  return Unit{};
}

Result<Unit, NoiseError> Handshake::read_message2(BytesView message) {
  Reader reader{message};
  const auto ephemeral = reader.bytes(key_size);
  const auto sealed_static = reader.bytes(key_size + tag_size);
  if (!ephemeral || !sealed_static) return Failure{NoiseError::malformed};
  std::ranges::copy(*ephemeral, remote_ephemeral_.begin());
  mix_hash(remote_ephemeral_);
  HEARTH_CHECK(mix_agreement(ephemeral_, remote_ephemeral_));
  HEARTH_TRY(const Bytes static_key, decrypt_and_hash(*sealed_static));
  std::ranges::copy(static_key, remote_static_.begin());
  HEARTH_CHECK(mix_agreement(ephemeral_, remote_static_));
  HEARTH_TRY(const Bytes payload, decrypt_and_hash(reader.rest()));
  return check_payload(payload);
}

// -> s, se
Result<Unit, NoiseError> Handshake::write_message3() {
  Bytes message;
  encrypt_and_hash(message, credentials_.static_key().public_key());
  HEARTH_CHECK(mix_agreement(credentials_.static_key(), remote_ephemeral_));
  encrypt_and_hash(message, payload());
  send_frame(message);
  return Unit{};
}

Result<Unit, NoiseError> Handshake::read_message3(BytesView message) {
  Reader reader{message};
  const auto sealed_static = reader.bytes(key_size + tag_size);
  if (!sealed_static) return Failure{NoiseError::malformed};
  HEARTH_TRY(const Bytes static_key, decrypt_and_hash(*sealed_static));
  std::ranges::copy(static_key, remote_static_.begin());
  HEARTH_CHECK(mix_agreement(ephemeral_, remote_static_));
  HEARTH_TRY(const Bytes payload, decrypt_and_hash(reader.rest()));
  return check_payload(payload);
}

Bytes Handshake::payload() const {
  codec::ProtoWriter writer;
  writer.bytes(1, credentials_.identity_key()).bytes(2, credentials_.identity_signature());
  if (!options_.stream_muxers.empty()) {
    codec::ProtoWriter extensions;
    for (const std::string& muxer : options_.stream_muxers) extensions.text(2, muxer);
    writer.bytes(4, extensions.view());
  }
  return writer.take();
}

Result<Unit, NoiseError> Handshake::check_payload(BytesView message) {
  HEARTH_TRY(Payload payload, read_payload(message));
  const auto key = peer::decode_public_key(payload.identity_key);
  if (!key)
    return Failure{key.error() == peer::PeerError::unsupported_key ? NoiseError::unsupported_key
                                                                   : NoiseError::malformed};
  if (!key->verify(statement_about(remote_static_), payload.identity_signature))
    return Failure{NoiseError::bad_signature};
  peer_ = peer::PeerId::from_public_key(*key);
  if (options_.expected && *peer_ != *options_.expected) return Failure{NoiseError::wrong_peer};
  peer_key_ = *key;
  remote_muxers_ = std::move(payload.stream_muxers);
  return Unit{};
}

std::size_t Handshake::poll_transmit(MutableBytes out) {
  const std::size_t size = std::min(out.size(), outgoing_.size());
  std::copy_n(outgoing_.begin(), size, out.begin());
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(size));
  return size;
}

Handshake::Outcome Handshake::take() {
  HEARTH_ASSERT(done());
  // Split() of Noise §5.2; the initiator sends under the first key.
  Bytes keys = crypto::hkdf_sha256_expand(crypto::hkdf_sha256_extract(chaining_key_.bytes(), {}),
                                          {}, 2 * key_size);
  const bool initiator = options_.role == Role::initiator;
  const BytesView view{keys};
  Outcome outcome{.peer = std::move(*peer_),
                  .key = *peer_key_,
                  .stream_muxers = std::move(remote_muxers_),
                  .send = CipherState{view.subspan(initiator ? 0 : key_size, key_size)},
                  .receive = CipherState{view.subspan(initiator ? key_size : 0, key_size)},
                  .handshake_hash = hash_};
  crypto::wipe(keys);
  return outcome;
}

void Handshake::mix_hash(BytesView data) {
  crypto::Sha256 hash;
  hash.update(hash_);
  hash.update(data);
  hash_ = hash.finish();
}

void Handshake::mix_key(BytesView secret) {
  crypto::Sha256Digest extracted = crypto::hkdf_sha256_extract(chaining_key_.bytes(), secret);
  Bytes keys = crypto::hkdf_sha256_expand(extracted, {}, 2 * key_size);
  const BytesView view{keys};
  std::ranges::copy(view.first(key_size), chaining_key_.mutable_bytes().begin());
  cipher_.emplace(view.last(key_size));
  crypto::wipe(keys);
  crypto::wipe(extracted);
}

Result<Unit, NoiseError> Handshake::mix_agreement(const crypto::X25519PrivateKey& ours,
                                                  BytesView theirs) {
  const auto shared = ours.agree(theirs);
  if (!shared) return Failure{NoiseError::weak_key};
  mix_key(shared->bytes());
  return Unit{};
}

void Handshake::encrypt_and_hash(Bytes& out, BytesView plaintext) {
  const std::size_t begin = out.size();
  out.resize(begin + plaintext.size() + tag_size);
  const MutableBytes sealed = MutableBytes{out}.subspan(begin);
  cipher_->seal(hash_, plaintext, sealed);
  mix_hash(sealed);
}

Result<Bytes, NoiseError> Handshake::decrypt_and_hash(BytesView ciphertext) {
  if (ciphertext.size() < tag_size) return Failure{NoiseError::malformed};
  Bytes plaintext(ciphertext.size() - tag_size);
  if (!cipher_->open(hash_, ciphertext, plaintext)) return Failure{NoiseError::decryption_failed};
  mix_hash(ciphertext);
  return plaintext;
}

void Handshake::send_frame(BytesView message) {
  Writer writer{outgoing_};
  writer.u16_be(static_cast<std::uint16_t>(message.size()));
  writer.bytes(message);
}

}  // namespace hearth::noise
