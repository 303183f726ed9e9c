// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <algorithm>
#include <charconv>

#include "base/command.h"
#include "base/time.h"
#include "cli/cut_options.h"
#include "cli/option_values.h"
#include "fabric/options.h"
#include "link/rate.h"
#include "scenario/check.h"
#include "scenario/complete.h"
#include "scenario/input.h"
#include "scenario/site.h"
#include "scenario/tcp.h"
#include "scenario/template.h"
#include "scenario/words.h"
#include "scenario/yaml.h"
#include "user/as_user.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

constexpr const char* default_template = "reference";

void add_node_options(CLI::App& command, RunOptions& options) {
    command.add_option("FILE", options.file, "A scenario in YAML; options on the command line override it")
        ->type_name("");
    Group group(command, "What runs");
    group.add(
        "--template", options.template_name, "TEMPLATE",
        "The federation to run: a name that netcut-fl templates lists, or a folder (default: reference)");
    group.add("--workspace", options.workspace, "DIR",
              "Where the template's stages keep what they make (default: netcut-workspaces/TEMPLATE)");
    group.add(
        "--stage", options.stage, "STAGE",
        "Begin with this stage and do the rest: 1 prepare, 2 workspace, 3 certify, 4 run (default: the first "
        "one that is out of date)");
    group.add("--cols,--collaborators", options.cols, "N", "How many collaborators there are (default: 2)");
    group.add("--aggregator", options.aggregator, "COMMAND",
              "The aggregator's command, instead of the template's");
    group.add("--collaborator", options.collaborator, "COMMAND",
              "A collaborator's command; {name}, {index}, {aggregator}, {cols} and {work} are filled in");
    group.add("--set", options.sets, "NAME=VALUE", "Set a parameter of the template");
    group.add("--env", options.envs, "NAME=VALUE", "Set a variable in the environment of every node");
    group.add("--cwd", options.cwd, "DIR",
              "The working directory of the nodes (default: the one in which netcut-fl was started)");
    group.add("--ready-on", options.ready_on, "PATTERN",
              "Start the collaborators after the aggregator has printed this line");
    group.add("--ready-within", options.ready_within, "TIME",
              "How long the aggregator may take to print that line (default: 60s)");
    group.add("--end-on", options.end_on, "PATTERN",
              "The work is done when the aggregator prints this line; nodes that still run are stopped then");
    group.add("--progress-on", options.progress_on, "PATTERN",
              "Which lines show progress (default: everything that is printed)");
    group.add("--progress-marks", options.progress_marks, "begin|end",
              "Whether such a line marks the beginning of a round (default) or its end");
    group.add("--user", options.user, "USER",
              "Run the nodes as this user (default: the user who called sudo)");
    group.add_flag("--tty", options.tty, "Give every node a terminal instead of pipes");
    group.add_flag(
        "--join-output", options.join_output,
        "Write stdout and stderr of a node to one log, logs/NODE.out, in the order of their lines");
}

void add_fabric_options(CLI::App& command, RunOptions& options) {
    Group group(command, "The network");
    group.add("--fabric", options.fabric, "FABRIC",
              "routed: a router between all nodes (default); bridge: one Ethernet segment");
    group.add("--ip", options.ip, "VERSION", "4, 6 or both (default)");
    group.add("--mtu", options.mtu, "BYTES", "The MTU of all links (default: 1500)");
    group.add("--rate", options.rate, "RATE",
              "Limit every link to this rate, in each direction: 100mbit, 1gbit");
    group.add("--shaper", options.shaper, "SHAPER", "How --rate is kept: tbf (default) or htb");
    group.add("--tcp", options.tcp, "NAME=VALUE",
              "Set how the TCP of every node works: keepalive=10s, user_timeout=30s, retries2=8, ... "
              "(docs/scenario.md, TCP)");
    group.add("--site", options.sites, "SITE",
              "Put nodes behind a router of their own: 'a: {nodes: collaborators, uplink: 20mbit/5mbit, nat: "
              "home}' (docs/sites.md)");
    group.add_list(
        "--uplink", options.uplink, "NODE",
        "Nodes that reach the network of this machine: aggregator,collaborator1, or all (default: none)");
}

