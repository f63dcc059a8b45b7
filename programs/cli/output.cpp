#include "output.h"

#include <cstdint>
#include <cstdio>
#include <ctime>

namespace hearth::cli {

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

void print_json(const nlohmann::json& value) {
  print(value.dump(2) + "\n");
}

std::string date(const nlohmann::json& row, const char* key) {
  const std::time_t time = row.value(key, std::int64_t{0});
  if (time == 0) return "-";
  std::tm parts{};
  localtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

std::string text_of(const nlohmann::json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    return "-";
  return *found;
}

}  // namespace hearth::cli
