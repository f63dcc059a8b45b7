#include "graph_measure.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/options_util.h>
#include <rocksdb/write_batch.h>

#include <hearth/crypto/ed25519.h>
#include <hearth/graph_rocks/rocks_store.h>
#include <hearth/graph_store/memory_store.h>
#include <hearth/gun/answer.h>
#include <hearth/gun/nodes.h>
#include <hearth/gun/records.h>
#include <hearth/gun/relay.h>
#include <hearth/loop/system.h>
#include <hearth/replica/replica.h>

namespace hearth::cli {

namespace {

namespace fs = std::filesystem;
using graph_rocks::RocksStore;
using graph_store::Batch;
using graph_store::StoreError;
using graph_store::Ticket;

/// What becomes durable together.
constexpr std::size_t edits_per_commit = 1000;
constexpr Timestamp beginning{.ms = 1'763'731'139'000};
/// When all that was written since is visible.
constexpr Timestamp end{.ms = beginning.ms + 1'000'000'000};

template <class T, class E>
T sure(Result<T, E> result) {
  if (!result) throw std::runtime_error{"The disk failed, or is full."};
  return std::move(*result);
}

// --- time ------------------------------------------------------------------------------------

/// By the clock, and of this process on all its threads: RocksDB's own work counts.
struct Spent {
  double wall_s = 0;
  double cpu_s = 0;
  Spent& operator+=(const Spent& more) {
    wall_s += more.wall_s;
    cpu_s += more.cpu_s;
    return *this;
  }
};

class Meter {
 public:
  [[nodiscard]] Spent spent() const {
    return {.wall_s = read(CLOCK_MONOTONIC) - wall_,
            .cpu_s = read(CLOCK_PROCESS_CPUTIME_ID) - cpu_};
  }

 private:
  static double read(clockid_t clock) {
    timespec at{};
    clock_gettime(clock, &at);
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
  }
  double wall_ = read(CLOCK_MONOTONIC);
  double cpu_ = read(CLOCK_PROCESS_CPUTIME_ID);
};

// --- the work --------------------------------------------------------------------------------

/// A node of two properties, made or changed.
struct Edit {
  std::string soul;
  std::string text;
  std::size_t number = 0;
  double state = 0;
};

enum class Texts { alike, random };  // the first compress well, the second hardly

/// The first half makes nodes, the second changes each of them, in another order.
std::vector<Edit> make_edits(std::size_t count, Texts texts) {
  std::mt19937_64 random{12345};
  std::vector<Edit> edits;
  edits.reserve(count);
  const auto add = [&](std::size_t number) {
    char soul[24];
    std::snprintf(soul, sizeof soul, "node%08zu", number);
    std::string text = "The text of node number " + std::to_string(number) + ", no more.";
    if (texts == Texts::random)
      for (char& c : text) c = static_cast<char>('0' + random() % 64);
    std::ranges::replace(text, '\\', 'z');
    edits.push_back(
        {.soul = soul,
         .text = std::move(text),
         .number = number + edits.size(),
         .state = static_cast<double>(beginning.ms) + static_cast<double>(edits.size())});
  };
  std::vector<std::size_t> order(count / 2);
  for (std::size_t i = 0; i < order.size(); ++i) add(order[i] = i);
  std::ranges::shuffle(order, random);
  for (const std::size_t number : order) add(number);
  return edits;
}

/// Keeps what was written, batch by batch.
class Recording final : public graph_store::Store {
 public:
  using Store::get;
  Result<bool, StoreError> get(std::string_view key, Bytes& value) const override {
    return store_.get(key, value);
  }
  Result<Unit, StoreError> scan(const graph_store::Range& range,
                                const Visitor& visit) const override {
    return store_.scan(range, visit);
  }
  Result<Ticket, StoreError> write(const Batch& batch) override {
    batches.push_back(batch);
    return store_.write(batch);
  }
  Result<Ticket, StoreError> sync() override { return store_.sync(); }
  Ticket durable() const override { return store_.durable(); }

  std::vector<Batch> batches;

 private:
  graph_store::MemoryStore store_;
};

RocksStore open_store(const fs::path& directory) {
  auto opened = RocksStore::open(directory);
  if (!opened) throw std::runtime_error{directory.string() + ": " + opened.error().message};
  return std::move(*opened);
}

/// A database with the very options of ours, as RocksDB wrote them down, and nothing of ours.
class Bare {
 public:
  explicit Bare(const fs::path& directory) {
    (void)open_store(directory);
    rocksdb::DBOptions options;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    auto cache = rocksdb::NewLRUCache(graph_rocks::RocksOptions{}.block_cache_bytes);
    check(rocksdb::LoadLatestOptions({}, directory.string(), &options, &families, &cache));
    rocksdb::DB* db = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    check(rocksdb::DB::Open(options, directory.string(), families, &handles, &db));
    db_.reset(db);
    for (rocksdb::ColumnFamilyHandle* handle : handles)
      check(db->DestroyColumnFamilyHandle(handle));
  }
  /// Reads what `is_changed` names before it is written, as whoever merges must; the rest is only
  /// written, as a log is.
  void apply(const Batch& batch, bool (*is_changed)(std::string_view key)) {
    rocksdb::WriteBatch changes;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto [key, value] = batch[i];
      const rocksdb::Slice place{key.data(), key.size()};
      if (is_changed(key)) {
        rocksdb::PinnableSlice held;
        const auto status = db_->Get({}, db_->DefaultColumnFamily(), place, &held);
        if (!status.IsNotFound()) check(status);
      }
      const std::string_view text = as_text(value.value_or(BytesView{}));
      check(value ? changes.Put(place, {text.data(), text.size()}) : changes.Delete(place));
    }
    check(db_->Write({}, &changes));
    check(db_->SyncWAL());
  }
  /// As it is in time: the lowest level is the one that is packed best.
  void compact() {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    check(db_->CompactRange(options, nullptr, nullptr));
  }

 private:
  static void check(const rocksdb::Status& status) {
    if (!status.ok()) throw std::runtime_error{status.ToString()};
  }
  std::unique_ptr<rocksdb::DB> db_;
};

Spent replay(const fs::path& directory, const std::vector<Batch>& batches,
             bool (*is_changed)(std::string_view key)) {
  Bare bare{directory};
  const Meter meter;
  for (const Batch& batch : batches) bare.apply(batch, is_changed);
  return meter.spent();
}

/// Once compaction is through.
double bytes_of(const fs::path& directory) {
  Bare{directory}.compact();
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator{directory})
    if (entry.path().extension() == ".sst") bytes += entry.file_size();
  return static_cast<double>(bytes);
}

// --- /gun ------------------------------------------------------------------------------------

/// What the relay does with a put, between its JSON and its answer.
Spent merge_nodes(graph_store::Store& store, std::span<const Edit> edits) {
  struct Json {
    std::string number;
    std::string text;
  };
  std::vector<Json> json;
  json.reserve(edits.size());
  for (const Edit& edit : edits)
    json.push_back({std::to_string(edit.number), '"' + edit.text + '"'});
  const Meter meter;
  gun::Records records{store, gun::Limits{}.cache_bytes};
  gun::Nodes nodes{records};
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    const std::array<gun::Property, 2> properties{
        {{.name = "n",
          .value = {.kind = gun::ValueKind::number, .json = json[i].number},
          .state = edits[i].state},
         {.name = "text",
          .value = {.kind = gun::ValueKind::string, .json = json[i].text},
          .state = edits[i].state}}};
    changed.clear();
    sure(nodes.merge(edits[i].soul, properties, changed));
    if ((i + 1) % edits_per_commit != 0 && i + 1 != edits.size()) continue;
    sure(store.write(records.take()));
    sure(store.sync());
    records.committed();
  }
  return meter.spent();
}

