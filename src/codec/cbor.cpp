#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <hearth/base/assert.h>
#include <hearth/codec/cbor.h>

namespace hearth::codec {
namespace {

constexpr int major_uint = 0, major_negative = 1, major_bytes = 2, major_text = 3, major_array = 4,
              major_map = 5, major_simple = 7;
constexpr std::uint64_t simple_false = 20, simple_true = 21, simple_null = 22;
constexpr int low_half = 25, low_single = 26, low_double = 27;

// The bits of `value` as a half (11 significant bits, exponents -24 to 15), if it is one.
std::optional<std::uint16_t> to_half(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 48) & 0x8000);
  const int exponent = static_cast<int>((bits >> 52) & 0x7ff) - 1023;
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  if (value == 0) return sign;
  if (exponent > 15 || exponent < -24) return std::nullopt;
  const std::uint64_t significand = fraction | (std::uint64_t{1} << 52);
  const int dropped = exponent < -14 ? 42 - 14 - exponent : 42;
  if ((significand & ((std::uint64_t{1} << dropped) - 1)) != 0) return std::nullopt;
  const auto kept = static_cast<std::uint16_t>(significand >> dropped);
  if (exponent < -14) return static_cast<std::uint16_t>(sign | kept);
  return static_cast<std::uint16_t>(sign | ((exponent + 15) << 10) | (kept & 0x3ff));
}

double from_half(std::uint16_t half) {
  const int exponent = (half >> 10) & 0x1f;
  const int fraction = half & 0x3ff;
  const double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                           : exponent == 31 ? std::numeric_limits<double>::infinity()
                                            : std::ldexp(fraction + 1024, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

bool is_single(double value) {
  // The conversion of what is out of float's range is undefined.
  return std::abs(value) <= std::numeric_limits<float>::max() &&
         static_cast<double>(static_cast<float>(value)) == value;
}

}  // namespace

namespace detail {

bool CborNesting::at_key() const {
  return depth_ > 0 && levels_[depth_ - 1].is_map && levels_[depth_ - 1].items_left % 2 == 0;
}

bool CborNesting::has_room() const {
  return !complete();
}

Result<Unit, CborError> CborNesting::add_item(BytesView document, std::size_t begin,
                                              std::size_t end) {
  if (!has_room()) return Failure{CborError::wrong_count};
  started_ = true;
  if (depth_ == 0) return Unit{};
  CborLevel& level = levels_[depth_ - 1];
  if (at_key()) {
    const BytesView key = document.subspan(begin, end - begin);
    const BytesView last = document.subspan(level.key_begin, level.key_end - level.key_begin);
    if (!std::ranges::lexicographical_compare(last, key)) return Failure{CborError::unsorted_map};
    level.key_begin = begin;
    level.key_end = end;
  }
  --level.items_left;
  close_full();
  return Unit{};
}

Result<Unit, CborError> CborNesting::open(bool is_map, std::uint64_t items) {
  if (!has_room()) return Failure{CborError::wrong_count};
  if (at_key()) return Failure{CborError::unsupported};
  if (depth_ == max_cbor_depth) return Failure{CborError::too_deep};
  started_ = true;
  if (depth_ > 0) --levels_[depth_ - 1].items_left;
  levels_[depth_++] = CborLevel{.items_left = items, .is_map = is_map};
  close_full();
  return Unit{};
}

// A container was taken off its parent's count when it opened, so a full one just ends.
void CborNesting::close_full() {
  while (depth_ > 0 && levels_[depth_ - 1].items_left == 0) --depth_;
}

}  // namespace detail

void CborWriter::head(int major, std::uint64_t value) {
  Writer writer{out_};
  const auto first = [&](std::uint64_t low) {
    return static_cast<std::uint8_t>((static_cast<unsigned>(major) << 5) | low);
  };
  if (value < 24) {
    writer.u8(first(value));
  } else if (value <= 0xff) {
    writer.u8(first(24));
    writer.u8(static_cast<std::uint8_t>(value));
  } else if (value <= 0xffff) {
    writer.u8(first(25));
    writer.u16_be(static_cast<std::uint16_t>(value));
  } else if (value <= 0xffffffff) {
    writer.u8(first(26));
    writer.u32_be(static_cast<std::uint32_t>(value));
  } else {
    writer.u8(first(27));
    writer.u64_be(value);
  }
}

void CborWriter::item(std::size_t begin) {
  HEARTH_ASSERT(nesting_.add_item(out_, begin, out_.size()));
}

CborWriter& CborWriter::array(std::uint64_t items) {
  HEARTH_ASSERT(nesting_.open(false, items));
  head(major_array, items);
  return *this;
}

CborWriter& CborWriter::map(std::uint64_t pairs) {
  HEARTH_ASSERT(nesting_.open(true, pairs * 2));
  head(major_map, pairs);
  return *this;
}

CborWriter& CborWriter::uint(std::uint64_t value) {
  const std::size_t begin = out_.size();
  head(major_uint, value);
  item(begin);
  return *this;
}

CborWriter& CborWriter::integer(std::int64_t value) {
  const std::size_t begin = out_.size();
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= 0) {
    head(major_uint, bits);
  } else {
    head(major_negative, ~bits);  // -1 - value
  }
  item(begin);
  return *this;
}

