#include "graph_space.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "output.h"
#include <hearth/terminal/terminal.h>

namespace hearth::cli {

using nlohmann::json;

namespace {

const std::string api = "/api/graph/v1";

std::string escaped(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string space_path(const SpaceOptions& options) {
  return api + "/spaces/" + escaped(options.space);
}
std::string node_path(const SpaceOptions& options) {
  return space_path(options) + "/nodes/" + escaped(options.soul);
}

/// As people read it.
std::string shown(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("#")) return "-> " + value["#"].get<std::string>();
  if (value.is_object() && value.contains("bytes"))
    return value["bytes"].get<std::string>() + " (base64url)";
  return value.dump();
}

std::string shown_all(const json& values) {
  std::string text;
  for (const json& value : values) text += (text.empty() ? "" : ", ") + shown(value);
  return text;
}

std::string shown_property(const json& property) {
  const std::string kind = property.at("kind");
  if (kind == "list") return "[" + shown_all(property.at("values")) + "]";
  if (kind != "set") return shown(property.at("value"));
  std::string text;
  for (const json& element : property.at("elements")) {
    text += (text.empty() ? "" : ", ") + shown(element.at("value"));
    if (!element.at("fields").empty()) text += " " + element.at("fields").dump();
  }
  return "{" + text + "}";
}

std::string when(const json& row) {
  if (!row.contains("state")) return "-";
  const json seconds{{"at", static_cast<std::uint64_t>(row["state"].get<double>() / 1000)}};
  return date(seconds, "at");
}

/// JSON where it is some, else text.
json value_of(const std::string& text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? json(text) : value;
}

int print_written(const Context& context, const json& written) {
  if (context.json)
    print_json(written);
  else
    print(written.value("durable", true) ? "Written.\n" : "Written; not on the disk yet.\n");
  return 0;
}

}  // namespace

int graph_spaces(const Context& context) {
  const json answer = context.client.call("GET", api + "/spaces");
  if (context.json) {
    print_json(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "STATE", "MADE", "ID"}};
  for (const json& space : answer.at("spaces"))
    rows.push_back({text_of(space, "name"), text_of(space, "kind"), text_of(space, "state"),
                    date(space, "created"), text_of(space, "id")});
  print(terminal::table(rows));
  return 0;
}

int graph_make_space(const Context& context, const SpaceOptions& options) {
  const json made = context.client.call("POST", api + "/spaces",
                                        {{"name", options.name}, {"kind", options.kind}});
  if (context.json)
    print_json(made);
  else
    print("The space " + text_of(made, "name") + " is " + text_of(made, "id") + ".\n");
  return 0;
}

int graph_remove_space(const Context& context, const SpaceOptions& options) {
  SpaceOptions gone = options;
  gone.space = options.name;
  if (!options.is_sure)
    throw Failure{2, "This takes all of '" + gone.space +
                         "' off this box, and can't be undone.\nKeep a copy: hearth graph export "
                         "--space " +
                         gone.space + " > " + gone.space +
                         ".jsonl\nThen: hearth graph remove-space " + gone.space + " --yes"};
  context.client.call("DELETE", space_path(gone));
  if (context.json)
    print_json({{"removed", gone.space}});
  else
    print("The space " + gone.space + " is gone from this box.\n");
  return 0;
}

int graph_get(const Context& context, const SpaceOptions& options) {
  const json node = context.client.call("GET", node_path(options));
  if (context.json) {
    print_json(node);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, property] : node.at("properties").items())
    rows.push_back({name, shown_property(property)});
  print(terminal::table(rows));
  return 0;
}

int graph_put(const Context& context, const SpaceOptions& options) {
  json properties = json::object();
  for (const std::string& each : options.values) {
    const auto equals = each.find('=');
    if (equals == std::string::npos)
      throw Failure{2, "'" + each + "' isn't NAME=VALUE.\nTry: hearth graph put --help"};
    properties[each.substr(0, equals)] = value_of(each.substr(equals + 1));
  }
  return print_written(context, context.client.call("PUT", node_path(options),
                                                    {{"properties", std::move(properties)}}));
}

