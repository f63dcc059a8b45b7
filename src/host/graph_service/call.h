#pragma once
// One request as the graph's thread sees it, and the functions that answer it.

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <hearth/appliance/error.h>
#include <hearth/graph_service/spaces.h>

namespace hearth::graph_service {

using appliance::Answer;
using appliance::Answered;
using appliance::refuse;

struct Call {
  Spaces& spaces;
  const Asker& asker;
  Timestamp now;
  std::vector<std::string> arguments;  ///< what stands for each {…} of the path
  std::string query;
  nlohmann::json body;
  bool relaxed = false;

  /// Of the query, percent-decoded. bad_request when it isn't UTF-8.
  [[nodiscard]] Result<std::optional<std::string>, ApiError> text(std::string_view name) const;
  [[nodiscard]] Result<std::size_t, ApiError> limit(std::size_t usual, std::size_t most) const;
  /// The space of the path, when the asker may read it; else as if there were none.
  [[nodiscard]] Result<Space*, ApiError> space() const;
  [[nodiscard]] Result<Space*, ApiError> space_to_write() const;
  [[nodiscard]] Result<Space*, ApiError> space_to_manage() const;
  [[nodiscard]] Result<Replica*, ApiError> replica(Space& space) const {
    return spaces.replica(space, now);
  }
};

struct Found {
  Answered (*handler)(Call&) = nullptr;
  bool writes = false;
  std::vector<std::string> arguments;
};
/// `path` is below /api/graph/v1. not_found, or bad_request for another method.
[[nodiscard]] Result<Found, ApiError> find_route(std::string_view method, std::string_view path);
/// The path's segments, percent-decoded; nothing when one is badly encoded or not UTF-8.
[[nodiscard]] std::optional<std::vector<std::string>> segments_of(std::string_view path);

/// As the API shows a space.
[[nodiscard]] nlohmann::json to_json(const Space& space, update::Role role);

// grants.cpp
Answered list_apps(Call& call);
Answered put_app(Call& call);

// reads.cpp
Answered list_nodes(Call& call);
Answered get_node(Call& call);
Answered get_history(Call& call);
Answered search(Call& call);
Answered list_indexes(Call& call);
Answered add_index(Call& call);
Answered drop_index(Call& call);
Answered query_index(Call& call);

}  // namespace hearth::graph_service
