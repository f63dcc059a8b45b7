// A local port that leads to an app or a TCP service of a box.

#include "tunnel.h"

#include <charconv>
#include <cstdio>
#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include "output.h"
#include "tunnel_client.h"
#include <hearth/http/client.h>
#include <hearth/http/server.h>
#include <hearth/tunnel/app_front.h>
#include <hearth/tunnel/door.h>
#include <hearth/tunnel/service_front.h>

namespace hearth::cli {

namespace asio = boost::asio;
using nlohmann::json;
using tunnel::AppFront;
using tunnel::Line;

namespace {

constexpr std::chrono::seconds first_patience{20};

/// `least` to 65535; nothing for another text.
std::optional<std::uint16_t> parse_port(const std::string& text, std::uint16_t least) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < least) return std::nullopt;
  return port;
}

/// What is said while it runs: a line of text for people on standard error, or of JSON on standard
/// output.
class Voice {
 public:
  explicit Voice(bool as_json) : json_(as_json) {}

  void ready(const std::string& text, const json& row) { say(stdout, text, row); }
  void say(const std::string& text, const char* event, const std::string& why = {}) {
    json row{{"event", event}};
    if (!why.empty()) row["why"] = why;
    say(stderr, text, row);
  }
  /// The same words once in a row.
  void complain(const std::string& why) {
    if (why == last_) return;
    last_ = why;
    say(why, "problem", why);
  }

 private:
  void say(std::FILE* stream, const std::string& text, const json& row) {
    if (json_)
      std::fprintf(stdout, "%s\n",
                   row.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
    else
      std::fprintf(stream, "%s\n", text.c_str());
    std::fflush(json_ ? stdout : stream);
  }

  bool json_;
  std::string last_;
};

loop::Task<json> fetch(Line& line, std::string path) {
  libp2p::StreamPtr stream = co_await line.open();
  http::Request request;
  request.target = std::move(path);
  request.headers = {{"Host", "box"}};
  http::Response response = co_await http::send(std::move(stream), std::move(request));
  const std::string text = co_await http::read_all(*response.body, std::size_t{256} << 10);
  co_return json::parse(text, nullptr, false);
}

/// What can't work is said before a port is opened.
loop::Task<void> check(Line& line, bool tcp, std::string what) {
  std::string path = tcp ? "/api/v1/services" : "/api/v1/apps";
  const json answer = co_await fetch(line, std::move(path));
  const char* list = tcp ? "services" : "apps";
  if (!answer.is_object() || !answer.contains(list) || !answer[list].is_array())
    throw tunnel::Refused{"The box's answer makes no sense: is it older than this program?"};
  std::string there;
  for (const json& row : answer[list]) {
    const std::string name =
        tcp ? std::to_string(row.value("port", 0)) : row.value("id", std::string{});
    if (name == what) co_return;
    there += (there.empty() ? "" : ", ") + name;
  }
  if (tcp)
    throw tunnel::Refused{"Port " + what + " of the box isn't open to " + line.box().persona +
                          ". An owner opens it, on the box, with: hearth service allow " + what +
                          " --persona " + line.box().persona};
  throw tunnel::Refused{"There is no app '" + what + "' on the box" +
                        (there.empty() ? "." : "; there is " + there + ".")};
}

class Running {
 public:
  Running(const Context& context, const TunnelOptions& options)
      : options_(options),
        boxes_(boxes_of(options.box)),
        voice_(context.json),
        signals_(machine_.io, SIGINT, SIGTERM) {}