int graph_remove(const Context& context, const SpaceOptions& options) {
  if (options.property.empty())
    return print_written(context, context.client.call("DELETE", node_path(options)));
  const json edit{{"op", "remove"}, {"soul", options.soul}, {"property", options.property}};
  return print_written(context, context.client.call("POST", space_path(options) + "/updates",
                                                    {{"edits", json::array({edit})}}));
}

int graph_list(const Context& context, const SpaceOptions& options) {
  json nodes = json::array();
  std::string after;
  bool more = false;
  do {
    const std::size_t wanted = std::min<std::size_t>(options.limit - nodes.size(), 1000);
    const json page = context.client.call(
        "GET", space_path(options) + "/nodes?prefix=" + escaped(options.prefix) +
                   "&limit=" + std::to_string(wanted) + (after.empty() ? "" : "&after=" + after));
    for (const json& row : page.at("nodes")) nodes.push_back(row);
    more = page.contains("next");
    if (more) after = page["next"];
  } while (more && nodes.size() < options.limit);
  if (context.json) {
    json all{{"nodes", std::move(nodes)}};
    if (more) all["next"] = after;
    print_json(all);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const json& row : nodes)
    rows.push_back({text_of(row, "soul"), row.value("summary", std::string{}), when(row)});
  print(terminal::table(rows));
  if (more) print("There are more: see --limit.\n");
  return 0;
}

int graph_history(const Context& context, const SpaceOptions& options) {
  const std::string limit = std::to_string(std::min<std::uint32_t>(options.limit, 200));
  const json answer = context.client.call("GET", node_path(options) + "/history?limit=" + limit);
  if (context.json) {
    print_json(answer);
    return 0;
  }
  const json personas = context.client.call("GET", "/api/v1/personas").at("personas");
  for (const json& update : answer.at("updates")) {
    const json& by = update.at("by");
    std::string who = by.value("persona", by.at("author").get<std::string>());
    for (const json& persona : personas)
      if (persona.at("id") == who) who = persona.at("name");
    print(when(update) + "  " + who + (update.at("counts").get<bool>() ? "" : "  (doesn't count)") +
          "\n");
    for (const json& operation : update.value("operations", json::array())) {
      std::string line = "    " + operation.at("op").get<std::string>();
      if (operation.contains("property")) line += " " + operation["property"].get<std::string>();
      if (operation.contains("value")) line += " " + shown(operation["value"]);
      if (operation.contains("values")) line += " " + shown_all(operation["values"]);
      if (operation.contains("by")) line += " " + operation["by"].dump();
      if (operation.contains("count")) line += " " + operation["count"].dump();
      print(line + "\n");
    }
  }
  return 0;
}

int graph_search(const Context& context, const SpaceOptions& options) {
  json nodes = json::array();
  std::string after;
  bool more = false;
  do {
    const json page =
        context.client.call("GET", space_path(options) + "/search?q=" + escaped(options.words) +
                                       (after.empty() ? "" : "&after=" + after));
    for (const json& row : page.at("nodes")) nodes.push_back(row);
    more = page.contains("next");
    if (more) after = page["next"];
  } while (more && nodes.size() < options.limit);
  if (context.json) {
    print_json({{"nodes", nodes}});
    return 0;
  }
  for (const json& row : nodes) {
    print(text_of(row, "soul") + "  " + row.value("summary", std::string{}) + "\n");
    for (const json& match : row.at("matches"))
      if (match.contains("property"))
        print("    " + text_of(match, "property") + ": " + text_of(match, "text") + "\n");
  }
  return 0;
}

