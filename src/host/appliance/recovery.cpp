// The recovery kit: shown while the root's key is on the box, wiped once it is saved elsewhere.

#include <set>

#include "fields.h"
#include "handlers.h"
#include <hearth/identity/recovery.h>

namespace hearth::appliance {
namespace {

Failure<ApiError> already_saved() {
  return refuse(ErrorCode::conflict, "The recovery kit was saved: the box doesn't know the words.");
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

}  // namespace hearth::appliance
