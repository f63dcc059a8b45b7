#include <hearth/local/listener.h>

namespace hearth::local {

namespace asio = boost::asio;
using loop::Listener;

namespace {

loop::ListenerOptions counting(const ListenerOptions& options) {
  loop::ListenerOptions counted;
  counted.connections = options.connections;
  counted.take_room = [sockets = options.sockets]() -> std::shared_ptr<void> {
    // Whoever is on this machine is as good as enrolled, until they say who they are.
    auto claim = budget::Claim::take(sockets, 1, budget::Standing::enrolled);
    return claim ? std::make_shared<budget::Claim>(std::move(*claim)) : nullptr;
  };
  return counted;
}

loop::Serve serving(http::Handler handler, std::shared_ptr<budget::Pool> memory) {
  return [handler = std::move(handler),
          memory = std::move(memory)](std::unique_ptr<loop::ByteStream> stream) {
    http::ServeOptions options;
    options.memory = memory;
    return http::serve(std::move(stream), handler, std::move(options));
  };
}

}  // namespace

std::unique_ptr<Listener> listen_on_tcp(asio::any_io_executor executor, const Endpoint& endpoint,
                                        http::Handler handler, ListenerOptions options) {
  return Listener::on_tcp(std::move(executor), endpoint,
                          serving(std::move(handler), options.memory), counting(options));
}

std::unique_ptr<Listener> listen_on_unix(asio::any_io_executor executor, const std::string& path,
                                         http::Handler handler, ListenerOptions options) {
  return Listener::on_unix(std::move(executor), path, serving(std::move(handler), options.memory),
                           counting(options));
}

}  // namespace hearth::local