int graph_watch(const Context& context, const SpaceOptions& options) {
  std::string filter;
  const auto add = [&filter](const char* name, const std::string& value) {
    if (!value.empty()) filter += (filter.empty() ? "?" : "&") + (name + ("=" + escaped(value)));
  };
  add("soul", options.soul);
  add("prefix", options.prefix);
  add("property", options.property);
  std::string waiting;
  context.client.download(space_path(options) + "/changes" + filter, [&](std::string_view chunk) {
    waiting += chunk;
    for (auto end = waiting.find("\n\n"); end != std::string::npos; end = waiting.find("\n\n")) {
      const std::string event = waiting.substr(0, end);
      waiting.erase(0, end + 2);
      const auto data = event.find("\ndata: ");
      if (!event.starts_with("event: ") || data == std::string::npos) continue;
      const std::string kind = event.substr(7, data - 7);
      json told = json::parse(event.substr(data + 7), nullptr, false);
      if (context.json) {
        told["event"] = kind;
        print(told.dump() + "\n");
      } else if (kind == "change") {
        print(text_of(told, "soul") +
              (told.contains("property") ? "  " + text_of(told, "property") : "") + "\n");
      } else if (kind == "lost") {
        print("(too much changed at once)\n");
      }
      std::fflush(stdout);
    }
  });
  throw Failure{3, "The appliance has ended it."};
}

int graph_export(const Context& context, const SpaceOptions& options) {
  std::ofstream file;
  const bool to_file = !options.file.empty() && options.file != "-";
  if (to_file) {
    file.open(options.file, std::ios::binary | std::ios::trunc);
    if (!file) throw Failure{1, options.file + ": can't be written."};
  }
  std::ostream& out = to_file ? file : std::cout;
  context.client.download(space_path(options) + "/export", [&](std::string_view chunk) {
    out.write(chunk.data(), static_cast<std::streamsize>(chunk.size()));
  });
  out.flush();
  if (!out) throw Failure{1, "The export can't be written to its end. Is the disk full?"};
  if (to_file && context.json) print_json({{"file", options.file}});
  return 0;
}

int graph_import(const Context& context, const SpaceOptions& options) {
  const bool is_new = !options.name.empty();
  const std::string path =
      is_new ? api + "/import?name=" + escaped(options.name) : space_path(options) + "/import";
  json done;
  if (options.file == "-") {
    done = context.client.upload(path, std::cin);
  } else {
    std::ifstream file{options.file, std::ios::binary};
    if (!file) throw Failure{1, options.file + ": can't be read."};
    done = context.client.upload(path, file);
  }
  const bool complete = done.value("complete", false);
  if (context.json) {
    print_json(done);
    return complete ? 0 : 1;
  }
  print(std::to_string(done.at("added").get<std::uint64_t>()) + " entries and updates were new.\n");
  for (const json& refused : done.at("refused"))
    print("line " + refused.at("line").dump() + ": " + text_of(refused, "why") + "\n");
  if (!complete) print("Not all of it was taken.\n");
  return complete ? 0 : 1;
}

namespace {

void add_upkeep(std::vector<std::vector<std::string>>& rows, const std::string& space,
                const json& upkeep) {
  const auto at = [](const json& row, const char* key) {
    if (!row.contains(key)) return std::string{"-"};
    return date({{"at", row[key].get<std::int64_t>() / 1000}}, "at");
  };
  const json none = json::object();
  const json& last = upkeep.contains("checkpoint") ? upkeep["checkpoint"] : none;
  rows.push_back({space + ": last checkpoint", at(last, "time")});
  rows.push_back({space + ": updates since", upkeep.at("since_checkpoint").at("updates").dump()});
  rows.push_back({space + ": next checkpoint", at(upkeep, "next")});
  rows.push_back({space + ": looked after", at(upkeep, "last")});
  rows.push_back({space + ": updates taken out", upkeep.at("reclaimed").at("updates").dump()});
  rows.push_back({space + ": bytes taken out", upkeep.at("reclaimed").at("bytes").dump()});
  rows.push_back({space + ": longest step, ms", upkeep.at("longest_step_ms").dump()});
  if (upkeep.contains("why")) rows.push_back({space + ": failed", text_of(upkeep, "why")});
}

}  // namespace

int graph_grant(const Context& context, const SpaceOptions& options) {
  context.client.call("PUT", space_path(options) + "/apps/" + escaped(options.app),
                      {{"access", options.access}});
  if (context.json) {
    print_json({{"space", options.space}, {"app", options.app}, {"access", options.access}});
  } else if (options.access == "none") {
    print("'" + options.app + "' has no access to '" + options.space + "' any more.\n");
  } else {
    print("'" + options.app + "' may " + options.access + " in '" + options.space +
          "' what those who use it may.\n");
  }
  return 0;
}

