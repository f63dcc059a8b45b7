#include <algorithm>

#include <hearth/replica/replica.h>

namespace hearth::replica {

using ledger::BodyState;
using ledger::Record;

namespace {

// What is stored beside an update was told by it, and no signature covers it.
bool is_as_told(const Record& record, const update::Update& update) {
  if (!update.body) return record.body == BodyState::absent;
  if (update.header.epoch != 0) return record.body == BodyState::sealed;
  const auto body = update::Body::decode(*update.body, update.header.author);
  const bool is_first = record.seq == 1;
  const bool adds_up = (record.parent == nullptr && !is_first) ||
                       record.bytes == (is_first ? 0 : record.parent->bytes) + update.body->size();
  if (!body || !adds_up) return record.body == BodyState::broken;
  if (body->has_unknown()) return record.body == BodyState::unknown;
  return record.body == BodyState::good && record.stamp == body->state;
}

}  // namespace

Result<std::vector<Finding>, Refusal> Replica::verify(Repair repair) {
  HEARTH_CHECK(finish_sweep());
  HEARTH_CHECK(commit());
  std::vector<Finding> findings;

  update::Verifier verifier;
  std::set<Soul> souls;
  for (const Record* record : all_records()) {
    const Finding finding{.what = Finding::What::update,
                          .author = authors().key(record->author),
                          .seq = record->seq,
                          .soul = {}};
    auto update = update_of(*record);
    if (!update || update->header.id() != record->id || !is_as_told(*record, *update) ||
        !verifier.verify(std::move(*update))) {
      findings.push_back(finding);
      continue;
    }
    if (!record->applied) continue;
    HEARTH_TRY(const update::Body body, body_of(*record));
    for (const update::Change& change : body.changes) souls.insert(change.soul);
  }
  // What the log can't give back can't be compared with it.
  if (!findings.empty()) return findings;

  HEARTH_TRY(std::set<Soul> stored, all_souls());
  souls.merge(stored);
  const std::set<Soul> fated = fated_;
  nodes_.clear();
  for (const Soul& soul : souls) nodes_.emplace(soul, Slot{});
  HEARTH_CHECK(rebuild(souls));
  // What is stored also says what happened to a list on the way; its state decides.
  const auto canonical = [&](BytesView encoding) -> std::optional<Bytes> {
    const auto node = decoded(encoding);
    if (!node) return std::nullopt;
    codec::CborWriter writer;
    writer.array(2);
    node->write({writer, authors(), crdt::Names::keys});
    return writer.take();
  };
  const auto is_same = [&](BytesView a, BytesView b) {
    const auto state = canonical(a);
    return state && state == canonical(b);
  };
  std::set<Soul> wrong;
  for (const Soul& soul : souls) {
    const auto bytes = store_.get(key('n', soul));
    const auto expected = encoded(nodes_.at(soul).node);
    if (bytes && (*bytes == expected || (*bytes && expected && is_same(**bytes, *expected))))
      continue;
    wrong.insert(soul);
  }
  for (const Soul& soul : wrong)
    findings.push_back({.what = Finding::What::node, .author = {}, .seq = 0, .soul = soul});
  if (repair == Repair::yes) {
    damaged_ = !wrong.empty();
    return findings;
  }
  nodes_.clear();
  dirty_.clear();
  pending_.clear();
  changes_.clear();
  fated_ = fated;
  return findings;
}

}  // namespace hearth::replica
