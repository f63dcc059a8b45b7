#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/codec/base64.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/crypto/sha2.h>
#include <hearth/local/listener.h>
#include <hearth/probe/fetch.h>
#include <hearth/probe/probe.h>

namespace hearth::probe {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using Files = std::map<std::string, std::string>;

const Files files{{"/index.html", "<p>home"},
                  {"/sw.js", "worker"},
                  {"/assets/a.js", "one"},
                  {"/assets/b.css", "two"}};

crypto::Ed25519PrivateKey key(char c) {
  return *crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(c)));
}
std::string text_of(const crypto::Ed25519PrivateKey& key) {
  return codec::base64url_encode(key.public_key().bytes());
}

std::string digest(std::string_view text) {
  std::string hex;
  for (const std::byte each : crypto::sha256(as_bytes(text))) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[std::to_integer<std::size_t>(each >> 4)];
    hex += digits[std::to_integer<std::size_t>(each & std::byte{15})];
  }
  return hex;
}

json manifest_of(std::uint64_t version, const Files& listed, const std::vector<std::string>& keys) {
  json list = json::array();
  for (const auto& [path, text] : listed)
    list.push_back(
        {{"path", path}, {"sha256", digest(text)}, {"size", text.size()}, {"type", "text/html"}});
  return {{"format", 1},
          {"version", version},
          {"keys", keys},
          {"threshold", 1U},
          {"files", std::move(list)}};
}

std::string seal(const json& manifest, const crypto::Ed25519PrivateKey& signer) {
  const std::string text = manifest.dump();
  const auto signature = signer.sign(as_bytes("hearth shell bundle 1\n" + text));
  return json{{"manifest", text},
              {"signatures", {{text_of(signer), codec::base64url_encode(signature)}}}}
      .dump();
}

std::string bundle(std::uint64_t version, const Files& listed = files, char signer = 'a') {
  return seal(manifest_of(version, listed, {text_of(key('a'))}), key(signer));
}

/// A flock's web server on loopback, as our own is: a bare address leads to `home.`.
class Shells : public ::testing::Test {
 protected:
  Shells() {
    listener_ = local::listen_on_tcp(
        io_.get_executor(), {.address = *IpAddress::parse("127.0.0.1"), .port = 0},
        [this](http::Request request) { return answer(std::move(request)); });
    flock_ = *codec::Multiaddr::parse("/ip4/127.0.0.1/tcp/" + std::to_string(listener_->port()));
    serve(bundle(7));
  }

  void serve(const std::string& offered, Files more = files) {
    served_ = std::move(more);
    if (!offered.empty()) served_["/bundle.json"] = offered;
  }

  loop::Task<http::Response> answer(http::Request request) {
    asked_.push_back(std::string{request.path()});
    const std::string host{request.headers.get("host").value_or("")};
    if (!host.starts_with("home.")) {
      if (nothing_) co_return http::Response::text(404, "This flock serves no pages.\n");
      http::Response onward = http::Response::empty(302);
      onward.headers.add("Location",
                         "http://home.hearth.localhost:" + std::to_string(listener_->port()) + "/");
      co_return onward;
    }
    const std::string path{request.path()};
    auto found = served_.find(path);
    if (found == served_.end() && path.find('.') == std::string::npos)
      found = served_.find("/index.html");
    if (found == served_.end()) co_return http::Response::text(404, "");
    http::Response response = http::Response::text(200, found->second);
    if (pack_) {
      EXPECT_TRUE(request.headers.has_token("accept-encoding", "gzip"));
      std::string packed(::compressBound(found->second.size()), '\0');
      uLongf size = packed.size();
      ::compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                 reinterpret_cast<const Bytef*>(found->second.data()), found->second.size());
      packed.resize(size);
      response.body = http::make_body(packed);
      response.headers.add("Content-Encoding", "deflate");
    }
    co_return response;
  }

  Finding look(std::optional<Bundle> own = *parse_bundle(bundle(7))) {
    ShellProbe probe{{.executor = io_.get_executor(),
                      .own = std::move(own),
                      .flocks = [this] { return std::vector{flock_}; },
                      .clock = clock_,
                      .entropy = entropy_,
                      .log = log_,
                      .on_change = [this] { ++changes_; }},
                     {.every = Duration::zero()}};
    bool done = false;
    asio::co_spawn(io_, probe.look(), [&](const std::exception_ptr& error) {
      EXPECT_FALSE(error);
      done = true;
    });
    while (!done && io_.run_one_for(std::chrono::seconds{10}) > 0) {
    }
    EXPECT_TRUE(done);
    return probe.findings().front();
  }

  asio::io_context io_;
  loop::SystemClock clock_;
  SeededEntropy entropy_;
  NullLog log_;
  std::unique_ptr<loop::Listener> listener_;
  codec::Multiaddr flock_ = *codec::Multiaddr::parse("/ip4/127.0.0.1/tcp/1");
  Files served_;
  std::vector<std::string> asked_;
  bool nothing_ = false;
  bool pack_ = false;
  int changes_ = 0;
};

TEST_F(Shells, FindsOnesOwnBundleWhereTheFlocksAddressLeadsTo) {
  const Finding found = look();
  EXPECT_EQ(to_string(found.offer), "same");
  EXPECT_EQ(found.origin, "http://home.hearth.localhost:" + std::to_string(listener_->port()));
  EXPECT_THAT(found.files, IsEmpty());
  EXPECT_EQ(changes_, 1);
  EXPECT_THAT(asked_,
              testing::IsSupersetOf({"/", "/login", "/sw.js", "/assets/a.js", "/assets/b.css"}));
}

TEST_F(Shells, FindsItPackedAsWell) {
  pack_ = true;
  EXPECT_EQ(to_string(look().offer), "same");
}

