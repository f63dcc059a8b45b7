#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/ledger/log.h>

namespace hearth::ledger {

std::optional<std::uint32_t> AuthorLog::root_of(const model::Bytes32& hash) const {
  const auto found = std::ranges::find(roots_, hash, &Root::certificate_hash);
  if (found == roots_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - roots_.begin());
}

std::uint32_t AuthorLog::add_root(const Root& root) {
  roots_.push_back(root);
  return static_cast<std::uint32_t>(roots_.size() - 1);
}

bool AuthorLog::is_outranked(const Record* parent, const model::UpdateId& id) const {
  if (parent != nullptr && parent->outranked) return true;
  const std::uint64_t seq = parent == nullptr ? 1 : parent->seq + 1;
  std::size_t smaller = 0;
  const auto count = [&](const Record& record) {
    if (record.parent == parent && record.id < id) ++smaller;
  };
  if (const Record* record = on_line(seq)) count(*record);
  for (auto branch = branches_.lower_bound({seq, model::UpdateId{}});
       branch != branches_.end() && branch->first.first == seq; ++branch)
    count(branch->second);
  return smaller >= max_children;
}

Record& AuthorLog::add(Record record) {
  HEARTH_ASSERT(record.seq == (record.parent == nullptr ? 1 : record.parent->seq + 1));
  record.author = author_;
  if (record.parent == (line_.empty() ? nullptr : &line_.back())) {
    record.on_line = true;
    return line_.emplace_back(record);
  }
  record.on_line = false;
  return branches_.emplace(std::pair{record.seq, record.id}, record).first->second;
}

Record& AuthorLog::add_after_gap(Record record, const model::Bytes32& prev) {
  HEARTH_ASSERT(!is_forked() && !line_.empty() && record.seq > line_.back().seq + 1);
  record.author = author_;
  record.parent = nullptr;
  record.root = line_.front().root;
  gaps_.emplace(record.seq, prev);
  return line_.emplace_back(record);
}

void AuthorLog::drop(const std::function<bool(const Record&)>& is_gone) {
  HEARTH_ASSERT(!is_forked());
  std::deque<Record> kept;
  for (const Record& record : line_) {
    if (is_gone(record)) {
      gaps_.erase(record.seq);
      continue;
    }
    const bool follows = !kept.empty() && kept.back().seq + 1 == record.seq;
    if (!follows && record.parent != nullptr) gaps_[record.seq] = prev_of(record);
    Record& moved = kept.emplace_back(record);
    moved.parent = follows ? &kept[kept.size() - 2] : nullptr;
  }
  line_ = std::move(kept);
}

const model::Bytes32& AuthorLog::prev_of(const Record& record) const {
  if (record.parent != nullptr) return record.parent->id.value();
  return record.seq == 1 ? root(record.root).certificate_hash : gaps_.at(record.seq);
}

Record* AuthorLog::find(std::uint64_t seq, const model::UpdateId& id) {
  return const_cast<Record*>(std::as_const(*this).find(seq, id));
}

const Record* AuthorLog::find(std::uint64_t seq, const model::UpdateId& id) const {
  if (const Record* record = on_line(seq); record != nullptr && record->id == id) return record;
  const auto branch = branches_.find({seq, id});
  return branch == branches_.end() ? nullptr : &branch->second;
}

const Record* AuthorLog::on_line(std::uint64_t seq) const {
  if (line_.empty() || seq == 0 || seq > line_.back().seq) return nullptr;
  // Without a gap above, it stands where its seq says.
  const std::uint64_t from_end = line_.back().seq - seq;
  if (from_end < line_.size())
    if (const Record& record = line_[line_.size() - 1 - static_cast<std::size_t>(from_end)];
        record.seq == seq)
      return &record;
  const auto place = std::ranges::lower_bound(line_, seq, {}, &Record::seq);
  return place->seq == seq ? &*place : nullptr;
}

Record* AuthorLog::on_line(std::uint64_t seq) {
  return const_cast<Record*>(std::as_const(*this).on_line(seq));
}

std::vector<const Record*> AuthorLog::heads() const {
  std::set<const Record*> parents;
  for (const auto& [key, record] : branches_) parents.insert(record.parent);
  std::vector<const Record*> heads;
  if (!line_.empty() && !parents.contains(&line_.back())) heads.push_back(&line_.back());
  for (const auto& [key, record] : branches_)
    if (!parents.contains(&record)) heads.push_back(&record);
  std::ranges::sort(heads, {}, &Record::id);
  return heads;
}

const Record* AuthorLog::next(const Place& place) const {
  const auto branch = place ? branches_.upper_bound(*place) : branches_.begin();
  const Record* on_branch = branch == branches_.end() ? nullptr : &branch->second;
  const auto after = [&](const Record& record) {
    return !place || std::pair{record.seq, record.id} > *place;
  };
  const auto found = std::ranges::partition_point(line_, std::not_fn(after));
  const Record* line = found == line_.end() ? nullptr : &*found;
  if (line == nullptr || on_branch == nullptr) return line == nullptr ? on_branch : line;
  return std::pair{line->seq, line->id} < branch->first ? line : on_branch;
}

std::vector<Record*> AuthorLog::records() {
  std::vector<Record*> records;
  records.reserve(size());
  for (Record& record : line_) records.push_back(&record);
  for (auto& [key, record] : branches_) records.push_back(&record);
  if (is_forked())
    std::ranges::sort(records, [](const Record* a, const Record* b) {
      return std::pair{a->seq, a->id} < std::pair{b->seq, b->id};
    });
  return records;
}

std::vector<const Record*> AuthorLog::records() const {
  const auto records = const_cast<AuthorLog*>(this)->records();
  return {records.begin(), records.end()};
}

bool AuthorLog::rank(const std::vector<update::Position>& named) {
  for (Record* record : records()) record->is_named = false;
  for (const update::Position& position : named)
    for (const Record* at = find(position.seq, position.id); at != nullptr && !at->is_named;
         at = at->parent)
      find(at->seq, at->id)->is_named = true;
  std::map<std::pair<const Record*, std::uint64_t>, std::size_t> siblings;
  bool changed = false;
  // Ascending by seq and id: parents before their children, siblings after those with smaller ids.
  for (Record* record : records()) {
    const std::size_t smaller = siblings[{record->parent, record->seq}]++;
    const bool outranked =
        !record->is_named &&
        (smaller >= max_children || (record->parent != nullptr && record->parent->outranked));
    if (std::exchange(record->outranked, outranked) != outranked) changed = true;
  }
  return changed;
}

const Record* AuthorLog::ancestor(const Record& of, std::uint64_t seq) const {
  const Record* record = &of;
  while (record->seq > seq) {
    if (record->on_line) return on_line(seq);
    record = record->parent;
  }
  return record;
}

bool AuthorLog::is_within(const Record& record, const update::Position& position) const {
  if (record.seq > position.seq) return false;
  if (!is_forked()) return true;
  const Record* last = find(position.seq, position.id);
  return last == nullptr || ancestor(*last, record.seq) == &record;
}

bool AuthorLog::is_beside(const Record& record, const update::Position& position) const {
  if (!is_forked()) return false;
  const Record* named = find(position.seq, position.id);
  if (named == nullptr) return false;
  return record.seq <= named->seq ? ancestor(*named, record.seq) != &record
                                  : ancestor(record, named->seq) != named;
}

}  // namespace hearth::ledger
