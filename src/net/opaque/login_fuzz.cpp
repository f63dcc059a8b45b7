// A stranger's KE1 and KE3 against the server, a hostile server's KE2 against the client: neither
// may crash, and neither may end in a key.

#include <cstdint>
#include <cstdlib>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/opaque/client.h>
#include <hearth/opaque/server.h>

using namespace hearth;
using namespace hearth::opaque;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static SeededEntropy entropy;
  static const ServerSetup setup = ServerSetup::generate(entropy);
  const BytesView bytes = std::as_bytes(std::span{data, size});
  const Parameters parameters{.client_identity = as_bytes("persona"),
                              .server_identity = as_bytes("root")};

  if (bytes.size() == Ke1::size + Ke3::size) {
    const auto ke1 = Ke1::parse(bytes.first(Ke1::size));
    if (!ke1) return 0;
    auto login =
        ServerLogin::start(setup, std::nullopt, as_bytes("persona"), *ke1, parameters, entropy);
    if (std::move(login).finish(*Ke3::parse(bytes.subspan(Ke1::size)))) std::abort();
    return 0;
  }
  const auto ke2 = Ke2::parse(bytes);
  if (!ke2) return 0;
  const auto client = ClientLogin::start(as_bytes("password"), entropy);
  if (client->finish(as_bytes("password"), *ke2, parameters, std::nullopt)) std::abort();
  return 0;
}
