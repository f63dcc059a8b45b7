#include <algorithm>
#include <string_view>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/ice/agent.h>

namespace hearth::ice {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// RFC 8445 §14.3 and RFC 8489 §6.2.1, within which the agent's own limits end it anyway.
constexpr Duration check_rto = milliseconds{500};
constexpr int max_check_sends = 7;
// A check of the peer's that meets one of ours in progress hastens ours, but not more often than
// this.
constexpr Duration hastened = milliseconds{50};
// RFC 7675 §5.1.
constexpr Duration consent_interval = seconds{5};
constexpr Duration consent_expiry = seconds{30};
// Two consent checks unanswered: a pair on which the peer is heard meanwhile is the better one (its
// NAT may have given it another port).
constexpr Duration freshness = seconds{12};
// A peer that nominates every pair at once (RFC 5245's aggressive nomination) means the best of
// them; one that nominates another pair later means the later one.
constexpr Duration nomination_burst = seconds{1};

// Splits "ours:theirs".
std::pair<std::string_view, std::string_view> split_username(std::string_view username) {
  const std::size_t colon = username.find(':');
  if (colon == std::string_view::npos) return {username, {}};
  return {username.substr(0, colon), username.substr(colon + 1)};
}

bool is_near(const IpAddress& address) {
  return address.is_private() || address.is_loopback();
}

bool may_pair(const IpAddress& a, const IpAddress& b) {
  return a.is_v4() == b.is_v4() && a.is_loopback() == b.is_loopback();
}

void earlier(std::optional<Instant>& to, std::optional<Instant> at) {
  if (at && (!to || *at < *to)) to = at;
}

}  // namespace

Agent::Agent(AgentOptions options, Entropy& entropy, Instant now)
    : options_(std::move(options)),
      entropy_(&entropy),
      role_(options_.mode == Mode::lite ? Role::controlled : options_.role),
      tie_breaker_(entropy.u64()),
      next_check_at_(now) {
  HEARTH_ASSERT(options_.pace > Duration::zero() && options_.lan_pace > Duration::zero());
  if (options_.bases.size() > max_bases) options_.bases.resize(max_bases);
  if (options_.stun_servers.size() > max_stun_servers)
    options_.stun_servers.resize(max_stun_servers);
  announced_bases_ = options_.bases.size();
  fail_at_ =
      now + (options_.mode == Mode::lite ? options_.connect_timeout : options_.signaling_timeout);

  for (std::size_t i = 0; i < announced_bases_; ++i)
    emit(GatheredCandidate{{.foundation = "h" + std::to_string(i + 1),
                            .priority = candidate_priority(CandidateType::host, preference_of(i)),
                            .endpoint = options_.bases[i],
                            .type = CandidateType::host}});
  gatherer_.emplace(Gatherer::Options{.bases = options_.bases,
                                      .servers = options_.stun_servers,
                                      .tag = options_.tag,
                                      .pace = options_.pace},
                    entropy, now);
  advance(now);
}

void Agent::set_remote_credentials(Instant now, Credentials remote) {
  if (closed_ || remote_) return;
  remote_ = std::move(remote);
  if (options_.mode == Mode::full && !selected_) fail_at_ = now + options_.connect_timeout;
  next_check_at_ = now;
  advance(now);
}

Result<Unit, AgentError> Agent::add_remote_candidate(Instant now, const Candidate& candidate) {
  if (closed_) return Failure{AgentError::closed};
  const IpAddress& address = candidate.endpoint.address;
  if (candidate.endpoint.port == 0 || address.is_unspecified() || address.is_multicast())
    return Failure{AgentError::unusable};
  for (std::size_t i = 0; i < remotes_.size(); ++i) {
    if (remotes_[i].endpoint != candidate.endpoint) continue;
    // Its check came before its announcement (RFC 8838 §11.4): what the peer says counts.
    remotes_[i] = candidate;
    for (Pair& pair : pairs_)
      if (pair.remote == i) pair.priority = priority_of(pair.base, i);
    return Unit{};
  }
  if (remotes_.size() == max_remote_candidates) return Failure{AgentError::too_many};
  remotes_.push_back(candidate);
  if (options_.mode == Mode::full) pair_remote(remotes_.size() - 1);
  advance(now);
  return Unit{};
}

