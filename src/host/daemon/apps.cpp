#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/daemon/apps.h>
#include <hearth/identity/app_label.h>
#include <hearth/proxy/app_proxy.h>

namespace hearth::daemon {

namespace {

std::string_view to_text(sandbox::Phase phase) {
  switch (phase) {
    case sandbox::Phase::idle:
      return "idle";
    case sandbox::Phase::starting:
      return "starting";
    case sandbox::Phase::running:
      return "running";
    case sandbox::Phase::failed:
      return "failed";
  }
  return "";
}

sandbox::Digest digest_of(const sandbox::InstalledApp& app) {
  sandbox::Digest digest{};
  const auto bytes = from_hex(app.digest_hex);
  HEARTH_ASSERT(bytes && bytes->size() == digest.size());  // made by installed_apps()
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

}  // namespace

Apps::Apps(boost::asio::any_io_executor executor, std::vector<sandbox::InstalledApp> installed,
           std::unique_ptr<sandbox::Client> client, std::string why,
           sandbox::SupervisorOptions options, Log& log)
    : installed_(std::move(installed)),
      client_(std::move(client)),
      why_(std::move(why)),
      log_(log) {
  if (!client_) return;
  supervisor_ =
      std::make_unique<sandbox::Supervisor>(std::move(executor), *client_, std::move(options), log);
  client_->on_ended([this](const std::string& app) { supervisor_->ended(app); });
}

loop::Task<void> Apps::prepare() {
  if (!client_) co_return;
  for (const sandbox::InstalledApp& app : installed_) {
    std::string why;
    try {
      const sandbox::Digest digest = digest_of(app);
      co_await client_->prepare(app.id, digest);
    } catch (const sandbox::AppUnavailable& error) {
      why = error.what();
    }
    if (why.empty()) continue;
    log_.error("app.not_prepared", {{"app", app.id}, {"why", why}});
    failed_[app.id] = why;
  }
}

loop::Task<std::unique_ptr<loop::ByteStream>> Apps::connect(std::string app) {
  using proxy::AppUnavailable;
  if (std::ranges::find(installed_, app, &sandbox::InstalledApp::id) == installed_.end())
    throw AppUnavailable{
        .status = 404, .code = "no_such_app", .message = "There is no such app on this box."};
  if (!supervisor_) throw AppUnavailable{.status = 503, .code = "unavailable", .message = why_};
  if (const auto failed = failed_.find(app); failed != failed_.end())
    throw AppUnavailable{.status = 503, .code = "app_failed", .message = failed->second};
  std::optional<AppUnavailable> unavailable;
  try {
    co_return co_await supervisor_->connect(app);
  } catch (const sandbox::AppUnavailable& error) {
    unavailable = AppUnavailable{.status = 503,
                                 .code = "app_failed",
                                 .message = error.what(),
                                 .retry_after_s = error.retry_after_seconds};
  }
  throw *unavailable;
}

nlohmann::json Apps::list(const identity::RootId& root) const {
  nlohmann::json apps = nlohmann::json::array();
  for (const sandbox::InstalledApp& app : installed_) {
    sandbox::AppStatus status;
    if (supervisor_) status = supervisor_->status(app.id);
    const auto failed = failed_.find(app.id);
    std::string why = !supervisor_ ? why_ : failed != failed_.end() ? failed->second : status.why;
    const bool broken = !supervisor_ || failed != failed_.end();
    nlohmann::json row{{"id", app.id},
                       {"title", app.title},
                       {"icon", app.id},
                       {"state", broken ? "failed" : to_text(status.phase)},
                       {"label", identity::app_label(root, app.id)},
                       {"path", "/"}};
    if (!why.empty()) row["why"] = std::move(why);
    apps.push_back(std::move(row));
  }
  return {{"apps", std::move(apps)}};
}

void Apps::on_change(std::function<void()> observer) {
  if (supervisor_)
    supervisor_->on_change([observer = std::move(observer)](const std::string&) { observer(); });
}

loop::Task<void> Apps::shut_down() {
  if (supervisor_) co_await supervisor_->shut_down();
}

}  // namespace hearth::daemon
