#include <algorithm>

#include <hearth/ice/check_list.h>

namespace hearth::ice {

std::uint32_t candidate_priority(sdp::CandidateType type, std::uint16_t preference) {
  std::uint32_t of_type = 0;
  switch (type) {
    case sdp::CandidateType::host:
      of_type = 126;
      break;
    case sdp::CandidateType::peer_reflexive:
      of_type = 110;
      break;
    case sdp::CandidateType::server_reflexive:
      of_type = 100;
      break;
    case sdp::CandidateType::relayed:
      break;
  }
  return (of_type << 24) | (std::uint32_t{preference} << 8) | 255;
}

std::uint64_t pair_priority(Role role, std::uint32_t local, std::uint32_t remote) {
  const std::uint64_t g = role == Role::controlling ? local : remote;
  const std::uint64_t d = role == Role::controlling ? remote : local;
  return (std::min(g, d) << 32) + 2 * std::max(g, d) + (g > d ? 1 : 0);
}

std::optional<std::size_t> CheckList::find(std::size_t base, std::size_t remote) const {
  for (std::size_t i = 0; i < pairs_.size(); ++i)
    if (pairs_[i].base == base && pairs_[i].remote == remote) return i;
  return std::nullopt;
}

std::optional<std::size_t> CheckList::add(std::size_t base, std::size_t remote,
                                          std::uint64_t priority, PairOrigin origin) {
  const Pair pair{.base = base, .remote = remote, .priority = priority};
  if (pairs_.size() < max_pairs_) {
    pairs_.push_back(pair);
    return pairs_.size() - 1;
  }
  const auto least = [this](PairState state) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      if (pairs_[i].state == state && !pairs_[i].triggered &&
          (!found || pairs_[i].priority < pairs_[*found].priority))
        found = i;
    return found;
  };
  auto place = least(PairState::failed);
  if (!place) {
    place = least(PairState::waiting);
    if (!place || (origin == PairOrigin::announced && pairs_[*place].priority >= priority))
      return std::nullopt;
  }
  pairs_[*place] = pair;
  return place;
}

}  // namespace hearth::ice
