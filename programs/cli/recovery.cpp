// The recovery kit: 24 words that bring the box back on new hardware, or under another host key.

#include <cstdio>
#include <sstream>

#include "commands.h"
#include "output.h"
#include <hearth/terminal/terminal.h>

namespace hearth::cli {

using nlohmann::json;

int recovery_show(const Context& context) {
  const json state = context.client.call("GET", "/api/v1/recovery");
  if (state.at("state") == "saved") {
    if (context.json)
      print_json(state);
    else
      print("The recovery kit was saved; its key is no longer on this box.\n");
    return 0;
  }
  const json kit = context.client.call("POST", "/api/v1/recovery/reveal");
  if (context.json) {
    print_json(kit);
    return 0;
  }
  const json& words = kit.at("words");
  for (std::size_t i = 0; i < words.size(); ++i) {
    char line[48];
    std::snprintf(line, sizeof line, "%2zu  %s\n", i + 1, words[i].get<std::string>().c_str());
    print(line);
  }
  print(
      "\nWrite these down and keep them safe: they bring this box back on new hardware.\n"
      "Then run: hearth recovery confirm\n");
  return 0;
}

int recovery_confirm(const Context& context) {
  json words = json::array();
  for (const int index : {6, 17}) {  // any two; the appliance checks them
    const auto word = terminal::read_password("Word " + std::to_string(index + 1) + ": ");
    if (!word) throw Failure{1, "Two words are needed."};
    words.push_back({{"index", index}, {"word", *word}});
  }
  context.client.call("POST", "/api/v1/recovery/confirm", {{"words", words}});
  if (context.json)
    print_json({{"state", "saved"}});
  else
    print("Saved. The root's private key has left this box.\n");
  return 0;
}

namespace {

/// On as many lines as it takes.
std::string ask_words() {
  constexpr std::size_t wanted = 24;
  std::string all;
  std::size_t count = 0;
  while (count < wanted) {
    const auto line = terminal::read_password(count == 0 ? "The 24 words of the recovery kit: "
                                                         : "More of the 24 words: ");
    if (!line) throw Failure{1, "The 24 words of the recovery kit are needed."};
    std::istringstream words{*line};
    for (std::string word; words >> word; ++count) all += word + " ";
  }
  return all;
}

}  // namespace

int host_rotate(const Context& context) {
  json body = json::object();
  if (context.client.call("GET", "/api/v1/recovery").at("state") == "saved")
    body["words"] = ask_words();
  const json made = context.client.call("POST", "/api/v1/recovery/rotate", body);
  if (context.json)
    print_json(made);
  else
    print("The box is now " + made.at("peer_id").get<std::string>() + " (epoch " +
          std::to_string(made.at("epoch").get<std::uint64_t>()) +
          ").\nIts connections are made anew. Devices find it by its name; older links and\n"
          "addresses that hold the old id no longer lead to it.\n");
  return 0;
}

}  // namespace hearth::cli
