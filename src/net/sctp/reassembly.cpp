#include <algorithm>

#include <hearth/sctp/reassembly.h>

namespace hearth::sctp {
namespace {

Message make_message(const DataChunk& chunk, Ppid ppid, Bytes payload) {
  return {.stream = chunk.stream,
          .ppid = ppid,
          .ordering = chunk.unordered ? Ordering::unordered : Ordering::ordered,
          .payload = std::move(payload)};
}

}  // namespace

Result<Unit, ReassemblyError> Reassembly::add(Tsn tsn, const DataChunk& chunk) {
  Stream& stream = streams_[chunk.stream];
  std::uint64_t number = 0;
  if (chunk.interleaved) {
    std::uint64_t& near = chunk.unordered ? stream.newest_unordered : stream.next;
    number = widen(near, chunk.message);
    if (chunk.unordered) near = std::max(near, number);
  } else if (!chunk.unordered) {
    number = widen(stream.next, static_cast<std::uint16_t>(chunk.message));
  }
  // Of a message that was delivered or given up already: nothing would come of it.
  if (!chunk.unordered && number < stream.next) return Unit{};
  if (chunk.begins && chunk.ends) {
    if (chunk.payload.size() > max_message_) return Failure{ReassemblyError::message_too_long};
    held_ += chunk.payload.size() + overhead;
    complete(stream, number, make_message(chunk, chunk.ppid, to_bytes(chunk.payload)));
    return Unit{};
  }
  const Key key = chunk.interleaved ? Key{number, chunk.fragment} : Key{0, tsn};
  return join(stream, chunk.unordered ? stream.unordered : stream.ordered, key, number, chunk);
}

Result<Unit, ReassemblyError> Reassembly::join(Stream& stream, Runs& runs, Key key,
                                               std::uint64_t number, const DataChunk& chunk) {
  auto after = runs.lower_bound(key);
  if (after != runs.end() && after->first == key) return Unit{};  // an I-DATA fragment twice
  auto at = after == runs.begin() ? runs.end() : std::prev(after);
  const bool follows = at != runs.end() && !chunk.begins && !at->second.ends &&
                       at->first.first == key.first && at->second.last + 1 == key.second &&
                       at->second.message == number;
  if (at != runs.end() && at->first.first == key.first && at->second.last >= key.second)
    return Unit{};  // within a run: twice as well
  std::size_t cost = chunk.payload.size();
  if (follows) {
    append(at->second.pieces.back(), chunk.payload);
  } else {
    cost += overhead;
    at = runs.emplace_hint(after, key,
                           Run{.message = number,
                               .begins = chunk.begins,
                               .ppid = chunk.ppid,
                               .pieces = {to_bytes(chunk.payload)}});
  }
  Run& run = at->second;
  run.last = key.second;
  run.ends = chunk.ends;
  run.size += chunk.payload.size();
  run.cost += cost;
  held_ += cost;

  if (after != runs.end() && !run.ends && !after->second.begins &&
      after->first == Key{key.first, key.second + 1} && after->second.message == number) {
    Run& rest = after->second;
    run.last = rest.last;
    run.ends = rest.ends;
    run.size += rest.size;
    run.cost += rest.cost;
    std::ranges::move(rest.pieces, std::back_inserter(run.pieces));
    runs.erase(after);
  }
  if (run.size > max_message_) return Failure{ReassemblyError::message_too_long};
  if (!run.begins || !run.ends) return Unit{};

  held_ = held_ - run.cost + run.size + overhead;
  Bytes whole = std::move(run.pieces.front());
  for (std::size_t i = 1; i < run.pieces.size(); ++i) hearth::append(whole, run.pieces[i]);
  Message message = make_message(chunk, run.ppid, std::move(whole));
  runs.erase(at);
  complete(stream, number, std::move(message));
  return Unit{};
}

void Reassembly::complete(Stream& stream, std::uint64_t number, Message message) {
  if (message.ordering == Ordering::unordered) {
    ready_.push_back(std::move(message));
  } else if (number == stream.next) {
    ready_.push_back(std::move(message));
    ++stream.next;
    release_waiting(stream);
  } else {
    const std::size_t cost = message.payload.size() + overhead;
    if (!stream.waiting.emplace(number, std::move(message)).second) held_ -= cost;
  }
}

void Reassembly::release_waiting(Stream& stream) {
  while (!stream.waiting.empty() && stream.waiting.begin()->first <= stream.next) {
    stream.next = std::max(stream.next, stream.waiting.begin()->first + 1);
    ready_.push_back(std::move(stream.waiting.begin()->second));
    stream.waiting.erase(stream.waiting.begin());
  }
}

std::optional<Message> Reassembly::poll() {
  if (ready_.empty()) return std::nullopt;
  std::optional<Message> message{std::move(ready_.front())};
  ready_.pop_front();
  held_ -= message->payload.size() + overhead;
  return message;
}

void Reassembly::drop(Runs& runs, Runs::iterator from, Runs::iterator to) {
  for (auto at = from; at != to; at = runs.erase(at)) held_ -= at->second.cost;
}

void Reassembly::skip(Tsn cumulative, const ForwardTsn& forward, bool interleaved) {
  if (!interleaved) {
    for (auto& [id, stream] : streams_) {
      for (Runs* const runs : {&stream.ordered, &stream.unordered})
        drop(*runs, runs->begin(), runs->upper_bound({0, cumulative}));
    }
  }
  for (const ForwardTsn::Skipped& one : forward.skipped) {
    Stream& stream = streams_[one.stream];
    if (one.unordered) {
      const std::uint64_t number = widen(stream.newest_unordered, one.message);
      drop(stream.unordered, stream.unordered.begin(), stream.unordered.upper_bound({number, ~0U}));
      continue;
    }
    const std::uint64_t number = interleaved
                                     ? widen(stream.next, one.message)
                                     : widen(stream.next, static_cast<std::uint16_t>(one.message));
    if (number < stream.next) continue;
    if (interleaved)
      drop(stream.ordered, stream.ordered.begin(), stream.ordered.upper_bound({number, ~0U}));
    stream.next = number + 1;
    release_waiting(stream);
  }
}

void Reassembly::drop_all(Stream& stream) {
  drop(stream.ordered, stream.ordered.begin(), stream.ordered.end());
  drop(stream.unordered, stream.unordered.begin(), stream.unordered.end());
  for (const auto& [number, message] : stream.waiting) held_ -= message.payload.size() + overhead;
}

void Reassembly::reset(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  drop_all(found->second);
  streams_.erase(found);
}

void Reassembly::reset_all() {
  for (auto& [id, stream] : streams_) drop_all(stream);
  streams_.clear();
}

}  // namespace hearth::sctp