CborWriter& CborWriter::bytes(BytesView value) {
  const std::size_t begin = out_.size();
  head(major_bytes, value.size());
  append(out_, value);
  item(begin);
  return *this;
}

CborWriter& CborWriter::text(std::string_view value) {
  HEARTH_ASSERT(is_utf8(as_bytes(value)));
  const std::size_t begin = out_.size();
  head(major_text, value.size());
  append(out_, as_bytes(value));
  item(begin);
  return *this;
}

CborWriter& CborWriter::boolean(bool value) {
  const std::size_t begin = out_.size();
  head(major_simple, value ? simple_true : simple_false);
  item(begin);
  return *this;
}

CborWriter& CborWriter::null() {
  const std::size_t begin = out_.size();
  head(major_simple, simple_null);
  item(begin);
  return *this;
}

CborWriter& CborWriter::floating(double value) {
  HEARTH_ASSERT(std::isfinite(value));
  const std::size_t begin = out_.size();
  Writer writer{out_};
  if (const auto half = to_half(value)) {
    writer.u8((major_simple << 5) | low_half);
    writer.u16_be(*half);
  } else if (is_single(value)) {
    writer.u8((major_simple << 5) | low_single);
    writer.u32_be(std::bit_cast<std::uint32_t>(static_cast<float>(value)));
  } else {
    writer.u8((major_simple << 5) | low_double);
    writer.u64_be(std::bit_cast<std::uint64_t>(value));
  }
  HEARTH_ASSERT(!nesting_.at_key());
  item(begin);
  return *this;
}

CborWriter& CborWriter::raw(BytesView whole) {
  const std::size_t begin = out_.size();
  append(out_, whole);
  item(begin);
  return *this;
}

Bytes CborWriter::take() {
  HEARTH_ASSERT(nesting_.complete());
  nesting_ = {};
  return std::exchange(out_, {});
}

Result<CborReader::Head, CborError> CborReader::head() const {
  if (!nesting_.has_room()) return Failure{CborError::wrong_count};
  Reader reader{document_.subspan(position_)};
  const auto first = reader.u8();
  if (!first) return Failure{CborError::truncated};
  Head head{.major = *first >> 5};
  const int low = *first & 0x1f;
  if (low < 24) {
    head.value = static_cast<std::uint64_t>(low);
  } else if (low < 28) {
    const std::size_t size = std::size_t{1} << (low - 24);
    const auto digits = reader.bytes(size);
    if (!digits) return Failure{CborError::truncated};
    for (const std::byte byte : *digits)
      head.value = (head.value << 8) | std::to_integer<std::uint64_t>(byte);
    if (head.major == major_simple) {
      if (low < low_half || nesting_.at_key()) return Failure{CborError::unsupported};
      head.is_float = true;
      head.size = reader.position();
      return head;
    }
    const std::uint64_t least = size == 1 ? 24 : std::uint64_t{1} << (size * 4);
    if (head.value < least) return Failure{CborError::not_minimal};
  } else {
    return Failure{low == 31 ? CborError::indefinite : CborError::unsupported};
  }
  head.size = reader.position();
  return head;
}

Result<CborReader::Head, CborError> CborReader::head(int major) const {
  HEARTH_TRY(const Head found, head());
  if (found.major != major) return Failure{CborError::wrong_type};
  return found;
}

Result<CborKind, CborError> CborReader::peek() const {
  HEARTH_TRY(const Head next, head());
  switch (next.major) {
    case major_uint:
      return CborKind::uint;
    case major_negative:
      return CborKind::negative;
    case major_bytes:
      return CborKind::bytes;
    case major_text:
      return CborKind::text;
    case major_array:
      return CborKind::array;
    case major_map:
      return CborKind::map;
    case major_simple:
      if (next.is_float) return CborKind::floating;
      if (next.value == simple_false || next.value == simple_true) return CborKind::boolean;
      if (next.value == simple_null) return CborKind::null;
      break;
    default:
      break;
  }
  return Failure{CborError::unsupported};
}

Result<Unit, CborError> CborReader::advance(std::size_t size) {
  HEARTH_CHECK(nesting_.add_item(document_, position_, position_ + size));
  position_ += size;
  return Unit{};
}

Result<std::uint64_t, CborError> CborReader::container(int major) {
  HEARTH_TRY(const Head found, head(major));
  // Each item takes a byte at least, so a count can't make anyone reserve more than was sent.
  const std::uint64_t left = document_.size() - position_ - found.size;
  const std::uint64_t least = major == major_map ? 2 : 1;
  if (found.value > left / least) return Failure{CborError::truncated};
  HEARTH_CHECK(nesting_.open(major == major_map, found.value * least));
  position_ += found.size;
  return found.value;
}

