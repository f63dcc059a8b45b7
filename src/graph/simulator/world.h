#pragma once
// The machines of one space, the links between them, and what befalls both.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <hearth/simulator/machine.h>
#include <hearth/simulator/people.h>
#include <hearth/simulator/run.h>
#include <hearth/simulator/simulator.h>
#include <hearth/simulator/villain.h>

namespace hearth::simulator {

class World {
 public:
  explicit World(const Options& options);
  /// Lives through the steps, heals everything, and looks at what is left.
  [[nodiscard]] Outcome live();

 private:
  // What may happen in this run at all: not everything in each, so that everything is seen with and
  // without everything else.
  struct Weather {
    std::size_t loss, duplication, delays, damage;  // of 1000 packets
    bool partitions, crashes, full_disks, broken_disks, rot, skew, villain, members, takeovers,
        checkpoints, clones, leaps, joins, reclaims;
  };

  // world.cpp
  void found();
  void join();
  void after(std::int64_t ms, std::function<void()> what);
  void pass_until(std::int64_t time_ms);
  void send(std::size_t from, std::size_t to, Parcel parcel);
  void receive(std::size_t to, const Parcel& parcel);
  void gossip(std::size_t from);
  void meet(std::size_t from, std::size_t to);
  void start(std::size_t machine);
  void flush(std::size_t machine);
  void plan_flush(std::size_t machine);
  [[nodiscard]] bool is_linked(std::size_t a, std::size_t b) const;
  [[nodiscard]] Machine* any_up();

  // mishaps.cpp
  void act();
  void edit();
  void crash();
  void fill_disk();
  void break_disk();
  void rot();
  void divide();
  void skew();
  void be_hostile();
  void change_members();
  void take_over();
  void name_branches(Machine& home);
  void checkpoint();
  void leap();
  void reclaim();
  void write_anew();
  void back_up();
  void restore();
  [[nodiscard]] update::MemberChange any_change(Machine& home);
  [[nodiscard]] update::Position any_position(Machine& home, const model::AuthorKey& author);

  // settling.cpp
  void settle();
  void heal();
  void meet_all();
  void renew();
  void note_state(std::string_view whose, replica::Replica& replica);
  void check_convergence();
  void check_reopened();
  void check_new_replica();
  void check_loading();
  void check_against_rules();
  void check_values(const class Judge& judge, Machine& machine);
  void check_forks();
  void check_stores();
  void check_signatures();
  [[nodiscard]] std::vector<Letter> letters_of(Machine& machine);
  // What anybody has or had, and was let go since.
  [[nodiscard]] std::vector<Letter> all_letters();

  Options options_;
  Run run_;
  Weather weather_{};
  std::vector<std::unique_ptr<Persona>> people_;  // the first is the owner
  model::SpaceId space_;
  Bytes founding_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::optional<Villain> villain_;
  std::multimap<std::int64_t, std::function<void()>> agenda_;
  std::vector<std::size_t> islands_;  // of each machine
  std::set<std::size_t> flushing_;    // machines whose flush is planned
  std::vector<Machine::Backup> backups_;
  std::vector<std::size_t> backed_up_;   // whose they are
  std::set<model::AuthorKey> careless_;  // may have forked
  std::int64_t latest_checkpoint_ms_ = 0;
  bool has_archive_ = false;  // the first machine lets nothing go
  Timestamp end_;
  Bytes state_;
};

}  // namespace hearth::simulator