TEST_F(Shells, NamesTheFilesThatAreOthers) {
  for (const auto* path : {"/index.html", "/sw.js", "/assets/a.js", "/assets/b.css"}) {
    Files changed = files;
    changed[path] += " ";
    serve(bundle(7), changed);
    const Finding found = look();
    EXPECT_EQ(to_string(found.offer), "differs");
    EXPECT_EQ(found.why, "file");
    EXPECT_THAT(found.files, ElementsAre(path));
  }
  Files less = files;
  less.erase("/assets/a.js");
  serve(bundle(7), less);
  EXPECT_THAT(look().files, ElementsAre("/assets/a.js"));
}

TEST_F(Shells, TellsNewerAndOlderOnesOfTheSameSignersFromOthers) {
  Files later = files;
  later["/index.html"] = "<p>newer";
  serve(bundle(8, later), later);
  EXPECT_EQ(to_string(look().offer), "newer");
  serve(bundle(6, later), later);
  EXPECT_EQ(to_string(look().offer), "older");
  serve(bundle(8, later), files);
  EXPECT_EQ(look().why, "file");
  serve(bundle(7, later), later);
  EXPECT_EQ(look().why, "other");
  serve(bundle(8, later, 'b'), later);
  EXPECT_EQ(look().why, "unsigned");
  serve(seal(manifest_of(8, later, {text_of(key('b'))}), key('b')), later);
  const Finding foreign = look();
  EXPECT_EQ(foreign.why, "unsigned");
  EXPECT_THAT(foreign.files, ElementsAre("/index.html"));
  serve("rubbish");
  EXPECT_EQ(look().why, "malformed");
  serve("");
  EXPECT_EQ(look().why, "missing");
}

TEST_F(Shells, SaysWhenThereIsNothingToCompare) {
  EXPECT_EQ(to_string(look(std::nullopt).offer), "unknown");
  nothing_ = true;
  EXPECT_EQ(to_string(look().offer), "nothing");
  listener_.reset();
  EXPECT_EQ(to_string(look().offer), "unreachable");
}

TEST(ShellBundle, IsSignedByAsManyOfTheKnownKeysAsTheyHaveToBe) {
  const Bundle own = *parse_bundle(bundle(7));
  EXPECT_TRUE(is_signed_for(*parse_bundle(bundle(8)), own));
  EXPECT_FALSE(is_signed_for(*parse_bundle(bundle(8, files, 'b')), own));
  json two = manifest_of(8, files, {text_of(key('a')), text_of(key('b'))});
  two["threshold"] = 2;
  const Bundle both = *parse_bundle(seal(two, key('a')));
  EXPECT_TRUE(is_signed_for(both, own));
  EXPECT_FALSE(is_signed_for(both, both));
}

TEST(ShellBundle, HasOneStrictForm) {
  const json good = manifest_of(7, files, {text_of(key('a'))});
  const auto taken = [](const json& manifest) {
    return parse_bundle(seal(manifest, key('a'))).has_value();
  };
  ASSERT_TRUE(taken(good));
  const auto with = [&](const char* name, json value) {
    json changed = good;
    changed[name] = std::move(value);
    return taken(changed);
  };
  EXPECT_FALSE(with("format", 2));
  EXPECT_FALSE(with("version", 0));
  EXPECT_FALSE(with("version", -1));
  EXPECT_FALSE(with("version", 1.5));
  EXPECT_FALSE(with("version", 1ULL << 53));
  EXPECT_FALSE(with("keys", json::array()));
  EXPECT_FALSE(with("keys", {"short"}));
  EXPECT_FALSE(with("keys", {text_of(key('a')), text_of(key('a'))}));
  EXPECT_FALSE(with("threshold", 0));
  EXPECT_FALSE(with("threshold", 2));
  EXPECT_FALSE(with("files", json::array()));
  const auto with_file = [&](const char* name, json value) {
    json changed = good;
    changed["files"].push_back(good["files"][0]);
    changed["files"].back()["path"] = "/x.js";
    changed["files"].back()[name] = std::move(value);
    return taken(changed);
  };
  EXPECT_TRUE(with_file("path", "/y.js"));
  for (const auto* path : {"", "/", "x", "//x", "/../x", "/x/", "/.x", "/x y", "/index.html"})
    EXPECT_FALSE(with_file("path", path)) << path;
  EXPECT_FALSE(with_file("size", -1));
  EXPECT_FALSE(with_file("size", 1ULL << 40));
  EXPECT_FALSE(with_file("sha256", "00"));
  EXPECT_FALSE(with_file("type", 1));
}

TEST(ProbedSites, AreReadFromAddressesAndRedirects) {
  const auto of = [](const char* text) {
    return site_of(*codec::Multiaddr::parse(text))->origin();
  };
  EXPECT_EQ(of("/ip4/192.0.2.1/tcp/8421"), "http://192.0.2.1:8421");
  EXPECT_EQ(of("/dns4/flock.example/tcp/443/tls/ws"), "https://flock.example");
  EXPECT_EQ(of("/dns4/flock.example/tcp/80/ws"), "http://flock.example");
  EXPECT_EQ(parse_site("https://home.flock.example/x?y")->origin(), "https://home.flock.example");
  EXPECT_EQ(parse_site("http://home.flock.example:81")->authority(), "home.flock.example:81");
  for (const auto* bad : {"", "/x", "ftp://x", "http://", "http://a b/", "http://u@x/",
                          "http://x:0/", "http://x:99999/", "http://x:1a/", "http://[::1]/"})
    EXPECT_FALSE(parse_site(bad)) << bad;
}

}  // namespace
}  // namespace hearth::probe
