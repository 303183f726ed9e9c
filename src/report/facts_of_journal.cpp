// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "netcut/evidence.h"
#include "report/journal_fields.h"
#include "report/older_record.h"
#include "run/recovery_json.h"
#include "run/rounds.h"

namespace netcut {
namespace {

EndReason end_of(const std::string& word) {
    if (const auto end = parse_end_word(word)) return *end;
    throw std::invalid_argument("no run ends by '" + word + "'");
}

Error error_of(const Json& details) {
    Error error;
    for (const Error::Kind kind : {Error::Kind::usage, Error::Kind::machine, Error::Kind::internal})
        if (details.at("kind").get<std::string>() == error_kind_name(kind)) error.kind = kind;
    error.attempt = details.at("attempt").get<std::string>();
    error.code = details.at("code").get<int>();
    error.reason = details.at("reason").get<std::string>();
    error.hint = details.at("hint").get<std::string>();
    return error;
}

// "10.99.0.3 45678"
std::pair<IpAddress, std::uint16_t> end_point_of(const std::string& text) {
    const std::size_t space = text.find(' ');
    if (space == std::string::npos) throw std::invalid_argument("'" + text + "' has no port");
    boost::system::error_code error;
    const IpAddress address = boost::asio::ip::make_address(text.substr(0, space), error);
    if (error) throw std::invalid_argument("'" + text + "' is no address");
    return {address, static_cast<std::uint16_t>(std::stoul(text.substr(space + 1)))};
}

HalfOpen half_open_of(const Event& event) {
    const Json& details = event.details;
    HalfOpen half{
        event.node, details.at("peer").get<std::string>(), {}, details.at("address_gone").get<bool>()};
    TcpSocket& socket = half.socket;
    std::tie(socket.local, socket.local_port) = end_point_of(details.at("local").get<std::string>());
    std::tie(socket.remote, socket.remote_port) = end_point_of(details.at("remote").get<std::string>());
    socket.state = details.at("state").get<std::string>();
    socket.send_queue = details.at("unacknowledged_bytes").get<std::uint32_t>();
    socket.ms_since_sent = details.at("ms_since_sent").get<std::uint32_t>();
    socket.ms_since_received = details.at("ms_since_received").get<std::uint32_t>();
    return half;
}

// Takes events in the order of the journal.
class FactsBuilder {
  public:
    explicit FactsBuilder(const Scenario& scenario) : scenario_(scenario), rounds_(scenario.progress_marks) {
        facts_.faults_asked = scenario.faults.size();
        facts_.waited_for_progress = scenario.hang_after;
        for (const std::string& name : node_names(scenario)) facts_.nodes.emplace_back().name = name;
        for (const FaultSpec& fault : scenario.faults)
            faults_.push_back({&fault, plan_of(scenario, fault).value(), {}});
    }

    void take(const Event& event) {
        if (event.name == "run.stopping") return take_stopping(event);
        if (event.name == "run.state" && event.details.at("state").get<std::string>() == "running")
            rounds_.begin(event.t);
        if (event.name == "run.error" && !error_) error_ = error_of(event.details);
        if (event.name == "socket.half_open") facts_.half_open.push_back(half_open_of(event));
        if (event.name == "progress")
            rounds_.note(event.node, event.details.at("round").get<std::string>(), event.t);
        if (event.name == "progress.full") rounds_.close(event.node, event.t);
        if (event.name == "expected.line")
            facts_.log_values[event.details.at("number").get<std::size_t>()] =
                event.details.at("value").get<std::string>();
        if (event.name == "node.started") start(node(event.node));
        if (event.name == "node.exited") take_exit(event);
        if (!event.fault.empty()) take_of_fault(event, fault(event.fault));
    }

    Facts finish() {
        facts_.preparing = !facts_.nodes.front().started && !scenario_.prepare.empty();
        if (error_) {
            facts_.end = EndReason::failed;
            facts_.error = *error_;
        }
        for (const OneFault& fault : faults_) {
            if (fault.outcomes.empty())
                facts_.unfired.push_back({fault.spec->name, fault.delayed, fault.armed, fault.missed});
            facts_.outcomes.insert(facts_.outcomes.end(), fault.outcomes.begin(), fault.outcomes.end());
        }
        std::stable_sort(facts_.outcomes.begin(), facts_.outcomes.end(),
                         [](const FaultOutcome& a, const FaultOutcome& b) { return a.fired < b.fired; });
        facts_.rounds = rounds_.times(facts_.nodes);
        return std::move(facts_);
    }

  private:
    struct OneFault {
        const FaultSpec* spec;
        FaultPlan plan;
        std::vector<FaultOutcome> outcomes;
        bool delayed = false, armed = false;
        unsigned missed = 0;
    };

    NodeOutcome& node(const std::string& name) {
        for (NodeOutcome& one : facts_.nodes)
            if (one.name == name) return one;
        throw std::invalid_argument("the scenario has no node " + name);
    }

    OneFault& fault(const std::string& name) {
        for (OneFault& one : faults_)
            if (one.spec->name == name) return one;
        throw std::invalid_argument("the scenario has no fault " + name);
    }

    static FaultOutcome& last_of(OneFault& fault) {
        if (fault.outcomes.empty()) throw std::invalid_argument("the fault was not fired before");
        return fault.outcomes.back();
    }

