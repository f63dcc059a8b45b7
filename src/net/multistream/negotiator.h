#pragma once
// multistream-select 1.0: two sides agree on the protocol of a stream.
// https://github.com/multiformats/multistream-select

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>

namespace hearth::multistream {

enum class NegotiationError : std::uint8_t {
  malformed,           ///< a frame that isn't a line, or an answer to nothing we asked
  frame_too_large,     ///< above `max_frame`
  wrong_header,        ///< not /multistream/1.0.0
  too_many_proposals,  ///< more than `max_proposals`
  none_agreed,         ///< the listener refused all we have (dialer only)
};

/// Of a frame's body, newline included: what js and go allow.
inline constexpr std::size_t max_frame = 1024;
inline constexpr std::size_t max_proposals = 64;

/// One side of one negotiation. Sans-I/O: after each receive() drain poll_transmit(), then look at
/// selected(). The caller's clock bounds the whole.
///
/// The dialer's header and first proposal come out at once, so one round trip is enough. It may
/// even send its own first bytes right behind them, when it has reason to believe that the listener
/// speaks the protocol: an answer other than yes then ends in `none_agreed`, and the stream must be
/// reset.
class Negotiator {
 public:
  /// Says whether it would serve a protocol.
  using Supports = std::function<bool(std::string_view)>;

  /// Proposes `protocols` (at least one, at most `max_proposals`) in this order. Ids are 1 to 1023
  /// bytes without a newline.
  [[nodiscard]] static Negotiator dialer(std::vector<std::string> protocols);
  [[nodiscard]] static Negotiator listener(Supports supports);

  /// Takes bytes from the stream, in any portions, and returns how many of them it used: all, or up
  /// to the end of the agreement. What follows belongs to the selected protocol; the next call with
  /// it uses 0. After an error reset the stream.
  [[nodiscard]] Result<std::size_t, NegotiationError> receive(BytesView bytes);

  /// Writes what is to be sent, as much as fits; 0 when there is nothing. A listener has something
  /// to send even after it selected.
  [[nodiscard]] std::size_t poll_transmit(MutableBytes out);

  /// The protocol once agreed; empty before.
  [[nodiscard]] const std::string& selected() const { return selected_; }

 private:
  Negotiator() = default;
  [[nodiscard]] Result<Unit, NegotiationError> on_line(std::string_view line);
  [[nodiscard]] Result<Unit, NegotiationError> on_proposal(std::string_view line);
  [[nodiscard]] Result<Unit, NegotiationError> on_answer(std::string_view line);
  void send(std::string_view line);

  std::vector<std::string> proposals_;  // the dialer's
  std::size_t proposed_ = 0;            // the dialer's index of the open one; the listener's count
  Supports supports_;                   // the listener's
  bool header_seen_ = false;
  Bytes partial_;  // of an incoming frame: at most two bytes of length and max_frame
  Bytes outgoing_;
  std::string selected_;
};

}  // namespace hearth::multistream
