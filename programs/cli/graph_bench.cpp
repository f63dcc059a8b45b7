// `hearth graph bench`: the graph's cores on this machine's disk beside bare RocksDB, and hearthd
// --gun beside npm gun's relay where that is at hand.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "graph_measure.h"
#include "output.h"
#include <hearth/daemon/options.h>

namespace hearth::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// Removed in the end, with all that is in it.
class Scratch {
 public:
  explicit Scratch(const fs::path& parent) {
    std::string path = (parent / "hearth-bench-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr)
      throw Failure{1, parent.string() + ": no directory can be made there."};
    path_ = path;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }
  [[nodiscard]] bool is_in_memory() const {
    struct statfs about{};
    return statfs(path_.c_str(), &about) == 0 && about.f_type == TMPFS_MAGIC;
  }

 private:
  fs::path path_;
};

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", std::abs(value) < 10 ? 2 : 0, value);
  return text;
}

std::string bound(const Figure& figure) {
  if (!figure.wanted) return "";
  return (figure.is_ceiling ? "at most " : "at least ") + rounded(*figure.wanted) +
         (figure.bare ? " of it" : "");
}

void print_table(const std::vector<Figure>& figures) {
  print("| what | here | bare RocksDB | ratio | wanted |\n|---|---|---|---|---|\n");
  for (const Figure& figure : figures) {
    print("| " + figure.what + " | " + rounded(figure.value) + " | ");
    if (figure.bare) print(rounded(*figure.bare));
    print(" | ");
    if (figure.bare) print(rounded(figure.value / *figure.bare));
    print(" | " + bound(figure) + " |\n");
  }
}

json rows_of(const std::vector<Figure>& figures) {
  json rows = json::object();
  for (const Figure& figure : figures) {
    json row{{"what", figure.what}, {"value", figure.value}};
    if (figure.bare) {
      row["bare"] = *figure.bare;
      row["ratio"] = figure.value / *figure.bare;
    }
    if (figure.wanted) row[figure.is_ceiling ? "at_most" : "at_least"] = *figure.wanted;
    rows[figure.key] = std::move(row);
  }
  return rows;
}

// --- npm gun's relay -------------------------------------------------------------------------

struct Checkout {
  std::string script;
  std::string node;
};

/// Where this program was built: the comparison is the checkout's, and so are npm gun and Node.
std::optional<Checkout> find_checkout() {
  Checkout found{.script = daemon::find_beside_program("../bench/gun.mjs")};
  if (found.script.empty()) return std::nullopt;
  const fs::path root = fs::path{found.script}.parent_path().parent_path();
  if (!fs::exists(root / "tests/gun/node_modules/gun")) return std::nullopt;
  const fs::path own = root / "build/node/bin/node";
  found.node = fs::exists(own) ? own.string() : "node";
  return found;
}

/// What it prints; empty when it goes to our own output.
std::string compare_with_gun(const Checkout& checkout, const BenchOptions& options, bool as_json) {
  int ends[2];
  if (pipe(ends) != 0) throw Failure{1, "No pipe can be made."};
  const pid_t child = fork();
  if (child < 0) throw Failure{1, "No process can be started."};
  if (child == 0) {
    if (as_json) dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    const std::string bin = fs::path{daemon::sibling_program("hearthd")}.parent_path().string();
    setenv("HEARTH_BIN", bin.c_str(), 1);
    std::vector<const char*> arguments{checkout.node.c_str(), checkout.script.c_str()};
    if (options.quick) arguments.push_back("--quick");
    const std::string only = "--only=" + options.only;
    if (!options.only.empty()) arguments.push_back(only.c_str());
    if (as_json) arguments.push_back("--json");
    arguments.push_back(nullptr);
    execvp(arguments[0], const_cast<char* const*>(arguments.data()));
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(count));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) throw Failure{1, "The comparison with npm gun failed: bench/gun.mjs says why."};
  return text;
}

}  // namespace

int graph_bench(const Context& context, const BenchOptions& options) {
  const auto checkout = options.gun == BenchOptions::Gun::never ? std::nullopt : find_checkout();
  if (options.gun == BenchOptions::Gun::always && !checkout)
    throw Failure{1,
                  "npm gun isn't at hand: this needs a checkout that this program was built in, "
                  "and `npm ci` in its tests/gun."};
  const Scratch scratch{options.directory.empty() ? fs::temp_directory_path()
                                                  : fs::path{options.directory}};
  const bool in_memory = scratch.is_in_memory();
  if (in_memory && !context.json)
    print(scratch.path().string() +
          " is in memory, where syncing costs nothing: name a --dir on "
          "the disk in question.\n\n");
  const bool is_watched = isatty(STDERR_FILENO) == 1;
  std::vector<Figure> figures;
  try {
    figures = measure_graph({.directory = scratch.path(),
                             .edits = options.quick ? std::size_t{10'000} : std::size_t{100'000},
                             .rounds = options.quick ? std::size_t{1} : std::size_t{3},
                             .begins = [&](const std::string& what) {
                               if (is_watched) std::fprintf(stderr, "%s…\n", what.c_str());
                             }});
  } catch (const std::runtime_error& error) {
    throw Failure{1, error.what()};
  }
  if (!context.json) print_table(figures);
  json report{{"in_memory", in_memory}, {"figures", rows_of(figures)}};
  if (checkout) {
    if (is_watched)
      std::fputs("npm gun's relay and hearthd --gun under the same client…\n", stderr);
    std::fflush(stdout);
    const std::string said = compare_with_gun(*checkout, options, context.json);
    if (context.json) report["gun"] = json::parse(said, nullptr, false);
  }
  if (context.json) print_json(report);
  return 0;
}

}  // namespace hearth::cli