class RelayLoad {
 public:
  explicit RelayLoad(RocksStore& store) : store_(store), relay_(store, {}, entropy_, moment()) {}

  /// Eight clients, each with 1,024 puts that aren't acknowledged yet.
  Spent puts(std::span<const Edit> edits) {
    constexpr std::size_t clients = 8;
    constexpr std::size_t outstanding = clients * 1024;
    std::vector<gun::ConnectionId> ids;
    for (std::size_t i = 0; i < clients; ++i) ids.push_back(join());
    const auto frames = frames_of(edits);
    const Meter meter;
    for (std::size_t from = 0; from < frames.size(); from += outstanding) {
      const std::size_t to = std::min(frames.size(), from + outstanding);
      for (std::size_t i = from; i < to; ++i) relay_.receive(ids[i % clients], frames[i], moment());
      while (commit()) continue;
      for (const gun::ConnectionId id : ids) drain(id);
    }
    return meter.spent();
  }
  /// One after the other; milliseconds each, ascending.
  std::vector<double> acknowledgements(std::span<const Edit> edits) {
    const gun::ConnectionId id = join();
    std::vector<double> times;
    for (const std::string& frame : frames_of(edits)) {
      const Meter meter;
      relay_.receive(id, frame, moment());
      (void)commit();
      drain(id);
      times.push_back(meter.spent().wall_s * 1000);
    }
    std::ranges::sort(times);
    return times;
  }

