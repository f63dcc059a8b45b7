#include <algorithm>
#include <new>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/yamux/byte_queue.h>

namespace hearth::yamux {

// A header, then `capacity` bytes in the same allocation.
struct ByteQueue::Chunk {
  Chunk* next;
  std::uint32_t begin, end, capacity;

  [[nodiscard]] std::byte* data() { return reinterpret_cast<std::byte*>(this + 1); }
  [[nodiscard]] std::uint32_t room() const { return capacity - end; }

  static Chunk* make(std::size_t capacity) {
    return new (::operator new(sizeof(Chunk) + capacity)) Chunk{
        .next = nullptr, .begin = 0, .end = 0, .capacity = static_cast<std::uint32_t>(capacity)};
  }
  static void free(Chunk* chunk) { ::operator delete(chunk); }
};

namespace {

constexpr std::size_t min_chunk = 512;
// With its header and the allocator's a little under 64 KiB.
constexpr std::size_t max_chunk = 65536 - 64;

}  // namespace

ByteQueue::ByteQueue(ByteQueue&& other) noexcept
    : first_(std::exchange(other.first_, nullptr)),
      last_(std::exchange(other.last_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

ByteQueue& ByteQueue::operator=(ByteQueue&& other) noexcept {
  std::swap(first_, other.first_);
  std::swap(last_, other.last_);
  std::swap(size_, other.size_);
  return *this;
}

void ByteQueue::append(BytesView bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->room() == 0) {
      // Small for the first few bytes, then by a quarter of what is there already, so that neither
      // a stream of bytes nor a bulk transfer pays for the other; and what is counted (the bytes)
      // is not far from what is held.
      Chunk* const chunk =
          Chunk::make(std::clamp(std::max(bytes.size(), size_ / 4), min_chunk, max_chunk));
      (last_ == nullptr ? first_ : last_->next) = chunk;
      last_ = chunk;
    }
    const std::size_t count = std::min<std::size_t>(bytes.size(), last_->room());
    std::copy_n(bytes.begin(), count, last_->data() + last_->end);
    last_->end += static_cast<std::uint32_t>(count);
    bytes = bytes.subspan(count);
  }
}

BytesView ByteQueue::front() const {
  if (first_ == nullptr) return {};
  return {first_->data() + first_->begin, first_->end - first_->begin};
}

void ByteQueue::pop(std::size_t count) {
  HEARTH_ASSERT(count <= size_);
  size_ -= count;
  while (count > 0) {
    const std::size_t here = std::min<std::size_t>(count, first_->end - first_->begin);
    first_->begin += static_cast<std::uint32_t>(here);
    count -= here;
    if (first_->begin == first_->end) drop_first();
  }
}

std::size_t ByteQueue::read(MutableBytes out) {
  std::size_t done = 0;
  while (done < out.size() && size_ > 0) {
    const BytesView here = front();
    const std::size_t count = std::min(here.size(), out.size() - done);
    std::copy_n(here.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += count;
    pop(count);
  }
  return done;
}

void ByteQueue::drop_first() {
  Chunk* const chunk = first_;
  first_ = chunk->next;
  if (first_ == nullptr) last_ = nullptr;
  Chunk::free(chunk);
}

void ByteQueue::clear() {
  while (first_ != nullptr) drop_first();
  size_ = 0;
}

}  // namespace hearth::yamux
