#include <algorithm>

#include <hearth/access/sessions.h>
#include <hearth/codec/base64.h>

namespace hearth::access {

std::string Sessions::open(const identity::DeviceId& device, Entropy& entropy, Instant now) {
  std::erase_if(entries_, [now](const auto& entry) { return now >= entry.second.expires; });
  const auto drop_oldest = [&](auto is_candidate) {
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at)
      if (is_candidate(at->second) &&
          (oldest == entries_.end() || at->second.expires < oldest->second.expires))
        oldest = at;
    entries_.erase(oldest);
  };
  const auto owned = [&](const Entry& entry) { return entry.device == device; };
  const auto count =
      std::ranges::count_if(entries_, [&](const auto& entry) { return owned(entry.second); });
  if (static_cast<std::size_t>(count) >= max_of_device)
    drop_oldest(owned);
  else if (entries_.size() >= max_in_all)
    drop_oldest([](const Entry&) { return true; });

  const auto token = entropy.array<32>();
  entries_.emplace(crypto::sha256(token), Entry{.device = device, .expires = now + lifetime});
  return codec::base64url_encode(token);
}

std::optional<identity::DeviceId> Sessions::device(std::string_view token, Instant now) const {
  const auto bytes = codec::base64url_decode(token);
  if (!bytes || bytes->size() != 32) return std::nullopt;
  const auto found = entries_.find(crypto::sha256(*bytes));
  if (found == entries_.end() || now >= found->second.expires) return std::nullopt;
  return found->second.device;
}

void Sessions::close(const identity::DeviceId& device) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.device == device; });
}

}  // namespace hearth::access
