// hearth: the appliance's command line.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "completion.h"
#include "graph_space.h"
#include "tunnel.h"
#include <hearth/config/settings.h>

namespace {

using namespace hearth::cli;

/// The arguments in CLI11's order (last first). An id may begin with '-', even with "--": such go
/// behind a "--". No option has as many characters, and none but these.
std::vector<std::string> arguments(int argc, char** argv) {
  constexpr std::size_t id_size = 43;
  std::vector<std::string> all{argv + 1, argv + argc};
  const auto is_id = [](const std::string& text) {
    return text.size() == id_size && text.starts_with('-') && std::ranges::all_of(text, [](char c) {
             return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
           });
  };
  const auto ids = std::ranges::stable_partition(all, std::not_fn(is_id));
  if (!ids.empty() && std::ranges::find(all, "--") == all.end()) all.insert(ids.begin(), "--");
  std::ranges::reverse(all);
  return all;
}

using Command = std::function<int(const Context&)>;

/// The commands, each with its help; parsing chooses one.
class Program {
 public:
  Program();

  int run(int argc, char** argv) {
    try {
      app_.parse(arguments(argc, argv));
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : 2;
    }
    try {
      return chosen_({.client = Client{data_dir_}, .json = json_});
    } catch (const Failure& failure) {
      std::fprintf(stderr, "hearth: %s\n", failure.what());
      return failure.exit_code;
    }
  }

 private:
  CLI::App* add(CLI::App& parent, const char* name, const char* what, const std::string& examples,
                Command command) {
    CLI::App* made = parent.add_subcommand(name, what);
    made->footer("Examples:\n" + examples);
    made->fallthrough();
    made->callback([this, command = std::move(command)] { chosen_ = command; });
    return made;
  }
  CLI::App& group(const char* name, const char* what, const std::string& examples) {
    CLI::App* made = app_.add_subcommand(name, what);
    made->footer("Examples:\n" + examples);
    made->fallthrough();
    made->require_subcommand(1);
    return *made;
  }
  void add_personas();
  void add_devices();
  void add_recovery();
  void add_flocks();
  void add_graph();
  void add_spaces(CLI::App& graph);
  void add_open();
  void add_boxes();
  void add_tunnel();
  void add_services();

  CLI::App app_{"Hearth's command line, for the machine that the box runs on.", "hearth"};
  std::string data_dir_ = "/var/lib/hearth";
  bool json_ = false;
  Command chosen_;

