#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/graph_rocks/committer.h>
#include <hearth/graph_rocks/disk_reserve.h>
#include <hearth/graph_rocks/rocks_store.h>
#include <hearth/graph_rocks/stoppable_store.h>
#include <hearth/gun/signature_scan.h>
#include <hearth/gun_service/service.h>
#include <hearth/gun_service/signature_checker.h>
#include <hearth/gun_service/storage.h>
#include <hearth/loop/signal.h>
#include <hearth/websocket/frames.h>

namespace hearth::gun_service {

namespace asio = boost::asio;
using gun::ConnectionId;
using loop::Signal;
using loop::Task;

namespace {

constexpr std::size_t read_bytes = 64 * 1024;
/// Frames for one peer are written together up to about this.
constexpr std::size_t write_bytes = 128 * 1024;
constexpr std::chrono::seconds space_interval{5};
/// Of frames whose signatures are being looked at: beyond it nothing is read from anybody.
constexpr std::size_t checking_bytes = std::size_t{32} << 20;

/// One core remains for all else.
std::size_t checking_threads() {
  return std::clamp(std::thread::hardware_concurrency(), 2U, 5U) - 1;
}

}  // namespace

struct Service::State : std::enable_shared_from_this<State> {
  struct Client {
    Client(const asio::any_io_executor& executor, loop::ByteStream& to)
        : stream(to), output(executor), room(executor), checked(executor), written(executor) {}
    loop::ByteStream& stream;
    Signal output;        ///< there is something to write, or nothing more to come
    Signal room;          ///< it may be read from again
    Signal checked;       ///< the signatures of what was read were looked at
    Signal written;       ///< the writer has ended
    std::string control;  ///< pongs and closes, as frames
    std::vector<gun::Checked> signatures;
    bool ending = false;
    bool paused = false;
    bool writer_ended = false;
  };

  State(asio::any_io_executor to, ServiceOptions given, loop::SystemClock& system, Entropy& entropy,
        Log& log_to)
      : executor(std::move(to)),
        options(std::move(given)),
        clock(system),
        log(log_to),
        store(open_store(options.directory)),
        reserve(options.directory),
        relay(store, options.limits, entropy, moment()),
        timer(executor),
        committer(std::make_unique<graph_rocks::Committer>(executor, store)),
        checker(std::make_unique<SignatureChecker>(executor, checking_threads())) {
    measure_space();
    arm();
  }

  [[nodiscard]] gun::Moment moment() const {
    // States have fractions: a write of this very millisecond doesn't lie in the future.
    const std::chrono::duration<double, std::milli> wall =
        std::chrono::system_clock::now().time_since_epoch();
    return {.now = clock.now(), .wall_ms = wall.count()};
  }
  void measure_space() {
    const bool is_over = options.space_bytes != 0 && store.size_bytes() > options.space_bytes;
    relay.set_full(is_over || reserve.is_reached());
    measured = clock.now();
  }

  [[nodiscard]] bool wants_input(ConnectionId id) const {
    return relay.wants_input(id) && checker->bytes() <= checking_bytes;
  }

  Task<void> serve(loop::ByteStream& stream, IpAddress from);
  Task<void> read(std::shared_ptr<Client> client, ConnectionId id);
  static Task<void> write(std::shared_ptr<State> state, std::shared_ptr<Client> client,
                          ConnectionId id);
  void pump();
  void arm();
  /// Beside all clients, one after another. It ends soon after `ending` is set.
  Task<void> aside(std::function<void()> work);

