#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/crypto/sha2.h>
#include <hearth/libp2p/async.h>
#include <hearth/probe/fetch.h>
#include <hearth/probe/probe.h>

namespace hearth::probe {

namespace asio = boost::asio;

namespace {

constexpr Duration patience = std::chrono::seconds{60};  // for one flock
constexpr std::size_t samples = 4;  // of the files, beside those that decide what runs
constexpr std::size_t any_page = 1 << 20;

bool is(const Fetched& fetched, const BundleFile& listed) {
  return fetched.status == 200 && !fetched.too_long && fetched.body.size() == listed.size &&
         to_hex(crypto::sha256(as_bytes(fetched.body))) == listed.sha256;
}

Kind kind_of(std::string_view path) {
  if (path == "/sw.js") return Kind::worker;
  if (path.ends_with(".js")) return Kind::script;
  if (path.ends_with(".css")) return Kind::style;
  return Kind::other;
}

/// What is asked for, and what it has to be.
struct Question {
  std::string path;
  std::string file;
  Kind kind = Kind::data;
};

/// Pages by the ways that visitors come in, the worker, and some of the rest, or all.
std::vector<Question> questions(const Bundle& bundle, bool thorough, Entropy& entropy) {
  std::vector<Question> asked{{"/", "/index.html", Kind::page},
                              {"/login", "/index.html", Kind::page},
                              {"/sw.js", "/sw.js", Kind::worker}};
  std::vector<std::string> rest;
  for (const auto& [path, file] : bundle.files)
    if (path != "/index.html" && path != "/sw.js") rest.push_back(path);
  for (std::size_t i = rest.size(); i > 1; --i) std::swap(rest[i - 1], rest[entropy.u64() % i]);
  if (!thorough && rest.size() > samples) rest.resize(samples);
  for (std::string& path : rest) asked.push_back({path, path, kind_of(path)});
  return asked;
}

}  // namespace

std::string_view to_string(Offer offer) {
  switch (offer) {
    case Offer::same:
      return "same";
    case Offer::newer:
      return "newer";
    case Offer::older:
      return "older";
    case Offer::differs:
      return "differs";
    case Offer::nothing:
      return "nothing";
    case Offer::unreachable:
      return "unreachable";
    case Offer::unknown:
      break;
  }
  return "unknown";
}

ShellProbe::ShellProbe(ProbeParts parts, ProbeOptions options)
    : parts_(std::move(parts)), options_(options), timer_(parts_.executor) {
  using std::chrono::seconds;
  if (options_.every > Duration::zero() && parts_.own)
    look_later(seconds{60 + static_cast<std::int64_t>(parts_.entropy.u64() % 120)});
}

const Finding* ShellProbe::of(const codec::Multiaddr& flock) const {
  const auto found = std::ranges::find(findings_, flock, &Finding::flock);
  return found == findings_.end() ? nullptr : &*found;
}

void ShellProbe::look_later(Duration wait) {
  timer_.expires_after(wait);
  timer_.async_wait([this](boost::system::error_code stopped) {
    if (stopped) return;
    asio::co_spawn(parts_.executor, round(false), asio::detached);
    const auto spread = static_cast<std::uint64_t>(options_.every.count());
    look_later(options_.every / 2 + Duration{parts_.entropy.u64() % spread});
  });
}

loop::Task<void> ShellProbe::look() {
  auto looking = round(true);
  co_await std::move(looking);
}

loop::Task<void> ShellProbe::round(bool thorough) {
  const std::vector<codec::Multiaddr> flocks = parts_.flocks();
  std::erase_if(findings_, [&](const Finding& old) {
    return std::ranges::find(flocks, old.flock) == flocks.end();
  });
  for (const codec::Multiaddr& flock : flocks) {
    auto asking = ask(flock, thorough);
    Finding finding = co_await std::move(asking);
    note(std::move(finding));
  }
}

loop::Task<Finding> ShellProbe::ask(codec::Multiaddr flock, bool thorough) {
  Finding finding{.flock = flock};
  if (parts_.own) {
    try {
      auto comparing = compare(flock, thorough);
      auto limited = libp2p::within(patience, std::move(comparing));
      finding = co_await std::move(limited);
    } catch (const boost::system::system_error& error) {
      finding.offer = Offer::unreachable;
      finding.why = error.code().message();
    }
  }
  finding.checked = parts_.clock.wall();
  co_return finding;
}

loop::Task<Finding> ShellProbe::compare(codec::Multiaddr flock, bool thorough) {
  Finding finding{.flock = flock};
  const auto near = site_of(flock);
  if (!near) throw boost::system::system_error{asio::error::address_family_not_supported};
  const Manners manners = some_manners(parts_.entropy);

  // As somebody who was told the flock's address: it sends them on to the shell.
  auto arriving = fetch(*near, "/", Kind::page, manners, *near, any_page);
  const Fetched arrived = co_await std::move(arriving);
  Site site = *near;
  if (arrived.status >= 301 && arrived.status <= 308) {
    const auto onward = parse_site(arrived.location);
    if (onward) site = *onward;
  } else if (arrived.status != 200) {
    finding.offer = Offer::nothing;
    co_return finding;
  }
  finding.origin = site.origin();

  const Bundle& own = *parts_.own;
  auto listing = fetch(site, "/bundle.json", Kind::data, manners, *near, Bundle::max_bytes);
  const Fetched listed = co_await std::move(listing);
  const auto offered = parse_bundle(listed.body);
  const bool is_signed = offered && is_signed_for(*offered, own);
  const auto differs = [&](std::string_view why) {
    finding.offer = Offer::differs;
    finding.why = why;
  };
  if (listed.status != 200)
    differs("missing");
  else if (!offered)
    differs("malformed");
  else if (!is_signed)
    differs("unsigned");
  else if (offered->manifest == own.manifest)
    finding.offer = Offer::same;
  else if (offered->version == own.version)
    differs("other");
  else
    finding.offer = offered->version > own.version ? Offer::newer : Offer::older;

  const Bundle& expected = is_signed ? *offered : own;
  for (const Question& question : questions(expected, thorough, parts_.entropy)) {
    const BundleFile& file = expected.files.at(question.file);
    auto asking = fetch(site, question.path, question.kind, manners, *near, file.size + 1);
    const Fetched answer = co_await std::move(asking);
    if (is(answer, file)) continue;
    if (finding.offer != Offer::differs) differs("file");
    if (std::ranges::find(finding.files, question.file) == finding.files.end())
      finding.files.push_back(question.file);
  }
  co_return finding;
}

void ShellProbe::note(Finding finding) {
  const auto old = std::ranges::find(findings_, finding.flock, &Finding::flock);
  const bool is_news = old == findings_.end() || old->offer != finding.offer ||
                       old->why != finding.why || old->files != finding.files;
  if (is_news) {
    const bool bad = finding.offer == Offer::differs;
    std::string files;
    for (const std::string& file : finding.files) files += (files.empty() ? "" : " ") + file;
    parts_.log.write(bad ? LogLevel::warning : LogLevel::info,
                     bad ? "flock.shell_differs" : "flock.shell",
                     {{"flock", finding.flock.to_string()},
                      {"offer", to_string(finding.offer)},
                      {"origin", finding.origin},
                      {"why", finding.why},
                      {"files", files}});
  }
  if (old == findings_.end())
    findings_.push_back(std::move(finding));
  else
    *old = std::move(finding);
  if (is_news && parts_.on_change) parts_.on_change();
}

}  // namespace hearth::probe
