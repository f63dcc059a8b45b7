// What the senders get out of simulated paths, in virtual time, side by side. The figures are
// printed; the claims are about ratios.

#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <hearth/sctp/world_for_test.h>

namespace hearth::sctp {
namespace {

using namespace std::chrono_literals;

constexpr double megabyte = 1e6;

/// Chromium's windows, and a sender's buffer that holds a long path's worth.
Options bulk_options(Congestion congestion = Congestion::bbr) {
  return {.send_buffer = std::size_t{4} << 20,
          .receive_buffer = std::size_t{5} << 20,
          .congestion = congestion};
}

/// Keeps its association busy from `from` on.
void send_all_the_time(World& world, std::size_t side, Instant from = {}) {
  static const Bytes payload = pattern(64 * 1024);
  world.side(side).work = [&world, from](World::Side& self) {
    if (world.now() < from || !self.established()) return;
    while (self.association->send(world.now(), StreamId{0}, Ppid{53}, Ordering::ordered, payload)) {
    }
  };
}

struct Result {
  double megabytes_per_second = 0;
  Statistics statistics;
  std::uint64_t overflowed = 0;
};

/// One download of `time`, of which the first fifth doesn't count.
Result download(Make sender, Congestion congestion, const Path& path, Duration time = 6s) {
  World world{7};
  const std::size_t there = world.add_path(path);
  const std::size_t back = world.add_path(
      {.delay = path.delay, .loss = path.loss, .receive_cost = 5us, .receive_buffer = 1000});
  world.add_pair(sender, Make::own, there, back, bulk_options(congestion));
  world.side(1).keeps = false;
  send_all_the_time(world, 0);
  world.run(time / 5);
  const std::size_t before = world.side(1).received;
  world.run(time * 4 / 5);
  Result result;
  result.megabytes_per_second = static_cast<double>(world.side(1).received - before) /
                                std::chrono::duration<double>(time * 4 / 5).count() / megabyte;
  if (const Association* own = world.side(0).association->own())
    result.statistics = own->statistics();
  result.overflowed = world.path(there).overflowed;
  return result;
}

/// A browser at the end of it: a socket of 56 datagrams, read at 15 MB/s at most.
Path browser(Duration round_trip, double loss) {
  return {.delay = round_trip / 2, .loss = loss, .receive_cost = 80us, .receive_buffer = 56};
}

void print(const std::string& path, const std::string& sender, const Result& result) {
  std::printf("%-28s %-8s %7.2f MB/s  again %llu  timeouts %llu  overflowed %llu\n", path.c_str(),
              sender.c_str(), result.megabytes_per_second,
              static_cast<unsigned long long>(result.statistics.chunks_sent_again),
              static_cast<unsigned long long>(result.statistics.timeouts),
              static_cast<unsigned long long>(result.overflowed));
  testing::Test::RecordProperty((sender + " " + path).c_str(),
                                std::to_string(result.megabytes_per_second));
}

struct Compared {
  Result bbr;
  Result cubic;
  Result usrsctp;
};
Compared compare(const std::string& name, const Path& path) {
  Compared all;
  all.bbr = download(Make::own, Congestion::bbr, path);
  print(name, "bbr", all.bbr);
  all.cubic = download(Make::own, Congestion::cubic, path);
  print(name, "cubic", all.cubic);
  all.usrsctp = download(Make::usrsctp, Congestion::bbr, path);
  print(name, "usrsctp", all.usrsctp);
  return all;
}

TEST(Throughput, Of40MsWithoutLoss) {
  const Compared all = compare("40 ms", browser(40ms, 0));
  EXPECT_GT(all.bbr.megabytes_per_second, 10);
}
TEST(Throughput, Of40MsWithOneInAThousandLost) {
  const Compared all = compare("40 ms, 0.1 %", browser(40ms, 0.001));
  EXPECT_GT(all.bbr.megabytes_per_second, 8 * all.usrsctp.megabytes_per_second);
}
TEST(Throughput, Of40MsWithOneInAHundredLost) {
  const Compared all = compare("40 ms, 1 %", browser(40ms, 0.01));
  EXPECT_GT(all.bbr.megabytes_per_second, 10 * all.usrsctp.megabytes_per_second);
}
TEST(Throughput, Of100Ms) {
  const Compared all = compare("100 ms", browser(100ms, 0));
  EXPECT_GT(all.bbr.megabytes_per_second, 7);
}
TEST(Throughput, FillsABottleneckOf100MbitWithAQueueOf50Ms) {
  const Compared all =
      compare("20 ms, 100 Mbit/s",
              {.delay = 10ms, .bytes_per_second = 12.5e6, .queue = 50ms, .receive_cost = 40us});
  EXPECT_GT(all.bbr.megabytes_per_second, 0.9 * 12.5 * 1183 / (1183 + 65));
}
TEST(Throughput, OfAShortQueue) {
  compare("20 ms, 100 Mbit/s, 5 ms",
          {.delay = 10ms, .bytes_per_second = 12.5e6, .queue = 5ms, .receive_cost = 40us});
}
TEST(Throughput, OfALumpyPath) {
  compare("40 ms, lumps of 10 ms", {.delay = 20ms,
                                    .bytes_per_second = 12.5e6,
                                    .queue = 100ms,
                                    .lumps = 10ms,
                                    .receive_cost = 20us,
                                    .receive_buffer = 200});
}
TEST(Throughput, OfAReorderingPath) {
  const Compared all = compare("40 ms, 2 % reordered", {.delay = 20ms,
                                                        .reordered = 0.02,
                                                        .bytes_per_second = 12.5e6,
                                                        .queue = 50ms,
                                                        .receive_cost = 40us});
  EXPECT_GT(all.bbr.megabytes_per_second, 8);
}
TEST(Throughput, OfTheLan) {
  compare("0.2 ms", browser(200us, 0));
}

/// Two flows through one bottleneck; what each got in the second half.
std::pair<double, double> share(Congestion first, Congestion second, Duration time) {
  World world{11};
  const std::size_t there =
      world.add_path({.delay = 10ms, .bytes_per_second = 12.5e6, .queue = 50ms});
  const std::size_t back = world.add_path({.delay = 10ms});
  world.add_pair(Make::own, Make::own, there, back, bulk_options(first));
  world.add_pair(Make::own, Make::own, there, back, bulk_options(second));
  send_all_the_time(world, 0);
  send_all_the_time(world, 2, world.now() + 2s);
  // Wakes the second one when its time has come.
  world.side(1).keeps = world.side(3).keeps = false;
  world.run(time / 2);
  const std::size_t before[2] = {world.side(1).received, world.side(3).received};
  world.run(time / 2);
  const double seconds = std::chrono::duration<double>(time / 2).count();
  return {static_cast<double>(world.side(1).received - before[0]) / seconds / megabyte,
          static_cast<double>(world.side(3).received - before[1]) / seconds / megabyte};
}
double jain(std::pair<double, double> shares) {
  const auto [a, b] = shares;
  return (a + b) * (a + b) / (2 * (a * a + b * b));
}

TEST(Throughput, TwoDownloadsShareABottleneck) {
  const auto shares = share(Congestion::bbr, Congestion::bbr, 40s);
  std::printf("two of bbr: %.2f and %.2f MB/s, Jain's index %.3f\n", shares.first, shares.second,
              jain(shares));
  EXPECT_GT(jain(shares), 0.85);
}
TEST(Throughput, SharesABottleneckWithCubic) {
  const auto shares = share(Congestion::bbr, Congestion::cubic, 40s);
  std::printf("bbr beside cubic: %.2f and %.2f MB/s, Jain's index %.3f\n", shares.first,
              shares.second, jain(shares));
  EXPECT_GT(jain(shares), 0.7);
}

}  // namespace
}  // namespace hearth::sctp