  PersonaOptions persona_;
  OpenOptions open_;
  BenchOptions bench_;
  SpaceOptions space_;
  TunnelOptions tunnel_;
  ServiceOptions service_;
  std::string name_;
  std::string folder_;
  std::string flock_name_;
  std::string whose_;
};

Program::Program() {
  app_.set_version_flag("--version", HEARTH_VERSION);
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.add_option("--data-dir", data_dir_, "The appliance's data directory")
      ->type_name("DIR")
      ->envname("HEARTH_DATA_DIR")
      ->capture_default_str();
  app_.add_flag("--json", json_, "Print JSON");
  app_.footer(
      "Examples:\n"
      "  hearth status\n"
      "  hearth persona add anna --display-name 'Anna Lindqvist'\n"
      "  hearth pair\n"
      "\nExit codes: 0 done, 1 refused, 2 wrong usage, 3 the appliance can't be reached.\n"
      "Passwords are asked for, or read from standard input, a line each.");
  add(app_, "status", "Who the box is, what it is connected to, what runs",
      "  hearth status\n  hearth status --json | jq -r .root", status);
  add_personas();
  add_devices();
  add_open();
  add_recovery();
  add_flocks();
  add_graph();
  add_services();
  add_boxes();
  add_tunnel();
  add(app_, "doctor", "Look for what is wrong, and say what helps; 1 when something is",
      "  hearth doctor", doctor);
  auto* made = add(app_, "completion", "Print the shell's completion script",
                   "  source <(hearth completion bash)\n"
                   "  hearth completion fish > ~/.config/fish/completions/hearth.fish",
                   [this](const Context&) { return completion(app_, name_); });
  made->add_option("SHELL", name_, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

void Program::add_personas() {
  CLI::App& personas = group("persona", "The people of this box",
                             "  hearth persona list\n  hearth persona add bert");
  auto* made = add(personas, "add", "Make a persona; the password is asked for",
                   "  hearth persona add anna --display-name 'Anna Lindqvist'\n"
                   "  hearth persona add bert --role owner < password.txt",
                   [this](const Context& context) { return persona_add(context, persona_); });
  made->add_option("NAME", persona_.name, "1 to 32 of a-z 0-9 - _ .")->required();
  made->add_option("--display-name", persona_.display_name, "As people write it")
      ->type_name("TEXT");
  made->add_option("--role", persona_.role, "owner or member")
      ->type_name("ROLE")
      ->check(CLI::IsMember({"owner", "member"}))
      ->capture_default_str();
  add(personas, "list", "Who there is", "  hearth persona list", persona_list);
  made = add(personas, "passwd", "Change a password; the present one is asked for first",
             "  hearth persona passwd anna\n  printf '%s\\n' \"$OLD\" \"$NEW\" | hearth persona "
             "passwd anna",
             [this](const Context& context) { return persona_passwd(context, name_); });
  made->add_option("NAME", name_, "The persona's name or id")->required();
  made = add(personas, "remove", "Remove a persona and cut off their devices",
             "  hearth persona remove bert",
             [this](const Context& context) { return persona_remove(context, name_); });
  made->add_option("NAME", name_, "The persona's name or id")->required();
}

void Program::add_devices() {
  CLI::App& devices = group("device", "Browsers and programs that are let in",
                            "  hearth device list\n  hearth device revoke 'Firefox on Linux'");
  add(devices, "list", "Everybody's devices", "  hearth device list", device_list);
  auto* made = add(devices, "revoke", "Cut a device off, within 2 seconds and for good",
                   "  hearth device revoke 'Firefox on Linux'",
                   [this](const Context& context) { return device_revoke(context, name_); });
  made->add_option("DEVICE", name_, "Its id, or its name when there is one such")->required();
  made = add(app_, "pair", "Make a link that lets one new device in",
             "  hearth pair\n  hearth pair --persona anna --device-name Tablet",
             [this](const Context& context) { return pair(context, whose_, name_); });
  made->add_option("--persona", whose_, "Whose device it will be; needed when there are several")
      ->type_name("NAME");
  made->add_option("--device-name", name_, "What it will be called")->type_name("TEXT");
}

void Program::add_recovery() {
  CLI::App* recovery = app_.add_subcommand("recovery", "The 24 words that bring the box back");
  recovery->footer("Examples:\n  hearth recovery show\n  hearth recovery confirm");
  recovery->fallthrough();
  recovery->require_subcommand(0, 1);
  recovery->callback([this, recovery] {
    if (recovery->get_subcommands().empty()) chosen_ = recovery_show;
  });
  add(*recovery, "show", "Show the words, while they are on the box", "  hearth recovery show",
      recovery_show);
  add(*recovery, "confirm", "Say two of the words; the box then forgets them",
      "  hearth recovery confirm", recovery_confirm);
  add(*recovery, "rotate",
      "Give the box another host key, when the old one may be known; asks for the words",
      "  hearth recovery rotate\n  hearth recovery rotate < words.txt", host_rotate);
}

void Program::add_graph() {
  CLI::App& graph = group("graph", "The graph: signed spaces, and what GunDB's clients keep",
                          "  hearth graph put people/anna name=Anna age=41\n"
                          "  hearth graph get people/anna\n"
                          "  hearth graph export --space home home.jsonl");
  add_spaces(graph);
  auto* made = add(graph, "import-gun",
                   "Merge the folder that npm gun kept its data in, while hearthd doesn't run",
                   "  hearth graph import-gun ./radata", [this](const Context& context) {
                     return graph_import_gun(context, data_dir_, folder_);
                   });
  made->add_option("RADATA", folder_, "The folder, usually called radata")->required();
  made =
      add(graph, "verify",
          "Check every signature and node of the spaces, and what lies behind /gun; while hearthd "
          "doesn't run, the latter alone; 1 when something is damaged",
          "  hearth graph verify\n  hearth graph verify home",
          [this](const Context& context) { return graph_verify(context, data_dir_, space_.name); });
  made->add_option("SPACE", space_.name, "One alone, by name or id");
  made =
      add(graph, "backup",
          "Copy the spaces and what lies behind /gun, as they are now; while hearthd doesn't run, "
          "the latter alone",
          "  hearth graph backup /backup/graph-monday",
          [this](const Context& context) { return graph_backup(context, data_dir_, folder_); });
  made->add_option("DIR", folder_, "A folder that doesn't exist yet")->required();
  made = add(graph, "bench", "Measure the graph on this machine's disk, beside bare RocksDB",
             "  hearth graph bench --quick\n  hearth graph bench --dir /srv --no-gun --json",
             [this](const Context& context) { return graph_bench(context, bench_); });
  made->add_flag("--quick", bench_.quick, "A tenth of the work");
  made->add_option("--dir", bench_.directory, "Measure the disk that this is on")->type_name("DIR");
  auto* with = made->add_flag_callback(
      "--gun", [this] { bench_.gun = BenchOptions::Gun::always; },
      "Compare with npm gun's relay, too, or fail; without it: when npm gun is at hand");
  made->add_option("--only", bench_.only,
                   "Of the comparison with npm gun these parts: puts, reads, catch, fan, signed, "
                   "load, restart")
      ->type_name("PART,…");
  made->add_flag_callback(
          "--no-gun", [this] { bench_.gun = BenchOptions::Gun::never; }, "Leave npm gun out")
      ->excludes(with);
}

void Program::add_spaces(CLI::App& graph) {
  using SpaceCommand = int (*)(const Context&, const SpaceOptions&);
  const auto make = [&](const char* name, const char* what, const std::string& examples,
                        SpaceCommand command) {
    return add(graph, name, what, examples,
               [this, command](const Context& context) { return command(context, space_); });
  };
  const auto in_space = [&](CLI::App* made) {
    made->add_option("--space", space_.space, "By name or id")
        ->type_name("SPACE")
        ->capture_default_str();
    return made;
  };
  const auto of_soul = [&](CLI::App* made) {
    in_space(made)->add_option("SOUL", space_.soul, "The node's name")->required();
    return made;
  };
  const auto limited = [&](CLI::App* made) {
    made->add_option("--limit", space_.limit, "At most so many")
        ->type_name("COUNT")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    return made;
  };
  add(graph, "spaces", "Which spaces there are", "  hearth graph spaces", graph_spaces);
  CLI::App* made = make("make-space", "Make a space, owned by the box's owners",
                        "  hearth graph make-space recipes\n"
                        "  hearth graph make-space wall --kind public",
                        graph_make_space);
  made->add_option("NAME", space_.name, "1 to 32 of a-z 0-9 - _")->required();
  made->add_option("--kind", space_.kind, "protected or public")
      ->check(CLI::IsMember({"protected", "public"}))
      ->capture_default_str();
  made = make("remove-space", "Take a space off this box",
              "  hearth graph remove-space recipes --yes", graph_remove_space);
  made->add_option("NAME", space_.name, "By name or id")->required();
  made->add_flag("--yes", space_.is_sure, "It can't be undone");
  of_soul(make("get", "Show a node", "  hearth graph get people/anna", graph_get));
  of_soul(make("put", "Write properties of a node; a value is JSON, or else text",
               "  hearth graph put people/anna name=Anna age=41 'boss={\"#\": \"people/bert\"}'",
               graph_put))
      ->add_option("VALUES", space_.values, "What to write, each as NAME=VALUE")
      ->required();
  of_soul(make("rm", "Remove a node, or one property of it",
               "  hearth graph rm people/anna\n  hearth graph rm people/anna age", graph_remove))
      ->add_option("PROPERTY", space_.property, "This one alone");
  limited(in_space(make("ls", "List nodes", "  hearth graph ls people/", graph_list)))
      ->add_option("PREFIX", space_.prefix, "Those whose names begin so");
  limited(of_soul(make("history", "Who wrote what of a node, and when",
                       "  hearth graph history people/anna", graph_history)));
  limited(in_space(make("search", "Find nodes by words in them",
                        "  hearth graph search 'anna lund'", graph_search)))
      ->add_option("WORDS", space_.words, "All of them have to be there")
      ->required();
  made = in_space(make("watch", "Say what changes, as it does",
                       "  hearth graph watch --prefix people/\n  hearth graph watch --json | jq",
                       graph_watch));
  made->add_option("--soul", space_.soul, "This node")->type_name("SOUL");
  made->add_option("--prefix", space_.prefix, "Nodes whose names begin so")->type_name("TEXT");
  made->add_option("--property", space_.property, "This property")->type_name("NAME");
  in_space(make("export", "Write all of a space as lines of text",
                "  hearth graph export home.jsonl\n  hearth graph export --space wall | grep Anna",
                graph_export))
      ->add_option("FILE", space_.file, "Without it: standard output");
  made = in_space(make("import", "Take in an exported space, or what it has more than ours",
                       "  hearth graph import home.jsonl\n"
                       "  hearth graph import --name annas annas.jsonl",
                       graph_import));
  made->add_option("FILE", space_.file, "- is standard input")->required();
  made->add_option("--name", space_.name, "What to call it: it is a space that isn't here yet")
      ->type_name("NAME");
  made = in_space(make("grant", "Let an app read or write in a space for whoever uses it",
                       "  hearth graph grant files read\n"
                       "  hearth graph grant notes write --space recipes\n"
                       "  hearth graph grant notes none --space recipes",
                       graph_grant));
  made->add_option("APP", space_.app, "Its id")->required();
  made->add_option("ACCESS", space_.access, "read, write, or none to take it away")
      ->check(CLI::IsMember({"read", "write", "none"}))
      ->required();
  in_space(make("apps", "Which apps may do what in a space", "  hearth graph apps --space recipes",
                graph_apps));
  in_space(make("upkeep",
                "Look after a space now: a checkpoint of what came, room taken back from what is "
                "older than 30 days and superseded; hearthd does it by itself, too",
                "  hearth graph upkeep\n  hearth graph upkeep --space wall --json", graph_upkeep));
  add(graph, "stats", "How much there is, and what was done", "  hearth graph stats", graph_stats);
}

void Program::add_flocks() {
  CLI::App& flocks = group(
      "flock", "Meeting places where the box can be found",
      "  hearth flock list\n  hearth flock join /dns4/flock.example/tcp/443/tls/ws/p2p/12D3KooW…");
  auto* made =
      add(flocks, "join", "Join a flock, and claim a name there",
          "  hearth flock join /dns4/flock.example/tcp/443/tls/ws/p2p/12D3KooW… --name casa",
          [this](const Context& context) { return flock_join(context, name_, flock_name_); });
  made->add_option("MULTIADDR", name_, "Its address, ending in /p2p/ID")->required();
  made->add_option("--name", flock_name_, "3 to 32 of a-z, 0-9 and hyphens")->type_name("NAME");
  add(flocks, "list", "The flocks, and how each is", "  hearth flock list", flock_list);
  add(flocks, "probe",
      "Compare the pages that the flocks serve with the box's own, now; 1 when one serves a "
      "changed "
      "shell",
      "  hearth flock probe\n  hearth flock probe --json | jq '.flocks[].offer'", flock_probe);
  made = add(flocks, "leave", "Leave a flock", "  hearth flock leave 12D3KooW…",
             [this](const Context& context) { return flock_leave(context, name_); });
  made->add_option("PEER_ID", name_, "The flock's id, or its whole address")->required();
}

void Program::add_open() {
  auto* made = add(app_, "open", "Serve the shell from this machine, and reach a box with it",
                   "  hearth open casa\n"
                   "  hearth open casa --flock /dns4/flock.example/tcp/443/tls/ws/p2p/12D3KooW…",
                   [this](const Context& context) { return open_name(context, open_); });
  made->add_option("NAME", open_.name, "The box's name")->required();
  made->add_option("--flock", open_.flock,
                   "Where the name is looked up; HOST:PORT is asked over plain HTTP")
      ->type_name("MULTIADDR|HOST:PORT");
  made->add_option("--port", open_.port, "The page's port; 0 picks one")
      ->type_name("PORT")
      ->capture_default_str();
  made->add_option("--shell", open_.shell, "The shell's files")->type_name("DIR");
  made->add_option("--boot", open_.boot, "The files of the apps' boot page")->type_name("DIR");
}

void Program::add_services() {
  CLI::App& services =
      group("service", "TCP ports of this machine that people may reach through the box",
            "  hearth service allow 22\n  hearth service list\n  hearth service deny 22");
  const auto make = [&](const char* name, const char* what, const std::string& examples,
                        int (*command)(const Context&, const ServiceOptions&)) {
    auto* made = add(services, name, what, examples, [this, command](const Context& context) {
      return command(context, service_);
    });
    made->add_option("PORT", service_.port, "Of 127.0.0.1, or else of ::1")
        ->required()
        ->check(CLI::Range(1, 65535));
    made->add_option("--persona", service_.personas, "Beside the owners; may be repeated")
        ->type_name("NAME")
        ->expected(1)
        ->take_all();
    return made;
  };
  make("allow",
       "Open a port to the owners, and to those named; it is reached by hearth tunnel --tcp",
       "  hearth service allow 22 --name ssh\n  hearth service allow 5432 --persona bert",
       service_allow)
      ->add_option("--name", service_.name, "What it is called")
      ->type_name("TEXT");
  make("deny", "Close a port to all, or to those named; what is open to it ends at once",
       "  hearth service deny 22\n  hearth service deny 5432 --persona bert", service_deny);
  add(services, "list", "Which ports are open, and to whom; none is by itself",
      "  hearth service list", service_list);
}

void Program::add_boxes() {
  CLI::App& boxes = group("box", "Boxes, here or elsewhere, that have let your programs in",
                          "  hearth box add 'https://home.flock.example/#1.pair.…' --name casa\n"
                          "  hearth box list");
  const auto make = [&](const char* name, const char* what, const std::string& examples,
                        int (*command)(const Context&, const BoxOptions&)) {
    auto* made = add(boxes, name, what, examples, [this, command](const Context& context) {
      return command(context, tunnel_.box);
    });
    made->add_option("--boxes", tunnel_.box.directory,
                     "Where your boxes are kept; else ~/.local/share/hearth/boxes")
        ->type_name("DIR")
        ->envname("HEARTH_BOXES");
    return made;
  };
  auto* made = make("add", "Get in by a link of `hearth pair`, as a device of its own",
                    "  hearth box add 'https://home.flock.example/#1.pair.…' --name casa\n"
                    "  hearth pair --json | jq -r .url | hearth box add - --name casa",
                    box_add);
  made->add_option("LINK", tunnel_.box.link, "The whole link; - reads it from standard input")
      ->required();
  made->add_option("--name", tunnel_.box.name, "What you call the box: a-z, 0-9 and hyphens");
  made->add_option("--device-name", tunnel_.box.device_name, "What the box will call this device")
      ->type_name("TEXT");
  make("list", "Which there are", "  hearth box list --json", box_list);
  made = make("remove", "Forget a box, and this device's key for it", "  hearth box remove casa",
              box_remove);
  made->add_option("NAME", tunnel_.box.name, "As `hearth box list` shows it")->required();
}

void Program::add_tunnel() {
  auto* made = add(
      app_, "tunnel", "A local port that leads to an app or a TCP service of a box, until Ctrl+C",
      "  hearth tunnel files 8080\n"
      "  hearth tunnel files ~/files.sock\n"
      "  hearth tunnel --tcp 22 2222 --box casa    # then: ssh -p 2222 127.0.0.1\n"
      "\nThe port takes your own programs and root's alone. A TCP service has to be "
      "open to you:\n  hearth service allow 22    # on the box, by its owner",
      [this](const Context& context) { return hearth::cli::tunnel(context, tunnel_); });
  made->add_option("WHAT", tunnel_.what, "The app's id; with --tcp a port of the box")->required();
  made->add_option("LOCAL", tunnel_.local,
                   "A port of 127.0.0.1, or a socket's path; without it a port that is free");
  made->add_flag("--tcp", tunnel_.tcp, "To a TCP service, byte for byte");
  made->add_option("--box", tunnel_.box.name, "Which box; needed when there are several")
      ->type_name("NAME");
  made->add_option("--boxes", tunnel_.box.directory,
                   "Where your boxes are kept; else ~/.local/share/hearth/boxes")
      ->type_name("DIR")
      ->envname("HEARTH_BOXES");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Program{}.run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hearth: %s\n", error.what());
    return 1;
  }
}
