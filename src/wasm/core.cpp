// The module's functions. The caller writes arguments into input(size), calls, and reads the answer
// at output() until the next call. Numbers below zero are refusals: -1 - Refusal; -100 is a
// malformed argument.

#include <algorithm>
#include <memory>

#include <hearth/graph_store/memory_store.h>
#include <hearth/replica/replica.h>

#define HEARTH_EXPORT(name) extern "C" __attribute__((export_name(name)))

using namespace hearth;
using replica::Refusal;
using replica::Replica;

namespace {

constexpr int malformed = -100;

struct Instance {
  Bytes input, output;
  graph_store::MemoryStore store;
  std::unique_ptr<Replica> replica;
  update::Verifier verifier;
};

Instance& instance() {
  static Instance only;
  return only;
}

Timestamp at(double ms) {
  return {.ms = static_cast<std::int64_t>(ms)};
}

int refused(Refusal refusal) {
  return -1 - static_cast<int>(refusal);
}

template <class T>
int answer(const Result<T, Refusal>& result) {
  if (!result) return refused(result.error());
  if constexpr (requires { static_cast<int>(*result); }) return static_cast<int>(*result);
  return 0;
}

int output(const Result<Bytes, Refusal>& bytes) {
  if (!bytes) return refused(bytes.error());
  instance().output = *bytes;
  return 0;
}

BytesView input(std::size_t begin, std::size_t size) {
  return BytesView{instance().input}.subspan(begin, size);
}

}  // namespace

/// Room for `size` bytes of arguments. The address holds until the next call.
HEARTH_EXPORT("input") std::byte* hearth_input(std::uint32_t size) {
  instance().input.resize(size);
  return instance().input.data();
}
HEARTH_EXPORT("output") const std::byte* hearth_output() {
  return instance().output.data();
}
HEARTH_EXPORT("output_size") std::uint32_t hearth_output_size() {
  return static_cast<std::uint32_t>(instance().output.size());
}

/// In: the space's id. Forgets any replica from before.
HEARTH_EXPORT("open") int hearth_open(double now_ms) {
  const auto space = model::id_from<model::SpaceId>(instance().input);
  if (!space) return malformed;
  instance().store = {};
  auto opened = Replica::open(instance().store, {}, *space, at(now_ms));
  if (!opened) return refused(Refusal::store);
  instance().replica = std::move(*opened);
  return 0;
}

/// In: a signed entry. Answers Accepted.
HEARTH_EXPORT("add_entry") int hearth_add_entry() {
  return answer(instance().replica->add_entry(instance().input));
}
HEARTH_EXPORT("add_checkpoint") int hearth_add_checkpoint() {
  return answer(instance().replica->add_checkpoint(instance().input));
}

/// In: header, signature of 64 bytes, body, certificate, one after the other; a missing body has
/// the size 0.
HEARTH_EXPORT("add_update")
int hearth_add_update(std::uint32_t header_size, std::uint32_t body_size) {
  const std::size_t size = instance().input.size();
  const std::uint64_t fixed = std::uint64_t{header_size} + 64 + body_size;
  if (fixed > size) return malformed;
  const auto header = update::Header::decode(input(0, header_size));
  if (!header) return malformed;
  update::Update update{.header = *header, .signature = {}, .body = std::nullopt};
  std::ranges::copy(input(header_size, 64), update.signature.begin());
  if (body_size > 0) update.body = to_bytes(input(header_size + 64, body_size));
  auto verified = instance().verifier.verify(std::move(update));
  if (!verified) return refused(Refusal::malformed);
  const auto certificate =
      input(static_cast<std::size_t>(fixed), size - static_cast<std::size_t>(fixed));
  return answer(instance().replica->add(std::move(*verified), certificate));
}

HEARTH_EXPORT("advance") int hearth_advance(double now_ms) {
  return answer(instance().replica->advance(at(now_ms)));
}
/// When to advance next; negative: nothing waits for time.
HEARTH_EXPORT("deadline") double hearth_deadline() {
  const auto deadline = instance().replica->deadline();
  return deadline ? static_cast<double>(deadline->ms) : -1;
}