 private:
  static gun::Moment moment() {
    return {.now = Instant{std::chrono::steady_clock::now().time_since_epoch()},
            .wall_ms = static_cast<double>(end.ms)};
  }
  gun::ConnectionId join() {
    const auto id = relay_.connect({}, moment());
    drain(*id);
    return *id;
  }
  std::vector<std::string> frames_of(std::span<const Edit> edits) {
    std::vector<std::string> frames;
    frames.reserve(edits.size());
    for (const Edit& edit : edits) {
      gun::GraphText graph;
      graph.add(edit.soul, "text", edit.state, '"' + edit.text + '"');
      graph.add(edit.soul, "n", edit.state, std::to_string(edit.number));
      frames.push_back(R"({"#":"put)" + std::to_string(next_++) + R"(","put":)" + graph.finish() +
                       "}");
    }
    return frames;
  }
  bool commit() {
    const auto batch = relay_.poll_commit();
    if (!batch) return false;
    sure(store_.write(*batch));
    sure(store_.sync());
    relay_.committed(moment());
    return true;
  }
  void drain(gun::ConnectionId id) {
    while (!relay_.next_frame(id, moment()).empty()) continue;
  }

  RocksStore& store_;
  loop::SystemEntropy entropy_;
  gun::Relay relay_;
  std::size_t next_ = 0;
};

// --- signed spaces ---------------------------------------------------------------------------

/// One device, which is a persona of its own, writes; a home that isn't here keeps the members.
class Space {
 public:
  Space() {
    update::Entry first{.space = {},
                        .time = static_cast<std::uint64_t>(beginning.ms),
                        .signer = update::author_of(home_.public_key())};
    const model::PersonaKey writer{update::author_of(device_.public_key()).value()};
    first.changes.push_back(update::Found{});
    first.changes.push_back(update::SetRole{writer, update::Role::owner, {}});
    id_ = model::SpaceId{first.id().value()};
    founding_ = update::sign(first, home_);
  }

  [[nodiscard]] std::vector<update::Update> write(std::span<const Edit> edits) const {
    graph_store::MemoryStore store;
    const auto replica = open(store, beginning);
    std::vector<update::Update> updates;
    updates.reserve(edits.size());
    for (const Edit& edit : edits) {
      auto draft = sure(replica->draft(update::author_of(device_.public_key()),
                                       {.ms = static_cast<std::int64_t>(edit.state)}));
      sure(draft.put(edit.soul, "text", edit.text));
      sure(draft.put(edit.soul, "n", static_cast<double>(edit.number)));
      updates.push_back(sure(replica->write(draft, device_)));
      (void)replica->take_changes();
    }
    return updates;
  }

