// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "cli/cut_options.h"
#include "cli/option_values.h"
#include "netcut/node.h"
#include "scenario/input.h"

namespace netcut::cli {
namespace {

constexpr const char* default_template = "reference";

void add_node_options(CLI::App& command, RunOptions& options) {
    command.add_option("FILE", options.file, "A scenario in YAML; options given here go before it");
    Group group(command, "What runs");
    group.add("--template", options.template_name,
              "The federation that is run: a name of netcut-fl templates, or a folder (default: reference)");
    group.add("--workspace", options.workspace,
              "Where the template's stages keep what they make (default: netcut-workspaces/TEMPLATE)");
    group.add(
        "--stage", options.stage,
        "Begin with this stage and do the rest: 1 prepare, 2 workspace, 3 certify, 4 run (default: what has "
        "changed)");
    group.add("--cols", options.cols, "How many collaborators (default: 2)");
    group.add("--aggregator", options.aggregator, "The aggregator's command, instead of the template's");
    group.add("--collaborator", options.collaborator,
              "A collaborator's command; {name}, {index}, {aggregator}, {cols}, {work} are filled in");
    group.add("--set", options.sets, "NAME=VALUE: a parameter of the template");
    group.add("--env", options.envs, "NAME=VALUE: for every node's environment");
    group.add("--cwd", options.cwd,
              "Working directory of the nodes (default: the one that netcut-fl is started in)");
    group.add("--ready-on", options.ready_on, "Start the collaborators after this line of the aggregator");
    group.add("--ready-within", options.ready_within,
              "How long it may take to that line (default: as long as the run)");
    group.add("--end-on", options.end_on,
              "The work is done when the aggregator prints this line, and nodes that still run are stopped");
    group.add("--progress-on", options.progress_on, "Lines that show progress (default: all)");
    group.add("--user", options.user, "Who the nodes run as (default: who called sudo)");
    group.add("--tty", options.tty, "Give every node a terminal instead of pipes");
    group.add("--join-output", options.join_output,
              "Let a node's stdout and stderr be one, in logs/NODE.out, in the order of their lines");
}

void add_fabric_options(CLI::App& command, RunOptions& options) {
    Group group(command, "The network");
    group.add("--fabric", options.fabric, "routed (default) or bridge");
    group.add("--ip", options.ip, "4, 6 or both (default)");
    group.add("--mtu", options.mtu, "Bytes (default: 1500)");
    group.add("--rate", options.rate, "Of every link, each way: 100mbit, 1gbit");
    group.add("--shaper", options.shaper, "tbf (default) or htb");
    command
        .add_option("--uplink", options.uplink,
                    "Nodes that have a way out to this machine's network: aggregator,collaborator1, or all "
                    "(default: none)")
        ->delimiter(',')
        ->group("The network");
}

void add_end_options(CLI::App& command, RunOptions& options) {
    Group group(command, "The end");
    group.add("--timeout", options.timeout, "Of the whole run (default: 30m)");
    group.add("--hang-after", options.hang_after,
              "No progress for so long after the last heal is a hang (default: 60s)");
    group.add("--grace", options.grace, "Between SIGTERM and SIGKILL (default: 5s)");
    group.add("--pcap", options.pcap,
              "Capture the packets of each node, and those that were lost: RUN/pcap/NODE.pcapng");
    group.add("--pcap-snap", options.pcap_snap, "Bytes of each packet (default: 256), or all");
    group.add("--name", options.name, "Of the run");
    group.add("--out", options.out, "Folder for the run's files (default: netcut-runs/<time>-<name>)");
    group.add("-q,--quiet", options.quiet, "Print the last screen alone");
    command
        .add_flag_function(
            "--annotate,!--no-annotate", [&options](std::int64_t sum) { options.annotate = sum > 0; },
            "Tell the CI what failed, by workflow commands and $GITHUB_STEP_SUMMARY (default: where "
            "$GITHUB_ACTIONS is true)")
        ->group("The end");
}

// As the shell that the user typed them into means it. What begins with a word in braces says where it is.
Result<void> complete_paths(Scenario& scenario) {
    for (const std::string& name : scenario.paths) {
        const auto found = scenario.parameters.find(name);
        if (found == scenario.parameters.end()) continue;
        std::string& value = found->second;
        if (value.empty() || value.starts_with('/') || value.starts_with('{')) continue;
        std::error_code error;
        value = std::filesystem::absolute(value, error).lexically_normal();
        if (error) return system_failure("find the working directory", error.value());
    }
    return {};
}

Result<void> add_pairs(std::map<std::string, std::string>& target, const char* option,
                       const std::vector<std::string>& pairs) {
    for (const std::string& pair : pairs) {
        const std::size_t equals = pair.find('=');
        if (equals == std::string::npos || equals == 0)
            return usage_failure(fmt::format("read {} '{}'", option, pair),
                                 "it is not of the form NAME=VALUE");
        target[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    return {};
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
    set_if(scenario.end, options.end_on);
    set_if(scenario.user, options.user);
    set_if(scenario.name, options.name);
    if (options.tty) scenario.tty = true;
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

// "openfl/keras_cnn_mnist" as one folder's name.
std::string flat_name(std::string name) {
    std::replace(name.begin(), name.end(), '/', '-');
    const std::size_t begin = name.find_first_not_of(".-");
    return begin == std::string::npos ? "scenario" : name.substr(begin);
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
    if (scenario.workspace.empty() && !scenario.stages.empty())
        scenario.workspace = "netcut-workspaces/" + flat_name(scenario.template_name);
    if (scenario.workspace.empty()) return {};
    std::error_code error;
    scenario.workspace = std::filesystem::absolute(scenario.workspace, error).lexically_normal();
    if (error) return system_failure("find the working directory", error.value());
    return {};
}

}  // namespace

Result<unsigned> parse_count(const std::string& option, const std::string& text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return usage_failure(fmt::format("read {} {}", option, text), "it is no whole number from 0 up");
    return value;
}

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

void add_run_options(CLI::App& command, RunOptions& options) {
    add_federation_options(command, options);
    add_cut_options(command, options);
    Group repeats(command, "Repeats");
    repeats.add("--repeat", options.repeat,
                "Make the run so often, and say whether it does the same each time");
    repeats.add("--jobs", options.jobs, "Runs at once (default: 4)");
    Group group(command, "The daemon");
    group.add("--local", options.local, "Run in this process, also if there is a daemon (root does)");
    group.add("-d,--detach", options.detached, "Let the daemon run it, print its id, and do not wait");
    group.add("--socket", options.socket,
              "Of the daemon (default: $NETCUT_FL_SOCKET, or /run/netcut-fl.sock)");
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
    NETCUT_TRY(read_traces(scenario));
    NETCUT_TRY(apply_end(scenario, options));
    NETCUT_TRY(apply_workspace(scenario, options));
    NETCUT_TRY(check(scenario));
    return scenario;
}

}  // namespace netcut::cli