void Agent::pair_remote(std::size_t remote) {
  for (std::size_t base = 0; base < announced_bases_; ++base)
    if (may_pair(options_.bases[base].address, remotes_[remote].endpoint.address))
      (void)pair_of(base, remote, PairOrigin::announced);
}

std::optional<std::size_t> Agent::pair_of(std::size_t base, std::size_t remote, PairOrigin origin) {
  if (const auto known = pairs_.find(base, remote)) return known;
  return pairs_.add(base, remote, priority_of(base, remote), origin);
}

std::uint16_t Agent::preference_of(std::size_t base) const {
  return static_cast<std::uint16_t>(65535 - base);
}

std::uint64_t Agent::priority_of(std::size_t base, std::size_t remote) const {
  return pair_priority(role_, candidate_priority(CandidateType::host, preference_of(base)),
                       remotes_[remote].priority);
}

// --- datagrams in

Result<Received, AgentError> Agent::receive(Instant now, const Endpoint& from,
                                            const Endpoint& local, BytesView datagram) {
  if (closed_) return Failure{AgentError::closed};
  const auto message = stun::Message::parse(datagram);
  if (!message) return Failure{AgentError::malformed};
  switch (message->message_class()) {
    case stun::Class::request:
      return receive_request(now, from, local, *message);
    case stun::Class::indication:
      return Received::ignored;
    case stun::Class::success:
    case stun::Class::error:
      break;
  }
  if (gatherer_ && gatherer_->receive(now, from, local, datagram)) {
    advance(now);
    return Received::response;
  }
  return receive_response(now, from, local, *message);
}

bool Agent::authenticates(const stun::Message& request) const {
  return request.has_fingerprint() && request.verify_integrity(as_bytes(options_.local.password));
}

Result<Received, AgentError> Agent::receive_request(Instant now, const Endpoint& from,
                                                    const Endpoint& local,
                                                    const stun::Message& message) {
  if (!message.username()) return Failure{AgentError::not_for_us};
  const auto [ours, theirs] = split_username(as_text(*message.username()));
  if (ours != options_.local.ufrag || (remote_ && theirs != remote_->ufrag))
    return Failure{AgentError::not_for_us};
  if (!authenticates(message)) return Failure{AgentError::unauthenticated};
  ++counters_.checks_received;

  Response response{.to = from, .local = local, .transaction = message.transaction()};
  if (const auto unknown = message.unknown_required(); !unknown.empty()) {
    response.error = stun::ErrorCode::unknown_attribute;
    std::ranges::copy(unknown, response.unknown.begin());
    response.unknown_count = unknown.size();
    respond(response);
    return Received::check;
  }
  if (!settle_roles(now, message)) {
    response.error = stun::ErrorCode::role_conflict;
    respond(response);
    return Received::check;
  }

  const auto base = base_at(local);
  const auto remote = base ? remote_at(now, from, message) : std::nullopt;
  const auto index = remote ? pair_of(*base, *remote, PairOrigin::heard) : std::nullopt;
  if (!index) return Failure{AgentError::too_many};
  respond(response);

  Pair& pair = pairs_[*index];
  const bool nominates = role_ == Role::controlled && message.use_candidate();
  if (options_.mode == Mode::lite) {
    pair.use_candidate = nominates;
    succeed(now, *index);
  } else {
    if (nominates && works(pair, now)) {
      pair.nominated_at = now;
      reselect(now);
    } else if (nominates) {
      pair.use_candidate = true;
    }
    // Of a pair that worked lately we need no proof; of one the peer moved to, we do.
    if (!works(pair, now) || now - *pair.valid_at >= consent_interval) trigger(now, *index);
  }
  advance(now);
  return Received::check;
}

// RFC 8445 §7.3.1.1.
bool Agent::settle_roles(Instant now, const stun::Message& request) {
  if (role_ == Role::controlling && request.ice_controlling()) {
    if (tie_breaker_ >= *request.ice_controlling()) return false;
    switch_role(now);
  } else if (role_ == Role::controlled && request.ice_controlled()) {
    // A lite agent can't take the other role.
    if (options_.mode == Mode::lite || tie_breaker_ < *request.ice_controlled()) return false;
    switch_role(now);
  }
  return true;
}