  asio::any_io_executor executor;
  ServiceOptions options;
  loop::SystemClock& clock;
  Log& log;
  graph_rocks::RocksStore store;
  graph_rocks::DiskReserve reserve;
  gun::Relay relay;
  std::map<ConnectionId, std::shared_ptr<Client>> clients;
  asio::steady_timer timer;
  std::optional<Instant> armed_for;
  Instant measured;
  bool going = false;
  std::unique_ptr<graph_rocks::Committer> committer;
  std::unique_ptr<SignatureChecker> checker;
  std::atomic<bool> ending{false};
  asio::thread_pool beside{1};
};

Service::Service(asio::any_io_executor executor, ServiceOptions options, loop::SystemClock& clock,
                 Entropy& entropy, Log& log)
    : state_(
          std::make_shared<State>(std::move(executor), std::move(options), clock, entropy, log)) {}

Service::~Service() {
  state_->going = state_->ending = true;
  state_->timer.cancel();
  state_->beside.join();
  state_->committer.reset();
  state_->checker.reset();
  for (const auto& [id, client] : state_->clients) {
    client->ending = true;
    client->room.say();
    client->checked.say();
    client->output.say();
    client->stream.reset();
  }
}

const gun::Counters& Service::counters() const {
  return state_->relay.counters();
}
std::size_t Service::connections() const {
  return state_->relay.connections();
}

Task<http::Response> Service::answer(http::Request request, IpAddress from) {
  const auto key = request.headers.get("sec-websocket-key");
  if (request.method != "GET" || !key || !request.headers.has_token("connection", "upgrade") ||
      !request.headers.has_token("upgrade", "websocket") ||
      request.headers.get("sec-websocket-version") != "13") {
    http::Response response =
        http::Response::text(426, "GunDB's clients connect here, by WebSocket.\n");
    response.headers.set("Upgrade", "websocket");
    response.headers.set("Sec-WebSocket-Version", "13");
    co_return response;
  }
  http::Response response = http::Response::empty(101);
  response.headers = {{"Connection", "Upgrade"},
                      {"Upgrade", "websocket"},
                      {"Sec-WebSocket-Accept", websocket::accept_key(*key)}};
  response.take_over = [state = state_, from](loop::ByteStream& stream) {
    return state->serve(stream, from);
  };
  co_return response;
}

// --- beside all clients ----------------------------------------------------------------------

Task<void> Service::State::aside(std::function<void()> work) {
  const auto self = shared_from_this();
  const auto done = std::make_shared<Signal>(executor);
  asio::post(beside, [to = executor, done, work = std::move(work)] {
    work();
    asio::post(to, [done] { done->say(); });
  });
  (void)co_await done->wait();
}

Task<std::optional<std::string>> Service::back_up(std::filesystem::path directory) {
  const auto state = state_;
  const auto problem = std::make_shared<std::optional<std::string>>();
  std::function<void()> work = [state = state.get(), problem, directory] {
    // What was acknowledged is synced, and so part of it.
    if (state->ending || !state->store.checkpoint(directory))
      *problem = directory.string() + ": the copy can't be made.";
  };
  auto copying = state->aside(std::move(work));
  co_await std::move(copying);
  co_return *problem;
}

Task<std::optional<Service::Verified>> Service::verify() {
  const auto state = state_;
  const auto verified = std::make_shared<Verified>();
  std::function<void()> work = [state = state.get(), verified] {
    const auto from = std::chrono::steady_clock::now();
    // One scan is of one moment.
    const graph_rocks::StoppableStore store{state->store, state->ending};
    verified->found = gun::verify(store);
    verified->can_be_read = !state->ending && state->store.verify_checksums().has_value();
    verified->took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - from);
  };
  auto reading = state->aside(std::move(work));
  co_await std::move(reading);
  if (state->ending) co_return std::nullopt;
  co_return *verified;
}

// --- one connection --------------------------------------------------------------------------

Task<void> Service::State::serve(loop::ByteStream& stream, IpAddress from) {
  const auto self = shared_from_this();
  if (going) co_return;
  const auto memory =
      budget::Claim::take(options.budget ? options.budget->share(budget::Layer::gun) : nullptr,
                          budget::gun_connection_bytes, budget::Standing::stranger);
  const auto id = memory ? relay.connect(from, moment()) : std::nullopt;
  if (!id) {
    std::string frame;
    websocket::append_close(frame, websocket::CloseCode::going_away);
    co_await stream.write(as_bytes(frame));
    co_return;
  }
  const auto client = std::make_shared<Client>(executor, stream);
  clients.emplace(*id, client);
  asio::co_spawn(executor, write(self, client, *id), asio::detached);
  pump();
  try {
    co_await read(client, *id);
  } catch (const boost::system::system_error&) {
    // lost; there is nobody to tell
  }
  // The writer uses the stream: it goes first. A peer that doesn't read doesn't hold us up.
  client->ending = true;
  client->output.say();
  asio::steady_timer patience{executor, std::chrono::seconds{2}};
  patience.async_wait([client](boost::system::error_code error) {
    if (!error && !client->writer_ended) client->stream.reset();
  });
  while (!client->writer_ended) (void)co_await client->written.wait();
  patience.cancel();
  relay.disconnect(*id);
  clients.erase(*id);
  pump();
}

