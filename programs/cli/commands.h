#pragma once
// The commands of `hearth`: each returns an exit code, or throws Failure.

#include <cstdint>
#include <string>
#include <vector>

#include "client.h"

namespace hearth::cli {

struct Context {
  Client client;
  bool json = false;
};

int status(const Context& context);

/// The persona a person means: by name, or by id.
nlohmann::json find_persona(const Context& context, const std::string& name);

struct PersonaOptions {
  std::string name;
  std::string display_name;
  std::string role = "member";
};
int persona_add(const Context& context, const PersonaOptions& options);
int persona_list(const Context& context);
int persona_passwd(const Context& context, const std::string& name);
int persona_remove(const Context& context, const std::string& name);

int device_list(const Context& context);
int device_revoke(const Context& context, const std::string& device);
/// `persona` may be empty when there is one alone.
int pair(const Context& context, const std::string& persona, const std::string& device_name);

struct OpenOptions {
  std::string name;
  std::string flock;  ///< multiaddr or HOST:PORT; empty: the first that this machine's box is in
  std::string shell;  ///< directory of the shell's files; empty: beside the program
  std::string boot;   ///< and of the apps' boot page
  /// Always the same, so that the browser finds the keys it kept for this origin.
  std::uint16_t port = 8430;
};
/// Serves the shell on loopback until SIGINT or SIGTERM.
int open_name(const Context& context, const OpenOptions& options);

int recovery_show(const Context& context);
int recovery_confirm(const Context& context);
/// Another host key, certified by the root.
int host_rotate(const Context& context);

int flock_join(const Context& context, const std::string& address, const std::string& name);
int flock_list(const Context& context);
/// Compares the pages that the flocks serve with the box's own; 1 when one serves others.
int flock_probe(const Context& context);
int flock_leave(const Context& context, const std::string& flock);

int doctor(const Context& context);

/// Of the store behind /gun, while hearthd doesn't run.
int graph_import_gun(const Context& context, const std::string& data_dir,
                     const std::string& radata);
/// While hearthd runs, of its signed spaces (`space`: of one); else of the store behind /gun.
int graph_verify(const Context& context, const std::string& data_dir, const std::string& space);
int graph_backup(const Context& context, const std::string& data_dir, const std::string& target);

struct BenchOptions {
  enum class Gun : std::uint8_t { when_possible, always, never };
  bool quick = false;
  Gun gun = Gun::when_possible;  ///< whether npm gun's relay is measured, too
  std::string only;              ///< parts of that, with commas; empty: all
  std::string directory;         ///< on the disk in question; empty: where temporary files go
};
int graph_bench(const Context& context, const BenchOptions& options);

}  // namespace hearth::cli