  enum class Signatures { verified, trusted };
  Spent take_in(graph_store::Store& store, std::vector<update::Update> updates,
                Signatures signatures) const {
    const auto replica = open(store);
    update::Verifier verifier;
    std::size_t count = 0;
    const Meter meter;
    for (update::Update& each : updates) {
      sure(replica->add(signatures == Signatures::verified
                            ? sure(verifier.verify(std::move(each)))
                            : update::VerifiedUpdate::trusted(std::move(each))));
      if (++count % edits_per_commit != 0 && count != updates.size()) continue;
      sure(replica->commit());
      sure(store.sync());
      (void)replica->take_changes();
    }
    const Spent spent = meter.spent();
    const replica::Status status = replica->status();
    if (status.counting != count || status.deferred + status.held > 0)
      throw std::runtime_error{"Not every update was merged: this measures something else."};
    return spent;
  }
  [[nodiscard]] std::unique_ptr<replica::Replica> open(graph_store::Store& store,
                                                       Timestamp now = end) const {
    auto replica = sure(replica::Replica::open(store, "s/", id_, now));
    sure(replica->add_entry(founding_));
    return replica;
  }
  /// Nodes; everything else is of the log.
  static bool is_changed(std::string_view key) { return key.starts_with("s/n"); }

 private:
  static crypto::Ed25519PrivateKey key(std::uint8_t number) {
    const std::array<std::byte, 32> seed{std::byte{number}};
    return *crypto::Ed25519PrivateKey::from_seed(seed);
  }
  crypto::Ed25519PrivateKey home_ = key(1);
  crypto::Ed25519PrivateKey device_ = key(2);
  model::SpaceId id_;
  Bytes founding_;
};

// --- figures ---------------------------------------------------------------------------------

class Bench {
 public:
  explicit Bench(const MeasureOptions& options)
      : options_(options), edits_(make_edits(options.edits, Texts::alike)) {}

  std::vector<Figure> run() {
    gun_merges();
    gun_puts();
    gun_disk();
    updates_ = space_.write(edits_);
    signed_merges();
    signed_updates();
    signed_disk();
    return std::move(figures_);
  }

 private:
  fs::path folder() { return options_.directory / std::to_string(next_++); }
  void begin(const std::string& what) const {
    if (options_.begins) options_.begins(what);
  }
  void add(Figure figure) { figures_.push_back(std::move(figure)); }
  void add_rates(const std::string& key, const std::string& what, std::size_t count,
                 const Spent& ours, const Spent& bare) {
    const auto n = static_cast<double>(count);
    add({.key = key + "_per_cpu_second",
         .what = what + "/s of a core",
         .value = n / ours.cpu_s,
         .bare = n / bare.cpu_s,
         .wanted = 0.5});
    add({.key = key + "_per_second",
         .what = what + "/s by the clock",
         .value = n / ours.wall_s,
         .bare = n / bare.wall_s,
         .wanted = 0.5});
  }

  void gun_merges() {
    begin("merging nodes of /gun, and bare RocksDB with the same records");
    Recording recording;
    (void)merge_nodes(recording, edits_);
    Spent ours;
    Spent bare;
    for (std::size_t round = 0; round < options_.rounds; ++round) {
      RocksStore store = open_store(folder());
      ours += merge_nodes(store, edits_);
      bare += replay(folder(), recording.batches, [](std::string_view) { return true; });
    }
    add_rates("gun_merges", "/gun: nodes merged", edits_.size() * options_.rounds, ours, bare);
  }

  void gun_puts() {
    begin("putting through the relay");
    const fs::path place = folder();
    const std::span<const Edit> edits{edits_};
    const std::size_t singles = std::min<std::size_t>(500, edits.size() / 10);
    {
      RocksStore store = open_store(place);
      RelayLoad load{store};
      const Spent spent = load.puts(edits);
      const auto count = static_cast<double>(edits.size());
      add({.key = "gun_puts_per_second",
           .what = "/gun: puts/s, synced, 8 x 1,024 outstanding, without sockets",
           .value = count / spent.wall_s});
      add({.key = "gun_puts_cpu",
           .what = "/gun: CPU s per 100,000 of them",
           .value = spent.cpu_s / count * 100'000,
           .wanted = 1.5,
           .is_ceiling = true});
      auto later = make_edits(singles * 2, Texts::alike);
      for (Edit& edit : later) edit.soul += "x";
      const auto times = load.acknowledgements(std::span{later}.first(singles));
      add({.key = "gun_ack_p50_ms",
           .what = "/gun: synced acknowledgement, one outstanding, p50 ms",
           .value = times[times.size() / 2],
           .wanted = 5,
           .is_ceiling = true});
      add({.key = "gun_ack_p99_ms",
           .what = "/gun: the same, p99 ms",
           .value = times[times.size() * 99 / 100]});
    }
    const Meter meter;
    RocksStore store = open_store(place);
    const RelayLoad load{store};
    add({.key = "gun_open_ms",
         .what = "/gun: opening " + std::to_string(edits.size() / 2) + " nodes, ms",
         .value = meter.spent().wall_s * 1000});
  }

