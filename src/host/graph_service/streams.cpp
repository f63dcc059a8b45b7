// Answers and requests that go on: changes, export, import.

#include <algorithm>
#include <cstring>

#include "call.h"
#include "notation.h"
#include "state.h"
#include <hearth/graph_lines/transfer.h>

namespace hearth::graph_service {

using http::Response;
using http::Task;
using nlohmann::json;

namespace {

constexpr std::chrono::seconds heartbeat{15};
constexpr std::size_t export_bytes = 64 * 1024;   ///< gathered in a turn
constexpr std::size_t import_bytes = 128 * 1024;  ///< taken in a turn
constexpr std::size_t max_refusals = 100;         ///< named in an answer
constexpr std::size_t first_line_size = 4096;

/// A text that is sent piece by piece.
class Text {
 public:
  [[nodiscard]] bool empty() const { return at_ == text_.size(); }
  void set(std::string text) {
    text_ = std::move(text);
    at_ = 0;
  }
  std::size_t give(MutableBytes out) {
    const std::size_t count = std::min(out.size(), text_.size() - at_);
    std::memcpy(out.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

// --- changes ---------------------------------------------------------------------------------

namespace {

class ChangesBody final : public http::Body {
 public:
  ChangesBody(std::shared_ptr<void> state, Feed& feed, std::shared_ptr<Queue> queue,
              std::shared_ptr<loop::Signal> signal)
      : state_(std::move(state)),
        feed_(feed),
        queue_(std::move(queue)),
        signal_(std::move(signal)) {
    text_.set("event: begin\ndata: {}\n\n");
  }
  ~ChangesBody() override {
    feed_.remove(*queue_);
    queue_->let_go();
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return std::nullopt; }

  Task<std::size_t> read_some(MutableBytes out) override {
    if (text_.empty() && queue_->empty() && !queue_->has_ended()) {
      const auto until = loop::Signal::Clock::now() + heartbeat;
      co_await signal_->wait(until);
    }
    if (queue_->has_ended()) co_return 0;
    if (text_.empty()) text_.set(next());
    co_return text_.give(out);
  }

 private:
  std::string next() {
    const Queue::Told told = queue_->take();
    std::string text;
    if (told.lost) text += "event: lost\ndata: {}\n\n";
    for (const replica::Changed& change : told.changes) {
      json data{{"soul", change.soul}};
      if (change.property) data["property"] = *change.property;
      text += "event: change\ndata: " + data.dump() + "\n\n";
    }
    return text.empty() ? ":\n\n" : text;
  }

  std::shared_ptr<void> state_;  // whose feed it is
  Feed& feed_;
  std::shared_ptr<Queue> queue_;
  std::shared_ptr<loop::Signal> signal_;
  Text text_;
};

}  // namespace

Task<Response> Service::State::changes(std::string space, std::string query, Asker asker) {
  const auto self = shared_from_this();
  graph_watch::Interest interest;
  interest.soul = http::query_value(query, "soul");
  interest.soul_prefix = http::query_value(query, "prefix").value_or("");
  interest.property = http::query_value(query, "property");
  const auto signal = std::make_shared<loop::Signal>(executor);
  std::function<void()> wake = [signal] { signal->say(); };
  auto subscribing =
      subscribe(std::move(space), std::move(interest), std::move(asker), std::move(wake));
  Opened opened = co_await std::move(subscribing);
  if (!opened.queue) co_return response_of(std::move(opened.refusal));
  Response response;
  response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
  response.body = std::make_unique<ChangesBody>(self, feed, std::move(opened.queue), signal);
  co_return response;
}

// --- export ----------------------------------------------------------------------------------

namespace {

/// On the graph's thread, one turn after another.
struct Export {
  std::uint32_t number = 0;
  std::uint64_t generation = 0;
  std::optional<graph_lines::Exporter> exporter;
  std::string text;
  bool done = false;
};

/// The next lines; an error where the space was opened anew meanwhile.
Reply export_more(Export& session, Spaces& spaces) {
  Space* const space = spaces.find(session.number, session.generation);
  if (space == nullptr)
    return reply_of(ApiError{ErrorCode::unavailable, "The space was opened anew.", {}});
  session.text.clear();
  while (session.text.size() < export_bytes && !session.done) {
    const auto line = session.exporter->next();
    if (!line) return reply_of(spaces.store_failed());
    if (*line)
      session.text += **line;
    else
      session.done = true;
  }
  return {};
}

class ExportBody final : public http::Body {
 public:
  ExportBody(std::function<Task<Reply>(Turn)> ask, std::shared_ptr<Export> session)
      : ask_(std::move(ask)), session_(std::move(session)) {
    text_.set(std::move(session_->text));
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override { return std::nullopt; }

  Task<std::size_t> read_some(MutableBytes out) override {
    if (text_.empty() && !session_->done) {
      Turn turn = [session = session_](Spaces& spaces, Timestamp) {
        return export_more(*session, spaces);
      };
      auto asked = ask_(std::move(turn));
      const Reply reply = co_await std::move(asked);
      // Cut short: the last line is missing, and the transfer breaks.
      if (reply.status != 200)
        throw boost::system::system_error{boost::asio::error::connection_aborted};
      text_.set(std::move(session_->text));
    }
    co_return text_.empty() ? 0 : text_.give(out);
  }

 private:
  std::function<Task<Reply>(Turn)> ask_;
  std::shared_ptr<Export> session_;
  Text text_;
};

}  // namespace

Task<Response> Service::State::export_space(std::string name, Asker asker) {
  const auto self = shared_from_this();
  const auto session = std::make_shared<Export>();
  Turn turn = [session, name = std::move(name), asker = std::move(asker)](Spaces& spaces,
                                                                          Timestamp now) {
    const Call call{
        .spaces = spaces, .asker = asker, .now = now, .arguments = {name}, .query = {}, .body = {}};
    const auto space = call.space();
    if (!space) return reply_of(space.error());
    session->number = (*space)->number;
    session->generation = spaces.generation();
    session->exporter.emplace(*(*space)->replica);
    Reply reply = export_more(*session, spaces);
    // What isn't synced yet could be lost, and be another update under the same number tomorrow.
    reply.after_sync = reply.status == 200;
    return reply;
  };
  auto asked = engine->ask(std::move(turn));
  Reply reply = co_await std::move(asked);
  if (reply.status != 200) co_return response_of(std::move(reply));
  Response response;
  response.headers = {{"Content-Type", "application/jsonl; charset=utf-8"},
                      {"Cache-Control", "no-store"}};
  std::function<Task<Reply>(Turn)> ask = [self](Turn more) -> Task<Reply> {
    if (!self->engine) throw boost::system::system_error{boost::asio::error::connection_aborted};
    return self->engine->ask(std::move(more));
  };
  response.body = std::make_unique<ExportBody>(std::move(ask), session);
  co_return response;
}

// --- import ----------------------------------------------------------------------------------

namespace {

std::string_view text_of(graph_lines::ImportError error) {
  using enum graph_lines::ImportError;
  switch (error) {
    case too_long:
      return "longer than any line is";
    case malformed:
      return "not as lines are written";
    case wrong_version:
      return "of a later version";
    case wrong_space:
      return "of another space";
    case out_of_place:
      return "not in its place";
    case bad_signature:
      return "not signed rightly, or altered";
    case refused:
      return "refused: not allowed, or it doesn't follow";
    case waiting:
      return "what it follows is missing";
    case cut_short:
      return "the end is missing";
    default:
      return "refused";
  }
}

/// On the graph's thread, one turn after another.
struct Import {
  Asker asker;
  std::string space;  ///< empty: a new one
  std::string name;   ///< of the new one
  bool is_new = false;
  std::uint32_t number = 0;
  std::uint64_t generation = 0;
  json refused = json::array();
  std::uint64_t known = 0;
  std::optional<graph_lines::Importer> importer;
  graph_lines::Imported imported;

  [[nodiscard]] Result<Unit, ApiError> begin(Spaces& spaces, Timestamp now,
                                             const std::string& line) {
    HEARTH_CHECK(spaces.ready_to_write(now));
    HEARTH_CHECK(spaces.has_room());
    Space* at = nullptr;
    if (space.empty()) {
      if (!asker.owns_box)
        return refuse(ErrorCode::denied, "Only an owner of this box may bring in a space.");
      const auto id = graph_lines::space_of(line);
      if (!id)
        return refuse(ErrorCode::bad_request, "That doesn't begin as an exported space does.");
      HEARTH_TRY(at, spaces.adopt(*id, name, now));
      is_new = true;
    } else {
      const Call call{.spaces = spaces,
                      .asker = asker,
                      .now = now,
                      .arguments = {space},
                      .query = {},
                      .body = {}};
      HEARTH_TRY(at, call.space_to_write());
    }
    number = at->number;
    generation = spaces.generation();
    importer.emplace(*at->replica, [this](std::uint64_t line_number, graph_lines::ImportError why) {
      if (refused.size() < max_refusals)
        refused.push_back({{"line", line_number}, {"why", text_of(why)}});
    });
    return Unit{};
  }
  [[nodiscard]] Result<Space*, ApiError> at(Spaces& spaces) const {
    Space* const found = spaces.find(number, generation);
    if (found == nullptr)
      return refuse(ErrorCode::unavailable, "The space was opened anew. Import it again.");
    return found;
  }
  [[nodiscard]] Result<Unit, ApiError> take(Spaces& spaces, Timestamp now,
                                            const std::string& chunk) {
    HEARTH_TRY(Space* const into, at(spaces));
    into->imported = now;
    into->has_new_logs = true;
    if (!importer->feed(chunk)) return Failure{spaces.store_failed()};
    return Unit{};
  }
  [[nodiscard]] Answered finish(Spaces& spaces) {
    HEARTH_TRY(Space* const into, at(spaces));
    into->has_new_logs = true;
    into->imported = {};
    const auto done = importer->finish();
    if (!done) return Failure{spaces.store_failed()};
    json body{{"space", id_text(into->id)},    {"lines", done->lines},
              {"added", done->added},          {"refused_lines", done->refused},
              {"refused", std::move(refused)}, {"complete", done->complete}};
    if (is_new && into->replica->ledger().membership.empty()) {
      importer.reset();
      spaces.remove(*into);
      return refuse(ErrorCode::bad_request, "There is no space in that.");
    }
    return Answer{.body = std::move(body)};
  }
};

}  // namespace

Task<Response> Service::State::import_space(http::Request request, std::string space, Asker asker) {
  const auto self = shared_from_this();
  const auto session = std::make_shared<Import>();
  session->asker = std::move(asker);
  session->space = std::move(space);
  session->name = http::query_value(request.query(), "name").value_or("");
  std::string chunk;
  Bytes buffer(import_bytes);
  bool begun = false;
  bool more = true;
  while (more) {
    // A turn's worth, and at the beginning a whole first line.
    while (more && (chunk.size() < import_bytes)) {
      const std::size_t count = co_await request.body->read_some(buffer);
      more = count > 0;
      chunk += as_text(BytesView{buffer}.first(count));
      if (!begun && chunk.find('\n') != std::string::npos) break;
      if (!begun && chunk.size() > first_line_size) break;
    }
    if (!engine)
      co_return response_of(ApiError{ErrorCode::unavailable, "The box is stopping.", {}});
    Turn turn = [session, chunk = std::exchange(chunk, {}), begins = !std::exchange(begun, true)](
                    Spaces& spaces, Timestamp now) {
      if (begins) {
        const auto began = session->begin(spaces, now, chunk.substr(0, chunk.find('\n')));
        if (!began) return reply_of(began.error());
      }
      const auto taken = session->take(spaces, now, chunk);
      return taken ? Reply{} : reply_of(taken.error());
    };
    auto asked = engine->ask(std::move(turn));
    Reply reply = co_await std::move(asked);
    if (reply.status != 200) co_return response_of(std::move(reply));
  }
  if (!engine) co_return response_of(ApiError{ErrorCode::unavailable, "The box is stopping.", {}});
  Turn turn = [session](Spaces& spaces, Timestamp) {
    Reply reply = reply_of(session->finish(spaces));
    reply.after_sync = reply.status == 200;
    return reply;
  };
  auto asked = engine->ask(std::move(turn));
  Reply reply = co_await std::move(asked);
  co_return response_of(std::move(reply));
}

}  // namespace hearth::graph_service
