#include <algorithm>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/sctp/send_queue.h>

namespace hearth::sctp {

void SendQueue::push(Instant now, StreamId id, Ppid ppid, Ordering ordering,
                     const Reliability& reliability, BytesView payload) {
  if (free_.empty()) {
    free_.push_back(static_cast<MessageSlot>(messages_.size()));
    messages_.emplace_back();
  }
  const MessageSlot slot = free_.back();
  free_.pop_back();
  Message& message = messages_[slot];
  message = {.stream = id,
             .ppid = ppid,
             .unordered = ordering == Ordering::unordered,
             .reliability = reliability,
             .expires = std::nullopt,
             .payload = to_bytes(payload),
             .next = std::nullopt};
  if (reliability.lifetime) {
    message.expires = now + *reliability.lifetime;
    ++mortal_;
  }
  Stream& stream = streams_[id];
  if (stream.last) messages_[*stream.last].next = slot;
  if (!stream.first) stream.first = slot;
  stream.last = slot;
  ++stream.unsettled;
  if (!std::exchange(stream.in_turns, true)) turns_.push_back(id);
  bytes_ += payload.size();
  ++live_;
}

std::size_t SendQueue::next_size() const {
  const Message& message = messages_[*streams_.at(turns_.front()).first];
  return message.payload.size() - message.taken;
}

void SendQueue::choose(std::size_t window) {
  if (!interleaved_) return;
  for (std::size_t i = 0; i < turns_.size() && begun_ > 0; ++i) {
    const Message& message = messages_[*streams_.at(turns_.front()).first];
    // Twice: receivers count more than payload against their room.
    if (message.taken > 0 || 2 * (begun_ + message.payload.size()) <= window) return;
    turns_.push_back(turns_.front());
    turns_.pop_front();
  }
}

std::optional<Fragment> SendQueue::next(std::size_t room, std::size_t worthwhile) {
  const StreamId id = turns_.front();
  Stream& stream = streams_.at(id);
  const MessageSlot slot = *stream.first;
  Message& message = messages_[slot];
  const std::size_t left = message.payload.size() - message.taken;
  if (left > room && room < worthwhile) return std::nullopt;
  // All but the last are whole words, so that no padding is needed.
  const std::size_t size = left <= room ? left : room & ~std::size_t{3};
  if (!std::exchange(message.started, true))
    message.number = message.unordered ? stream.next_unordered++ : stream.next_ordered++;
  const Fragment fragment{.slot = slot,
                          .offset = static_cast<std::uint32_t>(message.taken),
                          .size = static_cast<std::uint16_t>(size),
                          .begins = message.taken == 0,
                          .ends = size == left,
                          .index = message.fragments};
  if (fragment.begins)
    begun_ += left - size;
  else
    begun_ -= size;
  message.taken += size;
  ++message.fragments;
  ++message.unsettled;
  end_turn(stream, id, fragment.ends);
  return fragment;
}

void SendQueue::end_turn(Stream& stream, StreamId id, bool message_ended) {
  if (message_ended) {
    stream.first = messages_[*stream.first].next;
    if (!stream.first) stream.last.reset();
  }
  if (!message_ended && !interleaved_) return;
  turns_.pop_front();
  if (!stream.first) {
    stream.in_turns = false;
  } else {
    turns_.push_back(id);
  }
}

BytesView SendQueue::payload(const Fragment& fragment) const {
  return BytesView{messages_[fragment.slot].payload}.subspan(fragment.offset, fragment.size);
}

void SendQueue::settle(const Fragment& fragment) {
  Message& message = messages_[fragment.slot];
  bytes_ -= fragment.size;
  HEARTH_ASSERT(message.unsettled > 0);
  if (--message.unsettled == 0 && message.taken == message.payload.size()) free(fragment.slot);
}

std::optional<Fragment> SendQueue::abandon(MessageSlot slot) {
  Message& message = messages_[slot];
  if (std::exchange(message.abandoned, true)) return std::nullopt;
  if (message.taken == message.payload.size()) return std::nullopt;
  const std::size_t left = message.payload.size() - message.taken;
  bytes_ -= left;
  if (message.taken > 0) begun_ -= left;
  message.taken = message.payload.size();
  Stream& stream = streams_.at(message.stream);
  unlink(stream, slot);
  if (!stream.first) {
    stream.in_turns = false;
    std::erase(turns_, message.stream);
  }
  if (!message.started) {
    free(slot);
    return std::nullopt;
  }
  ++message.unsettled;
  return Fragment{.slot = slot,
                  .offset = static_cast<std::uint32_t>(message.payload.size()),
                  .ends = true,
                  .index = message.fragments++};
}

void SendQueue::unlink(Stream& stream, MessageSlot slot) {
  std::optional<MessageSlot> before;
  for (auto at = stream.first; at && *at != slot; at = messages_[*at].next) before = at;
  const std::optional<MessageSlot> after = messages_[slot].next;
  (before ? messages_[*before].next : stream.first) = after;
  if (stream.last == slot) stream.last = before;
}

void SendQueue::expire(Instant now) {
  if (mortal_ == 0) return;
  for (MessageSlot slot = 0; slot < messages_.size(); ++slot) {
    const Message& message = messages_[slot];
    if (message.expires && *message.expires <= now && !message.started && !message.abandoned)
      (void)abandon(slot);
  }
}

std::optional<Instant> SendQueue::next_expiry() const {
  std::optional<Instant> first;
  if (mortal_ == 0) return first;
  for (const Message& message : messages_)
    if (message.expires && !message.started && !message.abandoned &&
        (!first || *message.expires < *first))
      first = message.expires;
  return first;
}

bool SendQueue::is_drained(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() || found->second.unsettled == 0;
}

void SendQueue::free(MessageSlot slot) {
  Message& message = messages_[slot];
  --streams_.at(message.stream).unsettled;
  if (message.expires) --mortal_;
  message.payload = {};
  message.expires.reset();
  --live_;
  if (live_ == 0) {  // nothing names a slot now: an idle queue holds no memory
    messages_ = {};
    free_ = {};
  } else {
    free_.push_back(slot);
  }
}

}  // namespace hearth::sctp
