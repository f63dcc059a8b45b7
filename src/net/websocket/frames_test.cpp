#include <gtest/gtest.h>

#include <hearth/websocket/frames.h>

namespace hearth::websocket {
namespace {

/// As a client sends it.
std::string masked(std::uint8_t first, std::string_view payload,
                   std::string_view mask = "mAs\xff") {
  std::string frame{static_cast<char>(first)};
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      frame += static_cast<char>(payload.size() >> shift);
  }
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

std::string read_all(FrameReader& reader) {
  std::string all;
  while (true) {
    const auto message = reader.next();
    if (!message) return all + (message.error() == FrameError::too_big ? "too big" : "error");
    if (!*message) return all;
    all += std::to_string(static_cast<int>((*message)->opcode)) + ":";
    all += std::string{(*message)->payload} + " ";
  }
}

std::string read_all(const std::string& bytes, std::size_t limit = 1000) {
  FrameReader reader{limit};
  reader.feed(as_bytes(bytes));
  return read_all(reader);
}

TEST(WebSocket, AcceptsTheKeyOfRfc6455Section1_3) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, ReadsTheMaskedFrameOfRfc6455Section5_7) {
  EXPECT_EQ(read_all(std::string{"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11}), "1:Hello ");
}

TEST(WebSocket, ReadsManyFramesHoweverTheyAreCut) {
  const std::string large(300, 'x');
  const std::string bytes = masked(0x81, "one") + masked(0x82, large) + masked(0x89, "ping") +
                            masked(0x01, "a") + masked(0x8a, "") + masked(0x00, "b") +
                            masked(0x80, "c") + masked(0x81, "") + masked(0x88, "\x03\xe8");
  const std::string wanted = "1:one 2:" + large + " 9:ping 10: 1:abc 1: 8:\x03\xe8 ";
  EXPECT_EQ(read_all(bytes), wanted);
  for (const std::size_t step : {1u, 2u, 3u, 7u, 100u}) {
    FrameReader reader{1000};
    std::string all;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      reader.feed(as_bytes(std::string_view{bytes}.substr(at, step)));
      all += read_all(reader);
    }
    EXPECT_EQ(all, wanted) << step;
  }
}

TEST(WebSocket, RefusesWhatRfc6455Section5Forbids) {
  EXPECT_EQ(read_all(std::string{"\x81\x01x", 3}), "error");  // not masked
  EXPECT_EQ(read_all(masked(0xc1, "x")), "error");            // reserved bit
  EXPECT_EQ(read_all(masked(0x83, "x")), "error");            // unknown opcode
  EXPECT_EQ(read_all(masked(0x80, "x")), "error");            // continues nothing
  EXPECT_EQ(read_all(masked(0x01, "x") + masked(0x81, "y")), "error");
  EXPECT_EQ(read_all(masked(0x09, "x")), "error");  // a ping in fragments
  EXPECT_EQ(read_all(masked(0x89, std::string(126, 'x'))), "error");
  EXPECT_EQ(read_all(masked(0x81, std::string(1001, 'x'))), "too big");
  EXPECT_EQ(read_all(masked(0x01, std::string(600, 'x')) + masked(0x80, std::string(600, 'x'))),
            "too big");
  EXPECT_EQ(read_all(masked(0x83, "x") + masked(0x81, "y")), "error");
}

TEST(WebSocket, WritesFramesOfEverySize) {
  for (const std::size_t size : {0u, 125u, 126u, 65'535u, 65'536u}) {
    std::string frame;
    append_frame(frame, Opcode::text, std::string(size, 'x'));
    const std::size_t head = size < 126 ? 2 : size <= 0xffff ? 4 : 10;
    EXPECT_EQ(frame.size(), head + size);
    EXPECT_EQ(static_cast<std::uint8_t>(frame[0]), 0x81);
  }
  std::string close;
  append_close(close, CloseCode::too_big);
  EXPECT_EQ(close, (std::string{"\x88\x02\x03\xf1", 4}));
}

}  // namespace
}  // namespace hearth::websocket
