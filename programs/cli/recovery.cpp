// The recovery kit: 24 words that bring the box back on new hardware.

#include <cstdio>

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

}  // namespace hearth::cli
