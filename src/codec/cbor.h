#pragma once
// Deterministic CBOR (RFC 8949 §4.2.1), both ways: one encoding per value, and no other is
// accepted.
//
// The subset: integers, finite floats, byte and text strings, arrays, maps, booleans and null. Map
// keys are integers or strings, in bytewise order of their encoding, without duplicates. No tags.
// A float stands in the shortest of its three forms that holds it (§4.2.1); whether it may be an
// integral number is the format's to say.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>

namespace hearth::codec {

enum class CborError : std::uint8_t {
  truncated,
  not_minimal,   ///< a longer head than necessary
  indefinite,    ///< indefinite length
  unsupported,   ///< tags, undefined, NaN, infinities, floats and containers as map keys
  wrong_type,    ///< another kind of item than asked for
  wrong_count,   ///< another number of items than asked for, or the enclosing container is full
  out_of_range,  ///< an integer that does not fit the type asked for
  bad_utf8,
  unsorted_map,    ///< keys out of order, or twice
  too_deep,        ///< more than `max_cbor_depth` open containers
  trailing_bytes,  ///< something follows the outermost item
};

inline constexpr std::size_t max_cbor_depth = 16;

namespace detail {

// The open containers of a document, outermost first. Shared by writer and reader.
struct CborLevel {
  std::uint64_t items_left = 0;  // a map's pair counts as two
  bool is_map = false;
  std::size_t key_begin = 0, key_end = 0;  // the last key, as positions in the document
};

class CborNesting {
 public:
  [[nodiscard]] bool at_key() const;
  /// Whether another item may follow here.
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] bool complete() const { return started_ && depth_ == 0; }
  /// Accounts for an item without children at [begin, end) of the document.
  [[nodiscard]] Result<Unit, CborError> add_item(BytesView document, std::size_t begin,
                                                 std::size_t end);
  [[nodiscard]] Result<Unit, CborError> open(bool is_map, std::uint64_t items);

 private:
  void close_full();

  std::array<CborLevel, max_cbor_depth> levels_{};
  std::size_t depth_ = 0;
  bool started_ = false;
};

}  // namespace detail

/// Writes one item. Wrong counts, unsorted keys and the like are our mistakes, hence asserts.
class CborWriter {
 public:
  CborWriter& array(std::uint64_t items);
  CborWriter& map(std::uint64_t pairs);
  CborWriter& uint(std::uint64_t value);
  CborWriter& integer(std::int64_t value);
  CborWriter& bytes(BytesView value);
  CborWriter& text(std::string_view value);
  CborWriter& boolean(bool value);
  CborWriter& null();
  /// `value` is finite.
  CborWriter& floating(double value);
  /// One finished item, of the same rules.
  CborWriter& raw(BytesView item);

  /// The finished document; every container must be full. Leaves the writer empty.
  [[nodiscard]] Bytes take();

 private:
  void head(int major, std::uint64_t value);
  void item(std::size_t begin);

  Bytes out_;
  detail::CborNesting nesting_;
};

enum class CborKind : std::uint8_t {
  uint,
  negative,
  bytes,
  text,
  array,
  map,
  boolean,
  null,
  floating,
};

/// Reads one item, front to back. Views point into the input. After an error the reader is of no
/// further use.
class CborReader {
 public:
  explicit CborReader(BytesView document) : document_(document) {}

  /// What comes next, without reading it. Errors: truncated, unsupported, wrong_count.
  [[nodiscard]] Result<CborKind, CborError> peek() const;

  /// The number of items that follow; never more than the bytes that are left.
  [[nodiscard]] Result<std::uint64_t, CborError> array();
  /// The same, when only `items` will do. Error: wrong_count.
  [[nodiscard]] Result<Unit, CborError> array(std::uint64_t items);
  /// The number of pairs that follow.
  [[nodiscard]] Result<std::uint64_t, CborError> map();
  [[nodiscard]] Result<std::uint64_t, CborError> uint();
  [[nodiscard]] Result<std::int64_t, CborError> integer();
  [[nodiscard]] Result<BytesView, CborError> bytes();
  /// The same, when only `size` bytes will do. Error: wrong_count.
  [[nodiscard]] Result<BytesView, CborError> bytes(std::size_t size);
  [[nodiscard]] Result<std::string_view, CborError> text();
  [[nodiscard]] Result<bool, CborError> boolean();
  [[nodiscard]] Result<Unit, CborError> null();
  [[nodiscard]] Result<double, CborError> floating();
  /// Reads over one item with everything in it, as strictly as if it were wanted.
  [[nodiscard]] Result<Unit, CborError> skip();
  /// How far it has read, from the document's beginning.
  [[nodiscard]] std::size_t position() const { return position_; }
  /// The item is complete and nothing follows. Errors: truncated, trailing_bytes.
  [[nodiscard]] Result<Unit, CborError> done() const;

 private:
  struct Head {
    int major = 0;
    std::uint64_t value = 0;
    std::size_t size = 0;
    bool is_float = false;  // `value` holds its bits
  };
  [[nodiscard]] Result<Head, CborError> head() const;
  [[nodiscard]] Result<Head, CborError> head(int major) const;
  [[nodiscard]] Result<BytesView, CborError> string(int major);
  [[nodiscard]] Result<std::uint64_t, CborError> container(int major);
  [[nodiscard]] Result<Unit, CborError> advance(std::size_t size);

  BytesView document_;
  std::size_t position_ = 0;
  detail::CborNesting nesting_;
};

}  // namespace hearth::codec