    bool any_fired() const {
        return std::any_of(faults_.begin(), faults_.end(),
                           [](const auto& one) { return !one.outcomes.empty(); });
    }

    void take_stopping(const Event& event) {
        const Json& details = event.details;
        facts_.end = end_of(details.at("end").get<std::string>());
        facts_.signal = details.value("signal", 0);
        const bool crashed = std::any_of(facts_.nodes.begin(), facts_.nodes.end(),
                                         [](const auto& node) { return node.exit && !node.exit->success(); });
        if (facts_.end == EndReason::finished || (facts_.end == EndReason::collaborators_ended && !crashed))
            rounds_.finish(event.t);
        if (facts_.end == EndReason::interrupted && ::sigdescr_np(facts_.signal) == nullptr)
            throw std::invalid_argument("there is no such signal");
    }

    // A node that a fault has ended, and that starts again, has not ended.
    static void start(NodeOutcome& node) {
        node.started = true;
        node.exit.reset();
        node.killed_by_fault = false;
        node.left_behind = 0;
        node.late_lines.reset();
    }

    void take_exit(const Event& event) {
        NodeOutcome& one = node(event.node);
        const bool signaled = event.details.contains("signal");
        one.exit = ExitStatus{signaled, event.details.at(signaled ? "signal" : "exit_code").get<int>()};
        one.starts = event.details.at("starts").get<unsigned>();
        one.stopped_by_us = event.details.at("stopped_by_us").get<bool>();
        one.killed_by_fault = event.details.at("killed_by_fault").get<bool>();
        one.left_behind = event.details.value("left_behind", 0);
        if (event.details.contains("late_lines")) {
            const Json& lines = event.details.at("late_lines");
            one.late_lines =
                LineBurst{lines.at("late").get<std::uint64_t>(), lines.at("all").get<std::uint64_t>()};
        }
        one.after_fault = any_fired();
        one.ended = event.t;
    }

    void take_of_fault(const Event& event, OneFault& fault) {
        if (event.name == "trigger.matched" && event.details.at("verdict").get<std::string>() == "fires")
            fault.delayed = fault.spec->trigger.delay > Nanoseconds(0);
        if (event.name == "fault.armed") {
            fault.delayed = false;
            fault.armed = true;
        }
        if (event.name == "trigger.missed") ++fault.missed;
        if (event.name == "fault.fired") take_firing(event, fault);
        if (event.name == "fault.healed") take_heal(event, last_of(fault));
        if (event.name == "fault.unhealed") take_losses(event.details, last_of(fault));
        if (event.name == "node.paused") {
            Pause& pause = last_of(fault).pauses[event.node];
            pause.processes = event.details.at("processes").get<int>();
            pause.unstopped = event.details.at("unstopped").get<int>();
        }
        if (event.name == "node.recovered" || event.name == "node.unrecovered") {
            last_of(fault).recovery[event.node] = parse_recovery(event.details);
        }
    }

    void take_firing(const Event& event, OneFault& fault) const {
        fault.delayed = false;
        FaultOutcome& outcome = fault.outcomes.emplace_back();
        outcome.fault = fault.spec->name;
        outcome.kind = fault.spec->kind;
        outcome.queued = fault.plan.queues();
        if (const Lose* list = std::get_if<Lose>(&fault.plan.action)) outcome.list_period = list->period;
        outcome.renumbered = fault.plan.plug.changes_identity(scenario_.fabric);
        outcome.fired = event.t;
        outcome.missed = std::exchange(fault.missed, 0);
        if (event.details.contains("flap")) {
            outcome.cycle = event.details.at("flap").at("cycle").get<std::size_t>();
            outcome.cycles = event.details.at("flap").at("of").get<std::size_t>();
        }
        outcome.trigger_node = event.details.at("trigger").at("node").get<std::string>();
        outcome.trigger_line = event.details.at("trigger").at("line").get<std::string>();
        for (const Json& name : event.details.at("nodes")) outcome.losses[name.get<std::string>()] = {};
    }

    static void take_losses(const Json& details, FaultOutcome& outcome) {
        for (const auto& [name, losses] : details.at("losses").items())
            outcome.losses[name] = losses_field(losses);
    }

    static void take_heal(const Event& event, FaultOutcome& outcome) {
        outcome.healed = event.t;
        take_losses(event.details, outcome);
        for (const auto& [name, losses] : outcome.losses) outcome.recovery[name] = {};
    }

    const Scenario& scenario_;
    Facts facts_;
    std::vector<OneFault> faults_;
    std::optional<Error> error_;
    Rounds rounds_;
};

}  // namespace

Facts facts_of_journal(const std::vector<Event>& events, const Scenario& scenario, Check& check) {
    FactsBuilder builder(scenario);
    const bool older = is_older_record(events);
    for (const Event& event : events) {
        std::string why;
        try {
            builder.take(event);
            continue;
        } catch (const Json::exception& error) {
            if (older && is_missing_field(error)) continue;  // told with the journal
            why = error.what();
        } catch (const std::logic_error& error) {
            why = error.what();
        }
        check.disagreements.push_back(fmt::format("line {} ({}): {}", event.number, event.name, why));
    }
    return builder.finish();
}

}  // namespace netcut
