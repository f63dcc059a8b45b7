#include <algorithm>

#include <hearth/graph_lines/transfer.h>

namespace hearth::graph_lines {

using ledger::AuthorLog;
using ledger::Record;
using replica::Accepted;
using replica::Refusal;

namespace {

// Checked and written together.
constexpr std::size_t max_batch = 512;
constexpr std::size_t max_batch_bytes = std::size_t{4} << 20;

ImportError error_of(LineError error) {
  switch (error) {
    case LineError::too_long:
      return ImportError::too_long;
    case LineError::wrong_version:
      return ImportError::wrong_version;
    case LineError::malformed:
      break;
  }
  return ImportError::malformed;
}

}  // namespace

Result<model::SpaceId, LineError> space_of(std::string_view first_line) {
  while (first_line.ends_with('\n') || first_line.ends_with('\r')) first_line.remove_suffix(1);
  HEARTH_TRY(const Line line, read_line(first_line, model::SpaceId{}));
  const auto* beginning = std::get_if<Beginning>(&line);
  if (beginning == nullptr) return Failure{LineError::malformed};
  return beginning->space;
}

// --- out ---

Exporter::Exporter(replica::Replica& replica) : replica_(replica) {
  for (const crdt::AuthorNumber author : replica.ledger().authors_by_key()) {
    std::uint64_t last = 0;
    for (const Record* head : replica.ledger().find_log(author)->heads())
      last = std::max(last, head->seq);
    logs_.push_back({.author = author, .last = last});
  }
}

std::string Exporter::finished(const Line& line) {
  ++lines_;
  return write_line(line) + '\n';
}

Result<std::optional<std::string>, Refusal> Exporter::next() {
  switch (part_) {
    case Part::beginning:
      HEARTH_CHECK(replica_.statements([&](BytesView statement, bool is_entry) {
        statements_.emplace_back(to_bytes(statement), is_entry);
      }));
      part_ = Part::statements;
      return finished(Beginning{replica_.ledger().membership.space()});
    case Part::statements:
      if (next_statement_ < statements_.size()) {
        auto& [statement, is_entry] = statements_[next_statement_++];
        return finished(is_entry ? Line{EntryLine{std::move(statement)}}
                                 : Line{CheckpointLine{std::move(statement)}});
      }
      statements_.clear();
      part_ = Part::updates;
      [[fallthrough]];
    case Part::updates: {
      HEARTH_TRY(auto line, next_update());
      if (line) return line;
      part_ = Part::end;
      [[fallthrough]];
    }
    case Part::end:
      part_ = Part::done;
      return write_line(End{lines_}) + '\n';
    case Part::done:
      break;
  }
  return std::nullopt;
}

Result<std::optional<std::string>, Refusal> Exporter::next_update() {
  for (; next_log_ < logs_.size(); ++next_log_) {
    const auto [author, last] = logs_[next_log_];
    const AuthorLog& log = *replica_.ledger().find_log(author);
    const Record* record = log.next(position_);
    // A record that is outranked counts nowhere, and might find no room elsewhere.
    while (record != nullptr && record->outranked) record = log.next({{record->seq, record->id}});
    if (record == nullptr || record->seq > last) {
      position_ = std::nullopt;
      continue;
    }
    position_ = {record->seq, record->id};
    UpdateLine line;
    HEARTH_TRY(line.update, replica_.update_of(*record));
    if (record->seq == 1) {
      HEARTH_TRY(line.certificate, replica_.certificate_of(*record));
    }
    return finished(std::move(line));
  }
  return std::nullopt;
}

// --- in ---

Importer::Importer(replica::Replica& replica, Refused refused)
    : replica_(replica), refused_(std::move(refused)) {}

void Importer::refuse(std::uint64_t line, ImportError why) {
  ++imported_.refused;
  refused_(line, why);
}

Result<Unit, Refusal> Importer::feed(std::string_view chunk) {
  while (!chunk.empty()) {
    const std::size_t end = chunk.find('\n');
    const std::string_view part = chunk.substr(0, end);
    is_too_long_ = is_too_long_ || partial_.size() + part.size() > max_line_size;
    if (is_too_long_) {
      partial_.clear();
    } else {
      partial_ += part;
    }
    if (end == std::string_view::npos) return Unit{};
    chunk.remove_prefix(end + 1);
    const std::string line = std::exchange(partial_, {});
    HEARTH_CHECK(take_line(line));
  }
  return Unit{};
}

Result<Unit, Refusal> Importer::take_line(std::string_view text) {
  ++imported_.lines;
  if (std::exchange(is_too_long_, false)) {
    refuse(imported_.lines, ImportError::too_long);
    return Unit{};
  }
  auto line = read_line(text, replica_.ledger().membership.space());
  if (!line) {
    refuse(imported_.lines, error_of(line.error()));
    return Unit{};
  }
  return take(std::move(*line));
}

Result<Unit, Refusal> Importer::take(Line line) {
  const std::uint64_t number = imported_.lines;
  const auto* beginning = std::get_if<Beginning>(&line);
  if (has_ended_ || has_begun_ == (beginning != nullptr)) {
    refuse(number, ImportError::out_of_place);
  } else if (beginning != nullptr) {
    has_begun_ = beginning->space == replica_.ledger().membership.space();
    if (!has_begun_) refuse(number, ImportError::wrong_space);
  } else if (const auto* entry = std::get_if<EntryLine>(&line)) {
    return note(replica_.add_entry(entry->statement), number);
  } else if (const auto* checkpoint = std::get_if<CheckpointLine>(&line)) {
    return note(replica_.add_checkpoint(checkpoint->statement), number);
  } else if (auto* update = std::get_if<UpdateLine>(&line)) {
    batch_bytes_ += update->update.body ? update->update.body->size() : 0;
    batch_.push_back({std::move(*update), number});
    if (batch_.size() >= max_batch || batch_bytes_ >= max_batch_bytes) return take_batch();
  } else {
    has_ended_ = std::get<End>(line).lines == number - 1;
    if (!has_ended_) refuse(number, ImportError::out_of_place);
  }
  return Unit{};
}

Result<Unit, Refusal> Importer::note(const Result<Accepted, Refusal>& answer, std::uint64_t line) {
  if (!answer) {
    if (answer.error() == Refusal::store) return Failure{Refusal::store};
    refuse(line, answer.error() == Refusal::wrong_space ? ImportError::wrong_space
                                                        : ImportError::refused);
  } else if (*answer == Accepted::held) {
    refuse(line, ImportError::waiting);
  } else if (*answer == Accepted::added) {
    ++imported_.added;
  }
  return Unit{};
}

Result<Unit, Refusal> Importer::take_batch() {
  std::vector<update::Update> updates;
  updates.reserve(batch_.size());
  for (Waiting& waiting : batch_) updates.push_back(std::move(waiting.update.update));
  auto verified = verifier_.verify_all(std::move(updates));
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    const auto& [update, line] = batch_[i];
    if (!verified[i]) {
      refuse(line, ImportError::bad_signature);
      continue;
    }
    // Gaps are where space was taken back; after a line that was refused there are others.
    const auto added = imported_.refused == 0
                           ? replica_.add_kept(std::move(*verified[i]), update.certificate)
                           : replica_.add(std::move(*verified[i]), update.certificate);
    HEARTH_CHECK(note(added, line));
  }
  batch_.clear();
  batch_bytes_ = 0;
  HEARTH_CHECK(replica_.commit());
  return Unit{};
}

Result<Imported, Refusal> Importer::finish() {
  if (!partial_.empty() || is_too_long_) HEARTH_CHECK(take_line(std::exchange(partial_, {})));
  HEARTH_CHECK(take_batch());
  if (!has_ended_) refuse(imported_.lines + 1, ImportError::cut_short);
  HEARTH_TRY(const bool proved, replica_.prove());
  if (!proved) refuse(imported_.lines, ImportError::unproved);
  HEARTH_CHECK(replica_.commit());
  imported_.complete = imported_.refused == 0;
  return imported_;
}

}  // namespace hearth::graph_lines