void Agent::switch_role(Instant now) {
  role_ = role_ == Role::controlling ? Role::controlled : Role::controlling;
  ++counters_.role_switches;
  nominate_at_.reset();
  nominating_.reset();
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    Pair& pair = pairs_[i];
    pair.priority = priority_of(pair.base, pair.remote);
    pair.use_candidate = false;
    if (pair.state != PairState::in_progress) continue;
    pair.state = PairState::waiting;  // its check spoke for the old role
    pair.send_pending = false;
    trigger(now, i);
  }
  schedule_nomination(now);
}

void Agent::respond(const Response& response) {
  if (responses_.size() == max_queued_responses) {
    ++counters_.responses_dropped;
    return;
  }
  responses_.push_back(response);
}

std::optional<std::size_t> Agent::base_at(const Endpoint& local) {
  const auto known = std::ranges::find(options_.bases, local);
  if (known != options_.bases.end()) return known - options_.bases.begin();
  if (options_.bases.size() == max_bases) return std::nullopt;
  options_.bases.push_back(local);  // an address the driver didn't name, yet it arrived there
  return options_.bases.size() - 1;
}

// RFC 8445 §7.3.1.3.
std::optional<std::size_t> Agent::remote_at(Instant now, const Endpoint& from,
                                            const stun::Message& request) {
  for (std::size_t i = 0; i < remotes_.size(); ++i)
    if (remotes_[i].endpoint == from) return i;
  if (from.port == 0) return std::nullopt;
  const bool full = remotes_.size() == max_remote_candidates;
  const auto place = full ? replaceable_remote(now) : remotes_.size();
  if (!place) return std::nullopt;
  if (!full) remotes_.emplace_back();
  ++counters_.peer_reflexive;
  remotes_[*place] = {.foundation = "p" + std::to_string(*place),
                      .priority = request.priority().value_or(1),
                      .endpoint = from,
                      .type = CandidateType::peer_reflexive};
  for (Pair& pair : pairs_)
    if (pair.remote == *place)
      pair = {.base = pair.base,
              .remote = *place,
              .priority = priority_of(pair.base, *place),
              .state = PairState::failed};
  return place;
}

// An address learned from checks at which nothing works or is being tried: where the peer was
// before its NAT moved it.
std::optional<std::size_t> Agent::replaceable_remote(Instant now) const {
  for (std::size_t i = 0; i < remotes_.size(); ++i) {
    if (remotes_[i].type != CandidateType::peer_reflexive) continue;
    const bool in_use = std::ranges::any_of(pairs_, [&](const Pair& pair) {
      return pair.remote == i &&
             (works(pair, now) || pair.triggered || pair.state == PairState::in_progress);
    });
    if (!in_use) return i;
  }
  return std::nullopt;
}

Result<Received, AgentError> Agent::receive_response(Instant now, const Endpoint& from,
                                                     const Endpoint& local,
                                                     const stun::Message& message) {
  if (!remote_) return Failure{AgentError::not_for_us};
  // RFC 8445 §7.2.5.2.1: an answer from elsewhere, or to elsewhere, doesn't count.
  const auto symmetric = [&](const Pair& pair) {
    return remotes_[pair.remote].endpoint == from && options_.bases[pair.base] == local;
  };
  const bool success = message.message_class() == stun::Class::success;

  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    Pair& pair = pairs_[i];
    if (pair.state != PairState::in_progress || pair.transaction != message.transaction()) continue;
    if (!symmetric(pair)) return Failure{AgentError::not_for_us};
    if (!message.verify_integrity(as_bytes(remote_->password)))
      return Failure{AgentError::unauthenticated};
    if (success) {
      if (!message.xor_mapped_address()) return Failure{AgentError::malformed};
      succeed(now, i);
    } else if (message.error_code() == static_cast<std::uint16_t>(stun::ErrorCode::role_conflict)) {
      if (pair.check_role == role_) switch_role(now);
      pair.state = PairState::waiting;
      trigger(now, i);
    } else {
      fail(now, i);
    }
    advance(now);
    return Received::response;
  }

  const std::size_t count = std::min(consent_.sent_count, consent_.sent.size());
  const auto sent = std::span{consent_.sent}.first(count);
  if (!selected_ || std::ranges::find(sent, message.transaction()) == sent.end())
    return Failure{AgentError::not_for_us};
  if (!symmetric(pairs_[*selected_])) return Failure{AgentError::not_for_us};
  if (!message.verify_integrity(as_bytes(remote_->password)))
    return Failure{AgentError::unauthenticated};
  if (success) pairs_[*selected_].valid_at = now;
  return Received::response;
}

