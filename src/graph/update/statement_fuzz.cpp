// Headers, entries, checkpoints, certificates and proofs: whichever the bytes are, they read in one
// way or not at all. The first byte says as what.
#include <hearth/base/assert.h>
#include <hearth/update/certificate.h>
#include <hearth/update/checkpoint.h>
#include <hearth/update/membership.h>
#include <hearth/update/verifier.h>

using namespace hearth;
using namespace hearth::update;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView bytes = std::as_bytes(std::span{data, size}).subspan(1);
  switch (data[0] % 5) {
    case 0:
      if (const auto header = Header::decode(bytes)) HEARTH_ASSERT(equal(header->encode(), bytes));
      break;
    case 1:
      if (const auto entry = Entry::decode(bytes)) HEARTH_ASSERT(equal(entry->encode(), bytes));
      break;
    case 2:
      if (const auto checkpoint = Checkpoint::decode(bytes))
        HEARTH_ASSERT(equal(checkpoint->encode(), bytes));
      break;
    case 3:
      (void)verify_entry(bytes);
      (void)SignedCheckpoint::decode(bytes);
      (void)verify_certificate(bytes, model::AuthorKey{});
      break;
    default: {
      Verifier verifier;
      if (const auto proof = ForkProof::verify(bytes, verifier))
        HEARTH_ASSERT(equal(proof->encode(), bytes));
      break;
    }
  }
  return 0;
}
