#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <hearth/codec/jsnumber.h>

namespace hearth::codec {
namespace {

__extension__ using Uint128 = unsigned __int128;

/// An unsigned integer of up to 3,840 bits, enough for 800 digits at any exponent of a double.
class Big {
 public:
  static constexpr std::size_t capacity = 120;

  constexpr explicit Big(std::uint64_t value) {
    words_[0] = static_cast<std::uint32_t>(value);
    words_[1] = static_cast<std::uint32_t>(value >> 32);
    size_ = 2;
    trim();
  }
  [[nodiscard]] constexpr bool is_zero() const { return size_ == 0; }
  [[nodiscard]] constexpr int bits() const {
    return size_ == 0 ? 0 : static_cast<int>(size_) * 32 - std::countl_zero(words_[size_ - 1]);
  }
  constexpr void multiply_add(std::uint32_t factor, std::uint32_t addend) {
    std::uint64_t carry = addend;
    for (std::size_t i = 0; i < size_; ++i) {
      carry += std::uint64_t{words_[i]} * factor;
      words_[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words_[size_++] = static_cast<std::uint32_t>(carry);
  }
  /// Rounds down; true when something was lost.
  constexpr bool divide(std::uint32_t by) {
    std::uint64_t rest = 0;
    for (std::size_t i = size_; i-- > 0;) {
      rest = (rest << 32) | words_[i];
      words_[i] = static_cast<std::uint32_t>(rest / by);
      rest %= by;
    }
    trim();
    return rest != 0;
  }
  constexpr void shift_left(int count) {
    const auto whole = static_cast<std::size_t>(count) / 32;
    multiply_add(std::uint32_t{1} << (count % 32), 0);
    for (std::size_t i = size_; i-- > 0;) words_[i + whole] = words_[i];
    for (std::size_t i = 0; i < whole; ++i) words_[i] = 0;
    if (size_ != 0) size_ += whole;
  }
  constexpr void multiply_by_5_to(int power) {
    for (; power >= 13; power -= 13) multiply_add(1'220'703'125, 0);
    for (; power > 0; --power) multiply_add(5, 0);
  }
  constexpr bool divide_by_5_to(int power) {
    bool lost = false;
    for (; power >= 13; power -= 13) lost |= divide(1'220'703'125);
    for (; power > 0; --power) lost |= divide(5);
    return lost;
  }
  /// The upper `count` bits (at most 128), the highest of them one; `lost` if others were set.
  [[nodiscard]] constexpr Uint128 top(int count, bool& lost) const {
    const int drop = bits() - count;
    Uint128 value = 0;
    for (std::size_t i = size_; i-- > 0;) {
      const int place = static_cast<int>(i) * 32 - drop;
      const Uint128 word = words_[i];
      if (place >= 0) {
        value |= word << place;
      } else if (place > -32) {
        value |= word >> -place;
        lost |= (words_[i] & ((std::uint32_t{1} << -place) - 1)) != 0;
      } else {
        lost |= words_[i] != 0;
      }
    }
    return value;
  }

 private:
  constexpr void trim() {
    while (size_ > 0 && words_[size_ - 1] == 0) --size_;
  }
  std::array<std::uint32_t, capacity> words_{};
  std::size_t size_ = 0;
};

// --- writing ---------------------------------------------------------------------------------
// Raffaello Giulietti, "The Schubfach way to render doubles" (2021).

constexpr int floor_log2_pow10(int e) {
  return (e * 1'741'647) >> 19;
}

/// 10^k, scaled to 128 bits and rounded up.
constexpr Uint128 compute_pow10(int k) {
  bool lost = false;
  Big power{1};
  if (k >= 0) {
    power.multiply_by_5_to(k);
    power.shift_left(128);
  } else {
    power.shift_left(128 + 3 * -k);
    lost = power.divide_by_5_to(-k);
  }
  const Uint128 scaled = power.top(128, lost);
  return lost ? scaled + 1 : scaled;
}

// The exponents of everyday numbers; the others cost some microseconds each.
constexpr int table_begin = -24;
constexpr int table_end = 48;
constexpr auto pow10_table = [] {
  std::array<Uint128, table_end - table_begin> table{};
  for (int k = table_begin; k < table_end; ++k)
    table[static_cast<std::size_t>(k - table_begin)] = compute_pow10(k);
  return table;
}();

Uint128 pow10(int k) {
  return k >= table_begin && k < table_end ? pow10_table[static_cast<std::size_t>(k - table_begin)]
                                           : compute_pow10(k);
}

std::uint64_t round_to_odd(Uint128 g, std::uint64_t cp) {
  const auto low = Uint128{static_cast<std::uint64_t>(g)} * cp;
  const auto sum = Uint128{static_cast<std::uint64_t>(g >> 64)} * cp + (low >> 64);
  return static_cast<std::uint64_t>(sum >> 64) |
         static_cast<std::uint64_t>(static_cast<std::uint64_t>(sum) > 1);
}

struct Decimal {
  std::uint64_t digits;
  int exponent;
};

/// The shortest decimal for a positive, finite double.
Decimal shortest(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  const int exponent = static_cast<int>(bits >> 52);
  const std::uint64_t c = exponent == 0 ? fraction : fraction | (std::uint64_t{1} << 52);
  const int q = (exponent == 0 ? 1 : exponent) - 1075;
  if (-q >= 0 && -q < 53 && (c & ((std::uint64_t{1} << -q) - 1)) == 0) return {c >> -q, 0};

  const bool open = c % 2 != 0;
  const bool lower_is_closer = fraction == 0 && exponent > 1;
  const int k = (q * 1'262'611 - (lower_is_closer ? 524'031 : 0)) >> 22;
  const int h = q + floor_log2_pow10(-k) + 1;
  const Uint128 g = pow10(-k);
  const std::uint64_t lower = round_to_odd(g, (4 * c - 2 + (lower_is_closer ? 1 : 0)) << h) + open;
  const std::uint64_t middle = round_to_odd(g, (4 * c) << h);
  const std::uint64_t upper = round_to_odd(g, (4 * c + 2) << h) - open;

  const std::uint64_t s = middle / 4;
  if (s >= 10) {
    const std::uint64_t shorter = s / 10;
    const bool down = lower <= 40 * shorter;
    const bool up = 40 * shorter + 40 <= upper;
    if (down != up) return {shorter + up, k + 1};
  }
  const bool down = lower <= 4 * s;
  const bool up = 4 * s + 4 <= upper;
  if (down != up) return {s + up, k};
  const std::uint64_t half = 4 * s + 2;
  return {s + (middle > half || (middle == half && s % 2 != 0)), k};
}

// --- reading ---------------------------------------------------------------------------------

constexpr auto pow5_table = [] {
  std::array<std::uint64_t, 28> table{1};
  for (std::size_t i = 1; i < table.size(); ++i) table[i] = table[i - 1] * 5;
  return table;
}();

/// (mantissa + a little, when `lost`) * 2^exponent, rounded. `mantissa` has its 128th bit set.
double round_to_double(Uint128 mantissa, int exponent, bool lost) {
  const int highest = exponent + 127;  // of the value's bits
  if (highest > 1023) return std::numeric_limits<double>::infinity();
  const int keep = highest >= -1022 ? 53 : 53 - (-1022 - highest);
  if (keep < 0) return 0;
  const int drop = 128 - keep;
  std::uint64_t kept = drop == 128 ? 0 : static_cast<std::uint64_t>(mantissa >> drop);
  const Uint128 half = Uint128{1} << (drop - 1);
  const Uint128 rest = drop == 128 ? mantissa : mantissa & ((Uint128{1} << drop) - 1);
  if (rest > half || (rest == half && (lost || kept % 2 != 0))) ++kept;
  // The hidden bit adds one to the exponent's field, and so does a carry out of the fraction.
  const std::uint64_t field =
      highest >= -1022 ? static_cast<std::uint64_t>(highest + 1022) << 52 : 0;
  return std::bit_cast<double>(field + kept);
}

double normalize_and_round(Uint128 value, int exponent, bool lost) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  const int zeros =
      high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<std::uint64_t>(value));
  return round_to_double(value << zeros, exponent - zeros, lost);
}

struct Number {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int exponent = 0;
};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && is_digit(text[size])) ++size;
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

std::optional<Number> split(std::string_view text) {
  Number number;
  if (text.starts_with('-')) {
    number.negative = true;
    text.remove_prefix(1);
  }
  number.whole = take_digits(text);
  if (number.whole.empty() || (number.whole.size() > 1 && number.whole[0] == '0'))
    return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    number.fraction = take_digits(text);
    if (number.fraction.empty()) return std::nullopt;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const std::string_view digits = take_digits(text);
    if (digits.empty()) return std::nullopt;
    // No text is long enough to bring a larger exponent back into range: it would take the digits.
    for (const char digit : digits)
      if (number.exponent < 100'000'000) number.exponent = number.exponent * 10 + (digit - '0');
    if (negative) number.exponent = -number.exponent;
  }
  if (!text.empty()) return std::nullopt;
  return number;
}

/// Exact for any number of digits: 800 decide, and of the others only whether one isn't zero.
double read_exactly(const Number& number) {
  constexpr int max_digits = 800;
  Big value{0};
  bool lost = false;
  int digits = 0;
  std::int64_t exponent = number.exponent;
  const auto add = [&](std::string_view part, bool fraction) {
    for (const char digit : part) {
      if (digits == max_digits) {
        lost |= digit != '0';
        if (!fraction) ++exponent;
        continue;
      }
      if (value.is_zero())
        value = Big{static_cast<std::uint64_t>(digit - '0')};
      else
        value.multiply_add(10, static_cast<std::uint32_t>(digit - '0'));
      if (!value.is_zero()) ++digits;
      if (fraction) --exponent;
    }
  };
  add(number.whole, false);
  add(number.fraction, true);
  if (value.is_zero() || exponent + digits < -330) return 0;
  if (exponent + digits > 310) return std::numeric_limits<double>::infinity();
  const int e = static_cast<int>(exponent);
  int binary = e;
  if (e >= 0) {
    value.multiply_by_5_to(e);
  } else {
    // Enough bits that 128 are left after the division: log2(5) < 2.33.
    const int shift = std::max(0, 130 + (-e * 233) / 100 - value.bits());
    value.shift_left(shift);
    binary -= shift;
    lost |= value.divide_by_5_to(-e);
  }
  const int bits = value.bits();
  if (bits < 128) {
    value.shift_left(128 - bits);
    binary -= 128 - bits;
  }
  const int drop = value.bits() - 128;
  const Uint128 mantissa = value.top(128, lost);
  return round_to_double(mantissa, binary + drop, lost);
}

double magnitude(const Number& number) {
  std::uint64_t value = 0;
  if (number.whole.size() + number.fraction.size() > 19) return read_exactly(number);
  for (const char digit : number.whole) value = value * 10 + static_cast<unsigned>(digit - '0');
  for (const char digit : number.fraction) value = value * 10 + static_cast<unsigned>(digit - '0');
  if (value == 0) return 0;
  const int exponent = number.exponent - static_cast<int>(number.fraction.size());
  if (exponent == 0 && value <= (std::uint64_t{1} << 53)) return static_cast<double>(value);
  if (exponent >= 0 && exponent < 28)
    return normalize_and_round(Uint128{value} * pow5_table[static_cast<std::size_t>(exponent)],
                               exponent, false);
  if (exponent < 0 && exponent > -28) {
    const int zeros = std::countl_zero(value);
    const Uint128 shifted = Uint128{value} << (64 + zeros);
    const std::uint64_t by = pow5_table[static_cast<std::size_t>(-exponent)];
    return normalize_and_round(shifted / by, exponent - 64 - zeros, shifted % by != 0);
  }
  return read_exactly(number);
}

}  // namespace

void append_js_number(std::string& to, double value) {
  if (std::isnan(value)) {
    to += "NaN";
    return;
  }
  if (value == 0) {
    to += '0';
    return;
  }
  if (value < 0) {
    to += '-';
    value = -value;
  }
  if (std::isinf(value)) {
    to += "Infinity";
    return;
  }
  auto [digits, exponent] = shortest(value);
  while (digits % 10 == 0 && exponent != 0) {
    digits /= 10;
    ++exponent;
  }
  std::array<char, 20> buffer;
  std::size_t begin = buffer.size();
  for (; digits != 0; digits /= 10) buffer[--begin] = static_cast<char>('0' + digits % 10);
  const std::string_view text{buffer.data() + begin, buffer.size() - begin};
  const int size = static_cast<int>(text.size());
  const int point = size + exponent;  // digits before the decimal point
  if (size <= point && point <= 21) {
    to += text;
    to.append(static_cast<std::size_t>(point - size), '0');
  } else if (point > 0 && point <= 21) {
    to += text.substr(0, static_cast<std::size_t>(point));
    to += '.';
    to += text.substr(static_cast<std::size_t>(point));
  } else if (point > -6 && point <= 0) {
    to += "0.";
    to.append(static_cast<std::size_t>(-point), '0');
    to += text;
  } else {
    to += text[0];
    if (size > 1) {
      to += '.';
      to += text.substr(1);
    }
    const int power = point - 1;
    to += power < 0 ? "e-" : "e+";
    append_js_number(to, power < 0 ? -power : power);
  }
}

std::string js_number(double value) {
  std::string text;
  append_js_number(text, value);
  return text;
}

std::optional<double> parse_js_number(std::string_view text) {
  const auto number = split(text);
  if (!number) return std::nullopt;
  const double value = magnitude(*number);
  if (std::isinf(value)) return std::nullopt;
  return number->negative ? -value : value;
}

}  // namespace hearth::codec