// --- pairs

bool Agent::works(const Pair& pair, Instant now) {
  return pair.valid_at && now - *pair.valid_at < consent_expiry;
}

bool Agent::is_fresh(const Pair& pair, Instant now) {
  return pair.valid_at && now - *pair.valid_at < freshness;
}

// RFC 8445 §7.3.1.4.
void Agent::trigger(Instant now, std::size_t index) {
  Pair& pair = pairs_[index];
  if (pair.triggered) return;
  if (pair.state == PairState::in_progress) {
    pair.next_send = std::min(pair.next_send, std::max(now, pair.last_sent + hastened));
    return;
  }
  pair.state = PairState::waiting;
  pair.triggered = true;
  triggered_.push_back(index);
}

void Agent::start_check(Instant now, Pair& pair) {
  pair.state = PairState::in_progress;
  pair.transaction = make_transaction(options_.tag, *entropy_);
  pair.check_role = role_;
  pair.check_nominates = role_ == Role::controlling && pair.use_candidate;
  pair.sends = 1;
  pair.send_pending = true;
  pair.last_sent = now;
  pair.next_send = now + check_rto;
}

void Agent::succeed(Instant now, std::size_t index) {
  Pair& pair = pairs_[index];
  pair.state = PairState::succeeded;
  pair.send_pending = false;
  pair.valid_at = now;
  fail_at_.reset();
  if (role_ == Role::controlled ? pair.use_candidate : pair.check_nominates) {
    pair.nominated_at = now;
    if (nominating_ == index) nominating_.reset();
    nominate_at_.reset();
  }
  pair.use_candidate = false;
  reselect(now);
}

void Agent::fail(Instant now, std::size_t index) {
  Pair& pair = pairs_[index];
  pair.state = PairState::failed;
  pair.send_pending = false;
  pair.use_candidate = false;
  pair.valid_at.reset();
  pair.nominated_at.reset();
  if (nominating_ == index) {
    nominating_.reset();
    nominate_at_ = now;  // the next best, if there is one
  }
  if (selected_ == index) reselect(now);
}

// Its check went unanswered, or isn't worth repeating.
void Agent::give_up(Instant now, std::size_t index) {
  Pair& pair = pairs_[index];
  if (!works(pair, now)) return fail(now, index);
  pair.state = PairState::succeeded;  // the last proof still counts, until consent expires
  pair.send_pending = false;
  if (nominating_ == index) nominating_.reset();
  schedule_nomination(now);
}

void Agent::reselect(Instant now) {
  const bool any_fresh =
      std::ranges::any_of(pairs_, [&](const Pair& p) { return is_fresh(p, now); });
  const auto usable = any_fresh ? is_fresh : works;
  std::optional<Instant> latest;
  for (const Pair& pair : pairs_)
    if (usable(pair, now) && pair.nominated_at && (!latest || *pair.nominated_at > *latest))
      latest = pair.nominated_at;
  const auto best = pairs_.best([&](const Pair& pair) {
    return usable(pair, now) &&
           (!latest || (pair.nominated_at && *latest - *pair.nominated_at < nomination_burst));
  });
  nominated_ = latest.has_value();
  if (!best) {
    lost_ = lost_ || selected_;
    selected_.reset();
    selected_pair_.reset();
    return;
  }
  if (selected_ != best) {
    selected_ = best;
    consent_ = {};
    // RFC 7675 §5.1: between 0.8 and 1.2 of the interval, so that sessions don't beat in time.
    consent_.next = now + consent_interval * (800 + static_cast<int>(entropy_->u64() % 401)) / 1000;
  }
  const SelectedPair chosen{.local = options_.bases[pairs_[*best].base],
                            .remote = remotes_[pairs_[*best].remote].endpoint,
                            .nominated = nominated_};
  if (selected_pair_ != chosen) {
    selected_pair_ = chosen;
    emit(chosen);
  }
  schedule_nomination(now);
}

