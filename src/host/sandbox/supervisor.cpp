#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <hearth/loop/forwarding_stream.h>
#include <hearth/loop/socket_stream.h>
#include <hearth/sandbox/config.h>
#include <hearth/sandbox/supervisor.h>

namespace hearth::sandbox {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

int connect_app_socket(const std::string& data_directory, const std::string& app,
                       const StartedApp& started) {
  if (!is_app_id(app)) {
    errno = EINVAL;
    return -1;
  }
  const Fd data{::open(data_directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!data) return -1;
  const std::string path = "apps/" + app + "/run/app.sock";
  const Fd inode{open_beneath(data.get(), path.c_str(), O_PATH | O_NOFOLLOW)};
  struct stat status{};
  if (!inode || ::fstat(inode.get(), &status) != 0) return -1;
  if (!S_ISSOCK(status.st_mode)) {
    errno = ENOTSOCK;
    return -1;
  }
  // Through the inode that was just looked at, whatever its name points to by now; and short enough
  // for sun_path.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (void)std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", inode.get());
  Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return -1;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  if (peer.uid < started.first_uid || peer.uid - started.first_uid >= uids_per_app) {
    errno = EPERM;
    return -1;
  }
  return fd.release();
}

struct Supervisor::Impl : std::enable_shared_from_this<Impl> {
  struct Entry {
    Entry(const asio::any_io_executor& executor, std::string its_id)
        : id(std::move(its_id)),
          changed(executor, SteadyClock::time_point::max()),
          idle(executor) {}
    std::string id;
    Phase phase = Phase::idle;
    std::string why;
    StartedApp started;
    asio::steady_timer changed;  ///< cancelled at each change of phase
    asio::steady_timer idle;
    std::set<loop::ByteStream*> streams;
    SteadyClock::time_point since{}, not_before{};
    int failures = 0;
    std::uint64_t run = 0;  ///< counts starts: what ends late must not end the next run
  };
  using EntryPtr = std::shared_ptr<Entry>;

  class Tracked final : public loop::ForwardingStream {
   public:
    Tracked(std::shared_ptr<Impl> impl, EntryPtr entry, std::unique_ptr<loop::ByteStream> inner)
        : ForwardingStream(std::move(inner)), impl_(std::move(impl)), entry_(std::move(entry)) {
      entry_->streams.insert(this);
      entry_->idle.cancel();
    }
    ~Tracked() override {
      entry_->streams.erase(this);
      if (entry_->streams.empty()) impl_->wait_idle(entry_);
    }

   private:
    std::shared_ptr<Impl> impl_;
    EntryPtr entry_;
  };

  Impl(asio::any_io_executor its_executor, Sandbox& its_sandbox, SupervisorOptions its_options,
       Log& its_log)
      : executor(std::move(its_executor)),
        sandbox(its_sandbox),
        options(std::move(its_options)),
        log(its_log) {}

  void set(Entry& entry, Phase phase, std::string why = {}) {
    entry.phase = phase;
    entry.why = std::move(why);
    entry.changed.cancel();
    if (observer) observer(entry.id);
  }

  // A start that failed, or a run that ended by itself.
  void fail(Entry& entry, std::string why) {
    const auto now = SteadyClock::now();
    if (entry.phase == Phase::running && now - entry.since >= options.steady) entry.failures = 0;
    ++entry.failures;
    auto wait = std::chrono::milliseconds{0};
    if (entry.failures >= 2)
      wait = std::min(options.most_back_off,
                      options.first_back_off * (1 << std::min(entry.failures - 2, 16)));
    entry.not_before = now + wait;
    log.warning("app.failed", {{"app", entry.id}, {"why", why}, {"failures", entry.failures}});
    set(entry, Phase::failed, std::move(why));
  }

  static Task<void> start(std::shared_ptr<Impl> self, EntryPtr entry) {
    std::string why;
    bool up = false;
    try {
      entry->started = co_await self->sandbox.start(entry->id);
      up = true;
      const auto deadline = SteadyClock::now() + self->options.patience;
      asio::steady_timer pause{self->executor};
      for (;;) {
        const Fd probe{connect_app_socket(self->options.data_directory, entry->id, entry->started)};
        if (probe) break;
        if (entry->phase != Phase::starting)
          co_return;  // it ended meanwhile, or we are shutting down
        if (SteadyClock::now() >= deadline)
          throw AppUnavailable{"the app started but doesn't answer"};
        pause.expires_after(std::chrono::milliseconds{5});
        co_await pause.async_wait(asio::use_awaitable);
      }
    } catch (const std::exception& error) {
      why = error.what();
    }
    if (entry->phase != Phase::starting) co_return;
    if (why.empty()) {
      entry->since = SteadyClock::now();
      self->set(*entry, Phase::running);
      self->log.info("app.started", {{"app", entry->id}});
      self->wait_idle(entry);
      co_return;
    }
    if (up) co_await stop(self, entry);
    self->fail(*entry, why);
  }

  static Task<void> stop(std::shared_ptr<Impl> self, EntryPtr entry) {
    try {
      co_await self->sandbox.stop(entry->id);
    } catch (const std::exception&) {
      // sandboxd is gone, and every app with it.
    }
  }

  static Task<void> stop_idle(std::shared_ptr<Impl> self, EntryPtr entry, std::uint64_t run) {
    boost::system::error_code error;
    co_await entry->idle.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error || entry->run != run || entry->phase != Phase::running || !entry->streams.empty())
      co_return;
    // `starting` keeps a request that comes now waiting until it is gone, and then starts it anew.
    self->set(*entry, Phase::starting);
    co_await stop(self, entry);
    self->log.info("app.stopped", {{"app", entry->id}, {"why", "idle"}});
    if (entry->run == run && entry->phase == Phase::starting) self->set(*entry, Phase::idle);
  }

  void wait_idle(const EntryPtr& entry) {
    if (entry->phase != Phase::running || closed) return;
    entry->idle.expires_after(options.idle);
    asio::co_spawn(executor, stop_idle(shared_from_this(), entry, entry->run), asio::detached);
  }

  static Task<std::unique_ptr<loop::ByteStream>> connect(std::shared_ptr<Impl> self,
                                                         std::string app) {
    if (!is_app_id(app)) throw AppUnavailable{"there is no such app"};
    auto& slot = self->entries[app];
    if (!slot) slot = std::make_shared<Entry>(self->executor, app);
    const EntryPtr entry = slot;
    const auto deadline = SteadyClock::now() + self->options.patience;
    bool asked = false;
    for (;;) {
      if (self->closed) throw AppUnavailable{"the box is shutting down"};
      if (entry->phase == Phase::running) {
        const int fd = connect_app_socket(self->options.data_directory, app, entry->started);
        if (fd >= 0) {
          asio::local::stream_protocol::socket socket{self->executor};
          socket.assign(asio::local::stream_protocol{}, fd);
          auto inner = loop::make_stream(std::move(socket));
          co_return std::make_unique<Tracked>(self, entry, std::move(inner));
        }
        if (SteadyClock::now() >= deadline) throw AppUnavailable{"the app doesn't answer"};
        // EAGAIN: its backlog is full. Anything else: it is ending, and sandboxd will say so.
        asio::steady_timer pause{self->executor, std::chrono::milliseconds{20}};
        co_await pause.async_wait(asio::use_awaitable);
        continue;
      }
      if (entry->phase == Phase::starting) {
        boost::system::error_code ignored;
        co_await entry->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (entry->phase == Phase::failed) throw AppUnavailable{entry->why};
        continue;
      }
      const auto wait = entry->not_before - SteadyClock::now();
      if (wait > std::chrono::nanoseconds{0}) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
        throw AppUnavailable{"the app failed " + std::to_string(entry->failures) +
                                 " times in a row and rests for " + std::to_string(seconds) +
                                 " s: " + entry->why,
                             static_cast<int>(seconds)};
      }
      if (asked) throw AppUnavailable{entry->why.empty() ? "the app ended at once" : entry->why};
      asked = true;
      ++entry->run;
      self->set(*entry, Phase::starting);
      // On its own: a request that goes away must not end the start that others wait for.
      asio::co_spawn(self->executor, start(self, entry), asio::detached);
    }
  }

