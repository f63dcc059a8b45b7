#include <algorithm>
#include <cmath>
#include <limits>

#include <hearth/model/stamp.h>

namespace hearth::model {

Stamp Stamp::at(Timestamp time) {
  return Stamp{std::clamp(static_cast<double>(time.ms), 0.0, highest)};
}

Stamp Stamp::next() const {
  const double above =
      std::max(ms_ + 0x1p-12, std::nextafter(ms_, std::numeric_limits<double>::infinity()));
  return Stamp{std::min(above, highest)};
}

void write(codec::CborWriter& to, Stamp stamp) {
  write_number(to, stamp.ms());
}

Result<Stamp, ModelError> read_stamp(codec::CborReader& from) {
  HEARTH_TRY(const double ms, read_number(from));
  const auto stamp = Stamp::create(ms);
  if (!stamp) return Failure{ModelError::too_large};
  return *stamp;
}

Stamp HybridClock::stamp(Timestamp now) const {
  return std::max(Stamp::at(now), highest_.next());
}

void Calibration::compare(Timestamp own, Timestamp appliance) {
  const std::int64_t difference = appliance.ms - own.ms;
  offset_ms_ = std::abs(difference) > max_clock_error_ms ? difference : 0;
}

}  // namespace hearth::model
