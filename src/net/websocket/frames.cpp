#include <cstring>
#include <utility>

#include <hearth/codec/base64.h>
#include <hearth/crypto/sha1.h>
#include <hearth/websocket/frames.h>

namespace hearth::websocket {

namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t mask_bit = 0x80;

bool is_control(Opcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

bool is_known(std::uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

void unmask(char* bytes, std::size_t size, const char* mask) {
  std::uint64_t wide = 0;
  std::memcpy(&wide, mask, 4);
  std::memcpy(reinterpret_cast<char*>(&wide) + 4, mask, 4);
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + at, 8);
    word ^= wide;
    std::memcpy(bytes + at, &word, 8);
  }
  for (; at < size; ++at) bytes[at] = static_cast<char>(bytes[at] ^ mask[at % 4]);
}

std::uint64_t big_endian(const char* bytes, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = (value << 8) | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

}  // namespace

std::string accept_key(std::string_view key) {
  std::string text{key};
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return codec::base64_encode(crypto::sha1(as_bytes(text)));
}

void FrameReader::feed(BytesView bytes) {
  if (failed_) return;
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    // One large message doesn't cost its memory for ever.
    if (buffer_.capacity() > 256 * 1024) buffer_.shrink_to_fit();
    begin_ = 0;
  } else if (begin_ > buffer_.size() / 2) {
    buffer_.erase(0, std::exchange(begin_, 0));
  }
  buffer_ += as_text(bytes);
}

Result<std::optional<Message>, FrameError> FrameReader::next() {
  if (fragments_given_) {
    fragments_given_ = false;
    fragments_ = {};
  }
  const auto fail = [this](FrameError error) {
    failed_ = error;
    return Failure{error};
  };
  while (!failed_) {
    const std::size_t available = buffer_.size() - begin_;
    if (available < 2) return std::optional<Message>{};
    char* const head = buffer_.data() + begin_;
    const auto first = static_cast<std::uint8_t>(head[0]);
    const auto second = static_cast<std::uint8_t>(head[1]);
    // No extension was agreed to, so no reserved bit may be set; a client masks (section 5.1).
    if ((first & 0x70) != 0 || !is_known(first & 0x0f) || (second & mask_bit) == 0)
      return fail(FrameError::protocol_error);
    const auto opcode = static_cast<Opcode>(first & 0x0f);
    const bool final = (first & final_bit) != 0;
    std::uint64_t size = second & 0x7f;
    if (is_control(opcode) && (!final || size > 125)) return fail(FrameError::protocol_error);
    const std::size_t size_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
    const std::size_t head_size = 2 + size_bytes + 4;
    if (available < head_size) return std::optional<Message>{};
    if (size_bytes != 0) size = big_endian(head + 2, size_bytes);
    if (size > max_ || fragments_.size() + size > max_) return fail(FrameError::too_big);
    if (available - head_size < size) {
      buffer_.reserve(begin_ + head_size + size);
      return std::optional<Message>{};
    }
    char* const payload = head + head_size;
    unmask(payload, size, payload - 4);
    begin_ += head_size + size;
    auto message = on_frame(opcode, final, {payload, size});
    if (!message) return fail(message.error());
    if (*message) return message;
  }
  return Failure{*failed_};
}

Result<std::optional<Message>, FrameError> FrameReader::on_frame(Opcode opcode, bool final,
                                                                 std::string_view payload) {
  if (is_control(opcode)) return std::optional{Message{.opcode = opcode, .payload = payload}};
  if ((opcode == Opcode::continuation) != fragmented_.has_value())
    return Failure{FrameError::protocol_error};
  if (opcode != Opcode::continuation && final)
    return std::optional{Message{.opcode = opcode, .payload = payload}};
  if (opcode != Opcode::continuation) fragmented_ = opcode;
  fragments_ += payload;
  if (!final) return std::optional<Message>{};
  fragments_given_ = true;
  return std::optional{
      Message{.opcode = *std::exchange(fragmented_, std::nullopt), .payload = fragments_}};
}

void append_frame(std::string& to, Opcode opcode, std::string_view payload) {
  to += static_cast<char>(final_bit | static_cast<std::uint8_t>(opcode));
  const auto append_size = [&](std::uint8_t mark, int bytes) {
    to += static_cast<char>(mark);
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
      to += static_cast<char>(static_cast<std::uint8_t>(payload.size() >> shift));
  };
  if (payload.size() < 126)
    to += static_cast<char>(payload.size());
  else if (payload.size() <= 0xffff)
    append_size(126, 2);
  else
    append_size(127, 8);
  to += payload;
}

void append_close(std::string& to, CloseCode code) {
  const auto value = static_cast<std::uint16_t>(code);
  const std::string payload{static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
  append_frame(to, Opcode::close, payload);
}

}  // namespace hearth::websocket
