// The recovery kit: shown while the root's key is on the box, wiped once it is saved elsewhere; and
// what takes the root's key: another host key.

#include <set>

#include "fields.h"
#include "handlers.h"
#include <hearth/codec/base64.h>
#include <hearth/identity/recovery.h>

namespace hearth::appliance {
namespace {

Failure<ApiError> already_saved() {
  return refuse(ErrorCode::conflict, "The recovery kit was saved: the box doesn't know the words.");
}

/// The root's key: the box's own, or out of the words that the owner saved.
Result<crypto::Ed25519PrivateKey, ApiError> root_key(const State& state, const Call& call) {
  if (state.keys().root_key_is_here()) return state.keys().root_key()->clone();
  if (!call.body.contains("words"))
    return refuse(ErrorCode::wrong_code, "The 24 words of the recovery kit are needed.");
  HEARTH_TRY(std::string words, text_field(call.body, "words", 512));
  const auto seed = identity::seed_from_words(words);
  crypto::wipe(std::as_writable_bytes(std::span{words}));
  if (!seed) return refuse(ErrorCode::wrong_code, "These aren't the 24 words. Look again.");
  auto key = crypto::Ed25519PrivateKey::from_seed(seed->bytes());
  if (!key || identity::RootId{key->public_key()} != state.root())
    return refuse(ErrorCode::wrong_code, "These are the words of another box.");
  return std::move(*key);
}

}  // namespace

Answered get_recovery(State& state, const Call&) {
  return Answer{.body = {{"state", state.keys().root_key_is_here() ? "on_box" : "saved"}}};
}

Answered reveal_recovery(State& state, const Call&) {
  const auto words = state.keys().recovery_words();
  if (!words) return already_saved();
  state.options.log.info("recovery.revealed");
  nlohmann::json list = nlohmann::json::array();
  for (const std::string_view word : *words) list.push_back(word);
  return Answer{.body = {{"words", std::move(list)}}};
}

Answered confirm_recovery(State& state, const Call& call) {
  const auto words = state.keys().recovery_words();
  if (!words) return already_saved();
  const auto given = call.body.find("words");
  if (given == call.body.end() || !given->is_array() || given->size() > words->size())
    return bad_field("words");
  std::set<std::uint64_t> shown;
  for (const auto& each : *given) {
    if (!each.is_object()) return bad_field("words");
    const auto index = each.find("index");
    if (index == each.end() || !index->is_number_unsigned()) return bad_field("index");
    const auto at = index->get<std::uint64_t>();
    HEARTH_TRY(const std::string word, text_field(each, "word", 16));
    if (at >= words->size()) return bad_field("index");
    if ((*words)[at] != word)
      return refuse(ErrorCode::wrong_code, "A word is wrong. Look at what you saved.");
    shown.insert(at);
  }
  if (shown.size() < 2) return bad_field("words");
  state.keys().forget_root_key();
  state.options.log.info("recovery.saved");
  return Answer{.status = 204};
}

Answered rotate_host_key(State& state, const Call& call) {
  HEARTH_TRY(const auto root, root_key(state, call));
  const std::string before = state.keys().peer_id().to_string();
  state.keys().rotate_host_key(root, state.entropy(), state.wall());
  const identity::HostCertificate& certificate = state.keys().certificate();
  const std::string after = certificate.peer_id.to_string();
  state.options.log.info("host.rotated",
                         {{"from", before}, {"to", after}, {"epoch", certificate.epoch}});
  state.changed("devices");  // the appliance is another, and has no certificate yet
  if (state.events.on_host_key_rotated) state.events.on_host_key_rotated();
  return Answer{
      .body = {{"peer_id", after},
               {"epoch", certificate.epoch},
               {"host_certificate", codec::base64url_encode(state.keys().host_certificate())}}};
}

}  // namespace hearth::appliance
