#include <algorithm>

#include "cbor.h"
#include <hearth/update/body.h>

namespace hearth::update {
namespace {

using codec::CborReader;
using codec::CborWriter;

enum Code : std::uint64_t {
  code_put,
  code_add,
  code_include,
  code_exclude,
  code_insert,
  code_erase,
  code_delete_property,
  code_delete_node,
  first_unknown_code,
};

// An index counts operations and values of one body.
constexpr std::uint64_t max_index = max_operations + max_values;

void write_id(CborWriter& to, const Id& id) {
  to.array(3).uint(id.author).uint(id.seq).uint(id.index);
}

struct OperationWriter {
  CborWriter& to;

  void head(std::uint64_t items, Code code, std::string_view property) const {
    to.array(items).uint(code).text(property);
  }
  void operator()(const Put& put) const {
    head(3, code_put, put.property);
    write(to, put.value);
  }
  void operator()(const Add& add) const {
    head(3, code_add, add.property);
    to.integer(add.delta);
  }
  void operator()(const Include& include) const {
    head(4, code_include, include.property);
    write(to, include.element);
    to.array(include.fields.size());
    for (const Field& field : include.fields) {
      to.array(2).text(field.name);
      write(to, field.value);
    }
  }
  void operator()(const Exclude& exclude) const {
    head(4, code_exclude, exclude.property);
    write(to, exclude.element);
    to.array(exclude.seen.size());
    for (const Id& id : exclude.seen) write_id(to, id);
  }
  void operator()(const Insert& insert) const {
    head(5, code_insert, insert.property);
    if (insert.parent) {
      write_id(to, *insert.parent);
    } else {
      to.null();
    }
    to.uint(static_cast<std::uint64_t>(insert.side)).array(insert.values.size());
    for (const model::Value& value : insert.values) write(to, value);
  }
  void operator()(const Erase& erase) const {
    head(3, code_erase, erase.property);
    to.array(erase.runs.size());
    for (const Run& run : erase.runs)
      to.array(4).uint(run.first.author).uint(run.first.seq).uint(run.first.index).uint(run.count);
  }
  void operator()(const DeleteProperty& gone) const {
    head(2, code_delete_property, gone.property);
  }
  void operator()(const DeleteNode&) const { to.array(1).uint(code_delete_node); }
  void operator()(const Unknown& unknown) const { to.raw(unknown.encoded); }
};

class BodyReader {
 public:
  explicit BodyReader(BytesView bytes) : bytes_(bytes), reader_(bytes) {}

  Result<Body, UpdateError> read(const model::AuthorKey& writer) {
    Body body;
    HEARTH_CHECK(parsed(reader_.array(5)));
    HEARTH_CHECK(read_version(reader_));
    HEARTH_TRY(body.state, parsed(model::read_stamp(reader_)));
    HEARTH_TRY(body.behalf, behalf());
    HEARTH_TRY(body.authors, authors(writer));
    authors_ = body.authors.size();
    HEARTH_TRY(const std::uint64_t count, some());
    body.changes.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      HEARTH_TRY(Change change, change());
      if (i > 0 && !(body.changes.back().soul < change.soul))
        return Failure{UpdateError::out_of_order};
      body.changes.push_back(std::move(change));
    }
    HEARTH_CHECK(parsed(reader_.done()));
    return body;
  }

 private:
  // An array with at least one item.
  Result<std::uint64_t, UpdateError> some() {
    HEARTH_TRY(const std::uint64_t items, parsed(reader_.array()));
    if (items == 0) return Failure{UpdateError::malformed};
    return items;
  }

  Result<std::string, UpdateError> property() {
    HEARTH_TRY(const std::string_view name, parsed(model::read_property(reader_)));
    return std::string{name};
  }

  Result<model::Value, UpdateError> value() { return parsed(model::read_value(reader_)); }

