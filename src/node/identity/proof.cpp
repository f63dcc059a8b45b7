#include <hearth/base/assert.h>
#include <hearth/crypto/hmac.h>
#include <hearth/identity/proof.h>

namespace hearth::identity {
namespace {

constexpr std::uint8_t login_version = 1;
constexpr std::uint8_t login_suite = 1;  // OPAQUE-3DH, ristretto255-SHA512

class Message {
 public:
  explicit Message(std::string_view label) {
    writer_.text(label);
    writer_.u8(0);
  }
  Message& u8(std::uint8_t value) {
    writer_.u8(value);
    return *this;
  }
  Message& fixed(BytesView bytes) {
    writer_.bytes(bytes);
    return *this;
  }
  Message& sized(BytesView bytes) {
    HEARTH_ASSERT(bytes.size() <= 0xffff);
    writer_.u16_be(static_cast<std::uint16_t>(bytes.size()));
    writer_.bytes(bytes);
    return *this;
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
  Writer writer_{bytes_};
};

}  // namespace

crypto::Sha256Digest login_proof(std::span<const std::byte, 64> session_key, Side side,
                                 const LoginTranscript& transcript) {
  const Bytes message =
      Message{side == Side::client ? "hearth/login/client" : "hearth/login/server"}
          .u8(login_version)
          .u8(login_suite)
          .sized(transcript.client.bytes())
          .sized(transcript.server.bytes())
          .fixed(transcript.root.bytes())
          .fixed(transcript.persona.bytes())
          .fixed(transcript.device.bytes())
          .take();
  return crypto::hmac_sha256(session_key, message);
}

Bytes pairing_message(const peer::PeerId& client, const peer::PeerId& server,
                      const ProofNonce& nonce, const DeviceId& device) {
  return Message{"hearth/pair"}
      .sized(client.bytes())
      .sized(server.bytes())
      .fixed(nonce)
      .fixed(device.bytes())
      .take();
}

Bytes session_message(const RootId& root, const ProofNonce& nonce, std::string_view host) {
  return Message{"hearth/session"}.fixed(root.bytes()).fixed(nonce).sized(as_bytes(host)).take();
}

}  // namespace hearth::identity
