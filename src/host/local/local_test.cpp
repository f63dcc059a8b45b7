#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <hearth/crypto/sha2.h>
#include <hearth/local/guard.h>
#include <hearth/local/origins.h>

namespace hearth::local {
namespace {

constexpr std::string_view label = "abcdefghijklmnopqrstuvwxyz";

class Loopback : public ::testing::Test {
 protected:
  Loopback() {
    write("shell/index.html", "shell");
    write("shell/assets/a-1.js", "script");
    write("shell/assets/a-1.js.br", "packed");
    write("boot/.hearth/boot.html", "boot");
    write("boot/.hearth/sw.js", "worker");
    origins_.emplace(OriginsOptions{.base = "hearth.localhost:8420", .bare = {"127.0.0.1:8420"}},
                     Site::load(dir_ / "shell"), Site::load(dir_ / "boot"));
    guard_.emplace(*origins_);
  }
  ~Loopback() override { std::filesystem::remove_all(dir_); }

  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((dir_ / name).parent_path());
    std::ofstream{dir_ / name} << text;
  }

  static http::Request request(std::string host, std::string target, http::Headers more = {}) {
    http::Request made;
    made.target = std::move(target);
    made.headers = std::move(more);
    made.headers.set("Host", std::move(host));
    return made;
  }
  int refused(http::Request request) const {
    const auto refusal = guard_->refuse(request);
    return refusal ? refusal->status : 0;
  }

  std::filesystem::path dir_ = std::filesystem::path{::testing::TempDir()} / "hearth-local";
  std::optional<Origins> origins_;
  std::optional<Guard> guard_;
};

TEST_F(Loopback, ServesShellAndBootPageByHost) {
  const auto type = [&](const std::string& host, const std::string& target) {
    const http::Response response = origins_->serve(request(host, target));
    return std::pair{response.status, response.body->length().value_or(0)};
  };
  EXPECT_EQ(type("home.hearth.localhost:8420", "/"), (std::pair{200, 5UL}));
  EXPECT_EQ(type("home.hearth.localhost:8420", "/devices"), (std::pair{200, 5UL}));
  EXPECT_EQ(type("home.hearth.localhost:8420", "/gone.js").first, 404);
  const std::string app = std::string{label} + ".hearth.localhost:8420";
  EXPECT_EQ(type(app, "/anything/at.all"), (std::pair{200, 4UL}));
  EXPECT_EQ(type(app, "/.hearth/boot"), (std::pair{200, 4UL}));
  EXPECT_EQ(type(app, "/.hearth/sw.js"), (std::pair{200, 6UL}));
  EXPECT_EQ(type(app, "/.hearth/none.js").first, 404);
  EXPECT_EQ(type("127.0.0.1:8420", "/").first, 302);
}

// Past the worker, as a browser goes on with a download: the page must not become part of a file.
TEST_F(Loopback, GivesTheBootPageToNavigationsAlone) {
  const std::string app = std::string{label} + ".hearth.localhost:8420";
  const auto status = [&](http::Headers headers) {
    return origins_->serve(request(app, "/api/v1/content/a.jpg", std::move(headers))).status;
  };
  EXPECT_EQ(status({{"Sec-Fetch-Dest", "document"}}), 200);
  EXPECT_EQ(status({{"Sec-Fetch-Dest", "iframe"}}), 200);
  EXPECT_EQ(status({{"Sec-Fetch-Dest", "empty"}}), 404);
  EXPECT_EQ(status({{"Sec-Fetch-Dest", "image"}}), 404);
  EXPECT_EQ(status({{"Range", "bytes=1000-"}}), 404);
}

TEST_F(Loopback, RefusesRebindingHosts) {
  for (const auto* host : {"evil.example", "evil.example:8420", "hearth.localhost:9999", "",
                           "home.hearth.localhost:8420.evil.example", "xhome.hearth.localhost:8420",
                           "short.hearth.localhost:8420"}) {
    EXPECT_EQ(origins_->serve(request(host, "/")).status, 421) << host;
    EXPECT_EQ(refused(request(host, "/api/v1/appliance")), 421) << host;
  }
}

TEST_F(Loopback, RefusesWhatAForeignPageCanSend) {
  const std::string host = "127.0.0.1:8420";
  const http::Headers json{{"Content-Type", "application/json"}};
  http::Request form = request(host, "/api/v1/setup/start", {{"Content-Type", "text/plain"}});
  form.method = "POST";
  EXPECT_EQ(refused(std::move(form)), 415);
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Origin", "https://evil.example"},
           {"Origin", "null"},
           {"Sec-Fetch-Site", "cross-site"},
           {"Sec-Fetch-Site", "same-site"}}) {
    http::Request foreign = request(host, "/api/v1/appliance", json);
    foreign.headers.add(name, value);
    EXPECT_EQ(refused(std::move(foreign)), 403) << name << value;
  }
  // An app's origin is same-site with the shell, but never the shell.
  EXPECT_EQ(refused(request(std::string{label} + ".hearth.localhost:8420", "/api/v1/me")), 421);
}