  Result<std::optional<Behalf>, UpdateError> behalf() {
    HEARTH_TRY(const codec::CborKind kind, parsed(reader_.peek()));
    if (kind == codec::CborKind::null) {
      HEARTH_CHECK(parsed(reader_.null()));
      return std::nullopt;
    }
    Behalf behalf;
    HEARTH_CHECK(parsed(reader_.array(2)));
    HEARTH_TRY(const std::string_view app, parsed(reader_.text()));
    if (app.size() > max_behalf_app_size) return Failure{UpdateError::too_large};
    behalf.app = app;
    HEARTH_TRY(behalf.persona, read_id<model::PersonaKey>(reader_));
    return behalf;
  }

  Result<std::vector<model::AuthorKey>, UpdateError> authors(const model::AuthorKey& writer) {
    HEARTH_TRY(const std::uint64_t count, parsed(reader_.array()));
    std::vector<model::AuthorKey> authors;
    for (std::uint64_t i = 0; i < count; ++i) {
      HEARTH_TRY(const auto author, read_id<model::AuthorKey>(reader_));
      authors.push_back(author);
    }
    std::vector<model::AuthorKey> sorted = authors;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end() ||
        std::ranges::binary_search(sorted, writer))
      return Failure{UpdateError::out_of_order};
    return authors;
  }

  Result<std::uint32_t, UpdateError> below(std::uint64_t bound) {
    HEARTH_TRY(const std::uint64_t value, parsed(reader_.uint()));
    if (value >= bound) return Failure{UpdateError::out_of_range};
    return static_cast<std::uint32_t>(value);
  }

  Result<Id, UpdateError> id_items() {
    Id id;
    HEARTH_TRY(id.author, below(authors_ + 1));
    HEARTH_TRY(id.seq, read_count(reader_));
    if (id.seq == 0) return Failure{UpdateError::out_of_range};
    HEARTH_TRY(id.index, below(max_index));
    return id;
  }
  Result<Id, UpdateError> id() {
    HEARTH_CHECK(parsed(reader_.array(3)));
    return id_items();
  }

