#include <algorithm>
#include <array>

#include "json.h"
#include <hearth/base/assert.h>
#include <hearth/codec/cbor.h>
#include <hearth/graph_lines/line.h>
#include <hearth/model/value.h>
#include <hearth/update/body.h>
#include <hearth/update/checkpoint.h>
#include <hearth/update/membership.h>

namespace hearth::graph_lines {
namespace {

using update::Operation;

constexpr std::uint64_t version = 1;
constexpr std::array<std::string_view, 6> role_names{"none",   "carrier", "reader",
                                                     "writer", "admin",   "owner"};

// An entry or checkpoint and its signature, as update::sign puts them together.
struct Statement {
  BytesView payload, signature;

  [[nodiscard]] static Statement open(BytesView bytes) {
    codec::CborReader reader{bytes};
    const bool shaped = reader.array(2).has_value();
    const auto payload = reader.bytes();
    const auto signature = reader.bytes(64);
    HEARTH_ASSERT(shaped && payload && signature && reader.done());
    return {*payload, *signature};
  }
  [[nodiscard]] static Bytes close(BytesView payload, BytesView signature) {
    return codec::CborWriter{}.array(2).bytes(payload).bytes(signature).take();
  }
};

// --- writing ---

void write_id(JsonWriter& to, const update::Id& id) {
  to.begin('[').count(id.author).count(id.seq).count(id.index).end(']');
}

void write_position(JsonWriter& to, const update::Position& position) {
  to.begin('[').bytes(position.author.value()).count(position.seq);
  to.bytes(position.id.value()).end(']');
}

void write_positions(JsonWriter& to, const std::vector<update::Position>& positions) {
  to.begin('[');
  for (const update::Position& position : positions) write_position(to, position);
  to.end(']');
}

struct OperationWriter {
  JsonWriter& to;

  void operator()(const update::Put& op) const { to.text("put").text(op.property).value(op.value); }
  void operator()(const update::Add& op) const {
    to.text("add").text(op.property).number(static_cast<double>(op.delta));
  }
  void operator()(const update::Include& op) const {
    to.text("include").text(op.property).value(op.element);
    to.begin('{');
    for (const update::Field& field : op.fields) to.key(field.name).value(field.value);
    to.end('}');
  }
  void operator()(const update::Exclude& op) const {
    to.text("exclude").text(op.property).value(op.element);
    to.begin('[');
    for (const update::Id& id : op.seen) write_id(to, id);
    to.end(']');
  }
  void operator()(const update::Insert& op) const {
    to.text("insert").text(op.property);
    if (op.parent) {
      write_id(to, *op.parent);
    } else {
      to.value(model::Null{});
    }
    to.text(op.side == update::Side::left ? "left" : "right");
    to.begin('[');
    for (const model::Value& value : op.values) to.value(value);
    to.end(']');
  }
  void operator()(const update::Erase& op) const {
    to.text("erase").text(op.property);
    to.begin('[');
    for (const auto& [first, count] : op.runs) {
      to.begin('[').count(first.author).count(first.seq).count(first.index);
      to.count(count).end(']');
    }
    to.end(']');
  }
  void operator()(const update::DeleteProperty& op) const { to.text("delete").text(op.property); }
  void operator()(const update::DeleteNode&) const { to.text("delete"); }
  void operator()(const update::Unknown&) const {}
};

void write_body(JsonWriter& to, const update::Body& body) {
  to.begin('{').key("state").number(body.state.ms());
  if (body.behalf) {
    to.key("behalf").begin('[').text(body.behalf->app);
    to.bytes(body.behalf->persona.value()).end(']');
  }
  if (!body.authors.empty()) {
    to.key("authors").begin('[');
    for (const model::AuthorKey& author : body.authors) to.bytes(author.value());
    to.end(']');
  }
  to.key("changes").begin('{');
  for (const update::Change& change : body.changes) {
    to.key(change.soul).begin('[');
    for (const Operation& operation : change.operations) {
      to.begin('[');
      std::visit(OperationWriter{to}, operation);
      to.end(']');
    }
    to.end(']');
  }
  to.end('}').end('}');
}

struct MemberChangeWriter {
  JsonWriter& to;

