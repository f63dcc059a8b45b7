#pragma once
// GunDB's endpoint: WebSockets that speak to one relay over one store.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/base/entropy.h>
#include <hearth/base/log.h>
#include <hearth/budget/budget.h>
#include <hearth/gun/format.h>
#include <hearth/gun/relay.h>
#include <hearth/http/message.h>
#include <hearth/loop/system.h>

namespace hearth::gun_service {

struct ServiceOptions {
  std::filesystem::path directory;
  gun::Limits limits;
  std::uint64_t space_bytes =
      0;                     ///< what the store may take before writes are refused; 0: no bound
  budget::BudgetPtr budget;  ///< what each connection is counted in; null: nowhere
};

class Service {
 public:
  /// Opens the store. Throws std::runtime_error with a text for the operator. What is given by
  /// reference must outlive it.
  Service(boost::asio::any_io_executor executor, ServiceOptions options, loop::SystemClock& clock,
          Entropy& entropy, Log& log);
  /// Ends every connection; what was acknowledged is safe.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Answers a request for the endpoint: an upgrade to WebSocket, or says what is wanted.
  loop::Task<http::Response> answer(http::Request request, IpAddress from);

  /// A copy of all that was acknowledged, in a new directory of which the parent exists. Clients
  /// don't wait for it. What is wrong, in words; nothing when it was made.
  loop::Task<std::optional<std::string>> back_up(std::filesystem::path directory);
  struct Verified {
    gun::Verification found;
    bool can_be_read = true;  ///< every file, with its checksums
    std::chrono::milliseconds took{0};
    [[nodiscard]] bool ok() const { return can_be_read && found.damaged == 0; }
  };
  /// Reads all of it, as it is now. Clients don't wait for it. Nothing: the service ends.
  loop::Task<std::optional<Verified>> verify();

  [[nodiscard]] const gun::Counters& counters() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hearth::gun_service