  Result<Change, UpdateError> change() {
    Change change;
    HEARTH_CHECK(parsed(reader_.array(2)));
    HEARTH_TRY(const std::string_view soul, parsed(model::read_soul(reader_)));
    change.soul = soul;
    HEARTH_TRY(const std::uint64_t count, some());
    if (count > max_operations - operations_) return Failure{UpdateError::too_large};
    operations_ += count;
    change.operations.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      HEARTH_TRY(Operation operation, operation());
      change.operations.push_back(std::move(operation));
    }
    return change;
  }

  Result<Operation, UpdateError> operation() {
    // An unknown operation is skipped from its beginning on, so that all of it is checked.
    const CborReader beginning = reader_;
    HEARTH_TRY(const std::uint64_t items, some());
    HEARTH_TRY(const std::uint64_t code, parsed(reader_.uint()));
    if (code >= first_unknown_code) {
      reader_ = beginning;
      const std::size_t begin = reader_.position();
      HEARTH_CHECK(parsed(reader_.skip()));
      return Unknown{.code = code,
                     .encoded = to_bytes(bytes_.subspan(begin, reader_.position() - begin))};
    }
    static constexpr std::uint64_t sizes[] = {3, 3, 4, 4, 5, 3, 2, 1};
    if (items != sizes[code]) return Failure{UpdateError::malformed};
    switch (code) {
      case code_put:
        return put();
      case code_add:
        return add();
      case code_include:
        return include();
      case code_exclude:
        return exclude();
      case code_insert:
        return insert();
      case code_erase:
        return erase();
      case code_delete_property: {
        HEARTH_TRY(std::string name, property());
        return DeleteProperty{std::move(name)};
      }
      default:
        return DeleteNode{};
    }
  }

  Result<Operation, UpdateError> put() {
    Put put;
    HEARTH_TRY(put.property, property());
    HEARTH_TRY(put.value, value());
    return put;
  }

  Result<Operation, UpdateError> add() {
    Add add;
    HEARTH_TRY(add.property, property());
    HEARTH_TRY(add.delta, parsed(reader_.integer()));
    if (add.delta < -model::max_integer || add.delta > model::max_integer)
      return Failure{UpdateError::out_of_range};
    return add;
  }

  Result<Operation, UpdateError> include() {
    Include include;
    HEARTH_TRY(include.property, property());
    HEARTH_TRY(include.element, value());
    HEARTH_TRY(const std::uint64_t count, parsed(reader_.array()));
    for (std::uint64_t i = 0; i < count; ++i) {
      Field field;
      HEARTH_CHECK(parsed(reader_.array(2)));
      HEARTH_TRY(field.name, property());
      HEARTH_TRY(field.value, value());
      if (i > 0 && !(include.fields.back().name < field.name))
        return Failure{UpdateError::out_of_order};
      include.fields.push_back(std::move(field));
    }
    return include;
  }

  Result<Operation, UpdateError> exclude() {
    Exclude exclude;
    HEARTH_TRY(exclude.property, property());
    HEARTH_TRY(exclude.element, value());
    HEARTH_TRY(const std::uint64_t count, some());
    for (std::uint64_t i = 0; i < count; ++i) {
      HEARTH_TRY(const Id seen, id());
      if (i > 0 && !(exclude.seen.back() < seen)) return Failure{UpdateError::out_of_order};
      exclude.seen.push_back(seen);
    }
    return exclude;
  }

  Result<Operation, UpdateError> insert() {
    Insert insert;
    HEARTH_TRY(insert.property, property());
    HEARTH_TRY(const codec::CborKind kind, parsed(reader_.peek()));
    if (kind == codec::CborKind::null) {
      HEARTH_CHECK(parsed(reader_.null()));
    } else {
      HEARTH_TRY(insert.parent, id());
    }
    HEARTH_TRY(const std::uint32_t side, below(2));
    insert.side = static_cast<Side>(side);
    HEARTH_TRY(const std::uint64_t count, some());
    if (count > max_values - values_) return Failure{UpdateError::too_large};
    values_ += count;
    insert.values.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      HEARTH_TRY(model::Value inserted, value());
      insert.values.push_back(std::move(inserted));
    }
    return insert;
  }

  Result<Operation, UpdateError> erase() {
    Erase erase;
    HEARTH_TRY(erase.property, property());
    HEARTH_TRY(const std::uint64_t count, some());
    for (std::uint64_t i = 0; i < count; ++i) {
      Run run;
      HEARTH_CHECK(parsed(reader_.array(4)));
      HEARTH_TRY(run.first, id_items());
      HEARTH_TRY(run.count, below(max_index - run.first.index + 1));
      if (run.count == 0) return Failure{UpdateError::out_of_range};
      // Runs of one body stay below what one body can insert, however often they overlap.
      if (run.count > max_values - erased_) return Failure{UpdateError::too_large};
      erased_ += run.count;
      erase.runs.push_back(run);
    }
    return erase;
  }

  BytesView bytes_;
  CborReader reader_;
  std::uint64_t authors_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t values_ = 0;
  std::uint64_t erased_ = 0;
};

}  // namespace

std::uint32_t indices_of(const Operation& operation) {
  const auto* insert = std::get_if<Insert>(&operation);
  return insert == nullptr ? 1 : static_cast<std::uint32_t>(insert->values.size());
}

Bytes Body::encode() const {
  CborWriter writer;
  writer.array(5).uint(1);
  write(writer, state);
  if (behalf) {
    writer.array(2).text(behalf->app).bytes(behalf->persona.value());
  } else {
    writer.null();
  }
  writer.array(authors.size());
  for (const model::AuthorKey& author : authors) writer.bytes(author.value());
  writer.array(changes.size());
  for (const Change& change : changes) {
    writer.array(2).text(change.soul).array(change.operations.size());
    for (const Operation& operation : change.operations)
      std::visit(OperationWriter{writer}, operation);
  }
  return writer.take();
}

Result<Body, UpdateError> Body::decode(BytesView bytes, const model::AuthorKey& writer) {
  if (bytes.size() > max_body_size) return Failure{UpdateError::too_large};
  return BodyReader{bytes}.read(writer);
}

bool Body::has_unknown() const {
  return std::ranges::any_of(changes, [](const Change& change) {
    return std::ranges::any_of(change.operations, [](const Operation& operation) {
      return std::holds_alternative<Unknown>(operation);
    });
  });
}

}  // namespace hearth::update