  int run() {
    tunnel::Box box = find_box(boxes_, options_.box.name);
    if (options_.tcp && !parse_port(options_.what, 1))
      throw Failure{2, "--tcp takes a port of the box, from 1 to 65535."};
    // Taken before anything else: two of them can't have it, and the browser keeps by port.
    auto options = machine_.options();
    options.patience = first_patience;
    line_.emplace(options, std::move(box), events());
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) end(0);
    });
    asio::co_spawn(machine_.io, start(), asio::detached);
    machine_.io.run();
    if (failure_) throw Failure{*failure_};
    return exit_code_;
  }

 private:
  tunnel::LineEvents events() {
    return {.on_connected =
                [this](const std::string& transport) {
                  transport_ = transport;
                  if (lost_)
                    voice_.say("Connected again (" + transport + ").", "connected", transport);
                  lost_ = false;
                },
            .on_lost =
                [this](const std::string& why) {
                  // Who waits for a tunnel to open wants to know; once it is, it waits for the box.
                  if (!door_) return fail({3, "The box can't be reached: " + why + "."});
                  lost_ = true;
                  voice_.say("The box can't be reached (" + why + "); trying again.", "lost", why);
                },
            .on_refused = [this](const std::string& why) { fail({1, why}); },
            .on_learned = [this](const tunnel::Box& box) { boxes_.save(box); }};
  }

  loop::Task<void> start() {
    std::optional<Failure> failed;
    try {
      co_await check(*line_, options_.tcp, options_.what);
      open_door();
    } catch (const Failure& error) {
      failed = error;
    } catch (const tunnel::Refused& error) {
      failed = Failure{1, error.what()};
    } catch (const tunnel::Unreachable&) {
      failed = Failure{3, "The box can't be reached."};
    } catch (const std::exception& error) {
      failed = Failure{3, error.what()};
    }
    if (failed) fail(*failed);
  }

  void open_door() {
    const bool at_path = options_.local.find('/') != std::string::npos;
    std::uint16_t wanted = 0;
    if (!at_path && !options_.local.empty()) {
      const auto port = parse_port(options_.local, 0);
      if (!port)
        throw Failure{2, "The local end is a port from 0 to 65535, or a socket's path with a '/'."};
      wanted = *port;
    }
    try {
      const loop::Serve serve = options_.tcp ? serve_service() : serve_app();
      const auto refused = [this] {
        voice_.complain("Another user of this machine was turned away.");
      };
      door_ = at_path
                  ? tunnel::door_on_path(machine_.io.get_executor(), options_.local, serve, refused)
                  : tunnel::door_on_port(machine_.io.get_executor(), wanted, serve, refused);
    } catch (const boost::system::system_error& error) {
      throw Failure{1, (at_path ? options_.local : "Port " + options_.local) +
                           " can't be used: " + error.code().message() + "."};
    }
    if (!options_.tcp)
      app_.emplace(*line_, tunnel::Origin{.app = options_.what, .port = door_->port()});
    greet(at_path);
  }

  /// Nothing comes in before the loop goes on, and by then app_ is there.
  loop::Serve serve_app() {
    return [this](std::unique_ptr<loop::ByteStream> stream) {
      http::Handler handler = [this](http::Request request) {
        return app_->answer(std::move(request));
      };
      return http::serve(std::move(stream), std::move(handler));
    };
  }
  loop::Serve serve_service() {
    service_.emplace(*line_, *parse_port(options_.what, 1),
                     [this](const std::string& why) { voice_.complain(why); });
    return [this](std::unique_ptr<loop::ByteStream> stream) {
      return service_->serve(std::move(stream));
    };
  }

  void greet(bool at_path) {
    const std::string address =
        at_path ? options_.local : "127.0.0.1:" + std::to_string(door_->port());
    json row{{"event", "open"},
             {"box", line_->box().name},
             {"transport", transport_},
             {"relayed", transport_ == "relayed"},
             {at_path ? "path" : "address", address}};
    std::string text = options_.tcp ? "Port " + options_.what : options_.what;
    text += " of " + line_->box().name + " is at " +
            (app_ && !at_path ? app_->origin().url() + "/" : address) + " (" + transport_ +
            "). Stop with Ctrl+C.";
    if (options_.tcp)
      row["port"] = *parse_port(options_.what, 1);
    else
      row["app"] = options_.what;
    if (app_ && !at_path) row["url"] = app_->origin().url() + "/";
    voice_.ready(text, row);
  }

  void fail(const Failure& failure) {
    failure_ = failure;
    end(failure.exit_code);
  }
  void end(int code) {
    if (std::exchange(ending_, true)) return;
    exit_code_ = code;
    door_.reset();
    asio::co_spawn(machine_.io, line_->close(),
                   [this](const std::exception_ptr&) { machine_.io.stop(); });
    patience_.emplace(machine_.io, std::chrono::seconds{2});
    patience_->async_wait([this](const boost::system::error_code&) { machine_.io.stop(); });
  }

  TunnelOptions options_;
  tunnel::Boxes boxes_;
  Voice voice_;
  Machine machine_;
  asio::signal_set signals_;
  std::optional<asio::steady_timer> patience_;
  std::optional<Line> line_;
  std::optional<AppFront> app_;
  std::optional<tunnel::ServiceFront> service_;
  std::unique_ptr<loop::Listener> door_;
  std::string transport_;
  std::optional<Failure> failure_;
  bool lost_ = false;
  bool ending_ = false;
  int exit_code_ = 0;
};

}  // namespace

int tunnel(const Context& context, const TunnelOptions& options) {
  return Running{context, options}.run();
}

}  // namespace hearth::cli