void Agent::schedule_nomination(Instant now) {
  if (role_ != Role::controlling || nominated_ || nominating_ || !selected_) return;
  const auto better = pairs_.best([&](const Pair& pair) {
    return pair.priority > pairs_[*selected_].priority && pair.state != PairState::failed;
  });
  earlier(nominate_at_, better ? now + options_.nomination_wait : now);
}

// --- time

void Agent::advance(Instant now) {
  if (closed_) return;
  gather(now);
  if (options_.mode == Mode::full && remote_) {
    run_checks(now);
    run_nomination(now);
  }
  run_consent(now);
  if (lost_) {
    finish(ConsentLost{});
  } else if (fail_at_ && now >= *fail_at_) {
    finish(Failed{});
  }
}

void Agent::gather(Instant now) {
  if (!gatherer_) return;
  gatherer_->advance(now);
  while (const auto found = gatherer_->poll_reflexive()) {
    const bool known = std::ranges::any_of(reflexive_, [&](const Gatherer::Reflexive& r) {
      return r.endpoint == found->endpoint && r.base == found->base;
    });
    // RFC 8445 §5.1.3: without a NAT it is the host candidate again.
    if (known || found->endpoint == found->base || found->endpoint.port == 0) continue;
    reflexive_.push_back(*found);
    const auto base = static_cast<std::size_t>(std::ranges::find(options_.bases, found->base) -
                                               options_.bases.begin());
    emit(GatheredCandidate{
        {.foundation = "s" + std::to_string(base + 1),
         .priority = candidate_priority(CandidateType::server_reflexive, preference_of(base)),
         .endpoint = found->endpoint,
         .type = CandidateType::server_reflexive,
         .related = found->base}});
  }
  if (gatherer_->done()) {
    gatherer_.reset();
    emit(GatheringDone{});
  }
}

// The next pair to begin a check on: triggered ones first (RFC 8445 §6.1.4.2).
std::optional<std::size_t> Agent::next_check() const {
  if (!triggered_.empty()) return triggered_.front();
  if (nominated_) return std::nullopt;
  return pairs_.best([](const Pair& pair) { return pair.state == PairState::waiting; });
}

void Agent::run_checks(Instant now) {
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    Pair& pair = pairs_[i];
    if (pair.state != PairState::in_progress || now < pair.next_send) continue;
    // RFC 8445 §8.1.2: once nominated, the others are let go.
    const bool wanted = pair.check_nominates || pair.use_candidate || selected_ == i;
    if (pair.sends == max_check_sends || (nominated_ && !wanted)) {
      give_up(now, i);
      continue;
    }
    ++pair.sends;
    pair.send_pending = true;
    pair.last_sent = now;
    pair.next_send = now + check_rto * (1 << (pair.sends - 1));
  }
  if (now < next_check_at_) return;
  const auto index = next_check();
  if (!index) return;
  Pair& pair = pairs_[*index];
  const bool near = pair.triggered || is_near(remotes_[pair.remote].endpoint.address);
  if (pair.triggered) {
    triggered_.pop_front();
    pair.triggered = false;
  }
  start_check(now, pair);
  next_check_at_ = now + (near ? options_.lan_pace : options_.pace);
}

// RFC 8445 §8.1.1: regular nomination, of the best pair that works when the wait is over.
void Agent::run_nomination(Instant now) {
  if (!nominate_at_ || now < *nominate_at_) return;
  nominate_at_.reset();
  if (role_ != Role::controlling || nominated_) return;
  // Even one whose proof is being renewed: its new check both proves and nominates.
  const auto best = pairs_.best([&](const Pair& pair) { return works(pair, now); });
  if (!best) return;
  nominating_ = best;
  pairs_[*best].use_candidate = true;
  start_check(now, pairs_[*best]);
}

void Agent::run_consent(Instant now) {
  if (!selected_) return;
  if (!works(pairs_[*selected_], now)) {
    fail(now, *selected_);
    if (!selected_) return;
  } else if (!is_fresh(pairs_[*selected_], now)) {
    reselect(now);
  }
  if (options_.mode == Mode::lite || now < consent_.next) return;
  consent_.sent[consent_.sent_count++ % consent_.sent.size()] =
      make_transaction(options_.tag, *entropy_);
  consent_.send_pending = true;
  consent_.next = now + consent_interval * (800 + static_cast<int>(entropy_->u64() % 401)) / 1000;
}

