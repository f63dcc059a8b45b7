#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "call.h"
#include "state.h"

namespace hearth::graph_service {

using http::Request;
using http::Response;
using http::Task;
using nlohmann::json;

namespace {

Response refusal(ErrorCode code, std::string message) {
  return response_of(ApiError{.code = code, .message = std::move(message), .retry_after = {}});
}

/// A body that a form could send is refused, whatever it says (CSRF).
Result<json, ApiError> parse_body(const http::Headers& headers, const std::string& text) {
  if (text.empty()) return json::object();
  const auto type = headers.get("content-type");
  if (!type || !http::same_name(type->substr(0, type->find(';')), "application/json"))
    return refuse(ErrorCode::bad_request, "Send application/json.");
  auto body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return refuse(ErrorCode::bad_request, "The body must be a JSON object.");
  return body;
}

std::string_view below_api(std::string_view path) {
  path.remove_prefix(std::min(path.size(), api_path.size()));
  return path;
}

}  // namespace

Response response_of(Reply reply) {
  Response response = reply.body.empty() ? Response::empty(reply.status)
                                         : Response::json(reply.status, std::move(reply.body));
  response.headers.set("Cache-Control", "no-store");
  if (reply.retry_after)
    response.headers.set(
        "Retry-After",
        std::to_string(std::chrono::ceil<std::chrono::seconds>(*reply.retry_after).count()));
  return response;
}

Response response_of(const ApiError& error) {
  return response_of(reply_of(error));
}

Service::State::State(boost::asio::any_io_executor to, ServiceOptions given,
                      const loop::SystemClock& time, Entropy& entropy, Log& log_to)
    : executor(std::move(to)),
      options(std::move(given)),
      clock(time),
      log(log_to),
      engine(std::make_unique<Engine>(executor,
                                      Engine::Options{.spaces = {.directory = options.directory,
                                                                 .cache_bytes = options.cache_bytes,
                                                                 .upkeep = options.upkeep},
                                                      .relaxed = options.relaxed},
                                      clock, entropy, log,
                                      [this](const News& news) { feed.tell(news); })) {
  clear_asides(options.directory);
}

Service::Service(boost::asio::any_io_executor executor, ServiceOptions options,
                 const loop::SystemClock& clock, Entropy& entropy, Log& log)
    : state_(
          std::make_shared<State>(std::move(executor), std::move(options), clock, entropy, log)) {
  boost::asio::co_spawn(state_->executor, State::keep_spaces(state_), boost::asio::detached);
}

Service::~Service() {
  // What others still hold of the state does nothing without it.
  auto engine = std::exchange(state_->engine, nullptr);
  state_->upkeep_signal.say();
  state_->step_signal.say();
  state_->feed.end_all();
  for (const auto& close : state_->closers()) close();
  engine.reset();
  state_->drop_errands();
}

void Service::set_people(std::vector<Person> people) {
  state_->engine->tell([people = std::move(people)](Spaces& spaces, Timestamp now) {
    (void)spaces.keep_in_step(people, now);
  });
}

void Service::cut(std::string_view device) {
  state_->feed.cut(device);
  for (const auto& close : state_->closers(device)) close();
}

Task<Response> Service::handle(Request request, Asker asker) {
  const auto state = state_;
  if (!state->engine) co_return refusal(ErrorCode::unavailable, "The box is stopping.");
  const auto segments = segments_of(below_api(request.path()));
  const auto is = [&](std::string_view method, std::size_t count, std::size_t at,
                      std::string_view word) {
    return request.method == method && segments && segments->size() == count &&
           (*segments)[at] == word;
  };
  const bool of_space = segments && segments->size() == 3 && (*segments)[0] == "spaces";
  if (is("GET", 1, 0, "socket")) co_return state->open_socket(request, std::move(asker));
  if (of_space && is("GET", 3, 2, "changes")) {
    std::string query{request.query()};
    auto streamed = state->changes((*segments)[1], std::move(query), std::move(asker));
    co_return co_await std::move(streamed);
  }
  if (of_space && is("GET", 3, 2, "export")) {
    auto streamed = state->export_space((*segments)[1], std::move(asker));
    co_return co_await std::move(streamed);
  }
  if ((of_space && is("POST", 3, 2, "import")) || is("POST", 1, 0, "import")) {
    std::string space = of_space ? (*segments)[1] : std::string{};
    auto done = state->import_space(std::move(request), std::move(space), std::move(asker));
    co_return co_await std::move(done);
  }

  std::string text;
  bool too_large = false;
  try {
    text = co_await http::read_all(*request.body, body_limit);
  } catch (const http::BodyTooLarge&) {
    too_large = true;
  }
  if (too_large) co_return refusal(ErrorCode::too_large, "A request has at most 2 MiB.");
  auto body = parse_body(request.headers, text);
  if (!body) co_return response_of(body.error());
  auto answered = state->answer(request.method, request.target, std::move(*body), std::move(asker));
  Reply reply = co_await std::move(answered);
  co_return response_of(std::move(reply));
}

Task<Reply> Service::State::answer(std::string method, std::string target, json body, Asker asker) {
  const Request request{.method = std::move(method), .target = std::move(target)};
  const std::string path{below_api(request.path())};
  if (!engine)
    co_return reply_of(
        ApiError{ErrorCode::unavailable, "The box is stopping.", std::chrono::seconds{5}});
  const auto segments = segments_of(path);
  if (segments && request.method == "GET" && *segments == std::vector<std::string>{"stats"}) {
    auto answered = stats();
    co_return co_await std::move(answered);
  }
  if (segments && request.method == "POST" && segments->size() == 3 && (*segments)[0] == "spaces" &&
      (*segments)[2] == "verify") {
    auto answered = verify((*segments)[1], std::move(asker));
    co_return co_await std::move(answered);
  }
  if (segments && request.method == "POST" && segments->size() == 3 && (*segments)[0] == "spaces" &&
      (*segments)[2] == "upkeep") {
    auto answered = look_after((*segments)[1], std::move(asker));
    co_return co_await std::move(answered);
  }
  auto route = find_route(request.method, path);
  if (!route) co_return reply_of(route.error());
  const auto self = shared_from_this();
  Turn turn = [route = std::move(*route), query = std::string{request.query()},
               body = std::move(body), asker = std::move(asker),
               relaxed = options.relaxed](Spaces& spaces, Timestamp now) {
    Call call{.spaces = spaces,
              .asker = asker,
              .now = now,
              .arguments = route.arguments,
              .query = query,
              .body = body,
              .relaxed = relaxed};
    const Answered answered = route.handler(call);
    Reply reply = reply_of(answered);
    reply.after_sync = route.writes && answered.has_value();
    return reply;
  };
  auto asked = engine->ask(std::move(turn));
  co_return co_await std::move(asked);
}

Task<Service::State::Opened> Service::State::subscribe(std::string space,
                                                       graph_watch::Interest interest, Asker asker,
                                                       std::function<void()> wake) {
  const auto self = shared_from_this();
  const auto id = std::make_shared<std::optional<model::SpaceId>>();
  Turn turn = [id, space = std::move(space), asker](Spaces& spaces, Timestamp now) {
    const Call call{.spaces = spaces,
                    .asker = asker,
                    .now = now,
                    .arguments = {space},
                    .query = {},
                    .body = {}};
    const auto found = call.space();
    if (!found) return reply_of(found.error());
    *id = (*found)->id;
    return Reply{};
  };
  auto asked = engine->ask(std::move(turn));
  Reply reply = co_await std::move(asked);
  Opened opened;
  opened.refusal = std::move(reply);
  if (!*id || !engine) co_return opened;
  auto queue = std::make_shared<Queue>(**id, std::move(asker), std::move(wake));
  if (feed.add(queue, std::move(interest)))
    opened.queue = std::move(queue);
  else
    opened.refusal = reply_of(ApiError{ErrorCode::unavailable,
                                       "There are as many listeners as the box can serve.",
                                       std::chrono::seconds{30}});
  co_return opened;
}

// --- sockets that are open -------------------------------------------------------------------

std::vector<std::function<void()>> Service::State::closers(std::optional<std::string_view> device) {
  std::vector<std::function<void()>> all;
  for (const auto& [number, socket] : sockets)
    if (!device || (socket.device == *device && !socket.device.empty()))
      all.push_back(socket.close);
  return all;
}

}  // namespace hearth::graph_service
