// Against bytes that js-libp2p 3.3.11 (noise 17.0.3, yamux 8.0.3, node 22) sent and took over
// loopback TCP. Our keys came from the same TestEntropy, so the handshakes repeat byte for byte.
#include <gtest/gtest.h>

#include <hearth/session/test_pair.h>

namespace hearth::session {
namespace {

// From the Ed25519 seed of 32 bytes 07.
constexpr std::string_view js_id = "12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7";

// TestHost{1} dialed js, opened a stream, proposed /nope/1 and /echo/1.0.0, and sent "hello from
// c++".
constexpr std::string_view dialer_sent =
    "132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a00209d0429ad0b570bdf5dfb3b5bed3ca00e3f"
    "1c"
    "94123d8e3d611ac3adde3d99995b00b83ac3bea49c47febba064ce9409e3fd08211eb87d0f16bf847902ec90e095fb"
    "c2"
    "6d96dd06b48fb91f16f64f03e9e6ce8f772f11d53eeb8d8a5e30ddfbcd77931f79db91d0980f3afff4431212fb0610"
    "86"
    "55603f5bece8b843ece1c9bd7a85fc97db3eff5549cb2bab80e8a73c1ca79053806fe3f671dad00765cadb54ba16f0"
    "37"
    "881ffacad2d45273b43201f45f2dbb20c8679dc619f235d7948e347f866e6b13ad86bde119d05b971816e0b2711151"
    "2a"
    "aacfa5df599187ea0051b58caf643d3427b37f1f6bef44394c1e233b07d959530fab328996409c318e79167648a54d"
    "1b"
    "e15bfc600bb15d99e151f3b5ff372cf2ea28411fae47f8c2915eb56c057271193b32f3636c4b26b877854a001c9299"
    "d2"
    "b5de7547c0c6e1f7f476b78cf651f20cd3467ecc15a6f770b900290cec39f4f2aa47538bfda3318ef8c6694b5bf7a7"
    "ff"
    "db5c638aa6fcc3c628bb587309d5d44447c58bc100362908589e51ed2a1b63d660097ac7fa09ac329c4bec9de00ce3"
    "6d"
    "6e7f5ea573be08e74fb4fd65d8875bbf3c79cff063153fc69ad3781b001c3b134f64a99e099adc3943395efcd35899"
    "73"
    "e7da9275c34370050ffa";
constexpr std::string_view dialer_received =
    "132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a00d8c6600ac06dc0ad5b93e79c14a5b0b15918"
    "bb"
    "172cb02dfc5775406675027aa439b2e5bdaf09c96089fb6b7e2bd33b7b0751e363e95cc3bd32b72e14927dac3ce11d"
    "14"
    "36a73502903c27510756c21260072d5bf02d5b39bd92ee6478a6ce62b1e25034a787c968ab934fc3784cf183be755e"
    "27"
    "13473060f3055cc1b95590fcf04014dfe3a659a9081c900cb33ea11485f4535666d8e43d1cd9a4ac9524706c42f99f"
    "84"
    "7a9e5f2905497cbbe858a38d62c135a853a27b9aea842f07570165861902749920949fea709c4a4d3e8e3526411285"
    "27"
    "5e893be8059e001c239914ff35e0fb7ef35065b120f6ba1723c4c72e34bb8d9a6945b7cd001c54325436849842bf8b"
    "2c"
    "2c381741ddd51de27b4fba521a764c2b1002001c4babddd3aabe3f9ca712f042d1e00d4b5326d70ddf3642261f1206"
    "9c"
    "00306f6cead300394c8ee29958b7c63e9af281daf1dad52c7826e9e88688996db24b39d875125f824d183a80cc9b38"
    "b2"
    "b6e5002022af0b85b777f1a3380aad729b84e4d926cd91beeeb86f12c2b71dd48b2e0f6a001c498e4ba019907f3011"
    "a5"
    "4c57854726838c699a68cfb28770547e54620029864d1c6146cf1350166a4b122c46f69b8130bdbfab9d722f08fce4"
    "f7"
    "b415fa469461a23af7eca0e0ad001c601f07bf8e02d5353351ff3ff97748777ac992655a2ee0ca53efee1d002a6aed"
    "f9"
    "d4dc405e110df8eb3eaac73fa65167930c1c5f711c1e186a66a8a867a3e1559ba1c7a9ffacaa8d001cb934a2958084"
    "3c"
    "fdff6953423e4f0dbfcb5b4f0815cb2259f3ec5bb6";

// js dialed TestHost{2}, opened a stream for /echo/1.0.0, and sent "hello from js".
constexpr std::string_view listener_sent =
    "132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a00d8f3d9b60ccbb5d2bf459ec403db3b87b084"
    "b8"
    "a287733ebcf0c47f2a062198cd6c382b9b8559ad3d5cbe6b24b00fc6f93ab1897b5300b1009f662cf8e5c26b0d5b5b"
    "ce"
    "6004767ce01344a261e29d3cda2ac0d1ba31c27fb8b56c7848a359f99735b9a4a4c46c4239ca35e99b6c99ec578d38"
    "c0"
    "7863c411d5b4e070314181416b308e51fbe5e7f0e7dee592a150fb0d1bf5a906d0d4b2e82907e74ad43cfc936c2a77"
    "ab"
    "6a8c58708c4b542e636d948620df603ee1b9b417625a39fa35a1347a1e46a90682ae2a269810632a63d3b32e26baad"
    "3a"
    "6625cb1ab000001c98b87ed625a234642dea1d08d075c7b9f2c9ff9f18221636915bb5ca001c7d8571ec29a5063bf0"
    "50"
    "20d81602ad7548ffd328d38ac02b59ce115b001c59a07304dfc1e81769617e36c4a5fc05ca112edeeef4366f59d245"
    "17"
    "003d3066cd52b3de2e98676847ab3ca154e9a455e9fe7e01fd92729c424abfee8a9943fa2f3d721ba6ef0afe28ec68"
    "af"
    "04c042187a96478cdc807fbe622e110029cf8d744269a629057319ea273c2859b70460b8c7ac19ff09811c1daeed5e"
    "7f"
    "443452c1ca81bd0cc854001ceaddc6066f872f3486316760b4930f82b133e36a726967da8bef98e0";
constexpr std::string_view listener_received =
    "132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a0020a8c5c7d90915f042e11ecbd2decb1c5cee"
    "37"
    "e45db5a15f2ef286f49b24cb6a3400b80478ac4ee8cbb20285bec936fc085fb0c8713cb4b9b5ba5e08f366adf75496"
    "51"
    "056d040e8a6c461110cd1550a2fb754cd78549b5e18c8218abdfab26a7d7426e555ea0daf1368e838eb1145a62841a"
    "87"
    "bd4de4b74fae8c46ddd2700fcc55048234dff3799906dba9b17194cdffae4eab90dea87ad86ca39849244df20eeba0"
    "ef"
    "03a5404d1da03920ea40da53b8ad7a17e9953e7faf2c31b3201e022cc34dd40963ff8b612564910b6647b9ef805afa"
    "8e"
    "24f8d3bef0542b29001cc1772e2131660efd20c938f859d4b86b865754add7884eb8f7c22140001c3170cd07ca8d6f"
    "9d"
    "63f30cbfb4aa2340b9a8271a5b6043dc8bdce2fa003dc3b786660020f1bbabc4e5f5a366144cc9070203eeb384925e"
    "46"
    "adaa2a0400efb1013a2ff51e683532c9094a89c592be1e691d949b65a7b8283bde76f3001cf9bc657496a7f79861de"
    "61"
    "ece23fbb1243edc48ef0f5d16fdaec924e001cd908f382c3b082ae7c022abd5a881c5bdc7ed6725799ab064eba2f2e"
    "00"
    "292bcaaea27ce5e6a172a00c6ecf879984afc974b1250ffb006145dc52ca5bfe2735f3b04947cac54e6d001cb16fb7"
    "4c"
    "fbf7850fccc4ea674871707ed80be499945025e77203e159001cdca85f1b6014ae67399427541ab8fcef352088a2fd"
    "55"
    "4248eec133f6001c3daeabc0b0e10e37a5826e3973ce710dfabc27d058a8ce83eccf1f17";

std::string sent_hex(Session& session) {
  Bytes all;
  Bytes buffer(10'000);
  while (const std::size_t size = session.poll_transmit(buffer))
    append(all, BytesView{buffer}.first(size));
  return to_hex(all);
}

std::string read_all(Session& session, StreamId id) {
  std::string text;
  while (!session.peek(id).empty()) {
    text += as_text(session.peek(id));
    session.consume(id, session.peek(id).size());
  }
  return text;
}

std::optional<peer::PeerId> secured_peer(Session& session) {
  while (const auto event = session.poll_event())
    if (const auto* secured = std::get_if<Secured>(&*event)) return secured->peer;
  return std::nullopt;
}

TEST(SessionWithJsLibp2p, DialsItAndReadsItsStream) {
  TestHost host{1};
  MemoryBudget budget{unbounded};
  Session session{{.role = Role::initiator,
                   .credentials = host.credentials,
                   .expected = peer::PeerId::parse(js_id).value(),
                   .budget = budget},
                  host.entropy,
                  at(0)};
  // multistream header, /noise, and the first Noise message, in one flight.
  constexpr std::size_t first_flight = 28 + 34, third_message = 2 + 184;
  EXPECT_EQ(sent_hex(session), dialer_sent.substr(0, 2 * first_flight));

  const Bytes received = *from_hex(dialer_received);
  constexpr std::size_t answer = 28 + 2 + 216;
  session.receive(at(1), BytesView{received}.first(answer));
  EXPECT_EQ(secured_peer(session)->to_string(), js_id);
  EXPECT_EQ(sent_hex(session).substr(0, 2 * third_message),
            dialer_sent.substr(2 * first_flight, 2 * third_message));

  const StreamId id = *session.open_stream(at(2));
  session.receive(at(3), BytesView{received}.subspan(answer));
  EXPECT_TRUE(session.round_trip());
  EXPECT_EQ(read_all(session, id),
            "\x13/multistream/1.0.0\n\x03na\n\x0c/echo/1.0.0\nhello from c++");
  EXPECT_EQ(session.read_state(id), ReadState::finished);
}

TEST(SessionWithJsLibp2p, IsDialedByItAndReadsItsStream) {
  TestHost host{2};
  MemoryBudget budget{unbounded};
  Session session{{.role = Role::responder, .credentials = host.credentials, .budget = budget},
                  host.entropy,
                  at(0)};
  const Bytes received = *from_hex(listener_received);
  session.receive(at(1), received);
  EXPECT_EQ(secured_peer(session)->to_string(), js_id);
  constexpr std::size_t answer = 28 + 2 + 216;
  EXPECT_EQ(sent_hex(session).substr(0, 2 * answer), listener_sent.substr(0, 2 * answer));
  EXPECT_EQ(read_all(session, StreamId{1}),
            "\x13/multistream/1.0.0\n\x0c/echo/1.0.0\nhello from js");
}

}  // namespace
}  // namespace hearth::session
