// Which updates touched a soul, by their time. Keys of the store:
//   h number:4 size:2 soul ms:7 author:4 seq:8   an update that touched the soul; its id where the
//                          author forked and it isn't on the line
//   g number:4 author:4    how far an author's log is in these histories

#include <ranges>
#include <utility>

#include "side_store.h"
#include <hearth/graph_service/spaces.h>

namespace hearth::graph_service {

namespace {

std::string history_prefix(const Space& space, std::string_view soul) {
  Bytes bytes;
  Writer writer{bytes};
  writer.text(numbered('h', space.number));
  writer.u16_be(static_cast<std::uint16_t>(soul.size()));
  writer.text(soul);
  return to_text(bytes);
}

std::string history_place(double state_ms, crdt::AuthorNumber author, std::uint64_t seq) {
  Bytes bytes;
  Writer writer{bytes};
  const auto ms = static_cast<std::uint64_t>(state_ms);  // up to 8.64e15 needs 53 bits
  writer.u8(static_cast<std::uint8_t>(ms >> 48));
  writer.u16_be(static_cast<std::uint16_t>(ms >> 32));
  writer.u32_be(static_cast<std::uint32_t>(ms));
  writer.u32_be(author);
  writer.u64_be(seq);
  return to_text(bytes);
}

}  // namespace

/// What came since: our own as it is written, others' after an import, and all that a crash left
/// out, since an import's batches don't hold histories.
void Spaces::index_history(Space& space) {
  if (!std::exchange(space.has_new_logs, false)) return;
  const ledger::Ledger& ledger = space.replica->ledger();
  for (const crdt::AuthorNumber author : ledger.authors_by_key()) {
    const ledger::AuthorLog& log = *ledger.find_log(author);
    const Indexed before = space.indexed[author];
    if (log.size() == before.size) continue;
    const ledger::Record* record = log.head();
    std::vector<const ledger::Record*> news;
    for (; record != nullptr && record->seq > before.line; record = record->parent)
      news.push_back(record);
    if (log.is_forked())
      for (const ledger::Record* each : log.records())
        if (!each->on_line) news.push_back(each);
    for (const ledger::Record* each : news | std::views::reverse) index_history(space, *each);
  }
}

void Spaces::index_history(Space& space, const ledger::Record& record) {
  const auto update = space.replica->update_of(record);
  if (update && update->body && record.body == ledger::BodyState::good)
    if (const auto body = update::Body::decode(*update->body, update->header.author)) {
      const std::string place = history_place(record.stamp.ms(), record.author, record.seq);
      for (const update::Change& change : body->changes)
        side_->put(history_prefix(space, change.soul) + place,
                   record.on_line ? BytesView{} : BytesView{record.id.value()});
    }
  Indexed& indexed = space.indexed[record.author];
  if (record.on_line) indexed.line = std::max(indexed.line, record.seq);
  note_indexed(space, record.author);
}

void Spaces::note_indexed(Space& space, crdt::AuthorNumber author) {
  Indexed& indexed = space.indexed[author];
  indexed.size = space.replica->ledger().find_log(author)->size();
  Bytes key = to_bytes(numbered('g', space.number));
  Writer{key}.u32_be(author);
  Bytes value;
  Writer writer{value};
  writer.u64_be(indexed.line);
  writer.u64_be(indexed.size);
  side_->put(as_text(key), value);
}

std::uint64_t Spaces::find_in_histories(const Space& space, const ledger::Record& record,
                                        std::vector<std::string>& places) const {
  constexpr std::uint64_t frame_bytes = 120;  // id, signature, key
  const auto update = space.replica->update_of(record);
  if (!update || !update->body) return frame_bytes;
  std::uint64_t bytes = frame_bytes + update->body->size();
  const auto body = update::Body::decode(*update->body, update->header.author);
  if (!body) return bytes;
  const std::string place = history_place(record.stamp.ms(), record.author, record.seq);
  for (const update::Change& change : body->changes) {
    places.push_back(history_prefix(space, change.soul) + place);
    bytes += places.back().size();
  }
  return bytes;
}

Result<std::vector<Spaces::Place>, ApiError> Spaces::history(Space& space, std::string_view soul,
                                                             const std::string& before,
                                                             std::size_t limit) {
  // What was written a moment ago is in the next batch.
  HEARTH_CHECK(commit());
  const std::string prefix = history_prefix(space, soul);
  graph_store::Range range = graph_store::prefix_range(prefix);
  range.order = graph_store::Range::Order::descending;
  if (!before.empty()) range.to = prefix + before;
  const ledger::Ledger& ledger = space.replica->ledger();
  std::vector<Place> places;
  const auto scanned = store_->scan(range, [&](std::string_view key, BytesView value) {
    const std::string_view place = key.substr(prefix.size());
    Reader reader{as_bytes(place)};
    if (!reader.bytes(7)) return true;
    const auto author = reader.u32_be();
    const auto seq = reader.u64_be();
    const ledger::AuthorLog* log = author && seq ? ledger.find_log(*author) : nullptr;
    if (log == nullptr) return true;
    const auto id = model::id_from<model::UpdateId>(value);
    const ledger::Record* record = id ? log->find(*seq, *id) : log->on_line(*seq);
    if (record != nullptr) places.push_back({record, std::string{place}});
    return places.size() < limit;
  });
  if (!scanned) return Failure{store_failed()};
  return places;
}

std::string histories_prefix(std::uint32_t number) {
  return numbered('h', number);
}

}  // namespace hearth::graph_service