  void operator()(const update::Found& change) const {
    to.text("found").text(change.kind == update::SpaceKind::open ? "public" : "protected");
    to.bytes(change.nonce);
  }
  void operator()(const update::SetHome& change) const {
    to.text("home").bytes(change.home.value());
  }
  void operator()(const update::SetRole& change) const {
    to.text("role").bytes(change.persona.value());
    to.text(role_names[static_cast<std::size_t>(change.role)]);
    write_positions(to, change.cuts);
  }
  void operator()(const update::EndAuthor& change) const {
    to.text("end");
    write_position(to, change.last);
  }
  void operator()(const update::NameBranch& change) const {
    to.text("branch");
    write_position(to, change.on);
  }
  void operator()(const update::UnknownMemberChange& change) const {
    to.text("other").bytes(change.encoded);
  }
};

struct LineWriter {
  JsonWriter& to;

  void operator()(const Beginning& line) const {
    to.key("hearth-graph").count(version).key("space").bytes(line.space.value());
  }

  void operator()(const EntryLine& line) const {
    const Statement parts = Statement::open(line.statement);
    const auto entry = update::Entry::decode(parts.payload);
    HEARTH_ASSERT(entry);
    to.key("entry").count(entry->seq).key("term").count(entry->term);
    if (entry->prev) to.key("prev").bytes(entry->prev->value());
    to.key("time").count(entry->time).key("signer").bytes(entry->signer.value());
    to.key("changes").begin('[');
    for (const update::MemberChange& change : entry->changes) {
      to.begin('[');
      std::visit(MemberChangeWriter{to}, change);
      to.end(']');
    }
    to.end(']').key("signature").bytes(parts.signature);
  }

  void operator()(const CheckpointLine& line) const {
    const auto signed_checkpoint = update::SignedCheckpoint::decode(line.statement);
    HEARTH_ASSERT(signed_checkpoint);
    const update::Checkpoint& checkpoint = signed_checkpoint->checkpoint;
    to.key("checkpoint").count(checkpoint.number);
    if (checkpoint.prev) to.key("prev").bytes(checkpoint.prev->value());
    to.key("membership").bytes(checkpoint.membership.value());
    to.key("time").count(checkpoint.time).key("heads");
    write_positions(to, checkpoint.heads);
    to.key("digest").bytes(checkpoint.digest);
    to.key("signature").bytes(signed_checkpoint->signature);
  }

  void operator()(const UpdateLine& line) const {
    const update::Header& header = line.update.header;
    to.key("update").bytes(header.author.value()).key("seq").count(header.seq);
    to.key("prev").bytes(header.prev).key("membership").bytes(header.membership.value());
    if (header.epoch != 0) to.key("epoch").count(header.epoch);
    to.key("bytes").count(header.bytes);
    if (!line.update.body) to.key("hash").bytes(header.body);
    to.key("signature").bytes(line.update.signature);
    if (!line.certificate.empty()) to.key("certificate").bytes(line.certificate);
    if (!line.update.body) return;
    to.key("body");
    const auto body = update::Body::decode(*line.update.body, header.author);
    if (header.epoch == 0 && body && !body->has_unknown()) {
      write_body(to, *body);
    } else {
      to.bytes(*line.update.body);
    }
  }