void add_end_options(CLI::App& command, RunOptions& options) {
    Group group(command, "The end");
    group.add("--timeout", options.timeout, "TIME", "The longest that the run may take (default: 30m)");
    group.add("--hang-after", options.hang_after, "TIME",
              "Call it a hang when there was no progress for this long after the last heal (default: 60s)");
    group.add("--grace", options.grace, "TIME",
              "How long nodes that are stopped have between SIGTERM and SIGKILL (default: 5s)");
    group.add_flag("--no-stacks", options.no_stacks,
                   "When a run hangs, do not look for the lines of code at which its programs wait");
    group.add_flag("--pcap", options.pcap,
                   "Capture the packets of each node, and those that were lost, in pcap/NODE.pcapng");
    group.add("--pcap-snap", options.pcap_snap, "BYTES",
              "How much of each packet to capture, or all (default: 256)");
    group.add("--name", options.name, "NAME", "The name of the run");
    group.add("--out", options.out, "DIR",
              "The folder for the run's files (default: netcut-runs/TIME-NAME-PID)");
    group.add_flag("-q,--quiet", options.quiet, "Print only the summary at the end");
    command
        .add_flag_callback(
            "--annotate", [&options] { options.annotate = true; },
            "Tell the CI what failed, by workflow commands and $GITHUB_STEP_SUMMARY (default: if "
            "$GITHUB_ACTIONS is true)")
        ->group("The end");
    command
        .add_flag_callback(
            "--no-annotate", [&options] { options.annotate = false; }, "Do not tell the CI anything")
        ->group("The end");
}

Result<void> apply_nodes(Scenario& scenario, const RunOptions& options) {
    NETCUT_TRY(set_count(scenario.collaborators, "--cols", options.cols));
    NETCUT_TRY(set_parsed(scenario.aggregator.command, "--aggregator", options.aggregator, split_command));
    NETCUT_TRY(
        set_parsed(scenario.collaborator.command, "--collaborator", options.collaborator, split_command));
    NETCUT_TRY(apply_parameters(scenario, options.sets));
    for (RoleSpec* role : {&scenario.aggregator, &scenario.collaborator}) {
        NETCUT_TRY(add_pairs(role->env, "--env", options.envs));
        set_if(role->cwd, options.cwd);
    }
    set_if(scenario.ready, options.ready_on);
    NETCUT_TRY(set_parsed(scenario.ready_within, "--ready-within", options.ready_within, parse_duration));
    set_if(scenario.progress, options.progress_on);
    NETCUT_TRY(
        set_parsed(scenario.progress_marks, "--progress-marks", options.progress_marks, parse_round_mark));
    set_if(scenario.end, options.end_on);
    set_if(scenario.user, options.user);
    set_if(scenario.name, options.name);
    for (const std::string& pair : options.tcp) NETCUT_TRY(add_tcp(scenario, pair));
    for (const std::string& site : options.sites) NETCUT_TRY(add_site(scenario, site));
    if (options.tty) scenario.tty = true;
    if (options.no_stacks) scenario.stacks = false;
    if (options.join_output) scenario.join_output = true;
    if (options.pcap || options.pcap_snap) scenario.pcap = true;
    NETCUT_TRY(set_parsed(scenario.pcap_snap, "--pcap-snap", options.pcap_snap, parse_snap));
    return {};
}

Result<void> apply_fabric(FabricOptions& fabric, const RunOptions& options) {
    NETCUT_TRY(set_parsed(fabric.kind, "--fabric", options.fabric, parse_fabric));
    if (options.ip) NETCUT_TRY(parse_ip(*options.ip, fabric));
    NETCUT_TRY(set_count(fabric.mtu, "--mtu", options.mtu));
    if (!options.uplink.empty()) fabric.uplink = options.uplink;
    if (!options.rate && !options.shaper) return {};
    RateLimit rate = fabric.rate.value_or(RateLimit{});
    NETCUT_TRY(set_parsed(rate.bits_per_second, "--rate", options.rate, parse_rate));
    NETCUT_TRY(set_parsed(rate.shaper, "--shaper", options.shaper, parse_shaper));
    if (rate.bits_per_second == 0)
        return usage_failure("use --shaper", "there is no rate to keep", "give --rate too");
    fabric.rate = rate;
    return {};
}

Result<void> apply_end(Scenario& scenario, const RunOptions& options) {
    NETCUT_TRY(set_parsed(scenario.timeout, "--timeout", options.timeout, parse_duration));
    NETCUT_TRY(set_parsed(scenario.hang_after, "--hang-after", options.hang_after, parse_duration));
    return set_parsed(scenario.grace, "--grace", options.grace, parse_duration);
}

