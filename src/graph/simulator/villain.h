#pragma once
// Whoever doesn't play by the rules: members with programs of their own, and strangers.

#include <cstdint>
#include <vector>

#include <hearth/simulator/machine.h>
#include <hearth/simulator/people.h>
#include <hearth/simulator/run.h>

namespace hearth::simulator {

class Villain {
 public:
  /// The personas are members of the space, or were.
  Villain(Run& run, const model::SpaceId& space, const std::vector<const Persona*>& insiders);

  /// Something to send; `seen` is what a machine knows. It may be several parcels, for different
  /// machines.
  [[nodiscard]] std::vector<Parcel> act(const replica::Replica& seen);
  /// Authors who forked, or might have.
  [[nodiscard]] const std::vector<model::AuthorKey>& authors() const { return authors_; }

 private:
  // A log written by a program of its own.
  struct Made {
    std::uint64_t seq;
    model::UpdateId id;
    std::uint64_t bytes;
  };
  struct Hand {
    Device device;
    std::vector<Made> made;
  };
  struct Wish {
    const Made* parent = nullptr;
    std::optional<Bytes> body;
    std::optional<model::Stamp> stamp;
    std::optional<model::EntryId> membership;
    std::uint64_t too_many_bytes = 0;
  };

  Hand& any_hand();
  Hand new_stranger();
  const Made* last_of(const Hand& hand) const;
  model::EntryId any_entry(const replica::Replica& seen);
  Bytes body_of(const Device& device, std::optional<model::Stamp> stamp);
  LetterPtr make(Hand& hand, const replica::Replica& seen, const Wish& wish);
  static Parcel alone(LetterPtr letter);

  [[nodiscard]] std::vector<Parcel> fork(const replica::Replica& seen);
  [[nodiscard]] Parcel bad_body(const replica::Replica& seen);
  [[nodiscard]] Parcel bad_time(const replica::Replica& seen);
  [[nodiscard]] Parcel bad_signature(const replica::Replica& seen);
  [[nodiscard]] Parcel bad_space(const replica::Replica& seen);
  [[nodiscard]] Parcel bad_certificate(const replica::Replica& seen);
  [[nodiscard]] Parcel out_of_nowhere(const replica::Replica& seen);
  [[nodiscard]] Parcel rubbish_of_strangers(const replica::Replica& seen);
  [[nodiscard]] Parcel bad_entry(const replica::Replica& seen);
  [[nodiscard]] Parcel bad_checkpoint(const replica::Replica& seen);

  Run& run_;
  model::SpaceId space_;
  std::vector<Hand> hands_;
  std::vector<model::AuthorKey> authors_;
  std::vector<const Persona*> insiders_;
};

}  // namespace hearth::simulator
