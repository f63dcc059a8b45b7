#pragma once
// Looks at SEA's signatures on threads of their own, so that whoever sends many keeps nobody else
// waiting.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <hearth/gun/sea.h>

namespace hearth::gun_service {

class SignatureChecker {
 public:
  using Frames = std::shared_ptr<const std::vector<std::string>>;
  using Done = std::function<void(std::vector<gun::Checked>)>;

  /// What is found is said on `executor`.
  SignatureChecker(boost::asio::any_io_executor executor, std::size_t threads);
  /// Drops what isn't done; nothing is said any more.
  ~SignatureChecker();
  SignatureChecker(const SignatureChecker&) = delete;
  SignatureChecker& operator=(const SignatureChecker&) = delete;

  /// Those who ask take turns, a few signatures each. `now_ms` is milliseconds since 1970.
  void check(Frames frames, double now_ms, Done done);
  /// Of all frames that aren't done.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::gun_service
