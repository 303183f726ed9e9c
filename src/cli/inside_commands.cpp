// SPDX-License-Identifier: Apache-2.0
#include "cli/inside_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "cli/daemon_access.h"
#include "cli/exec_session.h"
#include "cli/option_values.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "daemon/held_run.h"
#include "node/stream.h"
#include "record/reader.h"
#include "report/terminal.h"

namespace netcut::cli {
namespace {

// What these commands are given; each uses a part of it.
struct Request {
    std::optional<std::string> socket;
    bool json = false, all = false, follow = false, err = false, force = false;
    bool input = false, terminal = false, captures = false;
    std::string run, node, fault, kind = "drop", duration = "20s";
    std::size_t from = 1;
    std::vector<std::string> runs, command, keys;

    Result<std::unique_ptr<RunAccess>> reach() const { return reach_run(run, socket); }
};

void print_json(const Json& json) {
    show("{}\n", json.dump(2, ' ', true, Json::error_handler_t::replace));
}

void print_bytes(std::string_view bytes) {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    std::fflush(stdout);
}

// Of the daemon, if there is one or it is named.
Result<Json> runs_of_daemon(const Request& request) {
    const DaemonClient client(DaemonClient::socket_path(request.socket));
    if (!request.socket && !client.is_there()) return Json::array();
    NETCUT_ASSIGN(const Json answer, client.ask("GET", "/runs"));
    return answer.at("runs");
}

Result<int> ps(const Request& request) {
    Json shown = Json::array();
    if (!request.socket)
        for (Json& run : own_runs()) shown.push_back(std::move(run));
    NETCUT_ASSIGN(const Json of_daemon, runs_of_daemon(request));
    for (const Json& run : of_daemon)
        if (request.all || !is_over(parse_word<HeldRun>(run.value("state", "")).value_or(HeldRun::lost)))
            shown.push_back(run);
    if (request.json) {
        print_json(shown);
        return 0;
    }
    show("{:<13} {:<20} {:<10} {:<9} {:<15} {:<25} {}\n", "RUN", "NAME", "USER", "STATE", "VERDICT",
         "CREATED", "FOLDER");
    for (const Json& run : shown)
        show("{:<13} {:<20} {:<10} {:<9} {:<15} {:<25} {}\n", run.value("id", ""),
             printable(run.value("name", "")), run.value("user", ""), run.value("state", ""),
             printable(run.value("verdict", "")), run.value("created", ""),
             printable(run.value("folder", "")));
    std::fflush(stdout);
    for (const Json& run : shown)
        if (run.contains("trouble")) complain("{}: {}", run.value("id", ""), run.value("trouble", ""));
    return 0;
}

Result<int> inspect(const Request& request) {
    NETCUT_ASSIGN(const auto run, request.reach());
    NETCUT_ASSIGN(const Json all, run->inspect());
    print_json(all);
    return 0;
}

Result<int> logs(const Request& request) {
    NETCUT_ASSIGN(const auto run, request.reach());
    NETCUT_TRY(run->logs(request.node, request.err ? Stream::err : Stream::out, request.follow, print_bytes));
    return 0;
}

// One line of the journal, for people.
void print_event(std::string_view line) {
    const auto event = read_event(line).event;
    const std::string text = event ? event_line(*event) : "";
    if (!text.empty()) show("{}\n", text);
    if (line.find("\"journal.torn\"") != std::string_view::npos)
        show("the journal is torn: its last line was never finished\n");
    std::fflush(stdout);
}

Result<int> events(const Request& request) {
    NETCUT_ASSIGN(const auto run, request.reach());
    Lines lines(print_event);
    NETCUT_TRY(run->events(request.from, request.follow, [&](std::string_view bytes) {
        if (request.json)
            print_bytes(bytes);
        else
            lines.take(bytes);
    }));
    return 0;
}

// What was done, by its name.
int tell(const Request& request, const Json& done, const std::string& text) {
    if (request.json)
        print_json(done);
    else
        show("{}\n", text);
    return 0;
}

Result<int> cut(const Request& request) {
    NETCUT_ASSIGN(const auto run, request.reach());
    if (!request.fault.empty()) {
        NETCUT_ASSIGN(const Json done, run->fire(request.fault));
        return tell(request, done, request.fault);
    }
    Json fault = {{"kind", request.kind}, {"for", request.duration}};
    if (!request.node.empty()) fault["nodes"] = Json::array({request.node});
    std::map<std::string, std::string> keys;
    NETCUT_TRY(add_pairs(keys, "--set", request.keys));
    for (const auto& [key, value] : keys) fault[key] = value;
    NETCUT_ASSIGN(const Json done, run->add_fault(fault));
    return tell(request, done, done.value("fault", ""));
}

Result<std::vector<std::string>> faults_to_heal(RunAccess& run, const Request& request) {
    if (!request.fault.empty()) return std::vector<std::string>{request.fault};
    NETCUT_ASSIGN(auto names, run.faults_that_are_on());
    if (names.empty()) return usage_failure("heal run " + request.run, "no fault of it is on");
    return names;
}

Result<int> heal(const Request& request) {
    NETCUT_ASSIGN(const auto run, request.reach());
    NETCUT_ASSIGN(const auto names, faults_to_heal(*run, request));
    for (const std::string& name : names) {
        NETCUT_ASSIGN(const Json done, run->heal(name));
        tell(request, done, name);
    }
    return 0;
}

Result<int> execute(const Request& request) {
    NETCUT_ASSIGN(const auto run, request.reach());
    return run_exec_session(*run, {request.node, request.command, request.input, request.terminal,
                                   request.captures, request.json});
}

// For each of several runs; the first failure is what the command ends with, after the others were tried.
Result<int> for_each_run(const Request& request, const std::function<Result<Json>(RunAccess&)>& work) {
    int status = 0;
    for (const std::string& name : request.runs) {
        const auto run = reach_run(name, request.socket);
        const Result<Json> done = run ? work(**run) : Failure(run.error());
        if (done)
            tell(request, *done, name);
        else if (const int failed = report_error(done.error()); status == 0)
            status = failed;
    }
    return status;
}

Result<int> stop(const Request& request) {
    return for_each_run(request, [](RunAccess& run) { return run.stop(); });
}

Result<int> remove(const Request& request) {
    return for_each_run(request, [&request](RunAccess& run) { return run.forget(request.force); });
}

using Work = Result<int> (*)(const Request&);

Command command_of(const char* name, const char* help, Work work, void (*add)(CLI::App&, Request&)) {
    return {name, help, [=](CLI::App& command) -> Action {
                const auto request = std::make_shared<Request>();
                command
                    .add_option("--socket", request->socket,
                                "Only the runs of the daemon at this socket (default: your own, and those at "
                                "$NETCUT_FL_SOCKET or /run/netcut-fl.sock)")
                    ->type_name("PATH");
                command.add_flag("--json", request->json, "Print JSON");
                add(command, *request);
                return [=, &command] {
                    request->command = command.remaining();
                    return end_with(work(*request));
                };
            }};
}

constexpr const char* run_help = "Its id or the beginning of it, its folder, or latest";

void add_run(CLI::App& command, Request& request) {
    command.add_option("RUN", request.run, run_help)->type_name("")->required();
}

void add_runs(CLI::App& command, Request& request) {
    command.add_option("RUN", request.runs, run_help)->type_name("")->required();
}

void add_run_and_node(CLI::App& command, Request& request) {
    add_run(command, request);
    command.add_option("NODE", request.node, "aggregator, collaborator1, ...")->type_name("")->required();
}

void add_ps(CLI::App& command, Request& request) {
    command.add_flag("-a,--all", request.all, "List also those of the daemon that are over");
}

void add_logs(CLI::App& command, Request& request) {
    add_run_and_node(command, request);
    command.add_flag("-f,--follow", request.follow, "Follow until the run is over");
    command.add_flag("--stderr", request.err, "Print standard error instead");
}

void add_events(CLI::App& command, Request& request) {
    add_run(command, request);
    command.add_flag("-f,--follow", request.follow, "Follow until the run is over");
    command.add_option("--from", request.from, "Begin with this line of the journal")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber);
}

void add_cut(CLI::App& command, Request& request) {
    add_run(command, request);
    command.add_option("NODE", request.node, "The node to cut (default: the last collaborator)")
        ->type_name("");
    command.add_option("--kind", request.kind, "drop, down, unplug, ... (see netcut-fl faults)")
        ->type_name("KIND")
        ->capture_default_str();
    command.add_option("--for", request.duration, "How long the cut lasts, or never")
        ->type_name("TIME")
        ->capture_default_str();
    command
        .add_option("--set", request.keys,
                    "A key of this kind of fault, as a scenario has it: direction=up; may be repeated")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->take_all();
    command
        .add_option("--fault", request.fault,
                    "Fire this fault of the scenario instead, whatever it is waiting for")
        ->type_name("FAULT");
}

void add_heal(CLI::App& command, Request& request) {
    add_run(command, request);
    command.add_option("FAULT", request.fault, "The fault to heal (default: all that are active)")
        ->type_name("");
}

void add_exec(CLI::App& command, Request& request) {
    add_run_and_node(command, request);
    command.add_flag("-i,--interactive", request.input, "It has the standard input of this command");
    command.add_flag("-t,--tty", request.terminal, "It has a terminal: this one");
    command.add_flag("--capture-rights", request.captures,
                     "It may open raw sockets in the node's network: tcpdump, ping");
    // All that follows, with its own options.
    command.prefix_command()->footer(
        "Then COMMAND and its arguments. Examples: netcut-fl exec latest aggregator ss -tin; "
        "netcut-fl exec -it latest collaborator1 sh; "
        "netcut-fl exec --capture-rights latest aggregator tcpdump -ni eth0");
}

void add_rm(CLI::App& command, Request& request) {
    command.add_option("RUN", request.runs, "The id of the run, or the beginning of it")
        ->type_name("")
        ->required();
    command.add_flag("-f,--force", request.force, "End them first");
}

}  // namespace

std::vector<Command> inside_commands() {
    return {command_of("ps", "List the runs that are under way: your own, and the daemon's", ps, add_ps),
            command_of("inspect", "Show what a run has come to", inspect, add_run),
            command_of("logs", "Print what a node has printed", logs, add_logs),
            command_of("events", "Print a run's journal", events, add_events),
            command_of("cut", "Cut a node of a run that is under way", cut, add_cut),
            command_of("heal", "End faults of a run before their time", heal, add_heal),
            command_of("exec", "Run a command beside a node: in its network, as you", execute, add_exec),
            command_of("stop", "End runs in order, and wait for it", stop, add_runs),
            command_of("rm", "Forget runs of the daemon that are over; their files stay", remove, add_rm)};
}

}  // namespace netcut::cli
