#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <hearth/gun/answer.h>
#include <hearth/gun/radata.h>
#include <hearth/gun/relay.h>
#include <hearth/gun_service/storage.h>

namespace hearth::gun_service {

namespace {

/// A client of a relay of its own, that sends property by property: a forged one takes no other
/// with it.
class Importer {
 public:
  Importer(graph_rocks::RocksStore& store, Entropy& entropy)
      : store_(store), relay_(store, {}, entropy, moment()), id_(*relay_.connect({}, moment())) {}

  void add(std::string_view soul, const gun::Property& property) {
    gun::GraphText graph;
    graph.add(soul, property.name, property.state, property.value.json);
    relay_.receive(id_,
                   R"({"#":")" + std::to_string(next_++) + R"(","put":)" + graph.finish() + "}",
                   moment());
    if (relay_.pending_bytes() > (std::size_t{4} << 20)) commit();
  }
  std::uint64_t finish() {
    relay_.advance(moment());
    commit();
    return relay_.counters().refused_puts;
  }

 private:
  static gun::Moment moment() {
    const std::chrono::duration<double, std::milli> wall =
        std::chrono::system_clock::now().time_since_epoch();
    return {.now = Instant{std::chrono::steady_clock::now().time_since_epoch()},
            .wall_ms = wall.count()};
  }
  void commit() {
    while (const auto batch = relay_.poll_commit()) {
      if (!store_.write(*batch) || !store_.sync())
        throw std::runtime_error{"The database can't be written: is the disk full?"};
      relay_.committed(moment());
    }
    while (!relay_.next_frame(id_, moment()).empty()) continue;
    if (relay_.counters().store_errors > 0)
      throw std::runtime_error{"The database is damaged: look at it with `hearth graph verify`."};
  }

  graph_rocks::RocksStore& store_;
  gun::Relay relay_;
  gun::ConnectionId id_;
  std::uint64_t next_ = 0;
};

}  // namespace

std::filesystem::path store_directory(const std::filesystem::path& data_directory) {
  return data_directory / "graph" / "gun";
}

graph_rocks::RocksStore open_store(const std::filesystem::path& directory) {
  auto opened = graph_rocks::RocksStore::open(directory);
  if (!opened)
    throw std::runtime_error{directory.string() +
                             ": the graph's database can't be opened: " + opened.error().message};
  const auto format = gun::prepare_format(*opened);
  if (!format)
    throw std::runtime_error{directory.string() + (format.error() == gun::FormatError::newer
                                                       ? ": a later Hearth wrote this database."
                                                       : ": the graph's database can't be read.")};
  return std::move(*opened);
}

Import import_radata(const std::filesystem::path& radata, graph_rocks::RocksStore& store,
                     Entropy& entropy) {
  std::error_code error;
  std::filesystem::directory_iterator entries{radata, error};
  if (error) throw std::runtime_error{radata.string() + ": " + error.message()};
  Import done;
  Importer importer{store, entropy};
  for (const auto& entry : entries) {
    // "%1C" lists the files.
    if (!entry.is_regular_file() || entry.path().filename() == "%1C") continue;
    std::ifstream stream{entry.path(), std::ios::binary};
    if (!stream) throw std::runtime_error{entry.path().string() + " can't be read."};
    const std::string file{std::istreambuf_iterator<char>{stream}, {}};
    ++done.files;
    const auto read =
        gun::read_rad(file, [&](std::string_view soul, const gun::Property& property) {
          if (property.value.kind == gun::ValueKind::invalid) {
            ++done.skipped;
            return;
          }
          ++done.properties;
          importer.add(soul, property);
        });
    if (!read) ++done.bad_files;
  }
  done.refused = importer.finish();
  return done;
}

}  // namespace hearth::gun_service
