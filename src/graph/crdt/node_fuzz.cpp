// A stored node: it reads to something that writes and reads to the same again, in both ways of
// naming authors, and takes operations without harm.
#include <hearth/base/assert.h>
#include <hearth/crdt/node.h>

using namespace hearth;
using namespace hearth::crdt;

namespace {

class OpenFates final : public Fates {
 public:
  [[nodiscard]] bool is_void(AuthorNumber author, std::uint64_t) const override {
    return author == 1;
  }
  [[nodiscard]] bool is_covered(AuthorNumber, std::uint64_t seq) const override { return seq < 5; }
};

Bytes written(const Node& node, const Authors& authors, Names names) {
  codec::CborWriter writer;
  writer.array(2);
  node.write({writer, authors, names});
  return writer.take();
}

Result<Node, StateError> read(BytesView bytes, Authors& authors, Names names) {
  codec::CborReader reader{bytes};
  if (!reader.array(2)) return Failure{StateError::malformed};
  auto node = Node::read({reader, authors, names});
  if (node && !reader.done()) return Failure{StateError::malformed};
  return node;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Authors authors;
  for (std::uint8_t i = 0; i < 4; ++i) {
    model::Bytes32 key{};
    key[0] = std::byte{i};
    authors.number(model::AuthorKey{key});
  }
  auto node = read(std::as_bytes(std::span{data, size}), authors, Names::numbers);
  if (!node) return 0;
  const Bytes canonical = written(*node, authors, Names::keys);
  const auto again = read(canonical, authors, Names::keys);
  HEARTH_ASSERT(again && equal(written(*again, authors, Names::keys), canonical));
  const Bytes stored = written(*node, authors, Names::numbers);
  const auto loaded = read(stored, authors, Names::numbers);
  HEARTH_ASSERT(loaded && equal(written(*loaded, authors, Names::numbers), stored));

  const OpenFates fates;
  for (const Property& property : node->properties()) {
    (void)property.kind();
    if (property.set) (void)property.set->elements();
    if (property.list)
      HEARTH_ASSERT(property.list->values(authors).size() == property.list->size());
  }
  node->adopt(fates);
  node->purge(*model::Stamp::create(1000), fates);
  HEARTH_ASSERT(read(written(*node, authors, Names::keys), authors, Names::keys));
  return 0;
}