  void ended(const std::string& app) {
    const auto found = entries.find(app);
    if (found == entries.end()) return;
    Entry& entry = *found->second;
    if (entry.phase != Phase::running && entry.phase != Phase::starting) return;
    entry.idle.cancel();
    fail(entry, "the app ended by itself");
  }

  asio::any_io_executor executor;
  Sandbox& sandbox;
  SupervisorOptions options;
  Log& log;
  bool closed = false;
  std::function<void(const std::string&)> observer;
  std::map<std::string, EntryPtr> entries;
};

Supervisor::Supervisor(asio::any_io_executor executor, Sandbox& sandbox, SupervisorOptions options,
                       Log& log)
    : impl_(std::make_shared<Impl>(std::move(executor), sandbox, std::move(options), log)) {}

Supervisor::~Supervisor() {
  impl_->closed = true;
  impl_->observer = nullptr;
  for (const auto& [id, entry] : impl_->entries) {
    entry->idle.cancel();
    entry->changed.cancel();
  }
}

Task<std::unique_ptr<loop::ByteStream>> Supervisor::connect(std::string app) {
  return Impl::connect(impl_, std::move(app));
}

AppStatus Supervisor::status(const std::string& app) const {
  const auto found = impl_->entries.find(app);
  if (found == impl_->entries.end()) return {};
  return {found->second->phase, found->second->why, found->second->streams.size()};
}

void Supervisor::on_change(std::function<void(const std::string&)> observer) {
  impl_->observer = std::move(observer);
}
void Supervisor::ended(const std::string& app) {
  impl_->ended(app);
}

Task<void> Supervisor::shut_down() {
  const auto impl = impl_;
  impl->closed = true;
  for (const auto& [id, entry] : impl->entries) {
    entry->idle.cancel();
    for (loop::ByteStream* stream : entry->streams) stream->reset();
    if (entry->phase == Phase::running || entry->phase == Phase::starting) {
      impl->set(*entry, Phase::idle);
      co_await Impl::stop(impl, entry);
    }
  }
}

}  // namespace hearth::sandbox
