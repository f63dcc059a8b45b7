#pragma once
// Datagrams on their way from cores to the socket: the slots that poll_transmit writes into.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <hearth/base/assert.h>
#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/udp/socket.h>

namespace hearth::udp {

/// Fill it from poll_transmit, flush() it, keep it while the kernel is full:
///
///   do {
///     while (!batch.full()) {
///       const auto t = core.poll_transmit(batch.slot());
///       if (!t) break;
///       batch.commit(t->to, t->local, t->size);
///     }
///   } while (batch.flush(socket) && !nothing_left);
class Batch {
 public:
  static constexpr std::size_t capacity = Socket::max_batch;
  static constexpr std::size_t slot_size = 1500;

  [[nodiscard]] bool empty() const { return first_ == count_; }
  [[nodiscard]] bool full() const { return count_ == capacity; }

  /// The next free slot, slot_size bytes. Of a full batch the newest datagram is dropped for it, as
  /// the kernel would: flush() first, also in on_writable.
  [[nodiscard]] MutableBytes slot() {
    if (full()) {
      --count_;
      ++dropped_;
    }
    return MutableBytes{*storage_}.subspan(count_ * slot_size, slot_size);
  }
  /// The first `size` bytes of slot() are a datagram.
  void commit(const Endpoint& remote, const Endpoint& local, std::size_t size) {
    HEARTH_ASSERT(!full() && size <= slot_size);
    datagrams_[count_] = {.remote = remote, .local = local, .bytes = slot().first(size)};
    ++count_;
  }
  /// True when everything is gone and all slots are free again; otherwise wait for on_writable.
  bool flush(Socket& socket) {
    first_ += socket.send(std::span{datagrams_}.subspan(first_, count_ - first_));
    if (first_ != count_) return false;
    first_ = count_ = 0;
    return true;
  }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  std::unique_ptr<std::array<std::byte, capacity * slot_size>> storage_ =
      std::make_unique<std::array<std::byte, capacity * slot_size>>();
  std::array<Datagram, capacity> datagrams_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace hearth::udp
