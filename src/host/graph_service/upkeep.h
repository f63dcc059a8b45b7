#pragma once
// A space looks after itself: checkpoints of what came, space taken back below them, what became
// stale written anew, what was loaded proved. What takes long reads a copy of the store; what
// changes the space is done in steps, each whole with one commit, so that others' turns come
// between and a crash leaves what was before or after.
//
//   auto upkeep = Upkeep::begin(spaces, space, Upkeep::Wanted::what_is_due, now);
//   spaces.commit();                                  // and sync: what is signed must be durable
//   upkeep->look(directory / upkeep_copy_name, stopping);       // on another thread
//   while (*upkeep->step(spaces, now)) …                        // turn by turn
//   upkeep->compact(stopping);                                  // on another thread

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <hearth/graph_service/spaces.h>

namespace hearth::graph_service {

inline constexpr std::string_view upkeep_copy_name = "looking-after";

/// What a space's next upkeep depends on.
struct Outlook {
  bool is_keeper = false;     ///< this appliance signs its checkpoints
  std::uint64_t updates = 0;  ///< since the last checkpoint, or of all
  std::uint64_t bytes = 0;    ///< of their bodies
  std::uint64_t number = 0;   ///< of the last checkpoint; 0: none
  Timestamp checkpoint;       ///< when it was made
  bool wants_checkpoint = false;
  bool wants_reclaim = false;
  bool wants_proof = false;
  bool wants_rewriting = false;
  std::optional<Timestamp> next;  ///< the next checkpoint, at the latest
  [[nodiscard]] bool wants_anything() const {
    return wants_checkpoint || wants_reclaim || wants_proof || wants_rewriting;
  }
};

/// One space's, once. It may be given up between any two calls.
class Upkeep {
 public:
  enum class Wanted : std::uint8_t {
    what_is_due,
    all_that_helps,  ///< somebody asks for it
  };
  /// What was done, as it grows.
  struct Done {
    std::uint64_t checkpoint = 0;  ///< its number; 0: none was made
    bool proved = false;
    std::uint64_t updates = 0;  ///< taken out of the log
    std::uint64_t bytes = 0;    ///< about
    std::uint64_t rewritten = 0;
    std::chrono::microseconds longest_step{0};
  };

  /// On the graph's thread, where the space can be read. Looks at the log where something changed
  /// since it last did.
  [[nodiscard]] static Outlook outlook(Spaces& spaces, Space& space, Wanted wanted, Timestamp now);
  /// On the graph's thread. Nothing: there is nothing to do.
  [[nodiscard]] static std::optional<Upkeep> begin(Spaces& spaces, Space& space, Wanted wanted,
                                                   Timestamp now);
  /// On any thread but the graph's, once what was committed before begin() is synced. Fails where
  /// the disk does, where the space is damaged, and soon after `stopping` is set.
  [[nodiscard]] Result<Unit, ApiError> look(const std::filesystem::path& directory,
                                            const std::atomic<bool>& stopping);
  /// On the graph's thread: some milliseconds of work, and its commit. True: there is more to do.
  /// conflict: the space changed so much meanwhile that it has to be looked at again.
  [[nodiscard]] Result<bool, ApiError> step(Spaces& spaces, Timestamp now);
  /// On the graph's thread: why look() or step() failed, for whoever asks how it went.
  void note_failure(Spaces& spaces, const ApiError& error) const;
  /// On any thread: gives the disk back what was taken out. Beside all else; ends soon after
  /// `stopping` is set.
  void compact(const std::atomic<bool>& stopping);

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Done& done() const { return done_; }

 private:
  Upkeep() = default;
  [[nodiscard]] Result<bool, ApiError> take_step(Spaces& spaces, Space& space, Timestamp now);
  [[nodiscard]] Result<Unit, ApiError> take_checkpoint(Spaces& spaces, Space& space);
  [[nodiscard]] Result<Unit, ApiError> take_out(Spaces& spaces, Space& space);

  UpkeepOptions options_;
  std::shared_ptr<graph_rocks::RocksStore> store_;
  std::uint32_t number_ = 0;
  std::uint64_t generation_ = 0;
  model::SpaceId id_;
  std::string name_;
  Timestamp now_;
  Outlook outlook_;
  std::optional<crypto::Ed25519PrivateKey> home_;

  std::optional<Bytes> checkpoint_;
  std::optional<model::CheckpointId> proof_;
  replica::Spare spare_;
  bool was_searched_ = false;  // for what may go
  std::size_t next_spare_ = 0;
  bool has_rewritten_ = false;
  Done done_;
};

}  // namespace hearth::graph_service
