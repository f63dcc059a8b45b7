// A path between two network namespaces with the conditions it is told. See README.md.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tun.h"
#include <hearth/path/path.h>

namespace {

using namespace hearth;
using nlohmann::json;

Instant now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant{} + std::chrono::seconds{time.tv_sec} + Duration{time.tv_nsec};
}

Duration milliseconds(const json& value) {
  return Duration{static_cast<Duration::rep>(value.get<double>() * 1e6)};
}

path::Conditions changed(path::Conditions conditions, const json& changes) {
  for (const auto& [name, value] : changes.items()) {
    if (name == "delay_ms") {
      conditions.delay = milliseconds(value);
    } else if (name == "loss") {
      conditions.loss = value;
    } else if (name == "reordered") {
      conditions.reordered = value;
    } else if (name == "reordered_by_ms") {
      conditions.reordered_by = milliseconds(value);
    } else if (name == "bits_per_second") {
      conditions.bits_per_second = value;
    } else if (name == "queue_bytes") {
      conditions.queue_bytes = value;
    } else if (name == "mtu") {
      conditions.mtu = value;
    } else if (name == "tells") {
      conditions.tells = value;
    } else if (name == "outage_ms") {
      conditions.outage = milliseconds(value);
    } else if (name == "outage_every_ms") {
      conditions.outage_every = milliseconds(value);
    } else {
      throw std::invalid_argument{name + ": there is no such condition"};
    }
  }
  return conditions;
}

/// How much later than they should packets left.
struct Lateness {
  Duration most{};
  Duration sum{};
  std::int64_t count = 0;
};

struct Direction {
  path::Path path;
  int from;
  int to;
  std::uint64_t unsent = 0;  // the device took no more
  Lateness late;

  void take() {
    std::array<std::byte, 65536> buffer;
    // Bounded, so that the other direction and what is due aren't kept waiting.
    for (int i = 0; i < 256; ++i) {
      const ssize_t size = ::read(from, buffer.data(), buffer.size());
      if (size <= 0) return;
      path.offer(now(), BytesView{buffer}.first(static_cast<std::size_t>(size)));
    }
  }
  void give() {
    while (true) {
      const auto due = path.deadline();
      const Instant at = now();
      const auto packet = path.poll(at);
      if (!packet) break;
      late.most = std::max(late.most, at - *due);
      late.sum += at - *due;
      ++late.count;
      // A device that is down refuses; so does one whose queue is full.
      if (::write(to, packet->data(), packet->size()) < 0) ++unsent;
    }
    while (const auto reply = path.poll_reply())
      if (::write(from, reply->data(), reply->size()) < 0) ++unsent;
  }
  [[nodiscard]] json counters() const {
    const path::Counters& all = path.counters();
    const auto micros = [](Duration time) { return static_cast<double>(time.count() / 100) / 10; };
    return {{"offered", all.offered},
            {"carried", all.carried},
            {"bytes", all.bytes},
            {"in_outage", all.in_outage},
            {"too_big", all.too_big},
            {"lost", all.lost},
            {"overflowed", all.overflowed},
            {"reordered", all.reordered},
            {"unsent", unsent},
            {"late_us",
             {{"most", micros(late.most)},
              {"mean", late.count > 0 ? micros(late.sum / late.count) : 0.0}}}};
  }
};

class Forwarder {
 public:
  Forwarder(int a, int b, const path::Conditions& there, const path::Conditions& back,
            std::uint64_t seed)
      : there_{path::Path{there, seed, now()}, a, b, 0, {}},
        back_{path::Path{back, seed + 1, now()}, b, a, 0, {}} {}

  /// Until the standard input ends.
  void run() {
    std::array<pollfd, 3> files{pollfd{there_.from, POLLIN, 0}, pollfd{back_.from, POLLIN, 0},
                                pollfd{STDIN_FILENO, POLLIN, 0}};
    while (true) {
      const timespec wait = until_next();
      if (::ppoll(files.data(), files.size(), &wait, nullptr) < 0 && errno != EINTR)
        throw std::runtime_error{"ppoll"};
      if (files[0].revents != 0) there_.take();
      there_.give();
      if (files[1].revents != 0) back_.take();
      back_.give();
      if (files[2].revents != 0 && !read_orders()) return;
    }
  }

 private:
  [[nodiscard]] timespec until_next() const {
    Duration wait = std::chrono::seconds{3600};
    const Instant at = now();
    for (const Direction* one : {&there_, &back_})
      if (const auto due = one->path.deadline()) wait = std::min(wait, *due - at);
    wait = std::max(wait, Duration::zero());
    return {.tv_sec = wait.count() / 1'000'000'000, .tv_nsec = wait.count() % 1'000'000'000};
  }

  bool read_orders() {
    std::array<char, 4096> buffer;
    const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size <= 0) return false;
    input_.append(buffer.data(), static_cast<std::size_t>(size));
    for (std::size_t end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
      json answer;
      try {
        obey(json::parse(input_.substr(0, end)));
        answer = {{"there", there_.counters()}, {"back", back_.counters()}};
      } catch (const std::exception& error) {
        answer = {{"error", error.what()}};
      }
      std::puts(answer.dump().c_str());
      std::fflush(stdout);
      input_.erase(0, end + 1);
    }
    return true;
  }

  void obey(const json& order) {
    for (const auto& [name, value] : order.items()) {
      if (name == "cut_ms") {
        const Instant until = now() + milliseconds(value);
        there_.path.cut(until);
        back_.path.cut(until);
        continue;
      }
      if (name != "both" && name != "there" && name != "back")
        throw std::invalid_argument{name + ": there is no such order"};
      if (name != "back") there_.path.change(changed(there_.path.conditions(), value));
      if (name != "there") back_.path.change(changed(back_.path.conditions(), value));
    }
  }

  Direction there_;
  Direction back_;
  std::string input_;
};

int open_at(const std::string& place) {
  const std::size_t colon = place.find(':');
  if (colon == std::string::npos) throw std::invalid_argument{place + ": NAMESPACE:DEVICE"};
  return path::open_tun(place.substr(0, colon), place.substr(colon + 1));
}

// What it adds of its own to the delay should be nothing: it takes turns before everybody else, and
// takes little.
void hurry() {
  const sched_param first{.sched_priority = 1};
  if (::sched_setscheduler(0, SCHED_RR, &first) != 0) ::setpriority(PRIO_PROCESS, 0, -10);
}

}  // namespace

int main(int argc, char** argv) try {
  std::string a;
  std::string b;
  std::string both = "{}";
  std::string there = "{}";
  std::string back = "{}";
  std::uint64_t seed = 1;
  CLI::App app{"A path between two network namespaces, as good or bad as it is told to be."};
  app.add_option("--a", a, "NAMESPACE:DEVICE at one end")->required();
  app.add_option("--b", b, "NAMESPACE:DEVICE at the other")->required();
  app.add_option("--both", both, "Conditions of both directions, JSON");
  app.add_option("--there", there, "What differs from a to b");
  app.add_option("--back", back, "What differs from b to a");
  app.add_option("--seed", seed, "Of chance");
  CLI11_PARSE(app, argc, argv);

  const int first = open_at(a);
  const int second = open_at(b);
  const path::Conditions common = changed({}, json::parse(both));
  Forwarder forwarder{first, second, changed(common, json::parse(there)),
                      changed(common, json::parse(back)), seed};
  hurry();
  std::puts(R"({"ready":true})");
  std::fflush(stdout);
  forwarder.run();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "hearth-path: %s\n", error.what());
  return 1;
}
