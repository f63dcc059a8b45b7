#pragma once
// Bytes on their way through a stream: appended at the back, read from the front, in chunks that
// come and go with what they hold.

#include <cstddef>
#include <memory>

#include <hearth/base/bytes.h>

namespace hearth::yamux {

/// Nothing is allocated while it is empty.
class ByteQueue {
 public:
  ByteQueue() = default;
  ByteQueue(ByteQueue&& other) noexcept;
  ByteQueue& operator=(ByteQueue&& other) noexcept;
  ~ByteQueue() { clear(); }

  void append(BytesView bytes);
  /// The first contiguous bytes; empty only when the queue is. Valid until the next change.
  [[nodiscard]] BytesView front() const;
  /// Drops `count` bytes, at most size().
  void pop(std::size_t count);
  /// Moves up to out.size() bytes to `out`, and returns how many.
  std::size_t read(MutableBytes out);
  void clear();
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  struct Chunk;
  void drop_first();

  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace hearth::yamux
