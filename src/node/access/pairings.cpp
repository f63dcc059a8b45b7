#include <algorithm>
#include <tuple>
#include <utility>

#include <hearth/access/pairings.h>
#include <hearth/base/assert.h>

namespace hearth::access {

Result<Unit, PairingError> Pairings::open(Pairing pairing, Instant now) {
  forget_old(now);
  if (open_of(pairing.persona, now).size() >= max_open_of_persona || entries_.size() >= max_in_all)
    return Failure{PairingError::too_many};
  const auto key = pairing.key;
  entries_.insert_or_assign(key, Entry{.pairing = std::move(pairing), .expires = now + lifetime});
  return Unit{};
}

Result<const Pairing*, PairingError> Pairings::find(const crypto::Ed25519PublicKey& key,
                                                    Instant now) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return Failure{PairingError::not_found};
  if (found->second.used) return Failure{PairingError::used};
  if (now >= found->second.expires) return Failure{PairingError::expired};
  return &found->second.pairing;
}

void Pairings::use(const crypto::Ed25519PublicKey& key) {
  const auto found = entries_.find(key);
  HEARTH_ASSERT(found != entries_.end() && !found->second.used);
  found->second.used = true;
}

Result<Unit, PairingError> Pairings::close(const crypto::Ed25519PublicKey& key,
                                           const identity::PersonaId& persona, Instant now) {
  HEARTH_TRY(const Pairing* open, find(key, now));
  if (open->persona != persona) return Failure{PairingError::not_found};
  entries_.erase(key);
  return Unit{};
}

std::vector<const Pairing*> Pairings::open_of(const identity::PersonaId& persona,
                                              Instant now) const {
  std::vector<const Pairing*> open;
  for (const auto& [key, entry] : entries_)
    if (entry.pairing.persona == persona && !entry.used && now < entry.expires)
      open.push_back(&entry.pairing);
  std::ranges::sort(open, {},
                    [](const Pairing* each) { return std::tie(each->expires, each->key); });
  return open;
}

void Pairings::close_made_by(const identity::DeviceId& device) {
  std::erase_if(entries_,
                [&](const auto& entry) { return entry.second.pairing.made_by == device; });
}

void Pairings::close_all_of(const identity::PersonaId& persona) {
  std::erase_if(entries_,
                [&](const auto& entry) { return entry.second.pairing.persona == persona; });
}

void Pairings::forget_old(Instant now) {
  std::erase_if(entries_,
                [now](const auto& entry) { return now - entry.second.expires >= remembered; });
}

}  // namespace hearth::access
