#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>

#include <qrencode.h>
#include <termios.h>
#include <unistd.h>
#include <utf8proc.h>

#include <hearth/terminal/terminal.h>

namespace hearth::terminal {

std::optional<std::string> qr_code(std::string_view text) {
  const std::string owned{text};
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code{
      QRcode_encodeString(owned.c_str(), 0, QR_ECLEVEL_L, QR_MODE_8, 1), &QRcode_free};
  if (!code) return std::nullopt;
  const int quiet = 2;
  const auto dark = [&](int x, int y) {
    if (x < 0 || y < 0 || x >= code->width || y >= code->width) return false;
    return (code->data[y * code->width + x] & 1) != 0;
  };
  // Two modules a character, drawn light on dark terminals and dark on light ones alike: black on
  // white by colour.
  std::string out;
  for (int y = -quiet; y < code->width + quiet; y += 2) {
    out += "\x1b[30;47m";
    for (int x = -quiet; x < code->width + quiet; ++x) {
      const bool top = dark(x, y);
      const bool bottom = dark(x, y + 1);
      out += top ? (bottom ? "█" : "▀") : (bottom ? "▄" : " ");
    }
    out += "\x1b[0m\n";
  }
  return out;
}

namespace {
/// Columns a text takes, counting code points: enough for names.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}
}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - width(row[i]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::optional<std::string> read_password(std::string_view prompt) {
  termios before{};
  const bool hide = ::isatty(STDIN_FILENO) != 0 && ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (hide) {
    std::cerr << prompt << std::flush;
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  std::string line;
  const bool got = static_cast<bool>(std::getline(std::cin, line));
  if (hide) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::cerr << '\n';
  }
  return got ? std::optional{std::move(line)} : std::nullopt;
}

std::optional<std::string> nfc(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const utf8proc_ssize_t size =
      ::utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                     static_cast<utf8proc_ssize_t>(text.size()), &composed,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (size < 0) return std::nullopt;
  std::string result{reinterpret_cast<const char*>(composed), static_cast<std::size_t>(size)};
  std::free(composed);  // NOLINT: utf8proc's malloc
  return result;
}

bool is_terminal() {
  return ::isatty(STDOUT_FILENO) != 0;
}

}  // namespace hearth::terminal
