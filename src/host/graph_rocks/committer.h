#pragma once
// Makes batches durable on a thread of its own. Batches that come while a sync runs share the next.

#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/graph_store/store.h>

namespace hearth::graph_rocks {

class Committer {
 public:
  using Done = std::function<void(Result<Unit, graph_store::StoreError>)>;

  /// The store must outlive it and get writes from nobody else. What is done is said on `executor`.
  Committer(boost::asio::any_io_executor executor, graph_store::Store& store);
  /// Finishes what was begun; nothing is said any more.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Batches are written in the order of the calls, each whole or not at all. After one has failed,
  /// so do those that were waiting behind it.
  void commit(graph_store::Batch batch, Done done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::graph_rocks