Result<std::uint64_t, CborError> CborReader::array() {
  return container(major_array);
}

Result<Unit, CborError> CborReader::array(std::uint64_t items) {
  HEARTH_TRY(const Head found, head(major_array));
  if (found.value != items) return Failure{CborError::wrong_count};
  HEARTH_CHECK(container(major_array));
  return Unit{};
}

Result<std::uint64_t, CborError> CborReader::map() {
  return container(major_map);
}

Result<std::uint64_t, CborError> CborReader::uint() {
  HEARTH_TRY(const Head found, head(major_uint));
  HEARTH_CHECK(advance(found.size));
  return found.value;
}

Result<std::int64_t, CborError> CborReader::integer() {
  HEARTH_TRY(const Head found, head());
  if (found.major != major_uint && found.major != major_negative)
    return Failure{CborError::wrong_type};
  if (found.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return Failure{CborError::out_of_range};
  HEARTH_CHECK(advance(found.size));
  const auto value = static_cast<std::int64_t>(found.value);
  return found.major == major_uint ? value : -1 - value;
}

Result<BytesView, CborError> CborReader::string(int major) {
  HEARTH_TRY(const Head found, head(major));
  const std::size_t begin = position_ + found.size;
  if (found.value > document_.size() - begin) return Failure{CborError::truncated};
  const auto size = static_cast<std::size_t>(found.value);
  const BytesView value = document_.subspan(begin, size);
  if (major == major_text && !is_utf8(value)) return Failure{CborError::bad_utf8};
  HEARTH_CHECK(advance(found.size + size));
  return value;
}

Result<BytesView, CborError> CborReader::bytes() {
  return string(major_bytes);
}

Result<BytesView, CborError> CborReader::bytes(std::size_t size) {
  HEARTH_TRY(const BytesView value, string(major_bytes));
  if (value.size() != size) return Failure{CborError::wrong_count};
  return value;
}

Result<std::string_view, CborError> CborReader::text() {
  HEARTH_TRY(const BytesView value, string(major_text));
  return as_text(value);
}

Result<bool, CborError> CborReader::boolean() {
  HEARTH_TRY(const Head found, head(major_simple));
  if (found.is_float) return Failure{CborError::wrong_type};
  if (found.value != simple_false && found.value != simple_true)
    return Failure{CborError::wrong_type};
  HEARTH_CHECK(advance(found.size));
  return found.value == simple_true;
}

Result<Unit, CborError> CborReader::null() {
  HEARTH_TRY(const Head found, head(major_simple));
  if (found.is_float || found.value != simple_null) return Failure{CborError::wrong_type};
  return advance(found.size);
}

Result<double, CborError> CborReader::floating() {
  HEARTH_TRY(const Head found, head(major_simple));
  if (!found.is_float) return Failure{CborError::wrong_type};
  double value = 0;
  if (found.size == 3) {
    value = from_half(static_cast<std::uint16_t>(found.value));
  } else if (found.size == 5) {
    value = static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(found.value)));
  } else {
    value = std::bit_cast<double>(found.value);
  }
  if (!std::isfinite(value)) return Failure{CborError::unsupported};
  const std::size_t shortest = to_half(value) ? 3 : is_single(value) ? 5 : 9;
  if (found.size != shortest) return Failure{CborError::not_minimal};
  HEARTH_CHECK(advance(found.size));
  return value;
}

// Recursion is bounded by max_cbor_depth.
Result<Unit, CborError> CborReader::skip() {
  HEARTH_TRY(const CborKind kind, peek());
  switch (kind) {
    case CborKind::uint:
      HEARTH_CHECK(uint());
      break;
    case CborKind::negative: {
      HEARTH_TRY(const Head found, head());
      return advance(found.size);
    }
    case CborKind::bytes:
      HEARTH_CHECK(bytes());
      break;
    case CborKind::text:
      HEARTH_CHECK(text());
      break;
    case CborKind::boolean:
      HEARTH_CHECK(boolean());
      break;
    case CborKind::null:
      HEARTH_CHECK(null());
      break;
    case CborKind::floating:
      HEARTH_CHECK(floating());
      break;
    case CborKind::array: {
      HEARTH_TRY(const std::uint64_t items, array());
      for (std::uint64_t i = 0; i < items; ++i) HEARTH_CHECK(skip());
      break;
    }
    case CborKind::map: {
      HEARTH_TRY(const std::uint64_t pairs, map());
      for (std::uint64_t i = 0; i < 2 * pairs; ++i) HEARTH_CHECK(skip());
      break;
    }
  }
  return Unit{};
}

Result<Unit, CborError> CborReader::done() const {
  if (!nesting_.complete()) return Failure{CborError::truncated};
  if (position_ != document_.size()) return Failure{CborError::trailing_bytes};
  return Unit{};
}

}  // namespace hearth::codec
