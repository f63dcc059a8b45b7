#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include <hearth/gun/signature_scan.h>
#include <hearth/gun_service/signature_checker.h>

namespace hearth::gun_service {

namespace {

/// A turn: about 4 ms.
constexpr std::size_t properties_per_turn = 64;

std::size_t size_of(const std::vector<std::string>& frames) {
  std::size_t bytes = 0;
  for (const std::string& frame : frames) bytes += frame.size();
  return bytes;
}

}  // namespace

struct SignatureChecker::Impl {
  struct Job {
    Job(Frames all, double now_ms, Done then)
        : frames(std::move(all)), scan(*frames, now_ms), done(std::move(then)) {}
    Frames frames;
    gun::SignatureScan scan;
    Done done;
  };

  explicit Impl(boost::asio::any_io_executor to) : executor(std::move(to)) {}

  void work() {
    gun::Sea sea;
    while (true) {
      std::unique_ptr<Job> job;
      {
        std::unique_lock lock{mutex};
        ready.wait(lock, [this] { return stopping || !jobs.empty(); });
        if (stopping) return;
        job = std::move(jobs.front());
        jobs.pop_front();
      }
      if (job->scan.step(sea, properties_per_turn)) {
        {
          const std::lock_guard lock{mutex};
          jobs.push_back(std::move(job));
        }
        ready.notify_one();  // another thread may have gone to sleep meanwhile
        continue;
      }
      bytes -= size_of(*job->frames);
      boost::asio::post(executor, [done = std::move(job->done), checked = job->scan.take(),
                                   going = alive]() mutable {
        if (*going) done(std::move(checked));
      });
    }
  }

  boost::asio::any_io_executor executor;
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<std::unique_ptr<Job>> jobs;
  bool stopping = false;
  std::atomic<std::size_t> bytes{0};
  std::shared_ptr<std::atomic<bool>> alive = std::make_shared<std::atomic<bool>>(true);
  std::vector<std::thread> threads;
};

SignatureChecker::SignatureChecker(boost::asio::any_io_executor executor, std::size_t threads)
    : impl_(std::make_unique<Impl>(std::move(executor))) {
  for (std::size_t i = 0; i < threads; ++i)
    impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
}

SignatureChecker::~SignatureChecker() {
  *impl_->alive = false;
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->stopping = true;
  }
  impl_->ready.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

void SignatureChecker::check(Frames frames, double now_ms, Done done) {
  impl_->bytes += size_of(*frames);
  auto job = std::make_unique<Impl::Job>(std::move(frames), now_ms, std::move(done));
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->jobs.push_back(std::move(job));
  }
  impl_->ready.notify_one();
}

std::size_t SignatureChecker::bytes() const {
  return impl_->bytes;
}

}  // namespace hearth::gun_service
