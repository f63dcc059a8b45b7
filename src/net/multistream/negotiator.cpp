#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/codec/varint.h>
#include <hearth/multistream/negotiator.h>

namespace hearth::multistream {
namespace {

constexpr std::string_view header = "/multistream/1.0.0";
constexpr std::string_view refusal = "na";

}  // namespace

Negotiator Negotiator::dialer(std::vector<std::string> protocols) {
  HEARTH_ASSERT(!protocols.empty());
  HEARTH_ASSERT(protocols.size() <= max_proposals);
  Negotiator negotiator;
  negotiator.proposals_ = std::move(protocols);
  negotiator.send(header);
  negotiator.send(negotiator.proposals_[0]);
  return negotiator;
}

Negotiator Negotiator::listener(Supports supports) {
  Negotiator negotiator;
  negotiator.supports_ = std::move(supports);
  return negotiator;
}

Result<std::size_t, NegotiationError> Negotiator::receive(BytesView bytes) {
  std::size_t used = 0;
  while (selected_.empty() && used < bytes.size()) {
    // A frame may come in pieces. Byte by byte is quadratic in nothing: `partial_` holds one frame.
    partial_.push_back(bytes[used++]);
    Reader reader{partial_};
    const auto size = codec::read_uvarint(reader);
    if (!size) {
      if (size.error() == codec::CodecError::truncated && partial_.size() < 3) continue;
      return Failure{NegotiationError::malformed};
    }
    if (*size > max_frame) return Failure{NegotiationError::frame_too_large};
    if (*size == 0) return Failure{NegotiationError::malformed};
    const std::size_t missing = static_cast<std::size_t>(*size) - reader.remaining();
    const BytesView more = bytes.subspan(used, std::min(missing, bytes.size() - used));
    append(partial_, more);
    used += more.size();
    if (more.size() < missing) continue;
    const Bytes frame = std::exchange(partial_, {});
    std::string_view line = as_text(BytesView{frame}.last(static_cast<std::size_t>(*size)));
    if (!line.ends_with('\n')) return Failure{NegotiationError::malformed};
    line.remove_suffix(1);
    HEARTH_CHECK(on_line(line));
  }
  return used;
}

Result<Unit, NegotiationError> Negotiator::on_line(std::string_view line) {
  if (!header_seen_) {
    if (line != header) return Failure{NegotiationError::wrong_header};
    header_seen_ = true;
    if (proposals_.empty()) send(header);
    return Unit{};
  }
  return proposals_.empty() ? on_proposal(line) : on_answer(line);
}

Result<Unit, NegotiationError> Negotiator::on_proposal(std::string_view line) {
  if (++proposed_ > max_proposals) return Failure{NegotiationError::too_many_proposals};
  if (!line.empty() && supports_(line)) {
    selected_ = line;
    send(line);
  } else {
    send(refusal);
  }
  return Unit{};
}

Result<Unit, NegotiationError> Negotiator::on_answer(std::string_view line) {
  if (line == proposals_[proposed_]) {
    selected_ = line;
    return Unit{};
  }
  if (line != refusal) return Failure{NegotiationError::malformed};
  if (++proposed_ == proposals_.size()) return Failure{NegotiationError::none_agreed};
  send(proposals_[proposed_]);
  return Unit{};
}

void Negotiator::send(std::string_view line) {
  HEARTH_ASSERT(!line.empty());
  HEARTH_ASSERT(line.size() < max_frame);
  codec::append_uvarint(outgoing_, line.size() + 1);
  append(outgoing_, as_bytes(line));
  outgoing_.push_back(std::byte{'\n'});
}

std::size_t Negotiator::poll_transmit(MutableBytes out) {
  const std::size_t size = std::min(out.size(), outgoing_.size());
  std::copy_n(outgoing_.begin(), size, out.begin());
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(size));
  if (outgoing_.empty()) outgoing_ = {};
  return size;
}

}  // namespace hearth::multistream