TEST_F(Loopback, S10NothingItAnswersLoadsIntoPagesOfOtherSites) {
  for (const auto* host : {"home.hearth.localhost:8420", "127.0.0.1:8420", "evil.example",
                           "aaaaaaaaaaaaaaaaaaaaaaaaaa.hearth.localhost:8420"})
    for (const auto* path : {"/", "/missing.svg", "/.hearth/boot.html"})
      EXPECT_EQ(origins_->serve(request(host, path)).headers.get("cross-origin-resource-policy"),
                "same-site")
          << host << path;
  Guard guard{*origins_};
  const auto refusal = guard.refuse(request("evil.example", "/api/v1/appliance"));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->headers.get("cross-origin-resource-policy"), "same-site");
}

TEST_F(Loopback, LetsTheShellAndScriptsThrough) {
  http::Request shell = request("home.hearth.localhost:8420", "/api/v1/nonce",
                                {{"Origin", "http://home.hearth.localhost:8420"},
                                 {"Sec-Fetch-Site", "same-origin"},
                                 {"Content-Type", "application/json"}});
  shell.method = "POST";
  EXPECT_EQ(refused(std::move(shell)), 0);
  EXPECT_EQ(refused(request("127.0.0.1:8420", "/api/v1/appliance")), 0);
}

TEST_F(Loopback, SaysWhoMayFrameAndRevalidates) {
  const http::Response page = origins_->serve(request("home.hearth.localhost:8420", "/"));
  EXPECT_NE(page.headers.get("content-security-policy")->find("frame-ancestors 'none'"),
            std::string_view::npos);
  const http::Response app =
      origins_->serve(request(std::string{label} + ".hearth.localhost:8420", "/x"));
  EXPECT_NE(app.headers.get("content-security-policy")
                ->find("frame-ancestors http://home.hearth.localhost:8420"),
            std::string_view::npos);
  const std::string etag{*page.headers.get("etag")};
  EXPECT_EQ(
      origins_->serve(request("home.hearth.localhost:8420", "/", {{"If-None-Match", etag}})).status,
      304);
  const http::Response packed = origins_->serve(
      request("home.hearth.localhost:8420", "/assets/a-1.js", {{"Accept-Encoding", "gzip, br"}}));
  EXPECT_EQ(packed.headers.get("content-encoding"), "br");
  EXPECT_TRUE(packed.headers.get("content-type")->starts_with("text/javascript"));
}

TEST_F(Loopback, ACheckedSiteIsExactlyWhatItsListSays) {
  const auto sums = [&] {
    std::string text;
    for (const char* name : {"assets/a-1.js", "assets/a-1.js.br", "index.html"}) {
      std::ifstream file{dir_ / "shell" / name};
      const std::string content{std::istreambuf_iterator<char>{file}, {}};
      char digits[3];
      for (const std::byte each : crypto::sha256(as_bytes(content))) {
        std::snprintf(digits, sizeof digits, "%02x", std::to_integer<unsigned>(each));
        text += digits;
      }
      text += std::string{"  "} + name + "\n";
    }
    return text;
  };
  EXPECT_THROW((void)Site::load_checked(dir_ / "shell"), std::runtime_error);  // no list
  write("shell/SHA256SUMS", sums());
  const Site site = Site::load_checked(dir_ / "shell");
  EXPECT_TRUE(site.has("/index.html"));
  EXPECT_FALSE(site.has("/SHA256SUMS"));

  write("shell/index.html", "another");
  EXPECT_THROW((void)Site::load_checked(dir_ / "shell"), std::runtime_error);
  write("shell/index.html", "shell");
  write("shell/more.js", "planted");
  EXPECT_THROW((void)Site::load_checked(dir_ / "shell"), std::runtime_error);
  std::filesystem::remove(dir_ / "shell/more.js");
  EXPECT_NO_THROW((void)Site::load_checked(dir_ / "shell"));
  std::filesystem::remove(dir_ / "shell/assets/a-1.js");
  EXPECT_THROW((void)Site::load_checked(dir_ / "shell"), std::runtime_error);
}

}  // namespace
}  // namespace hearth::local
