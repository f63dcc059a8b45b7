// Files as it really runs: in its sandbox, started by the first request and stopped when nobody
// asks. Needs root, cgroups and runc.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/base/log.h>
#include <hearth/sandbox/client.h>
#include <hearth/sandbox/spawn.h>
#include <hearth/sandbox/supervisor.h>
#include <hearth/sandbox/testing.h>

namespace hearth::files {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class SandboxedFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::geteuid(), 0U) << "the sandbox can only be tried as root";
    sandboxd_ = sandbox::spawn_sandboxd({.program = HEARTH_SANDBOXD,
                                         .apps_directory = HEARTH_APPS,
                                         .data_directory = directory_.path(),
                                         .daemon = {64'124, 64'124}});
    client_ = std::make_unique<sandbox::Client>(io_.get_executor(), std::move(sandboxd_.control));
    for (const auto& app : sandbox::installed_apps(HEARTH_APPS)) {
      sandbox::Digest digest{};
      const auto bytes = from_hex(app.digest_hex);
      std::ranges::copy(*bytes, digest.begin());
      run(client_->prepare(app.id, digest));
    }
    supervisor_ = std::make_unique<sandbox::Supervisor>(
        io_.get_executor(), *client_,
        sandbox::SupervisorOptions{.data_directory = directory_.path(), .idle = 1s}, log_);
    client_->on_ended([this](const std::string& app) { supervisor_->ended(app); });
  }
  void TearDown() override {
    if (supervisor_) run(supervisor_->shut_down());
    supervisor_.reset();
    client_.reset();
    if (sandboxd_.pid > 0) ::waitpid(sandboxd_.pid, nullptr, 0);
  }

  template <class T>
  T run(loop::Task<T> task) {
    return sandbox::testing::run(io_, std::move(task));
  }

  std::string ask(const std::string& head, const std::string& body = {}) {
    const auto stream = run(supervisor_->connect("files"));
    const std::string text = head +
                             " HTTP/1.1\r\nHost: files\r\nHearth-Persona: alice\r\nConnection: "
                             "close\r\nContent-Type: application/json\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body;
    run(stream->write(as_bytes(text)));
    return run(sandbox::testing::read_to_end(*stream));
  }

  TemporaryDirectory directory_;
  boost::asio::io_context io_;
  NullLog log_;
  sandbox::Sandboxd sandboxd_;
  std::unique_ptr<sandbox::Client> client_;
  std::unique_ptr<sandbox::Supervisor> supervisor_;
};

TEST_F(SandboxedFiles, StartOnTheFirstRequestStopWhenIdleAndStartAgainWithinTwoSeconds) {
  EXPECT_EQ(supervisor_->status("files").phase, sandbox::Phase::idle);
  EXPECT_THAT(ask("POST /api/v1/folders", R"({"path": "Photos"})"), HasSubstr("201 Created"));
  EXPECT_EQ(supervisor_->status("files").phase, sandbox::Phase::running);
  ASSERT_TRUE(sandbox::testing::run_until(
      io_, [&] { return supervisor_->status("files").phase == sandbox::Phase::idle; }));
  EXPECT_EQ(run(client_->state("files")).state, sandbox::AppState::prepared)
      << "and the process is gone";
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THAT(ask("GET /api/v1/list?path="), HasSubstr("\"Photos\""));
  const auto took = std::chrono::steady_clock::now() - before;
  RecordProperty(
      "start_ms",
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  EXPECT_LT(took, 2s);
}

TEST_F(SandboxedFiles, AreNotStoppedWhileSomebodyIsConnected) {
  const auto stream = run(supervisor_->connect("files"));
  EXPECT_FALSE(sandbox::testing::run_until(
      io_, [&] { return supervisor_->status("files").phase != sandbox::Phase::running; }, 2s));
  EXPECT_EQ(supervisor_->status("files").streams, 1U);
}

TEST_F(SandboxedFiles, StoreAnUploadUnderTheFilter) {
  // An empty file: created, summed, synced and renamed in one request.
  const auto stream = run(supervisor_->connect("files"));
  const std::string text =
      "POST /api/v1/uploads HTTP/1.1\r\nHost: files\r\nHearth-Persona: alice\r\nConnection: "
      "close\r\nTus-Resumable: "
      "1.0.0\r\nUpload-Length: 0\r\nUpload-Metadata: name YQ==\r\nContent-Length: 0\r\n\r\n";
  run(stream->write(as_bytes(text)));
  const std::string answer = run(sandbox::testing::read_to_end(*stream));
  EXPECT_THAT(answer, HasSubstr("201 Created"));
  EXPECT_THAT(answer,
              HasSubstr("Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"));
  EXPECT_THAT(ask("GET /api/v1/entry?path=a"), HasSubstr("\"sha256\":\"e3b0c442"));
}

}  // namespace
}  // namespace hearth::files
