// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "cli/daemon_client.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "daemon/json_text.h"
#include "daemon/output_lines.h"
#include "netcut/report.h"
#include "record/reader.h"

namespace netcut::cli {
namespace {

// What these commands are given; each uses a part of it.
struct Request {
    std::optional<std::string> socket;
    bool json = false, all = false, follow = false, err = false, force = false;
    std::string run, node, fault, kind = "drop", duration = "20s", from = "1";
    std::vector<std::string> runs, command;

    DaemonClient client() const { return DaemonClient(DaemonClient::socket_path(socket)); }
    std::string target() const { return "/runs/" + encoded(run); }
};

void print_json(const Json& json) {
    show("{}\n", json.dump(2, ' ', true, Json::error_handler_t::replace));
}

void print_bytes(std::string_view bytes) {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    std::fflush(stdout);
}

Result<int> ps(const Request& request) {
    NETCUT_ASSIGN(const Json answer, request.client().ask("GET", "/runs"));
    Json shown = Json::array();
    for (const Json& run : answer.at("runs"))
        if (request.all || run.value("state", "") == "running" || run.value("state", "") == "starting")
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
    return 0;
}

Result<int> inspect(const Request& request) {
    NETCUT_ASSIGN(Json run, request.client().ask("GET", request.target()));
    if (auto verdict = request.client().verdict_of(run)) run["verdict_json"] = std::move(*verdict);
    print_json(run);
    return 0;
}

Result<int> logs(const Request& request) {
    const std::string target =
        fmt::format("{}/nodes/{}/logs?stream={}&follow={}", request.target(), encoded(request.node),
                    request.err ? "err" : "out", request.follow ? 1 : 0);
    NETCUT_TRY(request.client().stream("GET", target, nullptr, print_bytes));
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
    const std::string target =
        fmt::format("{}/events?from={}&follow={}", request.target(), request.from, request.follow ? 1 : 0);
    Lines lines(print_event);
    NETCUT_TRY(request.client().stream("GET", target, nullptr, [&](std::string_view bytes) {
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
    if (!request.fault.empty()) {
        NETCUT_ASSIGN(const Json done, request.client().ask("POST", request.target() + "/faults/" +
                                                                        encoded(request.fault) + "/fire"));
        return tell(request, done, request.fault);
    }
    Json fault = {{"kind", request.kind}, {"for", request.duration}};
    if (!request.node.empty()) fault["nodes"] = Json::array({request.node});
    NETCUT_ASSIGN(const Json done, request.client().ask("POST", request.target() + "/faults", fault));
    return tell(request, done, done.value("fault", ""));
}

Result<std::vector<std::string>> faults_to_heal(const Request& request) {
    if (!request.fault.empty()) return std::vector<std::string>{request.fault};
    NETCUT_ASSIGN(const Json answer, request.client().ask("GET", request.target() + "/faults"));
    std::vector<std::string> names;
    for (const Json& fault : answer.at("faults"))
        if (fault.value("on", false)) names.push_back(fault.value("name", ""));
    if (names.empty()) return usage_failure("heal run " + request.run, "no fault of it is on");
    return names;
}

Result<int> heal(const Request& request) {
    NETCUT_ASSIGN(const auto names, faults_to_heal(request));
    for (const std::string& name : names) {
        NETCUT_ASSIGN(const Json done,
                      request.client().ask("POST", request.target() + "/faults/" + encoded(name) + "/heal"));
        tell(request, done, name);
    }
    return 0;
}

// A line of what a command's stream says; its exit status, if it is that.
std::optional<int> take_command_line(const Request& request, std::string_view line) {
    const auto message = parse_json(line, "read what the command says");
    if (!message || !message->is_object()) return {};
    if (request.json) print_bytes(std::string(line) + '\n');
    if (const auto output = output_of(*message); output && !request.json)
        std::fwrite(output->bytes.data(), 1, output->bytes.size(),
                    output->stream == Stream::err ? stderr : stdout);
    if (message->contains("problem"))
        complain("{}", printable(message->at("problem").value("text", ""), 1000));
    if (!message->contains("exit")) return {};
    const Json& exit = message->at("exit");
    return exit.contains("signal") ? 128 + exit.value("signal", 0) : exit.value("exit_code", 5);
}

// As docker's: the exit status is that of the command.
Result<int> execute(const Request& request) {
    std::optional<int> status;
    Lines lines([&](std::string_view line) {
        if (const auto exit = take_command_line(request, line)) status = exit;
    });
    NETCUT_TRY(request.client().stream("POST", request.target() + "/nodes/" + encoded(request.node) + "/exec",
                                       {{"command", request.command}},
                                       [&](std::string_view bytes) { lines.take(bytes); }));
    std::fflush(stdout);
    if (status) return *status;
    return Failure(Error{Error::Kind::machine, "see the command through", 0, "the run was over before it",
                         "see netcut-fl ps --all"});
}

// For each of several runs; the first failure is what the command ends with, after the others were tried.
Result<int> for_each_run(const Request& request, const std::function<Result<Json>(const Request&)>& work) {
    int status = 0;
    for (const std::string& run : request.runs) {
        Request one = request;
        one.run = run;
        if (const auto done = work(one))
            tell(request, *done, run);
        else if (const int failed = report_error(done.error()); status == 0)
            status = failed;
    }
    return status;
}

Result<Json> wait_for_end(const Request& request) {
    // Its journal goes on until then, unless it cannot be read.
    (void)request.client().stream("GET", request.target() + "/events?follow=1", nullptr,
                                  [](std::string_view) {});
    for (;; std::this_thread::sleep_for(std::chrono::seconds(1))) {
        NETCUT_ASSIGN(Json run, request.client().ask("GET", request.target()));
        const std::string state = run.value("state", "");
        if (state != "starting" && state != "running") return run;
    }
}

Result<Json> stop_one(const Request& request) {
    NETCUT_ASSIGN(Json stopped, request.client().ask("POST", request.target() + "/stop"));
    if (stopped.value("forgotten", false)) return stopped;  // it had not begun
    return wait_for_end(request);
}

Result<Json> remove_one(const Request& request) {
    return request.client().ask("DELETE", request.target() + (request.force ? "?force=1" : ""));
}

using Work = Result<int> (*)(const Request&);

Command command_of(const char* name, const char* help, Work work, void (*add)(CLI::App&, Request&)) {
    return {name, help, [=](CLI::App& command) -> Action {
                const auto request = std::make_shared<Request>();
                command
                    .add_option(
                        "--socket", request->socket,
                        "The socket of the daemon (default: $NETCUT_FL_SOCKET, or /run/netcut-fl.sock)")
                    ->type_name("PATH");
                command.add_flag("--json", request->json, "Print JSON");
                add(command, *request);
                return [=, &command] {
                    request->command = command.remaining();
                    const Result<int> status = work(*request);
                    return status ? *status : report_error(status.error());
                };
            }};
}

void add_run(CLI::App& command, Request& request) {
    command.add_option("RUN", request.run, "The id of the run, or the beginning of it")
        ->type_name("")
        ->required();
}

void add_runs(CLI::App& command, Request& request) {
    command.add_option("RUN", request.runs, "The id of the run, or the beginning of it")
        ->type_name("")
        ->required();
}

void add_run_and_node(CLI::App& command, Request& request) {
    add_run(command, request);
    command.add_option("NODE", request.node, "aggregator, collaborator1, ...")->type_name("")->required();
}

void add_ps(CLI::App& command, Request& request) {
    command.add_flag("-a,--all", request.all, "List also those that are over");
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
    // All that follows, with its own options.
    command.prefix_command()->footer(
        "Then COMMAND and its arguments. Example: netcut-fl exec 7f3a aggregator ss -tin");
}

void add_rm(CLI::App& command, Request& request) {
    add_runs(command, request);
    command.add_flag("-f,--force", request.force, "End them first");
}

}  // namespace

std::vector<Command> daemon_commands() {
    return {command_of("ps", "List the runs of the daemon", ps, add_ps),
            command_of("inspect", "Show all that the daemon knows of a run", inspect, add_run),
            command_of("logs", "Print what a node has printed", logs, add_logs),
            command_of("events", "Print a run's journal", events, add_events),
            command_of("cut", "Cut a node of a run that is under way", cut, add_cut),
            command_of("heal", "End faults of a run before their time", heal, add_heal),
            command_of("exec", "Run a command beside a node: in its network, as you", execute, add_exec),
            command_of(
                "stop", "End runs in order, and wait for it",
                [](const Request& all) { return for_each_run(all, stop_one); }, add_runs),
            command_of(
                "rm", "Forget runs that are over; their files stay",
                [](const Request& all) { return for_each_run(all, remove_one); }, add_rm)};
}

}  // namespace netcut::cli