Task<void> Service::State::read(std::shared_ptr<Client> client, ConnectionId id) {
  using websocket::Opcode;
  websocket::FrameReader frames{options.limits.frame_bytes + 1};
  Bytes buffer(read_bytes);
  while (!client->ending) {
    if (!wants_input(id)) {
      client->paused = true;
      (void)co_await client->room.wait();
      continue;
    }
    const std::size_t count = co_await client->stream.read_some(buffer);
    if (count == 0 || going) co_return;
    frames.feed(BytesView{buffer}.first(count));
    const gun::Moment at = moment();
    // From the first that may be signed on: a peer's messages stay in order.
    const auto held = std::make_shared<std::vector<std::string>>();
    bool ended = false;
    while (!ended) {
      const auto message = frames.next();
      if (!message) {
        websocket::append_close(client->control, message.error() == websocket::FrameError::too_big
                                                     ? websocket::CloseCode::too_big
                                                     : websocket::CloseCode::protocol_error);
        ended = true;
        break;
      }
      if (!*message) break;
      switch ((*message)->opcode) {
        case Opcode::text:
        case Opcode::binary:
          if (held->empty() && !gun::may_be_signed((*message)->payload))
            relay.receive(id, (*message)->payload, at);
          else
            held->emplace_back((*message)->payload);
          break;
        case Opcode::ping:
          if (client->control.size() < read_bytes)
            websocket::append_frame(client->control, Opcode::pong, (*message)->payload);
          client->output.say();
          break;
        case Opcode::close:
          websocket::append_frame(client->control, Opcode::close, (*message)->payload);
          ended = true;
          break;
        case Opcode::pong:
        case Opcode::continuation:
          break;
      }
    }
    if (!held->empty()) {
      checker->check(held, at.wall_ms, [client](std::vector<gun::Checked> found) {
        client->signatures = std::move(found);
        client->checked.say();
      });
      (void)co_await client->checked.wait();
      if (going) co_return;
      relay.note_signatures(std::exchange(client->signatures, {}));
      for (const std::string& frame : *held) relay.receive(id, frame, moment());
    }
    pump();
    if (ended) co_return;
  }
}

Task<void> Service::State::write(std::shared_ptr<State> state, std::shared_ptr<Client> client,
                                 ConnectionId id) {
  std::string buffer;
  try {
    while (!state->going) {
      buffer.clear();
      while (buffer.size() < write_bytes) {
        const std::string frame = state->relay.next_frame(id, state->moment());
        if (frame.empty()) break;
        websocket::append_frame(buffer, websocket::Opcode::text, frame);
      }
      buffer += std::exchange(client->control, {});
      if (client->paused && state->wants_input(id)) {
        client->paused = false;
        client->room.say();
      }
      if (state->relay.should_close(id) && !client->ending) {
        client->ending = true;
        client->room.say();
        websocket::append_close(buffer, websocket::CloseCode::normal);
        co_await client->stream.write(as_bytes(buffer));
        break;
      }
      if (!buffer.empty()) {
        co_await client->stream.write(as_bytes(buffer));
        continue;
      }
      if (client->ending) break;
      buffer.shrink_to_fit();
      (void)co_await client->output.wait();
    }
    if (!client->ending || state->relay.should_close(id)) client->stream.reset();
  } catch (const boost::system::system_error&) {
    client->stream.reset();  // so that the reader hears of it
  }
  // The reader may be waiting for room that will never come.
  client->ending = true;
  client->room.say();
  client->writer_ended = true;
  client->written.say();
}

// --- the relay -------------------------------------------------------------------------------

/// After every input: wakes whom it concerns.
void Service::State::pump() {
  if (going) return;
  if (clock.now() - measured >= space_interval) measure_space();
  if (auto batch = relay.poll_commit()) {
    committer->commit(std::move(*batch), [this](Result<Unit, graph_store::StoreError> result) {
      const gun::Moment at = moment();
      if (result) {
        relay.committed(at);
      } else {
        log.error("gun.commit_failed", {{"why", gun::error_text(result.error())}});
        relay.commit_failed(result.error(), at);
      }
      pump();
    });
  }
  while (const auto id = relay.poll_ready())
    if (const auto client = clients.find(*id); client != clients.end())
      client->second->output.say();
  for (const auto& [id, client] : clients)
    if (client->paused && wants_input(id)) {
      client->paused = false;
      client->room.say();
    }
  arm();
}

void Service::State::arm() {
  const auto deadline = relay.deadline();
  if (!deadline || (armed_for && *armed_for <= *deadline && *armed_for > clock.now())) return;
  armed_for = deadline;
  timer.expires_at(loop::to_steady(*deadline));
  timer.async_wait([this, alive = weak_from_this()](boost::system::error_code error) {
    const auto self = alive.lock();
    if (error || !self || going) return;
    armed_for.reset();
    relay.advance(moment());
    pump();
  });
}

}  // namespace hearth::gun_service
