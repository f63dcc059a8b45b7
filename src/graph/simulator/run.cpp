#include <hearth/simulator/run.h>

namespace hearth::simulator {

std::string name_of(BytesView id) {
  return to_hex(id.first(4));
}

void Run::count(std::string_view what, std::uint64_t times) {
  const auto found = totals.find(what);
  if (found != totals.end()) {
    found->second += times;
  } else {
    totals.emplace(what, times);
  }
}

void Run::add_line(std::string line) {
  for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash_ = (hash_ ^ '\n') * 0x100000001b3;
  if (on_line_) on_line_(line);
  tail_.push_back(std::move(line));
  if (tail_.size() > tail_size) tail_.pop_front();
}

}  // namespace hearth::simulator