std::optional<Instant> Agent::deadline() const {
  if (closed_) return std::nullopt;
  std::optional<Instant> next = fail_at_;
  if (gatherer_) earlier(next, gatherer_->deadline());
  if (options_.mode == Mode::full && remote_) {
    if (next_check()) earlier(next, next_check_at_);
    for (const Pair& pair : pairs_)
      if (pair.state == PairState::in_progress) earlier(next, pair.next_send);
    earlier(next, nominate_at_);
  }
  if (selected_) {
    earlier(next, *pairs_[*selected_].valid_at + consent_expiry);
    if (options_.mode == Mode::full) earlier(next, consent_.next);
  }
  return next;
}

void Agent::emit(AgentEvent event) {
  if (std::holds_alternative<SelectedPair>(event) && !events_.empty() &&
      std::holds_alternative<SelectedPair>(events_.back()))
    events_.pop_back();  // nobody saw it: only the newest counts
  events_.push_back(std::move(event));
}

void Agent::finish(AgentEvent event) {
  closed_ = true;
  remotes_.clear();
  pairs_.clear();
  triggered_.clear();
  responses_.clear();
  gatherer_.reset();
  reflexive_.clear();
  selected_.reset();
  selected_pair_.reset();
  nominating_.reset();
  events_.clear();  // what they announced is over
  events_.push_back(std::move(event));
}

std::size_t Agent::table_size() const {
  return remotes_.size() + pairs_.size() + triggered_.size() + responses_.size() +
         reflexive_.size() + events_.size() + (gatherer_ ? gatherer_->table_size() : 0);
}

std::optional<AgentEvent> Agent::poll_event() {
  if (events_.empty()) return std::nullopt;
  AgentEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

// --- datagrams out

std::size_t Agent::write_check(const Pair& pair, const stun::TransactionId& transaction,
                               bool nominates, MutableBytes out) const {
  stun::MessageWriter writer{out, stun::Class::request, transaction};
  // RFC 8445 §7.1.1: the priority that we would have as a candidate learned from this check.
  writer.username(remote_->ufrag, options_.local.ufrag)
      .priority(candidate_priority(CandidateType::peer_reflexive, preference_of(pair.base)));
  if (role_ == Role::controlling) {
    writer.ice_controlling(tie_breaker_);
  } else {
    writer.ice_controlled(tie_breaker_);
  }
  if (nominates) writer.use_candidate();
  const auto size = writer.integrity(as_bytes(remote_->password)).fingerprint().finish();
  HEARTH_ASSERT(size);
  return *size;
}

std::optional<Transmit> Agent::poll_transmit(MutableBytes out) {
  HEARTH_ASSERT(out.size() >= max_transmit_size);
  if (!responses_.empty()) {
    const Response response = responses_.front();
    responses_.pop_front();
    stun::MessageWriter writer{out, response.error ? stun::Class::error : stun::Class::success,
                               response.transaction};
    if (response.error) {
      writer.error_code(*response.error);
      if (response.unknown_count != 0)
        writer.unknown_attributes(std::span{response.unknown}.first(response.unknown_count));
    } else {
      writer.xor_mapped_address(response.to);
    }
    const auto size = writer.integrity(as_bytes(options_.local.password)).fingerprint().finish();
    HEARTH_ASSERT(size);
    return Transmit{response.to, response.local, *size};
  }
  for (Pair& pair : pairs_) {
    if (!pair.send_pending) continue;
    pair.send_pending = false;
    ++counters_.checks_sent;
    return Transmit{remotes_[pair.remote].endpoint, options_.bases[pair.base],
                    write_check(pair, pair.transaction, pair.check_nominates, out)};
  }
  if (selected_ && consent_.send_pending) {
    consent_.send_pending = false;
    ++counters_.consent_checks_sent;
    const Pair& pair = pairs_[*selected_];
    const auto& transaction = consent_.sent[(consent_.sent_count - 1) % consent_.sent.size()];
    return Transmit{remotes_[pair.remote].endpoint, options_.bases[pair.base],
                    write_check(pair, transaction, false, out)};
  }
  if (gatherer_)
    if (const auto sent = gatherer_->poll_transmit(out))
      return Transmit{sent->to, sent->local, sent->size};
  return std::nullopt;
}

}  // namespace hearth::ice