  void gun_disk() {
    begin("filling a disk");
    for (const Texts texts : {Texts::alike, Texts::random}) {
      const fs::path place = folder();
      const auto edits = make_edits(options_.edits * 2, texts);
      {
        RocksStore store = open_store(place);
        (void)merge_nodes(store, std::span{edits}.first(options_.edits));
      }
      const bool alike = texts == Texts::alike;
      add({.key = alike ? "gun_node_bytes_alike" : "gun_node_bytes_random",
           .what = std::string{"/gun: bytes on the disk of a node, "} +
                   (alike ? "texts alike" : "random texts"),
           .value = bytes_of(place) / static_cast<double>(options_.edits),
           .wanted = 80,
           .is_ceiling = true});
    }
  }

  void signed_merges() {
    begin("merging updates of a signed space, and bare RocksDB with the same records");
    Recording recording;
    (void)space_.take_in(recording, updates_, Space::Signatures::trusted);
    Spent ours;
    Spent bare;
    for (std::size_t round = 0; round < options_.rounds; ++round) {
      RocksStore store = open_store(folder());
      ours += space_.take_in(store, updates_, Space::Signatures::trusted);
      bare += replay(folder(), recording.batches, Space::is_changed);
    }
    add_rates("signed_merges", "signed spaces: updates merged, signatures apart,",
              updates_.size() * options_.rounds, ours, bare);
  }

  void signed_updates() {
    begin("verifying and storing updates of a signed space");
    const fs::path place = folder();
    const auto count = static_cast<double>(updates_.size());
    {
      RocksStore store = open_store(place);
      const Spent spent = space_.take_in(store, updates_, Space::Signatures::verified);
      add({.key = "signed_updates_per_cpu_second",
           .what = "signed spaces: updates verified, merged and stored/s of a core",
           .value = count / spent.cpu_s,
           .wanted = 10'000});
      add({.key = "signed_updates_per_second",
           .what = "signed spaces: the same by the clock",
           .value = count / spent.wall_s});
    }
    const Meter meter;
    RocksStore store = open_store(place);
    (void)space_.open(store);
    add({.key = "signed_open_ms",
         .what = "signed spaces: opening " + std::to_string(updates_.size()) + " updates, ms",
         .value = meter.spent().wall_s * 1000});
  }

  void signed_disk() {
    begin("filling a disk with updates");
    for (const Texts texts : {Texts::alike, Texts::random}) {
      const fs::path place = folder();
      const std::size_t count = options_.edits / 2;
      const auto edits = make_edits(count * 2, texts);
      {
        RocksStore store = open_store(place);
        (void)space_.take_in(store, space_.write(std::span{edits}.first(count)),
                             Space::Signatures::trusted);
      }
      const bool alike = texts == Texts::alike;
      add({.key = alike ? "signed_node_bytes_alike" : "signed_node_bytes_random",
           .what = std::string{"signed spaces: bytes on the disk of a node and its update, "} +
                   (alike ? "texts alike" : "random texts"),
           .value = bytes_of(place) / static_cast<double>(count),
           .wanted = 80 + 160,
           .is_ceiling = true});
    }
  }

  const MeasureOptions& options_;
  std::vector<Edit> edits_;
  Space space_;
  std::vector<update::Update> updates_;
  std::vector<Figure> figures_;
  std::size_t next_ = 0;
};

}  // namespace

std::vector<Figure> measure_graph(const MeasureOptions& options) {
  return Bench{options}.run();
}

}  // namespace hearth::cli