  void operator()(const End& line) const { to.key("end").count(line.lines); }
};

// --- reading ---

update::Id read_id_in(JsonFields& from) {
  update::Id id;
  id.author = static_cast<std::uint32_t>(from.count(update::max_operations));
  id.seq = from.count();
  id.index = static_cast<std::uint32_t>(from.count(0xffffffff));
  return id;
}

update::Id read_id(JsonFields& from) {
  from.begin('[');
  const update::Id id = read_id_in(from);
  from.end();
  return id;
}

update::Position read_position(JsonFields& from) {
  from.begin('[');
  update::Position position;
  position.author = model::AuthorKey{from.bytes32()};
  position.seq = from.count();
  position.id = model::UpdateId{from.bytes32()};
  from.end();
  return position;
}

std::vector<update::Position> read_positions(JsonFields& from) {
  std::vector<update::Position> positions;
  from.begin('[');
  while (from.more()) positions.push_back(read_position(from));
  from.end();
  return positions;
}

Operation read_operation(JsonFields& from) {
  from.begin('[');
  const std::string kind = from.text();
  if (kind == "delete") {
    const bool of_node = !from.more();
    const std::string property = of_node ? std::string{} : from.text();
    from.end();
    if (of_node) return update::DeleteNode{};
    return update::DeleteProperty{property};
  }
  std::string property = from.text();
  Operation operation;
  if (kind == "put") {
    operation = update::Put{std::move(property), from.value()};
  } else if (kind == "add") {
    operation = update::Add{std::move(property), from.integer()};
  } else if (kind == "include") {
    update::Include op{std::move(property), from.value(), {}};
    from.begin('{');
    while (from.more()) {
      std::string name = from.key();
      op.fields.push_back({std::move(name), from.value()});
    }
    from.end();
    operation = std::move(op);
  } else if (kind == "exclude") {
    update::Exclude op{std::move(property), from.value(), {}};
    from.begin('[');
    while (from.more()) op.seen.push_back(read_id(from));
    from.end();
    operation = std::move(op);
  } else if (kind == "insert") {
    update::Insert op{.property = std::move(property)};
    if (!from.null()) op.parent = read_id(from);
    const std::string side = from.text();
    if (side != "left" && side != "right") from.fail();
    op.side = side == "left" ? update::Side::left : update::Side::right;
    from.begin('[');
    while (from.more()) op.values.push_back(from.value());
    from.end();
    operation = std::move(op);
  } else if (kind == "erase") {
    update::Erase op{std::move(property), {}};
    from.begin('[');
    while (from.more()) {
      from.begin('[');
      const update::Id first = read_id_in(from);
      op.runs.push_back({first, static_cast<std::uint32_t>(from.count(0xffffffff))});
      from.end();
    }
    from.end();
    operation = std::move(op);
  } else {
    from.fail();
  }
  from.end();
  return operation;
}

// Nothing: not what a body may be.
std::optional<Bytes> read_body(JsonFields& from, const model::AuthorKey& writer) {
  update::Body body;
  from.begin('{');
  const auto state = model::Stamp::create(from.named("state").number());
  if (!state) from.fail();
  body.state = state.value_or(model::Stamp{});
  if (from.has("behalf")) {
    from.begin('[');
    std::string app = from.text();
    body.behalf = update::Behalf{std::move(app), model::PersonaKey{from.bytes32()}};
    from.end();
  }
  if (from.has("authors")) {
    from.begin('[');
    while (from.more()) body.authors.emplace_back(from.bytes32());
    from.end();
  }
  from.named("changes").begin('{');
  while (from.more()) {
    update::Change change{from.key(), {}};
    from.begin('[');
    while (from.more()) change.operations.push_back(read_operation(from));
    from.end();
    body.changes.push_back(std::move(change));
  }
  from.end();
  from.end();
  if (!from.ok()) return std::nullopt;
  Bytes encoded = body.encode();
  if (!update::Body::decode(encoded, writer)) return std::nullopt;
  return encoded;
}

update::MemberChange read_member_change(JsonFields& from) {
  from.begin('[');
  const std::string kind = from.text();
  update::MemberChange change;
  if (kind == "found") {
    update::Found found;
    const std::string of = from.text();
    if (of != "public" && of != "protected") from.fail();
    found.kind = of == "public" ? update::SpaceKind::open : update::SpaceKind::guarded;
    const Bytes nonce = from.bytes();
    if (nonce.size() == found.nonce.size()) {
      std::ranges::copy(nonce, found.nonce.begin());
    } else {
      from.fail();
    }
    change = found;
  } else if (kind == "home") {
    change = update::SetHome{model::AuthorKey{from.bytes32()}};
  } else if (kind == "role") {
    update::SetRole role{.persona = model::PersonaKey{from.bytes32()}};
    const auto name = std::ranges::find(role_names, from.text());
    if (name == role_names.end()) {
      from.fail();
    } else {
      role.role = static_cast<update::Role>(name - role_names.begin());
    }
    role.cuts = read_positions(from);
    change = std::move(role);
  } else if (kind == "end") {
    change = update::EndAuthor{read_position(from)};
  } else if (kind == "branch") {
    change = update::NameBranch{read_position(from)};
  } else if (kind == "other") {
    change = update::UnknownMemberChange{from.bytes()};
    codec::CborReader reader{std::get<update::UnknownMemberChange>(change).encoded};
    if (!reader.skip() || !reader.done()) from.fail();
  } else {
    from.fail();
  }
  from.end();
  return change;
}

Bytes read_entry(JsonFields& from, const model::SpaceId& space) {
  update::Entry entry{.seq = from.count()};
  entry.term = from.named("term").count();
  if (entry.seq > 0) entry.space = space;
  if (from.has("prev")) entry.prev = model::EntryId{from.bytes32()};
  entry.time = from.named("time").count();
  entry.signer = model::AuthorKey{from.named("signer").bytes32()};
  from.named("changes").begin('[');
  while (from.more()) entry.changes.push_back(read_member_change(from));
  from.end();
  const Bytes signature = from.named("signature").bytes();
  if (!from.ok()) return {};
  const Bytes payload = entry.encode();
  if (signature.size() != 64 || !update::Entry::decode(payload)) from.fail();
  return Statement::close(payload, signature);
}

Bytes read_checkpoint(JsonFields& from, const model::SpaceId& space) {
  update::Checkpoint checkpoint{.space = space, .number = from.count()};
  if (from.has("prev")) checkpoint.prev = model::CheckpointId{from.bytes32()};
  checkpoint.membership = model::EntryId{from.named("membership").bytes32()};
  checkpoint.time = from.named("time").count();
  from.named("heads");
  checkpoint.heads = read_positions(from);
  checkpoint.digest = from.named("digest").bytes32();
  const Bytes signature = from.named("signature").bytes();
  if (!from.ok()) return {};
  Bytes statement = Statement::close(checkpoint.encode(), signature);
  if (!update::SignedCheckpoint::decode(statement)) from.fail();
  return statement;
}

UpdateLine read_update(JsonFields& from, const model::SpaceId& space) {
  UpdateLine line;
  update::Header& header = line.update.header;
  header.space = space;
  header.author = model::AuthorKey{from.bytes32()};
  header.seq = from.named("seq").count();
  header.prev = from.named("prev").bytes32();
  header.membership = model::EntryId{from.named("membership").bytes32()};
  if (from.has("epoch")) header.epoch = from.count();
  header.bytes = from.named("bytes").count();
  const bool has_hash = from.has("hash");
  if (has_hash) header.body = from.bytes32();
  const Bytes signature = from.named("signature").bytes();
  if (signature.size() == line.update.signature.size()) {
    std::ranges::copy(signature, line.update.signature.begin());
  } else {
    from.fail();
  }
  if (from.has("certificate")) line.certificate = from.bytes();
  if (header.seq == 0 || from.has("body") == has_hash) from.fail();
  if (has_hash || !from.ok()) return line;
  line.update.body = from.at_text() ? from.bytes() : read_body(from, header.author);
  if (line.update.body) {
    header.body = update::hash_of(*line.update.body);
  } else {
    from.fail();
  }
  return line;
}

}  // namespace

std::string write_line(const Line& line) {
  JsonWriter to;
  to.begin('{');
  std::visit(LineWriter{to}, line);
  to.end('}');
  return to.take();
}

Result<Line, LineError> read_line(std::string_view text, const model::SpaceId& space) {
  if (text.size() > max_line_size) return Failure{LineError::too_long};
  if (!is_utf8(as_bytes(text))) return Failure{LineError::malformed};
  JsonFields from{text};
  Line line;
  from.begin('{');
  if (from.has("hearth-graph")) {
    const std::uint64_t read = from.count();
    if (from.ok() && read != version) return Failure{LineError::wrong_version};
    line = Beginning{model::SpaceId{from.named("space").bytes32()}};
  } else if (from.has("entry")) {
    line = EntryLine{read_entry(from, space)};
  } else if (from.has("checkpoint")) {
    line = CheckpointLine{read_checkpoint(from, space)};
  } else if (from.has("update")) {
    line = read_update(from, space);
  } else {
    line = End{from.named("end").count()};
  }
  from.end();
  if (!from.done()) return Failure{LineError::malformed};
  return line;
}

}  // namespace hearth::graph_lines
