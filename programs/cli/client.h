#pragma once
// The command line's way to the appliance: HTTP over its control socket.

#include <functional>
#include <istream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace hearth::cli {

/// Why a command can't go on; `exit_code` is 1 when the appliance refused, 3 when it can't be
/// reached.
struct Failure : std::runtime_error {
  Failure(int code, const std::string& message) : std::runtime_error(message), exit_code(code) {}
  int exit_code;
};

class Client {
 public:
  explicit Client(std::string data_dir) : data_dir_(std::move(data_dir)) {}

  /// The answer's JSON; null for an empty one. Throws Failure.
  nlohmann::json call(const std::string& method, const std::string& path,
                      const nlohmann::json& body = nullptr) const;
  /// GET: what comes, as it comes. Throws Failure.
  void download(const std::string& path,
                const std::function<void(std::string_view chunk)>& take) const;
  /// POST: all of `from`; the answer's JSON. Throws Failure.
  nlohmann::json upload(const std::string& path, std::istream& from) const;
  [[nodiscard]] const std::string& data_dir() const { return data_dir_; }

 private:
  std::string data_dir_;
};

}  // namespace hearth::cli
