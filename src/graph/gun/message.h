#pragma once
// GunDB's messages on the wire: docs/protocol/gun.md.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/gun/lex.h>
#include <hearth/gun/value.h>

namespace hearth::gun {

/// One property as it came: what HAM decides about.
struct Property {
  std::string_view name;
  Value value;
  double state = 0;  ///< milliseconds since 1970
};

/// Why a put can't be taken, as a whole. Text for people is made in error_text().
enum class PutError : std::uint8_t {
  none,
  not_a_graph,     ///< the put, a node or its `_` is no object
  no_meta,         ///< a node without `_`
  soul_not_same,   ///< the soul in `_` is another than the node's key
  no_state,        ///< a property without a number in `>`
  bad_value,       ///< an array, an object that is no link
  bad_name,        ///< an empty soul or property name, or one of more than max_name_bytes
  lone_surrogate,  ///< half of a surrogate pair, which UTF-8 can't hold
};
[[nodiscard]] std::string_view error_text(PutError error);

struct Node {
  std::string_view soul;
  std::span<const Property> properties;
};

struct Query {
  Lex soul;
  std::optional<Lex> property;
  bool is_lex = false;                ///< either was an object
  std::optional<double> limit_bytes;  ///< %
};

struct Message {
  std::string_view id;            ///< #; empty: none
  std::string_view answers;       ///< @; empty: none
  std::string_view verb;          ///< dam
  std::string_view pid;           ///< of the sender, with dam
  std::string_view also_sent_to;  ///< ><
  bool is_error = false;          ///< err is there
  std::optional<Query> query;     ///< get
  bool bad_query = false;         ///< a get that says nothing
  bool has_put = false;
  PutError put_error = PutError::none;
  std::span<const Node> nodes;  ///< of the put; complete only without put_error
};

enum class FrameError : std::uint8_t {
  not_utf8,
  syntax,        ///< no JSON, nested too deeply, or a number that no double can hold
  not_messages,  ///< JSON, but neither an object nor an array
  too_many,      ///< more than max_messages in one frame
};

/// Reads frames one after another; keeps its buffers.
class FrameParser {
 public:
  static constexpr std::size_t max_name_bytes = 4096;
  static constexpr std::size_t max_messages = 100'000;

  /// Borrowed until the next call, from the frame, too. Nested arrays are flattened, and what is
  /// no object in them is passed over.
  [[nodiscard]] Result<std::span<const Message>, FrameError> parse(std::string_view frame);
  /// For texts that live as long as the messages.
  [[nodiscard]] codec::TextArena& arena() { return arena_; }

 private:
  struct State {
    std::string_view name;
    std::size_t index;
    std::optional<double> state;
  };
  struct Extent {
    std::size_t begin;
    std::size_t end;
  };
  void read_message(codec::JsonReader& reader);
  void read_put(codec::JsonReader& reader, Message& message, Extent& nodes);
  [[nodiscard]] PutError read_node(codec::JsonReader& reader, std::string_view soul);
  [[nodiscard]] PutError read_meta(codec::JsonReader& reader, std::string_view soul);
  [[nodiscard]] PutError join_states(std::size_t begin);
  [[nodiscard]] std::optional<Query> read_query(codec::JsonReader& reader);

  codec::TextArena arena_;
  std::vector<Message> messages_;
  std::vector<Extent> message_nodes_;
  std::vector<Node> nodes_;
  std::vector<Extent> node_properties_;
  std::vector<Property> properties_;
  std::vector<State> states_;
};

}  // namespace hearth::gun
