#pragma once
// A relay on a store that commits when told, and connections that hear what it says.

#include <chrono>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/graph_store/faulty_store.h>
#include <hearth/gun/relay.h>

namespace hearth::gun {

inline const IpAddress somewhere = IpAddress::v4({192, 0, 2, 1});

class RelayTest : public testing::Test {
 protected:
  void start(Limits limits = {}) { relay.emplace(store, limits, entropy, at); }
  void restart() {
    SeededEntropy power{7};
    store.crash(power);
    start();
    frames.clear();
  }

  ConnectionId join(const IpAddress& address = somewhere) {
    const ConnectionId id = *relay->connect(address, at);
    collect();
    frames[id].clear();
    return id;
  }
  void say(ConnectionId id, const std::string& frame) {
    relay->receive(id, frame, at);
    collect();
  }
  void commit() {
    if (const auto batch = relay->poll_commit()) {
      ASSERT_TRUE(store.write(*batch));
      ASSERT_TRUE(store.sync());
      relay->committed(at);
    }
    collect();
  }
  void pass(std::chrono::milliseconds time) {
    at.now += time;
    at.wall_ms += static_cast<double>(time.count());
    relay->advance(at);
    collect();
  }
  void collect() {
    while (const auto id = relay->poll_ready())
      while (true) {
        std::string frame = relay->next_frame(*id, at);
        if (frame.empty()) break;
        frames[*id].push_back(std::move(frame));
      }
  }
  std::vector<std::string> heard(ConnectionId id) { return std::exchange(frames[id], {}); }
  std::string heard_all(ConnectionId id) {
    std::string all;
    for (const std::string& frame : heard(id)) all += frame + "\n";
    return all;
  }
  static std::string put(std::string_view id, std::string_view soul, std::string_view name,
                         std::string_view json, double state = 1000) {
    return fmt(R"({"#":"$","put":{"$":{"_":{"#":"$",">":{"$":$}},"$":$}}})",
               {id, soul, soul, name, std::to_string(state), name, json});
  }
  static std::string get(std::string_view id, std::string_view soul) {
    return fmt(R"({"#":"$","get":{"#":"$"}})", {id, soul});
  }
  static std::string fmt(std::string_view pattern, const std::vector<std::string>& parts) {
    std::string text;
    std::size_t next = 0;
    for (const char c : pattern)
      if (c == '$')
        text += parts[next++];
      else
        text += c;
    return text;
  }
  static std::string fmt(std::string_view pattern, std::initializer_list<std::string_view> parts) {
    return fmt(pattern, std::vector<std::string>{parts.begin(), parts.end()});
  }

  Moment at{.now = Instant{std::chrono::hours{1}}, .wall_ms = 1'700'000'000'000};
  SeededEntropy entropy{1};
  graph_store::FaultyStore store;
  std::optional<Relay> relay;
  std::map<ConnectionId, std::vector<std::string>> frames;
};

}  // namespace hearth::gun
