#pragma once
// The streams that a muxer makes of one connection, be it Yamux or data channels.

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/libp2p/async.h>
#include <hearth/libp2p/direct_stream.h>
#include <hearth/loop/byte_stream.h>
#include <hearth/yamux/types.h>

namespace hearth::libp2p {

/// One stream's state: shared by the handle, the connection and operations on their way.
///
/// `Connection` has muxer() with the calls of session::Session on streams, touch() to look at its
/// outputs soon, streams() with all states by their id, executor() and ended().
template <class Connection>
struct MuxedState {
  MuxedState(std::shared_ptr<Connection> on, yamux::StreamId stream)
      : connection(std::move(on)), id(stream) {
    connection->streams().emplace(id, this);
  }
  ~MuxedState() {
    release();
    connection->streams().erase(id);
  }
  MuxedState(const MuxedState&) = delete;
  MuxedState& operator=(const MuxedState&) = delete;

  std::shared_ptr<Connection> connection;
  yamux::StreamId id;
  Signal readable;
  Signal writable;
  bool reset = false;         // by us, the peer, or the connection's end
  bool write_closed = false;  // by us
  bool released = false;

  /// The handle is gone: ends in order if our side was closed, else by a reset. Idempotent.
  void release() noexcept {
    if (std::exchange(released, true)) return;
    connection->muxer().release(id);
    connection->touch();
    lose();
  }
  void abort() noexcept {
    if (reset) return;
    connection->muxer().reset(id);
    connection->touch();
    lose();
  }
  /// It was reset, or its connection.
  void lose() noexcept {
    reset = true;
    wake();
  }
  void wake() noexcept {
    readable.notify();
    writable.notify();
  }
  void close_write() {
    if (reset || std::exchange(write_closed, true)) return;
    connection->muxer().close_write(id);
    connection->touch();
  }

  /// Whether try_read() has something to say.
  [[nodiscard]] bool has_news() const {
    return reset || !connection->muxer().peek(id).empty() ||
           connection->muxer().read_state(id) != yamux::ReadState::open;
  }
  [[nodiscard]] std::optional<std::size_t> try_read(MutableBytes out) {
    if (reset) throw boost::system::system_error{boost::asio::error::connection_reset};
    if (const std::size_t count = connection->muxer().read(id, out)) {
      connection->touch();  // there may be room for more now
      return count;
    }
    switch (connection->muxer().read_state(id)) {
      case yamux::ReadState::open:
        return std::nullopt;
      case yamux::ReadState::finished:
        return 0;
      case yamux::ReadState::reset:
        break;
    }
    throw boost::system::system_error{boost::asio::error::connection_reset};
  }
  [[nodiscard]] std::size_t try_write(BytesView data) {
    if (reset || connection->ended())
      throw boost::system::system_error{boost::asio::error::connection_reset};
    if (write_closed) throw boost::system::system_error{boost::asio::error::shut_down};
    const std::size_t count = connection->muxer().write(id, data);
    if (count > 0) connection->touch();
    return count;
  }
};

template <class Connection>
using MuxedStates = std::map<yamux::StreamId, MuxedState<Connection>*>;

/// The handle on a stream. `Interface` is loop::ByteStream, or what adds to it.
template <class State, class Interface>
class MuxedStream : public Interface, public DirectAccess {
 public:
  explicit MuxedStream(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~MuxedStream() override { state_->release(); }

  loop::Task<std::size_t> read_some(MutableBytes out) override { return read_from(state_, out); }
  loop::Task<void> write(BytesView data) override { return write_to(state_, data); }
  loop::Task<void> close_write() override {
    state_->close_write();
    co_return;
  }
  void reset() noexcept override { state_->abort(); }
  boost::asio::any_io_executor executor() override { return state_->connection->executor(); }

  loop::Task<void> wait_readable() override { return wait_for_bytes(state_); }
  std::optional<std::size_t> try_read(MutableBytes out) override { return state_->try_read(out); }
  std::size_t try_write(BytesView data) override { return state_->try_write(data); }

 protected:
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  using StatePtr = std::shared_ptr<State>;

  // Static: the handle may be destroyed while they wait.
  static loop::Task<std::size_t> read_from(StatePtr state, MutableBytes out) {
    while (true) {
      if (const auto count = state->try_read(out)) co_return *count;
      co_await Signal::wait(state, state->readable, state->connection->executor());
    }
  }
  static loop::Task<void> write_to(StatePtr state, BytesView data) {
    while (true) {
      data = data.subspan(state->try_write(data));
      if (data.empty()) co_return;
      co_await Signal::wait(state, state->writable, state->connection->executor());
    }
  }
  static loop::Task<void> wait_for_bytes(StatePtr state) {
    while (!state->has_news())
      co_await Signal::wait(state, state->readable, state->connection->executor());
  }

  StatePtr state_;
};

}  // namespace hearth::libp2p
