// SPDX-License-Identifier: Apache-2.0
#include "daemon/worker/worker.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "base/time.h"
#include "daemon/json_text.h"
#include "daemon/problem.h"
#include "daemon/worker/cpu_bound.h"
#include "fabric/uplink.h"
#include "node/node.h"
#include "scenario/check.h"
#include "scenario/fault_spec.h"
#include "scenario/input.h"
#include "scenario/template.h"
#include "scenario/words.h"
#include "scenario/yaml.h"
#include "user/user.h"
#include "verdict/verdict.h"

namespace netcut {
namespace {

constexpr std::size_t max_message = 5 << 20;  // of the daemon's: a request's body, and a little more
constexpr std::size_t max_reason = 1000;

// The daemon's is raised for itself alone.
void limit_open_files(std::uint64_t soft) {
    rlimit open_files{};
    ::getrlimit(RLIMIT_NOFILE, &open_files);
    open_files.rlim_cur = std::min<rlim_t>(soft, open_files.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &open_files);
}

Result<void> enter_folder(const WorkerOrder& order) {
    if (order.cwd.empty() || ::chdir(order.cwd.c_str()) != 0)
        return system_failure("change to the folder " + order.cwd, "give one that you may enter");
    return {};
}

Result<void> check_limits(const Scenario& scenario, const WorkerOrder& order) {
    const Limits& limits = order.limits;
    const std::string hint = "the limit is in the daemon's configuration";
    if (scenario.collaborators + 1 > limits.nodes)
        return usage_failure(fmt::format("run {} nodes", scenario.collaborators + 1),
                             fmt::format("the limit `nodes` of {} is {}", order.user.name, limits.nodes),
                             hint);
    // Each may be as long as a duration can be: their sum could overflow.
    if (scenario.timeout > limits.run_time || scenario.grace > limits.run_time - scenario.timeout)
        return usage_failure(
            fmt::format("run for up to {}, and {} of grace", duration_text(scenario.timeout),
                        duration_text(scenario.grace)),
            fmt::format("the limit `run-time` of {} is {}", order.user.name, duration_text(limits.run_time)),
            "give a shorter --timeout or --grace");
    return {};
}

// Whoever may use the daemon has no rights over the host's network by that.
Result<void> check_uplink(const Scenario& scenario) {
    if (scenario.fabric.uplink.empty()) return {};
    return usage_failure("give nodes a way out (uplink)", "a run of the daemon has none",
                         "leave it out, or run it as root without the daemon: sudo netcut-fl run --local");
}

// In the run's user namespace there is nobody else.
Result<void> check_user(const Scenario& scenario, const User& user) {
    if (scenario.user.empty()) return {};
    const auto wanted = find_user(scenario.user);
    if (wanted && wanted->uid == user.uid) return {};
    const std::string attempt = "run nodes as the user '" + scenario.user + "'";
    if (user.uid != 0)
        return usage_failure(attempt, "only root can run nodes as somebody else", "leave `user` out");
    return usage_failure(attempt, "a run of the daemon is its own user's alone",
                         "run it without the daemon: sudo netcut-fl run --local --user " + scenario.user);
}

Message fault_message(const std::string& name, const std::string& kind, const std::vector<std::string>& nodes,
                      bool on) {
    return {Message::Kind::fault, 0, {name, kind, fmt::format("{}", fmt::join(nodes, " ")), on ? "on" : ""}};
}

Message problem_message(Message::Kind kind, std::uint64_t id, const Error& error) {
    Problem problem = problem_of(error);
    return {kind, id, {std::to_string(problem.status), std::move(problem.body)}};
}

// To read an order takes milliseconds. One that takes seconds is meant to keep the machine busy.
constexpr int patience_s = 1;

std::string out_of_patience(Message::Kind kind, std::uint64_t id, const std::string& attempt,
                            const std::string& hint) {
    const Error error{Error::Kind::usage, attempt, 0,
                      fmt::format("to read what it is to do took more than {} s of CPU time", patience_s),
                      hint};
    return encoded(problem_message(kind, id, error));
}

}  // namespace

Worker::Worker(Fd control) : socket_(control.get()) {
    channel_ = std::make_shared<Channel>(io_.get_executor(), std::move(control), max_message,
                                         Channel::Observer{[this](const Message& message) { take(message); },
                                                           // Without the daemon nobody would know of the run.
                                                           [](bool) { ::_exit(1); }});
}

void Worker::run() {
    channel_->start();
    try {
        io_.run();
    } catch (const std::exception& error) {
        give_up(Error{Error::Kind::internal, "carry out the run", 0, error.what(), "please report it"});
        io_.run();
    }
}

void Worker::give_up(const Error& error) {
    io_.restart();
    if (run_) return finish(Failure(error));
    refuse(error);
}

void Worker::refuse(const Error& error) {
    channel_->send(problem_message(Message::Kind::refused, 0, error));
    channel_->when_sent([] { ::_exit(0); });
}

void Worker::take(const Message& message) {
    if (requests_) {
        requests_->take(message);
        return;
    }
    if (message.kind == Message::Kind::run) take_order(message);
}

void Worker::take_order(const Message& message) {
    const CpuBound bound(
        patience_s, socket_,
        out_of_patience(Message::Kind::refused, 0, "start the run", "give it a smaller scenario"));
    auto order = WorkerOrder::from_words(message.words);
    const auto begun = order ? begin(*order) : Result<void>(Failure(order.error()));
    if (!begun) refuse(begun.error());
}

Result<Scenario> Worker::scenario_of(const WorkerOrder& order) const {
    Scenario scenario;
    const std::string base = template_named_in(order.scenario);
    if (!base.empty()) NETCUT_TRY(read_template(scenario, base));
    NETCUT_TRY(read_yaml(scenario, order.scenario, "scenario"));
    NETCUT_TRY(read_named_files(scenario));
    NETCUT_TRY(check(scenario));
    return scenario;
}

Result<void> Worker::begin(const WorkerOrder& order) {
    ::umask(order.umask);
    NETCUT_TRY(enter_folder(order));
    NETCUT_ASSIGN(Scenario scenario, scenario_of(order));
    NETCUT_TRY(check_limits(scenario, order));
    NETCUT_TRY(check_uplink(scenario));
    NETCUT_TRY(check_user(scenario, order.user));
    limit_open_files(order.open_files);
    NETCUT_TRY(check_machine(scenario, order.user));
    NETCUT_ASSIGN(RunFolder folder, RunFolder::create(order.folder, scenario.name, order.user));
    folder_.emplace(std::move(folder));
    accept(scenario, order.attached);
    run_.emplace(io_, std::move(scenario), *folder_, order.user,
                 HostedRun::Observer{[this](const Event& event) { report(event); },
                                     [this](const Result<RunResult>& result) { finish(result); },
                                     [](const std::string&, const Error&) {}});
    requests_.emplace(run_->engine(), channel_, [this](const Message& message) { return patience(message); });
    if (auto started = run_->start(); !started) finish(Failure(started.error()));
    return {};
}

// Nodes and faults first, so that the run is known whole once it is accepted.
void Worker::accept(const Scenario& scenario, bool attached) {
    for (const std::string& node : node_names(scenario))
        channel_->send({Message::Kind::node, 0, {node, "waiting"}});
    for (const FaultSpec& fault : scenario.faults)
        channel_->send(fault_message(fault.name, fault.kind->name, fault.nodes, false));
    channel_->send({Message::Kind::accepted,
                    0,
                    {scenario.name, folder_->path(), folder_->moved(), attached ? "attached" : ""}});
}

// What the daemon knows of the run while it goes on.
void Worker::report(const Event& event) {
    const auto node_is = [&](const std::string& state) {
        channel_->send({Message::Kind::node, 0, {event.node, state}});
    };
    const auto fault_is = [&](const event::FaultFired& fired, bool on) {
        channel_->send(fault_message(event.fault, fired.kind, fired.nodes, on));
    };
    std::visit(Cases{[&](const event::NodeStarted&) { node_is("running"); },
                     [&](const event::NodeResumed&) { node_is("running"); },
                     [&](const event::NodePaused&) { node_is("paused"); },
                     [&](const event::NodeExited& exited) { node_is(exited.exit.text()); },
                     [&](const event::FaultFired& fired) { fault_is(fired, true); },
                     [&](const event::FaultHealed&) { fault_is({}, false); }, [](const auto&) {}},
               event.what);
}

void Worker::finish(const Result<RunResult>& result) {
    const int status = result ? result->verdict.exit_status : exit_status_of(result.error());
    const std::string reason = result ? result->verdict.reason : result.error().text();
    channel_->send(
        {Message::Kind::ended,
         0,
         {std::to_string(status), result ? result->verdict.word() : "", reason.substr(0, max_reason)}});
    // Not from inside the engine's own callback.
    channel_->when_sent([] { ::_exit(0); });
}

// One that cannot be read in time takes the run with it: there is no way back from the middle of a parser.
std::shared_ptr<void> Worker::patience(const Message& message) const {
    return std::make_shared<CpuBound>(patience_s, socket_,
                                      out_of_patience(Message::Kind::answer, message.id, "add a fault",
                                                      "the run has been ended: give a smaller one"));
}

}  // namespace netcut
