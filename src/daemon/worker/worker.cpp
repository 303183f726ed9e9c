// SPDX-License-Identifier: Apache-2.0
#include "daemon/worker/worker.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "daemon/json_text.h"
#include "daemon/problem.h"
#include "daemon/worker/cpu_bound.h"
#include "scenario/input.h"

namespace netcut {
namespace {

constexpr std::size_t max_message = 5 << 20;  // of the daemon's: a request's body, and a little more
constexpr std::size_t max_reason = 1000;
constexpr std::size_t max_fault = 64 << 10;  // bytes of one that is added

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

// What a request's body says of `key`.
template <typename T>
Result<T> member(const std::string& body, const char* key) {
    const std::string attempt = "read the request";
    NETCUT_ASSIGN(const Json json, parse_json(body, attempt));
    try {
        return json.at(key).get<T>();
    } catch (const Json::exception& error) {
        return usage_failure(attempt, error.what());
    }
}

// The body may be empty.
Result<int> stop_signal(const std::string& body) {
    NETCUT_ASSIGN(const Json json, parse_json(body.empty() ? "{}" : body, "read the request"));
    const bool given = json.is_object() && json.contains("signal");
    if (!given) return SIGTERM;
    NETCUT_ASSIGN(const std::string name, member<std::string>(body, "signal"));
    return parse_signal(name);
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
    if (run_) return obey(message);
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

void Worker::obey(const Message& message) {
    if (message.kind == Message::Kind::taken || message.kind == Message::Kind::leave) {
        const auto command = commands_.find(message.id);
        if (command == commands_.end()) return;
        if (message.kind == Message::Kind::leave) return command->second->leave();
        return command->second->taken(std::stoull(message.words.at(0)));
    }
    if (message.kind == Message::Kind::execute) {
        if (auto begun = execute(message); !begun)
            channel_->send(problem_message(Message::Kind::answer, message.id, begun.error()));
        return;
    }
    const auto done = carry_out(message);
    if (!done) return channel_->send(problem_message(Message::Kind::answer, message.id, done.error()));
    channel_->send({Message::Kind::answer,
                    message.id,
                    {"200", done->dump(2, ' ', false, Json::error_handler_t::replace) + "\n"}});
}

Result<Json> Worker::carry_out(const Message& message) {
    Engine& engine = run_->engine();
    const auto& words = message.words;
    switch (message.kind) {
        case Message::Kind::stop: {
            NETCUT_ASSIGN(const int number, stop_signal(words.at(0)));
            engine.stop(number);
            return Json::object();
        }
        case Message::Kind::fire:
            NETCUT_TRY(engine.fire(words.at(0)));
            return Json{{"fault", words.at(0)}};
        case Message::Kind::heal:
            NETCUT_TRY(engine.heal(words.at(0)));
            return Json{{"fault", words.at(0)}};
        case Message::Kind::add:
            return add_fault(message.id, words.at(0));
        case Message::Kind::signal:
            return signal(words.at(0), words.at(1));
        default:
            return usage_failure("do what was asked for", "no worker knows it", "install the program whole");
    }
}

// The body is the fault, as it stands in a scenario; JSON is YAML. One that cannot be read in time takes the run
// with it: there is no way back from the middle of a parser.
Result<Json> Worker::add_fault(std::uint64_t request, const std::string& body) {
    const std::string attempt = "add a fault";
    if (body.size() > max_fault)
        return usage_failure(attempt, fmt::format("it has more than {} KiB", max_fault >> 10),
                             "describe it in fewer words");
    const CpuBound bound(patience_s, socket_,
                         out_of_patience(Message::Kind::answer, request, attempt,
                                         "the run has been ended: give a smaller one"));
    FaultSpec fault;
    NETCUT_TRY(read_fault_yaml(fault, body, "fault"));
    NETCUT_TRY(read_named_files(fault));
    NETCUT_ASSIGN(const std::string name, run_->engine().add_fault(std::move(fault)));
    return Json{{"fault", name}};
}

Result<Json> Worker::signal(const std::string& node, const std::string& body) {
    NETCUT_ASSIGN(const std::string name, member<std::string>(body, "signal"));
    NETCUT_ASSIGN(const int number, parse_signal(name));
    NETCUT_TRY(run_->engine().signal(node, number));
    return Json{{"signal", number}};
}

Result<void> Worker::execute(const Message& message) {
    std::erase_if(commands_, [](const auto& one) { return one.second->over(); });
    NETCUT_ASSIGN(auto words, member<std::vector<std::string>>(message.words.at(1), "command"));
    if (words.empty()) return usage_failure("run a command beside a node", "the command is empty");
    auto command = std::make_unique<Command>(message.id, channel_);
    NETCUT_ASSIGN(Node * node,
                  run_->engine().execute(message.words.at(0), std::move(words), command->observer()));
    command->begin(node);
    commands_.emplace(message.id, std::move(command));
    channel_->send({Message::Kind::opened, message.id, {}});
    return {};
}

}  // namespace netcut
