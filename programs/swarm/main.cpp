// Many peers in one process, for soaks: each has a key of its own, comes, asks for things, and goes
// in one of the ways that peers go. They are followed by new ones.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <hearth/http/client.h>
#include <hearth/libp2p/async.h>
#include <hearth/libp2p/host.h>
#include <hearth/loop/system.h>

namespace {

using namespace hearth;
namespace asio = boost::asio;
using loop::Task;
using std::chrono::milliseconds;

struct Options {
  std::vector<std::string> targets;
  std::string path = "/";
  std::size_t peers = 1000;
  double life_s = 60;  ///< of one, on average
  double pause_s = 4;  ///< between what one does, on average
  double ramp_s = 10;  ///< until all have come
};

struct Told {
  std::uint64_t connected = 0;  // now
  std::uint64_t came = 0;
  std::uint64_t not_let_in = 0;
  std::uint64_t asked = 0;
  std::uint64_t failed = 0;
  std::uint64_t lost = 0;  // ended by the other side
};

class Swarm {
 public:
  Swarm(asio::io_context& io, Options options) : io_(io), options_(std::move(options)) {}

  void start() {
    for (std::size_t i = 0; i < options_.peers; ++i) asio::co_spawn(io_, live(i), asio::detached);
  }
  /// Everybody goes; no one comes any more.
  void stop() { stopping_ = true; }
  [[nodiscard]] bool is_empty() const { return living_ == 0; }
  [[nodiscard]] const Told& told() const { return told_; }

 private:
  [[nodiscard]] double uniform() {
    return static_cast<double>(entropy_.u64() >> 11) / static_cast<double>(1ULL << 53);
  }
  /// Exponential, as lives and pauses are.
  [[nodiscard]] milliseconds around(double mean_s) {
    return milliseconds{static_cast<std::int64_t>(-std::log(1 - uniform()) * mean_s * 1000)};
  }
  Task<void> sleep(milliseconds time) {
    asio::steady_timer timer{io_};
    for (milliseconds left = time; left.count() > 0 && !stopping_; left -= milliseconds{500}) {
      timer.expires_after(std::min(left, milliseconds{500}));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  /// One place in the swarm: a peer after another, for ever.
  Task<void> live(std::size_t number) {
    ++living_;
    co_await sleep(milliseconds{static_cast<std::int64_t>(uniform() * options_.ramp_s * 1000)});
    const std::string target = options_.targets[number % options_.targets.size()];
    while (!stopping_) {
      auto one = be_a_peer(target);
      co_await std::move(one);
    }
    --living_;
  }

  Task<void> be_a_peer(std::string target) {
    auto host = std::make_unique<libp2p::Host>(
        io_.get_executor(),
        libp2p::HostOptions{
            .key = crypto::Ed25519PrivateKey::generate(entropy_), .limits = {}, .budget = budget_},
        clock_, entropy_, log_);
    libp2p::ConnectionPtr connection;
    try {
      connection = co_await host->dial_address(*libp2p::Multiaddr::parse(target));
    } catch (const std::exception&) {
      ++told_.not_let_in;
    }
    if (!connection) {
      co_await sleep(milliseconds{1000});
      co_return;
    }
    ++told_.came;
    ++told_.connected;
    const auto until = std::chrono::steady_clock::now() + around(options_.life_s);
    std::vector<libp2p::StreamPtr> left_open;
    while (std::chrono::steady_clock::now() < until && !stopping_ && connection->is_open()) {
      auto doing = do_something(*host, connection, left_open);
      co_await std::move(doing);
      co_await sleep(around(options_.pause_s));
    }
    --told_.connected;
    if (!connection->is_open()) ++told_.lost;
    // A third says goodbye; the others are gone with all they had begun.
    if (uniform() < 0.33) {
      auto leaving = host->shut_down();
      co_await std::move(leaving);
    }
  }

  Task<void> do_something(libp2p::Host& host, libp2p::ConnectionPtr connection,
                          std::vector<libp2p::StreamPtr>& left_open) {
    ++told_.asked;
    const double what = uniform();
    try {
      libp2p::StreamPtr stream = co_await connection->open("/http/1.1");
      if (what < 0.1) {
        // Half a request, on a stream that stays.
        const std::string half = "GET " + options_.path + " HTTP/1.1\r\nHost: swarm\r\nX-";
        co_await stream->write(as_bytes(half));
        if (left_open.size() < 8) left_open.push_back(std::move(stream));
      } else if (what < 0.2) {
        stream->reset();
      } else {
        http::Request request;
        request.target = options_.path;
        request.headers = {{"Host", "swarm"}};
        auto asking = http::send(std::move(stream), std::move(request));
        http::Response response =
            co_await libp2p::within(std::chrono::seconds{20}, std::move(asking));
        auto reading = http::read_all(*response.body, std::size_t{1} << 20);
        (void)co_await std::move(reading);
        if (response.status >= 500) ++told_.failed;
      }
    } catch (const std::exception&) {
      if (!stopping_ && connection->is_open()) ++told_.failed;
    }
    (void)host;
  }

  asio::io_context& io_;
  Options options_;
  loop::SystemClock clock_;
  loop::SystemEntropy entropy_;
  NullLog log_;
  /// Ours has to hold as many as we are.
  budget::BudgetPtr budget_ =
      budget::Budget::create({.memory_bytes = std::size_t{8} << 30, .sockets = 65536});
  Told told_;
  std::size_t living_ = 0;
  bool stopping_ = false;
};

Task<void> report(asio::io_context& io, Swarm& swarm) {
  asio::steady_timer timer{io};
  while (true) {
    timer.expires_after(std::chrono::seconds{1});
    co_await timer.async_wait(asio::use_awaitable);
    const Told& told = swarm.told();
    const nlohmann::json line{{"connected", told.connected},   {"came", told.came},
                              {"not_let_in", told.not_let_in}, {"asked", told.asked},
                              {"failed", told.failed},         {"lost", told.lost},
                              {"empty", swarm.is_empty()}};
    std::puts(line.dump().c_str());
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  CLI::App app{"Peers that come and go, for soaks. SIGTERM: all go; a second one ends it."};
  app.add_option("--target", options.targets, "Multiaddr with /p2p; may be repeated")->required();
  app.add_option("--path", options.path, "What is asked for over /http/1.1");
  app.add_option("--peers", options.peers, "How many at a time");
  app.add_option("--life", options.life_s, "Seconds that one stays, on average");
  app.add_option("--pause", options.pause_s, "Seconds between what one does, on average");
  app.add_option("--ramp", options.ramp_s, "Seconds until all have come");
  CLI11_PARSE(app, argc, argv);
  loop::tune_allocator(1);

  asio::io_context io{1};
  Swarm swarm{io, options};
  asio::signal_set signals{io, SIGTERM};
  signals.async_wait([&](boost::system::error_code error, int) {
    if (error) return;
    swarm.stop();
    signals.async_wait([&](boost::system::error_code again, int) {
      if (!again) io.stop();
    });
  });
  asio::co_spawn(io, report(io, swarm), asio::detached);
  swarm.start();
  io.run();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "hearth-swarm: %s\n", error.what());
  return 1;
}
