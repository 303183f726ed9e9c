// SPDX-License-Identifier: Apache-2.0
#include "run/run_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "base/time.h"
#include "node/stream.h"
#include "record/event.h"

namespace netcut {

// A file that a node writes its log to.
struct RunNodes::Log {
    std::string ending;  // of the name of its copy: "log", "log2"
    std::string path;
    LineScanner scanner;
    std::shared_ptr<LogFollower> follower;
};

struct RunNodes::One {
    std::size_t index = 0;
    std::unique_ptr<NodeProcesses> node;
    LineScanner out, err, syslog;
    std::vector<std::unique_ptr<Log>> logs;
    Fd syslog_copy;
    LateLines late_lines;
    NodeOutcome outcome;
    bool starts_again = false;     // a fault has ended it, and will start it again
    bool start_when_gone = false;  // the time for that has come, and it has not ended yet
};

RunNodes::RunNodes(const RunContext& run, NodeNetwork& network, RunCourse& course, RunFaults& faults,
                   RunProgress& progress, RunSafety& safety, Observer observer)
    : run_(run),
      network_(network),
      course_(course),
      faults_(faults),
      progress_(progress),
      safety_(safety),
      observer_(std::move(observer)),
      folders_(run.io) {}

RunNodes::~RunNodes() = default;

const RoleSpec& RunNodes::role_of(std::size_t node) const {
    return node == 0 ? run_.scenario.aggregator : run_.scenario.collaborator;
}

ExpandContext RunNodes::context_of(std::size_t node) const {
    return run_.expand_context(run_.nodes[node], node);
}

Result<void> RunNodes::make_names() {
    std::vector<std::vector<std::string>> names;
    for (std::size_t i = 0; i < run_.nodes.size(); ++i) {
        NETCUT_ASSIGN(const auto aliases, expand(role_of(i).aliases, run_.scenario, context_of(i)));
        names.push_back({run_.nodes[i]});
        names.back().insert(names.back().end(), aliases.begin(), aliases.end());
    }
    names_.emplace(run_.scenario, network_, run_.nodes, std::move(names),
                   [this](std::size_t node) { return faults_.taking_names_of(node); });
    return names_->update();
}

Result<void> RunNodes::update_names() {
    NETCUT_TRY(names_->update());
    for (const auto& one : nodes_) NETCUT_TRY(one->node->rewrite_hosts(names_->hosts_of(one->index)));
    return {};
}

Result<NodeSpec> RunNodes::spec_of(std::size_t node) const {
    const Scenario& scenario = run_.scenario;
    const ExpandContext context = context_of(node);
    auto env = role_of(node).env;
    env.insert(scenario.env.begin(), scenario.env.end());  // what the role says stays
    NodeSpec spec;
    spec.name = context.node;
    NETCUT_ASSIGN(spec.argv, expand(role_of(node).command, scenario, context));
    NETCUT_ASSIGN(spec.env, expand_values(env, scenario, context));
    spec.env.merge(network_.proxy_environment(node));  // what the scenario says stays
    NETCUT_ASSIGN(spec.cwd, expand_text(role_of(node).cwd, scenario, context));
    spec.name_servers = names_->name_servers_of(spec.name);
    spec.user = run_.user;
    spec.tty = scenario.tty;
    spec.joined = scenario.join_output;
    spec.syslog = scenario.syslog;
    return spec;
}

Node::Observer RunNodes::observer_of(One& one) {
    const auto started = [this, &one] {
        one.outcome.started = true;
        one.late_lines = {};
        one.late_lines.start(run_.journal.now());
        observer_.runs(one.index);
        run_.journal.add(event::NodeStarted{}, {.node = one.outcome.name});
    };
    const auto output = [this, &one](Stream stream, std::string_view bytes) {
        observer_.printed(one.index, stream, bytes);
        if (stream == Stream::out) one.late_lines.take(bytes, run_.journal.now());
        take_output(one, stream == Stream::out ? one.out : one.err, stream_name(stream), bytes);
    };
    const auto resumed = [this, &one](Clock::time_point when) {
        run_.journal.add_at(run_.journal.now() - (Clock::now() - when), event::NodeResumed{},
                            {.node = one.outcome.name});
    };
    return {started,
            output,
            [this, &one](ExitStatus status) { on_exit(one, status); },
            run_.fail,
            [this, &one](const Pause& pause) { faults_.on_paused(one.index, pause); },
            resumed,
            [&one](int processes) { one.outcome.left_behind = processes; },
            [this, &one](std::string_view line) { take_syslog(one, line); }};
}

Result<void> RunNodes::make() {
    NETCUT_ASSIGN(Fd times, run_.folder.create_file("logs/times.csv"));
    log_times_.emplace(std::move(times));
    NETCUT_TRY(make_names());
    for (std::size_t i = 0; i < run_.nodes.size(); ++i) {
        auto one = std::make_unique<One>();
        one->index = i;
        NETCUT_ASSIGN(NodeSpec spec, spec_of(i));
        one->outcome.name = spec.name;
        one->node = network_.make(i, std::move(spec), observer_of(*one));
        NETCUT_TRY(open_logs(*one));
        watch(*one);
        nodes_.push_back(std::move(one));
    }
    return {};
}

Result<void> RunNodes::start(std::size_t node) {
    One& one = *nodes_[node];
    const std::string& name = one.outcome.name;
    const auto how = one.outcome.starts == 0 ? RunFolder::Open::afresh : RunFolder::Open::to_append;
    NETCUT_ASSIGN(Fd out, run_.folder.create_file("logs/" + name + ".out", how));
    Fd err;
    if (!run_.scenario.tty && !run_.scenario.join_output) {
        NETCUT_ASSIGN(err, run_.folder.create_file("logs/" + name + ".err", how));
    }
    if (one.outcome.starts == 0)
        for (const auto& log : one.logs) NETCUT_TRY(log->follower->start(folders_));
    NETCUT_TRY(one.node->rewrite_hosts(names_->hosts_of(node)));
    NETCUT_TRY(one.node->start(std::move(out), std::move(err)));
    ++one.outcome.starts;
    return {};
}

RunParts::NodeNow RunNodes::now(std::size_t node) const {
    const One& one = *nodes_[node];
    return {one.node->running(), one.outcome.exit.has_value(), one.starts_again || one.start_when_gone};
}

bool RunNodes::runs(std::size_t node) const {
    return nodes_[node]->node->running();
}

void RunNodes::signal(std::size_t node, int number) {
    nodes_[node]->node->signal(number);
}

pid_t RunNodes::pid(std::size_t node) const {
    return runs(node) ? nodes_[node]->node->pid() : 0;
}

Result<std::size_t> RunNodes::find_running(const std::string& name, const std::string& attempt) const {
    const auto index = node_index(run_.scenario, name);
    if (!index) return usage_failure(attempt, "the run has no node " + name);
    if (!runs(*index)) return usage_failure(attempt, name + " does not run");
    return *index;
}

Result<Node*> RunNodes::execute(std::size_t node, CommandSpec command, Node::Observer observer) {
    std::erase_if(guests_, [](const auto& guest) { return !guest->running(); });
    NodeSpec spec = nodes_[node]->node->spec();
    run_.journal.add(event::NodeCommand{command.argv, command.captures}, {.node = spec.name});
    spec.argv = std::move(command.argv);
    spec.tty = command.size.has_value();
    spec.size = command.size.value_or(TerminalSize{});
    spec.input = command.input || spec.tty;
    spec.captures = command.captures;
    spec.joined = false;
    if (!command.terminal.empty()) spec.env["TERM"] = command.terminal;
    spec.hosts = names_->hosts_of(node);
    NETCUT_ASSIGN(auto guest, network_.start_beside(node, std::move(spec), std::move(observer)));
    guests_.push_back(std::move(guest));
    return guests_.back().get();
}

Result<void> RunNodes::pause(std::size_t node, std::optional<Nanoseconds> lease) {
    return runs(node) ? nodes_[node]->node->pause(lease) : Result<void>();
}

Result<void> RunNodes::resume(std::size_t node) {
    return runs(node) ? nodes_[node]->node->resume() : Result<void>();
}

Result<void> RunNodes::kill(std::size_t node, int signal, bool starts_again) {
    if (!runs(node)) return {};
    One& one = *nodes_[node];
    one.outcome.killed_by_fault = true;
    one.starts_again = starts_again;
    return one.node->signal_tree(signal);
}

Result<void> RunNodes::start_again(std::size_t node) {
    One& one = *nodes_[node];
    if (!one.starts_again && !one.start_when_gone) return {};
    if (one.node->running()) {
        one.start_when_gone = true;
        one.node->kill();
        return {};
    }
    one.starts_again = false;
    one.start_when_gone = false;
    one.outcome.killed_by_fault = false;
    one.outcome.exit.reset();
    one.outcome.left_behind = 0;
    one.outcome.late_lines.reset();
    one.out = LineScanner();
    one.err = LineScanner();
    one.syslog = LineScanner();
    for (const auto& log : one.logs) log->scanner = LineScanner();
    watch(one);
    return start(node);
}

void RunNodes::on_exit(One& one, ExitStatus status) {
    observer_.gone(one.index);
    for (const auto& log : one.logs) log->follower->drain();
    one.out.finish();
    one.err.finish();
    one.syslog.finish();
    for (const auto& log : one.logs) log->scanner.finish();
    NodeOutcome& outcome = one.outcome;
    outcome.exit = status;
    outcome.stopped_by_us = course_.phase() == RunPhase::stopping;
    outcome.ended = run_.journal.now();
    // A tree that is made to end need not end in order.
    const bool by_itself = !outcome.stopped_by_us && !outcome.killed_by_fault;
    if (!by_itself) outcome.left_behind = 0;
    if (by_itself) outcome.late_lines = one.late_lines.at_end(outcome.ended);
    run_.journal.add_at(outcome.ended,
                        event::NodeExited{status, outcome.starts, outcome.stopped_by_us,
                                          outcome.killed_by_fault, outcome.left_behind, outcome.late_lines},
                        {.node = outcome.name});
    if (course_.phase() != RunPhase::stopping) {
        run_.check_journal();
        course_.progressed();
        if (one.start_when_gone)
            run_.timers.post([this, node = one.index] {
                if (course_.is_under_way()) run_.must(start_again(node));
            });
        if (!one.starts_again && !status.success()) observer_.failed(one.index);
    }
    course_.node_ended(one.index, status.success());
}

void RunNodes::ask_to_end() {
    for (const auto& one : nodes_) one->node->signal(SIGTERM);
    for (const auto& guest : guests_) guest->kill();
}

void RunNodes::kill() {
    for (const auto& one : nodes_) one->node->kill();
}

Result<void> RunNodes::flush() {
    return log_times_ ? log_times_->flush() : Result<void>();
}

// As the node itself means it.
Result<std::string> RunNodes::log_path(const One& one, const std::string& log) const {
    std::error_code error;
    std::filesystem::path folder = one.node->spec().cwd;
    if (folder.is_relative()) folder = std::filesystem::current_path(error) / folder;
    if (error) return system_failure("find the working directory", error.value());
    return (folder / log).lexically_normal().string();
}

Result<std::string> RunNodes::path_of(std::size_t node, const std::string& file) const {
    NETCUT_ASSIGN(const std::string path, expand_text(file, run_.scenario, context_of(node)));
    return log_path(*nodes_[node], path);
}

Result<void> RunNodes::follow(One& one, const std::string& written) {
    NETCUT_ASSIGN(const std::string path, log_path(one, written));
    if (!followed_.insert(path).second)
        return usage_failure("follow the log " + path, "two nodes write to it",
                             "let the path have {name} or {index}");
    auto log = std::make_unique<Log>();
    log->path = path;
    log->ending = one.logs.empty() ? "log" : fmt::format("log{}", one.logs.size() + 1);
    NETCUT_ASSIGN(Fd copy, run_.folder.create_file("logs/" + one.outcome.name + "." + log->ending));
    log->follower = std::make_shared<LogFollower>(
        run_.io, path, run_.user, std::move(copy),
        LogFollower::Observer{[this, &one, raw = log.get()](std::string_view bytes) {
                                  take_output(one, raw->scanner, raw->ending, bytes);
                              },
                              run_.fail});
    one.logs.push_back(std::move(log));
    return {};
}

Result<void> RunNodes::open_logs(One& one) {
    const ExpandContext context = context_of(one.index);
    NETCUT_ASSIGN(const auto paths, expand(role_of(one.index).logs, run_.scenario, context));
    for (const std::string& written : paths) NETCUT_TRY(follow(one, written));
    for (const std::string& file : faults_.files_of(context)) {
        NETCUT_ASSIGN(const std::string path, log_path(one, file));
        const bool known =
            std::any_of(one.logs.begin(), one.logs.end(), [&](const auto& log) { return log->path == path; });
        if (!known) NETCUT_TRY(follow(one, file));
    }
    if (run_.scenario.syslog) {
        NETCUT_ASSIGN(one.syslog_copy, run_.folder.create_file("logs/" + one.outcome.name + ".syslog"));
    }
    return {};
}

void RunNodes::watch(One& one) {
    const auto watch_all = [&](LineScanner& scanner) {
        faults_.watch(scanner, one.outcome.name);
        progress_.watch(scanner, one.index);
        safety_.watch(scanner, one.outcome.name);
    };
    watch_all(one.out);
    watch_all(one.err);
    watch_all(one.syslog);
    const ExpandContext context = context_of(one.index);
    for (const auto& log : one.logs) {
        watch_all(log->scanner);
        for (const std::string& file : faults_.files_of(context))
            if (log_path(one, file) == log->path) faults_.watch_file(log->scanner, file, context);
    }
}

void RunNodes::take_output(const One& one, LineScanner& scanner, std::string_view stream,
                           std::string_view bytes) {
    const Nanoseconds t = run_.journal.now();
    progress_.on_output();
    scanner.feed(bytes);
    run_.must(log_times_->take(t, one.outcome.name, stream, bytes.size()));
}

void RunNodes::take_syslog(One& one, std::string_view line) {
    take_output(one, one.syslog, "syslog", line);
    if (!one.syslog_copy) return;
    auto written = write_all(one.syslog_copy.get(), line, "write the syslog of " + one.outcome.name);
    if (written) return;
    one.syslog_copy.reset();
    run_.fail(std::move(written).error());
}

}  // namespace netcut
