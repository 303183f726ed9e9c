// SPDX-License-Identifier: Apache-2.0
#include "daemon/worker/worker.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "scenario/input.h"

namespace netcut {
namespace {

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
    if (scenario.timeout > limits.run_time)
        return usage_failure(
            fmt::format("run for up to {}", duration_text(scenario.timeout)),
            fmt::format("the limit `run-time` of {} is {}", order.user.name, duration_text(limits.run_time)),
            "give a shorter --timeout");
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

Json accepted_json(const Scenario& scenario, const RunFolder& folder) {
    Json faults = Json::array();
    for (const FaultSpec& fault : scenario.faults)
        faults.push_back({{"name", fault.name}, {"kind", kind_name(fault.kind)}, {"nodes", fault.nodes}});
    return {{"accepted",
             {{"name", scenario.name},
              {"folder", folder.path()},
              {"moved", folder.moved()},
              {"nodes", node_names(scenario)},
              {"faults", faults}}}};
}

Json exit_json(const ExitStatus& status) {
    return {{"status", status.text()}, {status.signaled ? "signal" : "exit_code", status.value}};
}

}  // namespace

Worker::Worker(Fd control) {
    channel_ = std::make_shared<LineChannel>(
        io_, std::move(control),
        LineChannel::Observer{[this](const Json& message) { take(message); },
                              // Without the daemon nobody would know of the run.
                              [] { ::_exit(1); }});
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
    channel_->send({{"refused", error_json(error)}});
    channel_->when_sent([] { ::_exit(0); });
}

void Worker::take(const Json& message) {
    if (!run_ && message.contains("run")) return take_order(message.at("run"));
    if (run_ && message.contains("do")) return obey(message);
}

void Worker::take_order(const Json& json) {
    auto order = WorkerOrder::from_json(json);
    const auto begun = order ? begin(std::move(*order)) : Result<void>(Failure(order.error()));
    if (!begun) refuse(begun.error());
}

Result<Scenario> Worker::scenario_of(const WorkerOrder& order) const {
    Scenario scenario;
    const std::string base = template_named_in(order.scenario);
    if (!base.empty()) NETCUT_TRY(read_template(scenario, base));
    NETCUT_TRY(read_yaml(scenario, order.scenario, "scenario"));
    NETCUT_TRY(read_traces(scenario));
    NETCUT_TRY(check(scenario));
    return scenario;
}

Result<void> Worker::begin(WorkerOrder order) {
    ::umask(order.umask);
    NETCUT_TRY(enter_folder(order));
    NETCUT_ASSIGN(Scenario scenario, scenario_of(order));
    NETCUT_TRY(check_limits(scenario, order));
    NETCUT_TRY(check_uplink(scenario));
    NETCUT_TRY(check_user(scenario, order.user));
    NETCUT_TRY(check_machine(scenario, order.user));
    NETCUT_ASSIGN(RunFolder folder, RunFolder::create(order.folder, scenario.name, order.user));
    folder_.emplace(std::move(folder));
    channel_->send(accepted_json(scenario, *folder_));
    run_.emplace(io_, std::move(scenario), *folder_, order.user,
                 HostedRun::Observer{[this](const Event& event) {
                                         channel_->send({{"event", event.to_json()}});
                                     },
                                     [this](const Result<RunResult>& result) { finish(result); },
                                     [](const std::string&, const Error&) {}});
    if (auto started = run_->start(); !started) finish(Failure(started.error()));
    return {};
}

void Worker::finish(const Result<RunResult>& result) {
    Json ended;
    if (result)
        ended = {{"exit_status", result->verdict.exit_status}, {"verdict", result->verdict_json}};
    else
        ended = {{"exit_status", exit_status_of(result.error())}, {"error", error_json(result.error())}};
    channel_->send({{"ended", std::move(ended)}});
    // Not from inside the engine's own callback.
    channel_->when_sent([] { ::_exit(0); });
}

void Worker::obey(const Json& message) {
    const Json id = message.value("id", Json(0));
    Result<Json> done = Json::object();
    try {
        done = carry_out(message.at("do").get<std::string>(), message);
    } catch (const Json::exception& error) {
        done = usage_failure("read the request", error.what());
    }
    if (done)
        channel_->send({{"id", id}, {"done", *done}});
    else
        channel_->send({{"id", id}, {"failed", error_json(done.error())}});
}

Result<Json> Worker::carry_out(const std::string& what, const Json& message) {
    Engine& engine = run_->engine();
    if (what == "stop") {
        engine.stop(message.value("signal", SIGTERM));
        return Json::object();
    }
    if (what == "fire" || what == "heal") {
        const std::string fault = message.at("fault").get<std::string>();
        NETCUT_TRY(what == "fire" ? engine.fire(fault) : engine.heal(fault));
        return Json{{"fault", fault}};
    }
    if (what == "add") {
        FaultSpec fault;
        NETCUT_TRY(read_fault_yaml(fault, message.at("fault").get<std::string>(), "fault"));
        NETCUT_TRY(read_trace(fault));
        NETCUT_ASSIGN(const std::string name, engine.add_fault(std::move(fault)));
        return Json{{"fault", name}};
    }
    if (what == "signal") {
        NETCUT_ASSIGN(const int number, parse_signal(message.at("signal").get<std::string>()));
        NETCUT_TRY(engine.signal(message.at("node").get<std::string>(), number));
        return Json{{"signal", number}};
    }
    if (what == "execute") return execute(message);
    return usage_failure("do '" + what + "'", "no worker knows that");
}

Result<Json> Worker::execute(const Json& message) {
    const Json id = message.at("id");
    const auto command = message.at("command").get<std::vector<std::string>>();
    if (command.empty()) return usage_failure("run a command beside a node", "the command is empty");
    Node::Observer observer{
        [] {},
        [this, id](Stream stream, std::string_view bytes) {
            channel_->send({{"id", id}, {"stream", stream_name(stream)}, {"output", std::string(bytes)}});
        },
        [this, id](ExitStatus status) {
            channel_->send({{"id", id}, {"exit", exit_json(status)}});
        },
        [this, id](const Error& error) {
            channel_->send({{"id", id}, {"problem", error_json(error)}});
        }};
    NETCUT_TRY(run_->engine().execute(message.at("node").get<std::string>(), command, std::move(observer)));
    return Json::object();
}

}  // namespace netcut
