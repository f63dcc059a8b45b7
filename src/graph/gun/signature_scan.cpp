#include <hearth/gun/signature_scan.h>

namespace hearth::gun {

bool may_be_signed(std::string_view frame) {
  constexpr std::string_view escaped_tilde = "\\u007";  // e or E
  return frame.find('\\') != std::string_view::npos &&
         (frame.find('~') != std::string_view::npos ||
          frame.find(escaped_tilde) != std::string_view::npos);
}

bool SignatureScan::next_message() {
  while (messages_.empty()) {
    if (frames_.empty()) return false;
    const std::string_view frame = frames_.front();
    frames_ = frames_.subspan(1);
    if (const auto parsed = parser_.parse(frame)) messages_ = *parsed;
  }
  return true;
}

void SignatureScan::skip_message() {
  messages_ = messages_.subspan(1);
  node_ = 0;
  property_ = 0;
}

bool SignatureScan::step(Sea& sea, std::size_t count) {
  // What takes rights away is in the store; it decides about no signature.
  const Sea::Lookup nothing = [](std::string_view, std::string_view) { return std::nullopt; };
  const Sea::Recording recording{sea, checked_};
  for (; next_message(); skip_message()) {
    const Message& message = messages_.front();
    if (!message.has_put || message.put_error != PutError::none) continue;
    for (bool refused = false; node_ < message.nodes.size() && !refused; ++node_, property_ = 0) {
      const Node& node = message.nodes[node_];
      for (; property_ < node.properties.size() && !refused; ++property_) {
        if (count-- == 0) return true;
        const Verdict verdict = sea.check(node.soul, node.properties[property_], now_ms_, nothing);
        // The message is refused as a whole: the relay looks no further, either.
        refused = verdict != Verdict::allowed && verdict != Verdict::omitted;
      }
    }
  }
  return false;
}

}  // namespace hearth::gun
