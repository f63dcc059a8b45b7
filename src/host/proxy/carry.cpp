#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/proxy/carry.h>

namespace hearth::proxy {

namespace asio = boost::asio;
using boost::system::error_code;
using loop::ByteStream;
using loop::Task;

namespace {
constexpr std::size_t buffer_bytes = std::size_t{32} << 10;
}  // namespace

Pair::Pair(ByteStream& a, ByteStream& b, Farewell farewell)
    : a_(a), b_(b), farewell_(farewell), patience_(b.executor()), ended_(b.executor()) {}

void Pair::reset() {
  a_.reset();
  b_.reset();
}

void Pair::wait_for_rest() {
  moved_ = false;
  patience_.expires_after(farewell_.time);
  patience_.async_wait([weak = weak_from_this()](error_code stopped) {
    const auto self = weak.lock();
    if (stopped || !self || self->flowing_ == 0) return;
    if (self->farewell_.while_quiet && self->moved_)
      self->wait_for_rest();
    else
      self->reset();
  });
}

/// One direction is over.
void Pair::on_end() {
  if (--flowing_ > 0) return;
  patience_.cancel();
  ended_.cancel();
}

Task<void> Pair::carry(std::shared_ptr<Pair> self, ByteStream& from, ByteStream& to) {
  bool lost = false;
  try {
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes);
    while (const std::size_t count = co_await from.read_some({buffer.get(), buffer_bytes})) {
      co_await to.write({buffer.get(), count});
      self->moved_ = true;
    }
    co_await to.close_write();
  } catch (const boost::system::system_error&) {
    lost = true;
  }
  if (lost) {
    self->reset();
  } else if (self->flowing_ == 2) {
    self->wait_for_rest();
  }
  self->on_end();
}

Task<void> Pair::join() {
  const std::shared_ptr<Pair> self = shared_from_this();
  ended_.expires_at(asio::steady_timer::time_point::max());
  asio::co_spawn(b_.executor(), carry(self, b_, a_), asio::detached);
  co_await carry(self, a_, b_);
  error_code ignored;
  while (flowing_ > 0)
    co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace hearth::proxy
