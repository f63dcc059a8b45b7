#pragma once
// What the programs show and ask on a terminal.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::terminal {

/// `text` as a QR code of half-block characters, dark on light, with its quiet zone. Nothing when
/// it is too long.
[[nodiscard]] std::optional<std::string> qr_code(std::string_view text);

/// Rows in columns as wide as their widest cell, two spaces apart; the first row is the head.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

/// A password: from the terminal without echo when standard input is one, else one line of standard
/// input. Nothing at the end of input. Never from an argument: those show in `ps`.
[[nodiscard]] std::optional<std::string> read_password(std::string_view prompt);

/// `text` in Unicode's normal form C, as browsers send passwords: `é` is one password, however a
/// keyboard composes it. Nothing when it isn't UTF-8.
[[nodiscard]] std::optional<std::string> nfc(std::string_view text);

/// Whether standard output is a terminal.
[[nodiscard]] bool is_terminal();

}  // namespace hearth::terminal