/// Out: the canonical state.
HEARTH_EXPORT("state") int hearth_state() {
  return output(instance().replica->canonical_state());
}
/// In: a soul. Out: its node as in the canonical state, without the soul; nothing where there is
/// none.
HEARTH_EXPORT("node") int hearth_node() {
  const auto node = instance().replica->node(as_text(instance().input));
  if (!node) return refused(node.error());
  if (*node == nullptr) return output(Bytes{});
  codec::CborWriter writer;
  writer.array(2);
  (*node)->write({writer, instance().replica->authors(), crdt::Names::keys});
  return output(writer.take());
}
/// Out: `[* [soul: tstr, property: tstr / null]]`, what changed since the last time.
HEARTH_EXPORT("changes") int hearth_changes() {
  const auto changes = instance().replica->take_changes();
  codec::CborWriter writer;
  writer.array(changes.size());
  for (const replica::Changed& change : changes) {
    writer.array(2).text(change.soul);
    if (change.property) {
      writer.text(*change.property);
    } else {
      writer.null();
    }
  }
  return output(writer.take());
}

namespace {

using EditResult = Result<Unit, replica::EditError>;

// [code, soul, property, …], with positions where an operation has ids; the codes are those of
// operations (docs/protocol/graph.md, section 2).
std::optional<EditResult> read_edit(codec::CborReader& from, replica::Draft& draft) {
  if (!from.array()) return std::nullopt;
  const auto code = from.uint();
  const auto soul = from.text();
  if (!code || !soul) return std::nullopt;
  if (*code == 7) return draft.remove(*soul);
  const auto property = from.text();
  if (!property) return std::nullopt;
  if (*code == 6) return draft.remove(*soul, *property);
  if (*code == 1) {
    const auto delta = from.integer();
    return delta ? std::optional{draft.add(*soul, *property, *delta)} : std::nullopt;
  }
  if (*code == 4 || *code == 5) {
    const auto position = from.uint();
    const auto count = *code == 5 ? from.uint() : from.array();
    if (!position || !count) return std::nullopt;
    if (*code == 5)
      return draft.erase(*soul, *property, static_cast<std::size_t>(*position),
                         static_cast<std::size_t>(*count));
    std::vector<model::Value> values;
    for (std::uint64_t i = 0; i < *count; ++i) {
      auto value = model::read_value(from);
      if (!value) return std::nullopt;
      values.push_back(std::move(*value));
    }
    return draft.insert(*soul, *property, static_cast<std::size_t>(*position), std::move(values));
  }
  auto value = model::read_value(from);
  if (!value) return std::nullopt;
  if (*code == 0) return draft.put(*soul, *property, std::move(*value));
  if (*code == 3) return draft.exclude(*soul, *property, *value);
  const auto count = from.array();
  if (*code != 2 || !count) return std::nullopt;
  std::vector<update::Field> fields;
  for (std::uint64_t i = 0; i < *count; ++i) {
    if (!from.array(2)) return std::nullopt;
    const auto name = from.text();
    if (!name) return std::nullopt;
    auto field = model::read_value(from);
    if (!field) return std::nullopt;
    fields.push_back({std::string{*name}, std::move(*field)});
  }
  return draft.include(*soul, *property, std::move(*value), std::move(fields));
}

}  // namespace

/// In: the device's seed of 32 bytes, its certificate, and edits `[+ edit]`. Out: `[header: bstr,
/// signature: bstr, body: bstr]` for the others. An edit that can't be made answers -200 -
/// EditError, and nothing is written.
HEARTH_EXPORT("write") int hearth_write(double now_ms, std::uint32_t certificate_size) {
  const std::size_t size = instance().input.size();
  if (std::uint64_t{certificate_size} + 32 > size) return malformed;
  const auto key = crypto::Ed25519PrivateKey::from_seed(input(0, 32));
  crypto::wipe(MutableBytes{instance().input}.first(32));
  const BytesView edits = input(32 + certificate_size, size - 32 - certificate_size);
  Replica& replica = *instance().replica;
  auto draft = replica.draft(update::author_of(key->public_key()), at(now_ms));
  if (!draft) return refused(draft.error());
  codec::CborReader reader{edits};
  const auto count = reader.array();
  if (!count) return malformed;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto edit = read_edit(reader, *draft);
    if (!edit) return malformed;
    if (!*edit) return -200 - static_cast<int>(edit->error());
  }
  if (!reader.done()) return malformed;
  const auto update = replica.write(*draft, *key, input(32, certificate_size));
  if (!update) return refused(update.error());
  return output(codec::CborWriter{}
                    .array(3)
                    .bytes(update->header.encode())
                    .bytes(update->signature)
                    .bytes(*update->body)
                    .take());
}
