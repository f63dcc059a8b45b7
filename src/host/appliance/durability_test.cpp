// What the API said was done is there after kill -9, on the real store.

#include <csignal>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_box.h"
#include <hearth/store/rocks_store.h>

namespace hearth::appliance {
namespace {

using nlohmann::json;

/// One thing that the API acknowledged; small enough that a pipe takes it whole.
struct Acknowledged {
  enum class What : std::uint32_t { persona, device } what;
  std::uint32_t number;
};

constexpr int pairings_per_life = 1000;

std::string name_of(std::uint32_t number) {
  return "p" + std::to_string(number);
}

/// A life: claims if need be, then adds people and devices until it is killed.
[[noreturn]] void live(const std::filesystem::path& directory, int life, int report) {
  auto store = store::RocksStore::open(directory / "db");
  if (!store) _exit(1);
  TestBox box{directory, *store};
  TestClient anna{box, 1};
  if (box.api->setup_code() &&
      anna.set_up(box.api->setup_code()->to_string(), "anna", "pw").status != 201)
    _exit(2);
  const auto say = [report](Acknowledged::What what, std::uint32_t number) {
    const Acknowledged done{.what = what, .number = number};
    if (::write(report, &done, sizeof done) != sizeof done) _exit(3);
  };
  for (int i = 0; i < pairings_per_life; ++i) {
    const auto number = static_cast<std::uint32_t>(life * pairings_per_life + i);
    anna.entropy = SeededEntropy{number};
    const Reply added = anna.add_persona(name_of(number), "pw");
    if (added.status == 201) say(Acknowledged::What::persona, number);
    TestClient phone{box, static_cast<int>(2 + number)};
    const Reply link = anna.ask("POST", "pairings", json::object());
    if (phone.pair(link.body).status == 201) say(Acknowledged::What::device, number);
  }
  for (;;) pause();
}

/// In a process of its own, so that this one never holds the database's threads when it forks.
[[noreturn]] void look(const std::filesystem::path& directory,
                       const std::vector<Acknowledged>& acknowledged) {
  auto store = store::RocksStore::open(directory / "db");
  if (!store) _exit(1);
  TestBox box{directory, *store};
  TestClient anna{box, 1};
  std::set<std::string> names;
  const Reply personas = anna.ask("GET", "personas");
  if (personas.status != 200) _exit(2);
  for (const json& each : personas.body["personas"]) names.insert(each["name"]);
  for (const Acknowledged& each : acknowledged) {
    if (each.what == Acknowledged::What::persona && !names.contains(name_of(each.number))) _exit(3);
    TestClient phone{box, static_cast<int>(2 + each.number)};
    if (each.what == Acknowledged::What::device && phone.ask("GET", "me").status != 200) _exit(4);
  }
  _exit(0);
}

int wait_for(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(Durability, NoAcknowledgedPersonaOrDeviceIsLostToKill) {
  const TemporaryDirectory directory;
  std::vector<Acknowledged> acknowledged;
  for (int life = 0; life < 10; ++life) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      live(directory.path(), life, pipe_ends[1]);
    }
    close(pipe_ends[1]);
    // Another number of things each life, so that it dies at another point of its work.
    Acknowledged done{};
    for (int seen = 0; seen < 1 + life % 4; ++seen) {
      ASSERT_EQ(read(pipe_ends[0], &done, sizeof done), static_cast<ssize_t>(sizeof done))
          << "life " << life;
      acknowledged.push_back(done);
    }
    kill(child, SIGKILL);
    while (read(pipe_ends[0], &done, sizeof done) == sizeof done) acknowledged.push_back(done);
    close(pipe_ends[0]);
    EXPECT_TRUE(WIFSIGNALED(wait_for(child)));

    const pid_t reader = fork();
    ASSERT_GE(reader, 0);
    if (reader == 0) look(directory.path(), acknowledged);
    const int status = wait_for(reader);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 0) << "life " << life;
  }
  EXPECT_GE(acknowledged.size(), 20u);
}

}  // namespace
}  // namespace hearth::appliance
