#pragma once
// An OCI runtime behind four verbs: runc, or a fake in tests.

#include <string>
#include <vector>

#include <sys/types.h>

namespace hearth::sandbox {

class Runtime {
 public:
  virtual ~Runtime() = default;
  /// Makes the container of `bundle` (a directory with config.json and rootfs), stopped before its
  /// program. Its standard output and error go to `output`. Its first process, in our pid
  /// namespace. Throws Trouble.
  virtual pid_t create(const std::string& name, const std::string& bundle, int output) = 0;
  /// Lets it run. Throws Trouble.
  virtual void start(const std::string& name) = 0;
  /// Kills whatever is in it and forgets it; fine when it isn't there. Throws Trouble when it can't
  /// be removed.
  virtual void remove(const std::string& name) = 0;
  /// Empty when it can be used; else why not, in words.
  [[nodiscard]] virtual std::string why_not() const = 0;
};

class Runc final : public Runtime {
 public:
  /// `program` is runc's path; `state` a directory of root's alone.
  Runc(std::string program, std::string state)
      : program_(std::move(program)), state_(std::move(state)) {}

  pid_t create(const std::string& name, const std::string& bundle, int output) override;
  void start(const std::string& name) override;
  void remove(const std::string& name) override;
  [[nodiscard]] std::string why_not() const override;

 private:
  void run(const std::vector<std::string>& arguments, int output) const;

  std::string program_;
  std::string state_;
};

}  // namespace hearth::sandbox