int graph_apps(const Context& context, const SpaceOptions& options) {
  const json answer = context.client.call("GET", space_path(options) + "/apps");
  if (context.json) {
    print_json(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"APP", "ACCESS"}};
  for (const json& row : answer.at("apps"))
    rows.push_back({text_of(row, "app"), text_of(row, "access")});
  if (rows.size() == 1)
    print("No app has access to '" + options.space +
          "'. Let one in: hearth graph grant APP read\n");
  else
    print(terminal::table(rows));
  return 0;
}

int graph_stats(const Context& context) {
  json stats = context.client.call("GET", api + "/stats");
  json spaces = json::object();
  const json listed = context.client.call("GET", api + "/spaces");
  for (const json& space : listed.at("spaces"))
    if (space.at("state") == "open")
      spaces[space.at("name").get<std::string>()] = context.client.call(
          "GET", api + "/spaces/" + space.at("id").get<std::string>() + "/stats");
  if (context.json) {
    stats["space_stats"] = std::move(spaces);
    print_json(stats);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : stats.items()) rows.push_back({name, shown(value)});
  for (const auto& [space, numbers] : spaces.items())
    for (const auto& [name, value] : numbers.items())
      if (name == "upkeep")
        add_upkeep(rows, space, value);
      else
        rows.push_back({space + ": " + name, shown(value)});
  print(terminal::table(rows));
  return 0;
}

json verify_spaces(const Context& context, const std::string& space) {
  json results = json::array();
  bool sound = true;
  const json listed = context.client.call("GET", api + "/spaces");
  for (const json& each : listed.at("spaces")) {
    if (!space.empty() && each.at("name") != space && each.at("id") != space) continue;
    json result = context.client.call(
        "POST", api + "/spaces/" + each.at("id").get<std::string>() + "/verify");
    result["space"] = each.at("name");
    sound = sound && result.at("ok").get<bool>();
    results.push_back(std::move(result));
  }
  if (!space.empty() && results.empty()) throw Failure{1, "There is no space '" + space + "'."};
  return {{"ok", sound}, {"spaces", std::move(results)}};
}

namespace {

std::string in_words(const json& finding) {
  const std::string what = text_of(finding, "what");
  if (what == "node") return text_of(finding, "soul") + " isn't what its updates say";
  if (what == "update")
    return "update " + finding.at("seq").dump() + " of " + text_of(finding, "author") +
           " isn't what was signed";
  return what == "file" ? "a file of the database can't be read" : "not all of it can be read";
}

}  // namespace

void print_verified(const json& report) {
  for (const json& result : report.at("spaces")) {
    print(text_of(result, "space") +
          (result.at("ok").get<bool>() ? ": all of it is right.\n" : ": damaged:\n"));
    for (const json& finding : result.at("findings")) print("  " + in_words(finding) + "\n");
  }
  if (report.at("ok").get<bool>()) return;
  print(
      "What can still be read can be saved with 'hearth graph export'. To bring back what 'hearth "
      "graph backup' copied,\nstop hearthd and put the copy into the folder 'graph' of its data "
      "directory.\n");
}

int graph_upkeep(const Context& context, const SpaceOptions& options) {
  const json done = context.client.call("POST", space_path(options) + "/upkeep");
  if (context.json) {
    print_json(done);
    return 0;
  }
  if (!done.at("done").get<bool>()) {
    print("There is nothing to do.\n");
    return 0;
  }
  if (done.contains("checkpoint"))
    print("Checkpoint " + done["checkpoint"].dump() + " was made.\n");
  if (done.at("proved").get<bool>()) print("What was loaded is all there.\n");
  if (done.at("rewritten") > 0)
    print(done["rewritten"].dump() + " old updates were written anew.\n");
  print(done.at("reclaimed").at("updates").dump() +
        " updates that nothing needs any more were taken "
        "out: " +
        done["reclaimed"]["bytes"].dump() + " bytes.\n");
  return 0;
}

}  // namespace hearth::cli
