#include <algorithm>
#include <array>
#include <string_view>

#include <hearth/sniff/protocol.h>

namespace hearth::sniff {

namespace {

constexpr std::array<std::string_view, 9> methods = {
    "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "TRACE "};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool lists(std::string_view value, std::string_view token) {
  while (true) {
    const std::size_t comma = value.find(',');
    if (same(trimmed(value.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    value.remove_prefix(comma + 1);
  }
}

/// `head` ends with its empty line.
bool asks_for_libp2p(std::string_view head) {
  const std::string_view request_line = head.substr(0, head.find("\r\n"));
  if (!request_line.starts_with("GET / ") && !request_line.starts_with("GET /?")) return false;
  head.remove_prefix(request_line.size());
  while (head.size() > 2) {
    head.remove_prefix(2);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && same(line.substr(0, colon), "upgrade") &&
        lists(line.substr(colon + 1), "websocket"))
      return true;
    head.remove_prefix(line.size());
  }
  return false;
}

}  // namespace

Spoken recognize(BytesView received) {
  const std::string_view text = as_text(received);
  if (text.empty()) return Spoken::undecided;
  if (text.front() == '\x13') return Spoken::libp2p;
  if (text.front() == '\x16') return Spoken::tls;

  bool request = false;
  for (const std::string_view method : methods) {
    if (text.starts_with(method)) request = true;
    if (method.starts_with(text)) return Spoken::undecided;
  }
  if (!request) return Spoken::unknown;
  const std::size_t end = text.substr(0, max_sniffed_bytes).find("\r\n\r\n");
  if (end == std::string_view::npos)
    return text.size() >= max_sniffed_bytes ? Spoken::http : Spoken::undecided;
  return asks_for_libp2p(text.substr(0, end + 4)) ? Spoken::libp2p_websocket : Spoken::http;
}

}  // namespace hearth::sniff
