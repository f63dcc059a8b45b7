#pragma once
// What the box's flocks serve as the shell, compared with what lies on its own disk.
//
// Whoever serves the shell acts as its visitors. A browser that was there before keeps its own
// shell (web/shell/worker), but at a first visit, and in what it fetches as that keeper itself, it
// takes what it gets. So the box asks for the same from time to time, and tells its owner.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include <hearth/base/entropy.h>
#include <hearth/base/log.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/loop/byte_stream.h>
#include <hearth/loop/system.h>
#include <hearth/probe/bundle.h>

namespace hearth::probe {

enum class Offer : std::uint8_t {
  same,         ///< our own bundle, and every file that was looked at is as it lists it
  newer,        ///< a later one that those sign whom ours names
  older,        ///< an earlier one of theirs
  differs,      ///< something else: `why` and `files` say what
  nothing,      ///< it serves no pages
  unreachable,  ///< it didn't answer as a web server
  unknown       ///< this box has no signed bundle to compare with
};
[[nodiscard]] std::string_view to_string(Offer offer);

struct Finding {
  codec::Multiaddr flock;
  Offer offer = Offer::unknown;
  std::string origin;  ///< where its visitors find the shell; empty when it told none
  /// Of `differs`: missing, malformed, unsigned, other or file (docs/protocol/bundle.md).
  std::string why;
  std::vector<std::string> files;  ///< those that aren't as listed
  Timestamp checked;
};

struct ProbeOptions {
  /// Between two rounds, on average; each wait is between half and one and a half of it. 0: only
  /// when asked.
  Duration every = std::chrono::minutes{60};
};

struct ProbeParts {
  boost::asio::any_io_executor executor;
  std::optional<Bundle> own;
  std::function<std::vector<codec::Multiaddr>()> flocks;
  const loop::SystemClock& clock;
  Entropy& entropy;
  Log& log;
  std::function<void()> on_change;  ///< of any finding; must not throw
};

class ShellProbe {
 public:
  /// Begins with a first round 1 to 3 minutes from now. What `parts` refers to must outlive it.
  ShellProbe(ProbeParts parts, ProbeOptions options);

  /// One round, now: every file of every flock. Throws nothing of what a flock does.
  loop::Task<void> look();

  /// In the flocks' order.
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }
  [[nodiscard]] const Finding* of(const codec::Multiaddr& flock) const;

 private:
  void look_later(Duration wait);
  loop::Task<void> round(bool thorough);
  loop::Task<Finding> ask(codec::Multiaddr flock, bool thorough);
  loop::Task<Finding> compare(codec::Multiaddr flock, bool thorough);
  void note(Finding finding);

  ProbeParts parts_;
  ProbeOptions options_;
  std::vector<Finding> findings_;
  boost::asio::steady_timer timer_;
};

}  // namespace hearth::probe
