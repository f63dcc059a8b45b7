#pragma once
// What the commands print: text for people, or JSON for programs.

#include <string>

#include <nlohmann/json.hpp>

namespace hearth::cli {

void print(const std::string& text);
void print_json(const nlohmann::json& value);
/// A time of `row` (seconds since 1970) in the local time zone; "-" for none.
[[nodiscard]] std::string date(const nlohmann::json& row, const char* key);
/// "-" for none.
[[nodiscard]] std::string text_of(const nlohmann::json& row, const char* key);

}  // namespace hearth::cli
