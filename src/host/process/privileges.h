#pragma once
// From root to an ordinary user, for good: before the first socket to the network is opened.

#include <optional>
#include <string>

#include <sys/types.h>

namespace hearth::process {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  bool fallback =
      false;  ///< the user asked for doesn't exist; this is an unprivileged uid in its place
};

[[nodiscard]] bool is_root();

/// The account of `user`; where there is none, uid and gid 64999, which nobody has.
[[nodiscard]] Account account_of(const std::string& user);

/// Becomes `account`: no supplementary groups, no capabilities in any set, no_new_privs. Throws
/// std::system_error when any of it fails or could be undone.
void become(const Account& account);

/// Makes `directory` (0700) if it isn't there and gives it and everything in it but `apps` to
/// `account`, without following links. For root, before `become`. Throws std::system_error.
void hand_over(const std::string& directory, const Account& account);

}  // namespace hearth::process