Result<void> apply_workspace(Scenario& scenario, const RunOptions& options) {
    if (options.workspace) scenario.workspace = *options.workspace;
    if (options.stage && scenario.stages.empty())
        return usage_failure("begin with --stage " + *options.stage, "the scenario has no stages",
                             "see netcut-fl templates for those that have");
    return complete_workspace(scenario);
}

}  // namespace

Result<void> apply_parameters(Scenario& scenario, const std::vector<std::string>& sets) {
    std::map<std::string, std::string> wanted;
    NETCUT_TRY(add_pairs(wanted, "--set", sets));
    for (const auto& [name, value] : wanted) {
        if (!scenario.template_name.empty() && !scenario.parameters.contains(name)) {
            std::vector<std::string> known;
            for (const auto& [key, unused] : scenario.parameters) known.push_back(key);
            return usage_failure("set the parameter '" + name + "'",
                                 "the template " + scenario.template_name + " has none of that name",
                                 fmt::format("it has: {}", fmt::join(known, ", ")));
        }
        scenario.parameters[name] = value;
    }
    return complete_paths(scenario);
}

void add_federation_options(CLI::App& command, RunOptions& options) {
    add_node_options(command, options);
    add_fabric_options(command, options);
    add_end_options(command, options);
}

void add_safety_options(CLI::App& command, RunOptions& options) {
    Group group(command, "The model");
    group.add("--twins", options.twins, "N",
              "Compare the model with those of N runs without faults, which are kept in netcut-twins");
    group.add_flag(
        "--safety", options.safety,
        "Exit with 1 if the model is not right, or if nothing tells whether it is (docs/safety.md)");
}

void add_run_options(CLI::App& command, RunOptions& options) {
    command.footer("Example: netcut-fl run --cols 4 --cut-on 'round 2' --reconnect-after 3s");
    add_federation_options(command, options);
    add_cut_options(command, options);
    add_safety_options(command, options);
    Group repeats(command, "Repeats");
    repeats.add("--repeat", options.repeat, "N",
                "Make the run N times, and say whether it ends the same way each time");
    repeats.add("--jobs", options.jobs, "N", "How many of these run at once (default: 4)");
    repeats.add_flag(
        "--twin", options.twin,
        "If the run fails, make it once more without its faults, and say whether it fails as well");
    Group group(command, "The daemon");
    group.add_flag("--local", options.local,
                   "Run in this process even if a daemon is running (the default for root)");
    group.add_flag("-d,--detach", options.detached, "Let the daemon run it, print its id, and do not wait");
    group.add("--socket", options.socket, "PATH",
              "The socket of the daemon (default: $NETCUT_FL_SOCKET, or /run/netcut-fl.sock)");
}

// A template's parameters may be for some of its commands alone; those of nobody are a mistake.
Result<void> check_sets(const Scenario& scenario, const std::vector<std::string>& sets) {
    if (!scenario.template_name.empty()) return {};
    for (const std::string& pair : sets) {
        const std::string name = pair.substr(0, pair.find('='));
        if (!uses_parameter(scenario, name))
            return usage_failure("set the parameter '" + name + "'", "nothing uses it",
                                 "write {" + name + "} where its value is to stand, as in --collaborator");
    }
    return {};
}

Result<Scenario> make_scenario(const RunOptions& options) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    const AsUser as_caller(caller);
    std::string text;
    if (!options.file.empty()) {
        NETCUT_ASSIGN(text, read_input(options.file, Input::file_or_pipe, most_scenario));
    }
    const bool plain = options.aggregator || options.collaborator || !options.file.empty();
    const std::string base = options.template_name ? *options.template_name
                             : !text.empty()       ? template_named_in(text)
                             : plain               ? ""
                                                   : default_template;
    Scenario scenario;
    if (!base.empty()) NETCUT_TRY(read_template(scenario, base));
    if (!options.file.empty()) NETCUT_TRY(read_yaml(scenario, text, options.file));
    NETCUT_TRY(apply_nodes(scenario, options));
    NETCUT_TRY(apply_fabric(scenario.fabric, options));
    NETCUT_TRY(apply_cut(scenario, options));
    NETCUT_TRY(apply_faults(scenario, options.faults));
    scenario.kept_traces = options.kept_traces;
    NETCUT_TRY(read_named_files(scenario));
    NETCUT_TRY(apply_end(scenario, options));
    NETCUT_TRY(apply_workspace(scenario, options));
    if (options.safety) scenario.safety = true;
    NETCUT_TRY(check(scenario));
    NETCUT_TRY(check_sets(scenario, options.sets));
    return scenario;
}

}  // namespace netcut::cli
