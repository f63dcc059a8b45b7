#pragma once
// The daemon's log: one JSON object a line on standard error, so that journald and people can read
// it.

#include <memory>
#include <optional>

#include <hearth/base/log.h>

namespace hearth::logging {

[[nodiscard]] std::optional<LogLevel> parse_level(std::string_view name);

/// {"time":"2026-01-31T12:00:00.000Z","level":"info","event":"relay.reserved","peer":"12D3…"}
class JsonLog final : public Log {
 public:
  explicit JsonLog(LogLevel least);
  ~JsonLog() override;
  void write(LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One line's text: every control character, quote and ill-formed byte escaped.
[[nodiscard]] std::string json_line(std::string_view time, LogLevel level, std::string_view event,
                                    std::initializer_list<LogField> fields);

}  // namespace hearth::logging
