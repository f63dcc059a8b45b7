#pragma once
// The signatures of frames, looked at before the relay sees these: on any thread, and piece by
// piece, so that many may share one.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/gun/message.h>
#include <hearth/gun/sea.h>

namespace hearth::gun {

/// False: the frame holds nothing that SEA signed. A signed value is JSON within a string, so it
/// can't do without a backslash, nor its soul without a tilde, which may be escaped.
[[nodiscard]] bool may_be_signed(std::string_view frame);

class SignatureScan {
 public:
  /// The frames must outlive it. `now_ms` is milliseconds since 1970.
  SignatureScan(std::span<const std::string> frames, double now_ms)
      : frames_(frames), now_ms_(now_ms) {}

  /// Looks at up to `count` more properties, with a Sea that nobody else uses meanwhile; false when
  /// there are no more. The relay still decides about each: what it would look at and this doesn't,
  /// it looks at itself.
  [[nodiscard]] bool step(Sea& sea, std::size_t count);
  /// What was found, for Relay::note_signatures.
  [[nodiscard]] std::vector<Checked> take() { return std::move(checked_); }

 private:
  [[nodiscard]] bool next_message();
  void skip_message();

  std::span<const std::string> frames_;
  double now_ms_;
  FrameParser parser_;
  std::span<const Message> messages_;
  std::size_t node_ = 0;
  std::size_t property_ = 0;
  std::vector<Checked> checked_;
};

}  // namespace hearth::gun
