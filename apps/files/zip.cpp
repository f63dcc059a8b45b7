#include "zip.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>

namespace hearth::files {
namespace {

constexpr std::uint64_t full = 0xffffffff;
constexpr std::uint16_t version_plain = 20, version_zip64 = 45;
constexpr std::uint16_t made_by_unix = 3 << 8 | version_zip64;
constexpr std::uint16_t flag_descriptor = 1 << 3, flag_utf8 = 1 << 11;
constexpr std::size_t time_extra_bytes = 9;

using Table = std::array<std::array<std::uint32_t, 256>, 8>;
constexpr Table tables = [] {
  Table all{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t entry = i;
    for (int bit = 0; bit < 8; ++bit) entry = (entry >> 1) ^ (entry & 1 ? 0xedb88320U : 0U);
    all[0][i] = entry;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t i = 0; i < 256; ++i)
      all[k][i] = (all[k - 1][i] >> 8) ^ all[0][all[k - 1][i] & 0xff];
  return all;
}();

/// Little-endian numbers, one after another.
class Record {
 public:
  explicit Record(std::uint32_t signature) { u32(signature); }
  Record& u16(std::uint64_t value) { return put(value, 2); }
  Record& u32(std::uint64_t value) { return put(value, 4); }
  Record& u64(std::uint64_t value) { return put(value, 8); }
  Record& text(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  Record& put(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xff);
    return *this;
  }
  std::string bytes_;
};

std::uint64_t clamp32(std::uint64_t value) {
  return std::min(value, full);
}
bool is_large(const ZipEntry& entry) {
  return entry.size >= full;
}

/// MS-DOS' date and time, of 1980 to 2107, in UTC; the extra field has the true time.
std::uint32_t dos_time(std::int64_t seconds) {
  using namespace std::chrono;
  constexpr std::int64_t first = 315'532'800, last = 4'354'819'198;
  const sys_seconds time{std::chrono::seconds{std::clamp(seconds, first, last)}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return static_cast<std::uint32_t>(static_cast<int>(date.year()) - 1980) << 25 |
         static_cast<unsigned>(date.month()) << 21 | static_cast<unsigned>(date.day()) << 16 |
         static_cast<std::uint32_t>(clock.hours().count()) << 11 |
         static_cast<std::uint32_t>(clock.minutes().count()) << 5 |
         static_cast<std::uint32_t>(clock.seconds().count() / 2);
}

/// Info-ZIP's extended timestamp: when it was changed.
void put_time(Record& record, std::int64_t seconds) {
  const auto time = std::clamp<std::int64_t>(seconds, 0, 0x7fffffff);
  record.u16(0x5455).u16(5).text("\x01").u32(static_cast<std::uint64_t>(time));
}

std::size_t local_extra_bytes(const ZipEntry& entry) {
  return time_extra_bytes + (is_large(entry) ? 20 : 0);
}
std::size_t descriptor_bytes(const ZipEntry& entry) {
  return entry.folder ? 0 : is_large(entry) ? 24 : 16;
}
std::size_t record_zip64_bytes(const ZipEntry& entry, std::uint64_t offset) {
  const std::size_t values = (is_large(entry) ? 16 : 0) + (offset >= full ? 8 : 0);
  return values == 0 ? 0 : 4 + values;
}

}  // namespace

std::uint32_t zip_crc32(BytesView data, std::uint32_t before) {
  static_assert(std::endian::native == std::endian::little);
  std::uint32_t sum = ~before;
  const std::byte* at = data.data();
  const std::byte* const end = at + data.size();
  // Eight bytes a step, by eight tables (Kounavis and Berry's slicing).
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    word ^= sum;
    sum = tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^ tables[5][word >> 16 & 0xff] ^
          tables[4][word >> 24 & 0xff] ^ tables[3][word >> 32 & 0xff] ^
          tables[2][word >> 40 & 0xff] ^ tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
  }
  for (; at != end; ++at)
    sum = (sum >> 8) ^ tables[0][(sum ^ std::to_integer<std::uint32_t>(*at)) & 0xff];
  return ~sum;
}

void ZipLayout::add(ZipEntry entry) {
  std::ranges::replace(entry.name, '\\', '_');
  if (entry.folder) entry.size = 0;
  const std::uint64_t offset = directory_offset_;
  const std::size_t name_bytes = entry.name.size() + (entry.folder ? 1 : 0);
  directory_offset_ +=
      30 + name_bytes + local_extra_bytes(entry) + entry.size + descriptor_bytes(entry);
  directory_bytes_ += 46 + name_bytes + time_extra_bytes + record_zip64_bytes(entry, offset);
  placed_.push_back({std::move(entry), offset});
}

std::size_t ZipLayout::entry_at(std::uint64_t position) const {
  if (position >= directory_offset_) return count();
  const auto after = std::ranges::upper_bound(placed_, position, {}, &Placed::offset);
  return static_cast<std::size_t>(after - placed_.begin()) - 1;
}

std::uint64_t ZipLayout::length() const {
  return directory_offset_ + directory_bytes_ + end().size();
}

std::string ZipLayout::stored_name(std::size_t i) const {
  return placed_[i].entry.name + (placed_[i].entry.folder ? "/" : "");
}

std::string ZipLayout::header(std::size_t i) const {
  const ZipEntry& entry = placed_[i].entry;
  const std::string name = stored_name(i);
  // Sizes and sum follow the data; zip64's field here says that they will be of 8 bytes.
  const std::uint64_t sizes = is_large(entry) ? full : 0;
  Record record{0x04034b50};
  record.u16(is_large(entry) ? version_zip64 : version_plain)
      .u16(flag_utf8 | (entry.folder ? 0 : flag_descriptor))
      .u16(0)
      .u32(dos_time(entry.modified_s))
      .u32(0)
      .u32(sizes)
      .u32(sizes)
      .u16(name.size())
      .u16(local_extra_bytes(entry))
      .text(name);
  if (is_large(entry)) record.u16(1).u16(16).u64(0).u64(0);
  put_time(record, entry.modified_s);
  return record.take();
}

std::string ZipLayout::descriptor(std::size_t i, std::uint32_t crc) const {
  const ZipEntry& entry = placed_[i].entry;
  if (entry.folder) return {};
  Record record{0x08074b50};
  record.u32(crc);
  if (is_large(entry))
    record.u64(entry.size).u64(entry.size);
  else
    record.u32(entry.size).u32(entry.size);
  return record.take();
}

std::string ZipLayout::record(std::size_t i, std::uint32_t crc) const {
  const auto& [entry, offset] = placed_[i];
  const std::string name = stored_name(i);
  const std::size_t zip64 = record_zip64_bytes(entry, offset);
  const std::uint32_t mode = entry.folder ? 040755 : 0100644;
  Record record{0x02014b50};
  record.u16(made_by_unix)
      .u16(zip64 != 0 ? version_zip64 : version_plain)
      .u16(flag_utf8 | (entry.folder ? 0 : flag_descriptor))
      .u16(0)
      .u32(dos_time(entry.modified_s))
      .u32(crc)
      .u32(clamp32(entry.size))
      .u32(clamp32(entry.size))
      .u16(name.size())
      .u16(time_extra_bytes + zip64)
      .u16(0)
      .u16(0)
      .u16(0)
      .u32(mode << 16 | (entry.folder ? 0x10U : 0U))
      .u32(clamp32(offset))
      .text(name);
  if (zip64 != 0) {
    record.u16(1).u16(zip64 - 4);
    if (is_large(entry)) record.u64(entry.size).u64(entry.size);
    if (offset >= full) record.u64(offset);
  }
  put_time(record, entry.modified_s);
  return record.take();
}

std::string ZipLayout::end() const {
  const bool zip64 = count() >= 0xffff || directory_offset_ >= full || directory_bytes_ >= full;
  std::string text;
  if (zip64) {
    text = Record{0x06064b50}
               .u64(44)
               .u16(made_by_unix)
               .u16(version_zip64)
               .u32(0)
               .u32(0)
               .u64(count())
               .u64(count())
               .u64(directory_bytes_)
               .u64(directory_offset_)
               .u32(0x07064b50)
               .u32(0)
               .u64(directory_offset_ + directory_bytes_)
               .u32(1)
               .take();
  }
  const std::uint64_t entries = std::min<std::uint64_t>(count(), 0xffff);
  text += Record{0x06054b50}
              .u16(0)
              .u16(0)
              .u16(entries)
              .u16(entries)
              .u32(clamp32(directory_bytes_))
              .u32(clamp32(directory_offset_))
              .u16(0)
              .take();
  return text;
}

}  // namespace hearth::files
