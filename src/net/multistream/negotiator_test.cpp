#include <array>

#include <gtest/gtest.h>

#include <hearth/multistream/negotiator.h>

namespace hearth::multistream {
namespace {

std::string line(std::string_view text) {
  std::string frame;
  const std::size_t size = text.size() + 1;
  if (size >= 128) frame += static_cast<char>((size & 0x7f) | 0x80);
  frame += static_cast<char>(size >= 128 ? size >> 7 : size);
  return frame + std::string{text} + '\n';
}

const std::string header = line("/multistream/1.0.0");

std::string sent(Negotiator& negotiator) {
  std::string all;
  std::array<std::byte, 10> piece;
  while (const std::size_t size = negotiator.poll_transmit(piece))
    all += as_text(BytesView{piece}.first(size));
  return all;
}

Negotiator listener_for(std::vector<std::string> protocols) {
  return Negotiator::listener([protocols = std::move(protocols)](std::string_view proposed) {
    return std::find(protocols.begin(), protocols.end(), proposed) != protocols.end();
  });
}

NegotiationError error_of(Negotiator negotiator, const std::string& input) {
  const auto used = negotiator.receive(as_bytes(input));
  EXPECT_FALSE(used);
  return used.error();
}

TEST(Dialer, SendsHeaderAndProposalAtOnceAsJsLibp2pDoes) {
  Negotiator dialer = Negotiator::dialer({"/noise"});
  // Captured from js-libp2p 3.3.11.
  EXPECT_EQ(to_hex(as_bytes(sent(dialer))),
            "132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a");
}

TEST(Dialer, TakesTheFirstThatIsNotRefused) {
  Negotiator dialer = Negotiator::dialer({"/a", "/b", "/c"});
  EXPECT_EQ(sent(dialer), header + line("/a"));
  EXPECT_TRUE(dialer.receive(as_bytes(header + line("na"))));
  EXPECT_EQ(sent(dialer), line("/b"));
  EXPECT_TRUE(dialer.selected().empty());
  EXPECT_TRUE(dialer.receive(as_bytes(line("/b"))));
  EXPECT_EQ(dialer.selected(), "/b");
  EXPECT_EQ(sent(dialer), "");
}

TEST(Dialer, GivesUpWhenAllAreRefused) {
  EXPECT_EQ(error_of(Negotiator::dialer({"/a"}), header + line("na")),
            NegotiationError::none_agreed);
}

TEST(Dialer, RefusesAnAnswerToNothingItAsked) {
  EXPECT_EQ(error_of(Negotiator::dialer({"/a", "/b"}), header + line("/b")),
            NegotiationError::malformed);
}

TEST(Listener, AnswersHeaderThenRefusalsThenTheAgreement) {
  Negotiator listener = listener_for({"/b"});
  EXPECT_TRUE(listener.receive(as_bytes(header)));
  EXPECT_EQ(sent(listener), header);
  EXPECT_TRUE(listener.receive(as_bytes(line("ls") + line("/a") + line("/b"))));
  EXPECT_EQ(sent(listener), line("na") + line("na") + line("/b"));
  EXPECT_EQ(listener.selected(), "/b");
}

TEST(Listener, LeavesWhatFollowsTheAgreementToTheProtocol) {
  const std::string input = header + line("/b") + line("/c");
  Negotiator listener = listener_for({"/b", "/c"});
  EXPECT_EQ(listener.receive(as_bytes(input)), header.size() + line("/b").size());
  EXPECT_EQ(listener.receive(as_bytes(line("/c"))), 0U);
  EXPECT_EQ(listener.selected(), "/b");
}

TEST(Negotiation, WorksByteByByteAndAllAtOnce) {
  for (const std::size_t portion : {1U, 2U, 3U, 19U, 1000U}) {
    Negotiator dialer = Negotiator::dialer({"/no", "/" + std::string(200, 'x')});
    Negotiator listener = listener_for({"/" + std::string(200, 'x')});
    const auto carry = [&](Negotiator& from, Negotiator& to) {
      const std::string all = sent(from);
      for (std::size_t i = 0; i < all.size(); i += portion) {
        const std::string piece = all.substr(i, portion);
        EXPECT_EQ(to.receive(as_bytes(piece)), piece.size());
      }
    };
    for (int i = 0; i < 3; ++i) {
      carry(dialer, listener);
      carry(listener, dialer);
    }
    EXPECT_EQ(dialer.selected(), "/" + std::string(200, 'x'));
    EXPECT_EQ(listener.selected(), dialer.selected());
  }
}

TEST(Negotiation, AStrippedOrAlteredHeaderAborts) {
  for (const std::string& first : {line("/multistream/2.0.0"), line("/noise"), line("na")}) {
    EXPECT_EQ(error_of(listener_for({"/noise"}), first), NegotiationError::wrong_header);
    EXPECT_EQ(error_of(Negotiator::dialer({"/noise"}), first), NegotiationError::wrong_header);
  }
}

TEST(Negotiation, RefusesFramesThatAreNoLines) {
  EXPECT_EQ(error_of(listener_for({"/a"}), std::string{"\x00", 1}), NegotiationError::malformed);
  EXPECT_EQ(error_of(listener_for({"/a"}), "\x02/a"), NegotiationError::malformed);
  EXPECT_EQ(error_of(listener_for({"/a"}), std::string{"\x83\x80\x00", 3}),
            NegotiationError::malformed);
  EXPECT_EQ(error_of(listener_for({"/a"}), "GET / HTTP/1.1\r\n" + std::string(100, 'x')),
            NegotiationError::malformed);
}

TEST(Negotiation, RefusesFramesAboveTheBoundByTheirLengthAlone) {
  EXPECT_EQ(error_of(listener_for({"/a"}), "\x81\x08"), NegotiationError::frame_too_large);
  Negotiator listener = listener_for({"/a"});
  EXPECT_TRUE(listener.receive(as_bytes("\x80\x08")));  // 1024
}

TEST(Listener, HearsABoundedNumberOfProposals) {
  Negotiator listener = listener_for({"/a"});
  EXPECT_TRUE(listener.receive(as_bytes(header)));
  for (std::size_t i = 0; i < max_proposals; ++i)
    EXPECT_TRUE(listener.receive(as_bytes(line("/b"))));
  EXPECT_EQ(error_of(std::move(listener), line("/b")), NegotiationError::too_many_proposals);
}

}  // namespace
}  // namespace hearth::multistream
