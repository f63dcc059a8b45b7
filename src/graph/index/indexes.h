#pragma once
// Finding nodes by what they hold.
//
//   auto indexes = *Indexes::open(store, prefix);
//   auto replica = *Replica::open(store, prefix, space, now, {.companion = indexes.get()});
//   indexes->declare(*replica, {.name = "by-year", .property = "year"});
//   while (*indexes->work(*replica, 1000)) {}           // in steps, between other things
//   auto query = Query{}.from(1990.0).to(1999.0).limit(20);
//   auto page = indexes->find("by-year", query);
//   for (const Hit& hit : page->hits) …                  // hit.soul, hit.value
//   page = indexes->find("by-year", query.after(page->next));

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/graph_store/store.h>
#include <hearth/model/value.h>
#include <hearth/replica/companion.h>

namespace hearth::replica {
class Replica;
}

namespace hearth::graph_index {

/// One property of all nodes, or of those whose souls begin with `soul_prefix`. What a reader is
/// shown of it gives rows: a register's value, a counter's sum, each element of a set; links are
/// values, too, so that `exactly(Link{soul})` asks who links to a soul. Lists give none.
struct Definition {
  std::string name;  ///< 1 to 64 bytes of UTF-8
  std::string property;
  std::string soul_prefix = {};
  friend bool operator==(const Definition&, const Definition&) = default;
};

/// Which rows, in which order: that of the values (value_key.h), and among equal ones of the
/// souls. All of them, unless bounds are set; a range with one end stays among values of its kind.
class Query {
 public:
  Query() = default;
  [[nodiscard]] static Query exactly(model::Value value);
  /// Of texts, byte strings and links: those that begin so; with at most max_indexed_size bytes.
  [[nodiscard]] static Query starting_with(model::Value beginning);

  Query& from(model::Value lowest);
  Query& above(model::Value lower);
  Query& to(model::Value highest);
  Query& below(model::Value higher);
  Query& descending();
  /// At most max_limit, which it is from the start.
  Query& limit(std::size_t hits);
  /// Goes on where a page ended.
  Query& after(std::string cursor);

  static constexpr std::size_t max_limit = 1000;

 private:
  friend class Indexes;
  struct Bound {
    model::Value value;
    bool inclusive = true;
  };
  std::optional<Bound> from_, to_;
  std::optional<model::Value> prefix_;
  bool descending_ = false;
  std::size_t limit_ = max_limit;
  std::string after_;
};

struct Hit {
  std::string soul;
  std::optional<model::Value> value;  ///< nothing where it is long: the node has it
  friend bool operator==(const Hit&, const Hit&) = default;
};

struct Page {
  std::vector<Hit> hits;
  /// Opaque. What stands while pages are read, whatever is written meanwhile, is seen once. Empty:
  /// that was the last page.
  std::string next;
};

struct IndexStatus {
  Definition definition;
  bool ready = false;  ///< not before work() is done with it
};

enum class IndexError : std::uint8_t {
  bad_definition,  ///< its name or property breaks a rule
  exists,          ///< another index of that name
  unknown,         ///< no index of that name
  full,            ///< max_indexes
  not_ready,
  bad_query,  ///< a beginning too long or of a kind that has none, a cursor of another index
  store,
};

/// The indexes of one replica, declared here and known to no other. They are never out of step
/// with the nodes: rows are written in the batches that write nodes. Where a replica was opened
/// without its indexes, or damage was repaired, they are built anew by work().
class Indexes final : public replica::Companion {
 public:
  static constexpr std::size_t max_indexes = 64;

  /// Before the replica over the same store and prefix is opened, with this as its companion.
  /// Outlives it.
  [[nodiscard]] static Result<std::unique_ptr<Indexes>, graph_store::StoreError> open(
      graph_store::Store& store, std::string prefix);

  /// The same definition again: nothing happens. Commits the replica.
  [[nodiscard]] Result<Unit, IndexError> declare(replica::Replica& replica,
                                                 const Definition& definition);
  /// Gone at once; its rows go with work().
  [[nodiscard]] Result<Unit, IndexError> drop(replica::Replica& replica, std::string_view name);
  /// Builds new indexes and removes the rows of dropped ones, some of it: up to `max_records` are
  /// read or erased. True: there is more to do. Commits the replica.
  [[nodiscard]] Result<bool, IndexError> work(replica::Replica& replica, std::size_t max_records);
  [[nodiscard]] bool is_idle() const;
  /// By name.
  [[nodiscard]] std::vector<IndexStatus> list() const;

  /// Of what is committed.
  [[nodiscard]] Result<Page, IndexError> find(std::string_view name, const Query& query) const;

  [[nodiscard]] std::vector<std::string> records_of(std::string_view soul,
                                                    const crdt::Node& node) const override;
  void distrust(graph_store::Batch& batch) override;

 private:
  enum class Phase : std::uint8_t {
    ready,
    clearing,  // rows of before are removed
    building,
    dropped,  // is no more, but for rows that are removed
  };
  struct Index {
    Definition definition;
    Phase phase = Phase::clearing;
    std::string from;  // where building goes on
  };
  using Number = std::uint32_t;

  Indexes(graph_store::Store& store, std::string prefix)
      : store_(store), prefix_(std::move(prefix)) {}
  [[nodiscard]] Result<Unit, graph_store::StoreError> load();
  [[nodiscard]] std::string rows_key(Number number) const;
  void put(graph_store::Batch& batch, Number number) const;
  [[nodiscard]] std::string definition_key(Number number) const;
  [[nodiscard]] std::map<Number, Index>::iterator named(std::string_view name);
  void append_rows(std::vector<std::string>& to, Number number, const Index& index,
                   std::string_view soul, const crdt::Node& node) const;
  [[nodiscard]] Result<Unit, IndexError> clear(Number number, Index& index,
                                               std::size_t max_records);
  [[nodiscard]] Result<Unit, IndexError> build(replica::Replica& replica, Number number,
                                               Index& index, std::size_t max_records);
  [[nodiscard]] Result<Unit, IndexError> write(const graph_store::Batch& batch);

  graph_store::Store& store_;
  std::string prefix_;
  std::map<Number, Index> indexes_;
};

}  // namespace hearth::graph_index
