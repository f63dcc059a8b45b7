#include <algorithm>

#include <hearth/base/bytes.h>
#include <hearth/identity/name.h>

namespace hearth::identity {
namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_flock_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 32 && name.front() != '-' && name.back() != '-' &&
         std::ranges::all_of(name, [](char c) { return is_word_character(c) || c == '-'; });
}

bool is_persona_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::ranges::all_of(name, [](char c) {
    return is_word_character(c) || c == '-' || c == '_' || c == '.';
  });
}

bool is_display_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && is_utf8(as_bytes(name)) &&
         std::ranges::none_of(
             name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace hearth::identity
