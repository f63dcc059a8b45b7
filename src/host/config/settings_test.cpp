#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include <hearth/config/settings.h>

namespace hearth::config {
namespace {

struct Program {
  std::string data_dir = "/var/lib/hearth";
  std::vector<std::string> flocks;
  std::int64_t port = 4420;
  bool json = false;

  Outcome parse(std::vector<const char*> arguments) {
    Settings settings{"program", "Does things.", "  program --port 1"};
    settings.add("data-dir", data_dir, "DIR", "Where everything is kept");
    settings.add("flock", flocks, "MULTIADDR", "A flock to join");
    settings.add("p2p-port", port, 0, 65535, "PORT", "The port for peers");
    settings.add("ready-json", json, "Print one JSON line when ready");
    arguments.insert(arguments.begin(), "program");
    return settings.parse(static_cast<int>(arguments.size()), arguments.data());
  }
};

class SettingsFile : public ::testing::Test {
 protected:
  std::string write(std::string_view text) {
    std::ofstream{path_} << text;
    return path_;
  }
  void TearDown() override {
    std::filesystem::remove(path_);
    ::unsetenv("HEARTH_P2P_PORT");
  }
  std::string path_ = ::testing::TempDir() + "settings.toml";
};

TEST_F(SettingsFile, FlagWinsOverVariableOverFileOverDefault) {
  const std::string file =
      write("p2p-port = 1\ndata-dir = \"/file\"\nflock = [\"a\", \"b\"]\nready-json = true");
  Program program;
  EXPECT_FALSE(program.parse({"--config", file.c_str()}).exit_code);
  EXPECT_EQ(program.port, 1);
  EXPECT_EQ(program.data_dir, "/file");
  EXPECT_EQ(program.flocks, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(program.json);

  ::setenv("HEARTH_P2P_PORT", "2", 1);
  EXPECT_FALSE(program.parse({"--config", file.c_str()}).exit_code);
  EXPECT_EQ(program.port, 2);
  EXPECT_FALSE(program.parse({"--config", file.c_str(), "--p2p-port", "3"}).exit_code);
  EXPECT_EQ(program.port, 3);
}

TEST_F(SettingsFile, NamesTheFileAndTheKeyThatIsWrong) {
  for (const auto* text : {"colour = 1", "p2p-port = 70000", "p2p-port = \"x\"", "ready-json = 3",
                           "data-dir = 1.5", "="}) {
    const std::string file = write(text);
    Program program;
    const Outcome outcome = program.parse({"--config", file.c_str()});
    EXPECT_EQ(outcome.exit_code, 2) << text;
    EXPECT_NE(outcome.text.find(file), std::string::npos) << outcome.text;
  }
}

TEST(Settings, AnUnknownFlagExits2AndSaysHowToGetHelp) {
  Program program;
  const Outcome outcome = program.parse({"--nonsense"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.text.find("--help"), std::string::npos);
}

TEST(Settings, HelpNamesEveryFlagItsVariableAndAnExample) {
  Program program;
  const Outcome outcome = program.parse({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const auto* word :
       {"--data-dir", "HEARTH_DATA_DIR", "--flock", "--p2p-port", "--ready-json", "Examples:"})
    EXPECT_NE(outcome.text.find(word), std::string::npos) << word;
}

TEST(Settings, TheLastOfSeveralFlagsCounts) {
  Program program;
  EXPECT_FALSE(
      program.parse({"--p2p-port", "1", "--data-dir", "/a", "--p2p-port", "2", "--data-dir", "/b"})
          .exit_code);
  EXPECT_EQ(program.port, 2);
  EXPECT_EQ(program.data_dir, "/b");
}

TEST(Settings, RefusesANumberOutOfRange) {
  Program program;
  EXPECT_EQ(program.parse({"--p2p-port", "65536"}).exit_code, 2);
}

TEST(Settings, AProgramEndsWithTheCodeOfWhatBecameOfIt) {
  const auto code = [](std::vector<const char*> arguments, std::optional<std::string> problem,
                       const std::function<int()>& body) {
    Settings settings{"program", "Does things.", "  program"};
    arguments.insert(arguments.begin(), "program");
    return settings.run(
        static_cast<int>(arguments.size()), arguments.data(), [&] { return problem; }, body);
  };
  const auto seven = [] { return 7; };
  EXPECT_EQ(code({}, std::nullopt, seven), 7);
  EXPECT_EQ(code({"--help"}, "wrong", seven), 0);
  EXPECT_EQ(code({"--nonsense"}, std::nullopt, seven), 2);
  EXPECT_EQ(code({}, "wrong", seven), 2);
  EXPECT_EQ(code({}, std::nullopt, []() -> int { throw std::runtime_error{"failed"}; }), 1);
}

}  // namespace
}  // namespace hearth::config
