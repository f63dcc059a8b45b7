#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include <hearth/graph_rocks/committer.h>

namespace hearth::graph_rocks {

using graph_store::StoreError;

struct Committer::Impl {
  struct Order {
    graph_store::Batch batch;
    Done done;
  };

  Impl(boost::asio::any_io_executor to, graph_store::Store& into)
      : executor(std::move(to)), store(into) {}

  void work() {
    while (true) {
      std::vector<Order> orders;
      {
        std::unique_lock lock{mutex};
        ready.wait(lock, [this] { return stopping || !waiting.empty(); });
        if (waiting.empty()) return;
        orders = std::exchange(waiting, {});
      }
      Result<Unit, StoreError> result = Unit{};
      for (const Order& order : orders) {
        const auto written = store.write(order.batch);
        if (written) continue;
        result = Failure{written.error()};
        break;
      }
      if (result)
        if (const auto synced = store.sync(); !synced) result = Failure{synced.error()};
      // Of several that share a fate none may be said to have succeeded when one has not.
      for (Order& order : orders)
        boost::asio::post(executor, [done = std::move(order.done), result, alive = alive] {
          if (*alive) done(result);
        });
    }
  }

  boost::asio::any_io_executor executor;
  graph_store::Store& store;
  std::mutex mutex;
  std::condition_variable ready;
  std::vector<Order> waiting;
  bool stopping = false;
  std::shared_ptr<std::atomic<bool>> alive = std::make_shared<std::atomic<bool>>(true);
  std::thread thread;
};

Committer::Committer(boost::asio::any_io_executor executor, graph_store::Store& store)
    : impl_(std::make_unique<Impl>(std::move(executor), store)) {
  impl_->thread = std::thread{[impl = impl_.get()] { impl->work(); }};
}

Committer::~Committer() {
  *impl_->alive = false;
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->stopping = true;
  }
  impl_->ready.notify_one();
  impl_->thread.join();
}

void Committer::commit(graph_store::Batch batch, Done done) {
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->waiting.push_back({std::move(batch), std::move(done)});
  }
  impl_->ready.notify_one();
}

}  // namespace hearth::graph_rocks
