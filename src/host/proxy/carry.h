#pragma once
// Bytes both ways between two streams, each side as fast as the other takes them.

#include <chrono>
#include <memory>

#include <boost/asio/steady_timer.hpp>

#include <hearth/loop/byte_stream.h>

namespace hearth::proxy {

/// How long one direction may go on when the other is over.
struct Farewell {
  std::chrono::seconds time{10};
  /// Starts anew with every byte: for protocols in which one side ends first and then listens (TCP
  /// in general). Else it is the time in all.
  bool while_quiet = false;
};

/// Two streams while bytes are carried between them. Neither is owned.
class Pair : public std::enable_shared_from_this<Pair> {
 public:
  Pair(loop::ByteStream& a, loop::ByteStream& b, Farewell farewell);

  /// Carries until both directions are over, with a buffer of 32 KiB for each; an end on one side
  /// is passed on as an end of writing. Never throws: what is lost resets both.
  loop::Task<void> join();
  void reset();

 private:
  static loop::Task<void> carry(std::shared_ptr<Pair> self, loop::ByteStream& from,
                                loop::ByteStream& to);
  void wait_for_rest();
  void on_end();

  loop::ByteStream& a_;
  loop::ByteStream& b_;
  Farewell farewell_;
  boost::asio::steady_timer patience_;
  boost::asio::steady_timer ended_;
  int flowing_ = 2;
  bool moved_ = false;
};

}  // namespace hearth::proxy
