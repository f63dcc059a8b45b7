#include <algorithm>

#include <hearth/sandbox/order.h>

namespace hearth::sandbox {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t reply_mark = 0x80;

Bytes framed(BytesView body) {
  Bytes frame;
  Writer writer{frame};
  writer.u16_be(static_cast<std::uint16_t>(body.size()));
  writer.bytes(body);
  return frame;
}

template <class T>
Result<T, OrderError> need(Result<T, ReadError> value) {
  if (!value) return Failure{OrderError::truncated};
  return *value;
}

}  // namespace

bool is_app_id(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= 32 && letter(text.front()) && text.back() != '-' &&
         std::ranges::all_of(
             text, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

Bytes encode(const Order& order) {
  Bytes body;
  Writer writer{body};
  writer.u8(version);
  writer.u8(static_cast<std::uint8_t>(order.verb));
  writer.u32_be(order.id);
  const std::string_view app = std::string_view{order.app}.substr(0, 32);
  writer.u8(static_cast<std::uint8_t>(app.size()));
  writer.text(app);
  if (order.verb == Verb::prepare) writer.bytes(order.digest);
  return framed(body);
}

Bytes encode(const Reply& reply) {
  Bytes body;
  Writer writer{body};
  writer.u8(version);
  writer.u8(reply_mark);
  writer.u32_be(reply.id);
  writer.u8(static_cast<std::uint8_t>(reply.outcome));
  writer.u8(static_cast<std::uint8_t>(reply.state));
  writer.u32_be(reply.uid);
  const std::string_view text = std::string_view{reply.text}.substr(0, max_reply_text);
  writer.u16_be(static_cast<std::uint16_t>(text.size()));
  writer.text(text);
  return framed(body);
}

Result<Order, OrderError> decode_order(BytesView frame) {
  Reader reader{frame};
  Order order;
  HEARTH_TRY(const auto its_version, need(reader.u8()));
  if (its_version != version) return Failure{OrderError::wrong_version};
  HEARTH_TRY(const auto verb, need(reader.u8()));
  if (verb < static_cast<std::uint8_t>(Verb::prepare) ||
      verb > static_cast<std::uint8_t>(Verb::log))
    return Failure{OrderError::unknown_verb};
  order.verb = static_cast<Verb>(verb);
  HEARTH_TRY(order.id, need(reader.u32_be()));
  if (order.id == 0) return Failure{OrderError::bad_id};
  HEARTH_TRY(const auto length, need(reader.u8()));
  HEARTH_TRY(const auto app, need(reader.bytes(length)));
  order.app = to_text(app);
  if (order.verb == Verb::kill_all ? !order.app.empty() : !is_app_id(order.app))
    return Failure{OrderError::bad_app};
  if (order.verb == Verb::prepare) {
    HEARTH_TRY(const auto digest, need(reader.bytes(order.digest.size())));
    std::ranges::copy(digest, order.digest.begin());
  }
  if (!reader.empty()) return Failure{OrderError::trailing_bytes};
  return order;
}

Result<Reply, OrderError> decode_reply(BytesView frame) {
  Reader reader{frame};
  Reply reply;
  HEARTH_TRY(const auto its_version, need(reader.u8()));
  if (its_version != version) return Failure{OrderError::wrong_version};
  HEARTH_TRY(const auto mark, need(reader.u8()));
  if (mark != reply_mark) return Failure{OrderError::unknown_verb};
  HEARTH_TRY(reply.id, need(reader.u32_be()));
  HEARTH_TRY(const auto outcome, need(reader.u8()));
  HEARTH_TRY(const auto state, need(reader.u8()));
  if (outcome > static_cast<std::uint8_t>(Outcome::event) ||
      state > static_cast<std::uint8_t>(AppState::failed))
    return Failure{OrderError::unknown_verb};
  reply.outcome = static_cast<Outcome>(outcome);
  reply.state = static_cast<AppState>(state);
  HEARTH_TRY(reply.uid, need(reader.u32_be()));
  HEARTH_TRY(const auto length, need(reader.u16_be()));
  if (length > max_reply_text) return Failure{OrderError::bad_text};
  HEARTH_TRY(const auto text, need(reader.bytes(length)));
  reply.text = to_text(text);
  if (!reader.empty()) return Failure{OrderError::trailing_bytes};
  return reply;
}

}  // namespace hearth::sandbox
