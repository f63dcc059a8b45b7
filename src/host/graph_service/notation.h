#pragma once
// The graph in JSON (docs/protocol/graph-api.md).

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <hearth/appliance/error.h>
#include <hearth/model/id.h>
#include <hearth/model/value.h>
#include <hearth/replica/replica.h>

namespace hearth::graph_service {

using appliance::ApiError;
using appliance::ErrorCode;
using appliance::refuse;

[[nodiscard]] nlohmann::json to_json(const model::Value& value);
/// bad_request when it is none.
[[nodiscard]] Result<model::Value, ApiError> value_of(const nlohmann::json& json);

/// base64url, 43 characters.
[[nodiscard]] std::string id_text(const model::Bytes32& id);
template <class Id>
[[nodiscard]] std::string id_text(const Id& id) {
  return id_text(id.value());
}
/// Nothing unless it is such a text.
[[nodiscard]] std::optional<model::Bytes32> id_of(std::string_view text);
template <class Id>
[[nodiscard]] std::optional<Id> id_of(std::string_view text) {
  const auto bytes = id_of(text);
  return bytes ? std::optional{Id{*bytes}} : std::nullopt;
}

/// `{soul, properties}`.
[[nodiscard]] nlohmann::json to_json(std::string_view soul, const crdt::Node& node,
                                     const replica::Replica& replica);
/// What a person would call the node; empty when nothing of it is a name.
[[nodiscard]] std::string summary_of(const crdt::Node& node);
/// When anything that it shows was written last.
[[nodiscard]] std::optional<model::Stamp> newest_of(const crdt::Node& node);

/// Writes the edits of a batch into the draft. Errors name the edit by its place, from 0. What
/// would not fit one update is too_large.
[[nodiscard]] Result<Unit, ApiError> apply_edits(const nlohmann::json& edits,
                                                 replica::Draft& draft);
/// The souls that they name, each once.
[[nodiscard]] std::vector<std::string> souls_of(const update::Body& body);

/// An entry of a node's history: `{id, seq, state, by, counts, operations}`, the operations being
/// those of `soul`.
[[nodiscard]] nlohmann::json history_entry(std::string_view soul, const ledger::Record& record,
                                           const replica::Replica& replica);

}  // namespace hearth::graph_service
