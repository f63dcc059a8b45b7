#include <algorithm>
#include <numeric>

#include <hearth/crdt/authors.h>

namespace hearth::crdt {
namespace {

template <class T, class E>
Result<T, StateError> sound(Result<T, E> read) {
  if (!read) return Failure{StateError::malformed};
  return std::move(*read);
}

}  // namespace

AuthorNumber Authors::number(const model::AuthorKey& key) {
  const auto [place, added] = numbers_.try_emplace(key, static_cast<AuthorNumber>(keys_.size()));
  if (added) keys_.push_back(key);
  return place->second;
}

std::optional<AuthorNumber> Authors::find(const model::AuthorKey& key) const {
  const auto place = numbers_.find(key);
  return place == numbers_.end() ? std::nullopt : std::optional{place->second};
}

std::strong_ordering compare(const Id& a, const Id& b, const Authors& authors) {
  if (a.author != b.author) return authors.key(a.author) <=> authors.key(b.author);
  if (a.seq != b.seq) return a.seq <=> b.seq;
  return a.index <=> b.index;
}

std::vector<std::uint32_t> sorted_places(
    std::size_t count, const std::function<bool(std::uint32_t, std::uint32_t)>& is_before) {
  std::vector<std::uint32_t> places(count);
  std::iota(places.begin(), places.end(), 0U);
  std::sort(places.begin(), places.end(),
            [&](std::uint32_t a, std::uint32_t b) { return is_before(a, b); });
  return places;
}

void StateWriter::author(AuthorNumber author) const {
  if (names == Names::keys) {
    to.bytes(authors.key(author).value());
  } else {
    to.uint(author);
  }
}

void StateWriter::id(const Id& id) const {
  author(id.author);
  to.uint(id.seq).uint(id.index);
}

void StateWriter::stamp(const std::optional<model::Stamp>& stamp) const {
  if (stamp) {
    write(to, *stamp);
  } else {
    to.null();
  }
}

Result<std::uint64_t, StateError> StateReader::array() const {
  return sound(from.array());
}

Result<Unit, StateError> StateReader::array(std::uint64_t items) const {
  return sound(from.array(items));
}

Result<AuthorNumber, StateError> StateReader::author() const {
  if (names == Names::numbers) {
    HEARTH_TRY(const std::uint64_t number, sound(from.uint()));
    if (number >= authors.size()) return Failure{StateError::malformed};
    return static_cast<AuthorNumber>(number);
  }
  HEARTH_TRY(const BytesView key, sound(from.bytes(32)));
  return authors.number(*model::id_from<model::AuthorKey>(key));
}

Result<std::uint64_t, StateError> StateReader::uint() const {
  return sound(from.uint());
}

Result<Id, StateError> StateReader::id() const {
  Id id;
  HEARTH_TRY(id.author, author());
  HEARTH_TRY(id.seq, uint());
  HEARTH_TRY(const std::uint64_t index, uint());
  if (index > 0xffffffff) return Failure{StateError::malformed};
  id.index = static_cast<std::uint32_t>(index);
  return id;
}

Result<model::Stamp, StateError> StateReader::stamp() const {
  return sound(model::read_stamp(from));
}

Result<std::optional<model::Stamp>, StateError> StateReader::optional_stamp() const {
  HEARTH_TRY(const bool nothing, at_null());
  if (nothing) {
    HEARTH_CHECK(null());
    return std::nullopt;
  }
  HEARTH_TRY(const model::Stamp read, stamp());
  return read;
}

Result<model::Value, StateError> StateReader::value() const {
  return sound(model::read_value(from));
}

Result<bool, StateError> StateReader::at_null() const {
  HEARTH_TRY(const codec::CborKind kind, sound(from.peek()));
  return kind == codec::CborKind::null;
}

Result<Unit, StateError> StateReader::null() const {
  return sound(from.null());
}

}  // namespace hearth::crdt
