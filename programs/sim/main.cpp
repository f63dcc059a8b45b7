// Runs the graph's simulator over seeds: ./dev sim. The version is in HEARTH_COMMIT.
//
//   hearth-sim [--seed N | --seeds FROM-TO | --seeds COUNT] [--replicas N] [--steps N] [--trace]

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>

#include <hearth/simulator/simulator.h>

namespace {

using namespace hearth;

struct Wanted {
  std::uint64_t from = 1, to = 10'000;
  simulator::Options options;
  bool trace = false;
};

[[noreturn]] void usage() {
  std::fputs(
      "hearth-sim [--seed N | --seeds FROM-TO | --seeds COUNT] [--replicas 2-40] [--steps N] "
      "[--trace]\n",
      stderr);
  std::exit(2);
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) usage();
  return value;
}

Wanted read(int count, char** words) {
  Wanted wanted;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--trace") {
      wanted.trace = true;
      continue;
    }
    if (i + 1 == count) usage();
    const std::string_view value = words[++i];
    if (word == "--seed") {
      wanted.from = wanted.to = number(value);
    } else if (word == "--seeds") {
      const std::size_t dash = value.find('-');
      wanted.from = dash == std::string_view::npos ? 1 : number(value.substr(0, dash));
      wanted.to = number(dash == std::string_view::npos ? value : value.substr(dash + 1));
    } else if (word == "--replicas") {
      wanted.options.replicas = number(value);
      if (wanted.options.replicas < 2 || wanted.options.replicas > 40) usage();
    } else if (word == "--steps") {
      wanted.options.steps = number(value);
    } else {
      usage();
    }
  }
  return wanted;
}

void report(const simulator::Outcome& outcome, const Wanted& wanted, std::uint64_t seed) {
  const char* commit = std::getenv("HEARTH_COMMIT");
  std::printf("\nseed %llu: %s\n", static_cast<unsigned long long>(seed), outcome.failure->c_str());
  if (!wanted.trace)
    for (const std::string& line : outcome.tail) std::printf("  %s\n", line.c_str());
  std::printf("commit %s\n./dev sim --seed %llu", commit != nullptr ? commit : "unknown",
              static_cast<unsigned long long>(seed));
  if (wanted.options.replicas != 0) std::printf(" --replicas %zu", wanted.options.replicas);
  if (wanted.options.steps != 0) std::printf(" --steps %zu", wanted.options.steps);
  std::printf(" --trace\n");
}

}  // namespace

int main(int count, char** words) {
  Wanted wanted = read(count, words);
  if (wanted.trace)
    wanted.options.on_line = [](std::string_view line) {
      std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    };
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const bool shows_progress = isatty(STDERR_FILENO) != 0 && !wanted.trace;
  const auto begin = std::chrono::steady_clock::now();
  simulator::Totals totals;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = wanted.from; seed <= wanted.to && failed < 10; ++seed) {
    wanted.options.seed = seed;
    const simulator::Outcome outcome = simulator::simulate(wanted.options);
    for (const auto& [what, times] : outcome.totals) totals[what] += times;
    if (outcome.failure) {
      ++failed;
      report(outcome, wanted, seed);
    } else if (wanted.from == wanted.to) {
      std::printf("state of %zu bytes, trace %016llx\n", outcome.state.size(),
                  static_cast<unsigned long long>(outcome.trace_hash));
    }
    if (shows_progress && seed % 10 == 0)
      std::fprintf(stderr, "\r%llu of %llu",
                   static_cast<unsigned long long>(seed - wanted.from + 1),
                   static_cast<unsigned long long>(wanted.to - wanted.from + 1));
  }
  if (shows_progress) std::fputc('\r', stderr);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  for (const auto& [what, times] : totals)
    std::printf("%12llu  %s\n", static_cast<unsigned long long>(times), what.c_str());
  std::printf("%llu failed, %.1f s\n", static_cast<unsigned long long>(failed), took.count());
  return failed == 0 ? 0 : 1;
}
