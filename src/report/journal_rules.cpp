// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "netcut/evidence.h"
#include "report/journal_fields.h"
#include "report/older_record.h"
#include "run/recovery_json.h"

namespace netcut {
namespace {

// Written a little after they happened, so that other lines may stand before them that happened later.
bool is_told_late(const std::string& name) {
    return name.starts_with("fault.") || name.starts_with("trigger.") || name == "node.phase" ||
           name == "node.paused" || name == "node.resumed" || name == "traffic";
}

// It waits for a phase that the kernel tells: armed from the start, a packet is what triggers it.
bool waits_for_packet(const FaultSpec& fault) {
    return fault.trigger.kind == FaultTrigger::Kind::phase && fault.trigger.phase.on_the_wire();
}

// Takes the events in their order, and says where one cannot follow those before it.
class Rules {
  public:
    Rules(const Scenario& scenario, Check& check) : scenario_(scenario), check_(check) {
        for (const FaultSpec& fault : scenario.faults) faults_[fault.name].spec = &fault;
    }

    void take(const Event& event) {
        line_ = &event;
        number();
        time();
        if (event.name == "run.begun") return begun();
        if (realtime_ &&
            event.wall != wall_time_text(std::chrono::system_clock::time_point(*realtime_ + event.t)))
            wrong("wall and t_ns are not the same moment");
        if (event.name == "run.state") return state();
        if (event.name == "node.started" || event.name == "node.exited") return life();
        if (event.fault.empty()) return;
        const auto found = faults_.find(event.fault);
        if (found == faults_.end()) return wrong("the scenario has no such fault");
        of_fault(found->second);
    }

    void finish() {
        if (lines_ == 0) return check_.disagreements.push_back("the journal is empty");
        if (line_->name != "run.state" || state_ != "done")
            check_.disagreements.emplace_back(
                "the run did not end in order: the last line is not its state 'done'");
        for (const auto& [node, running] : running_)
            if (running) check_.disagreements.push_back(node + " was started and never ended");
    }

  private:
    struct OneFault {
        const FaultSpec* spec = nullptr;
        unsigned fires = 0, fired = 0;
        bool on = false, armed = false;
        std::optional<Nanoseconds> tripped;
        Nanoseconds fired_at{0};
        std::optional<Nanoseconds> healed_at;
    };

    void wrong(const std::string& why) {
        check_.disagreements.push_back(fmt::format("line {} ({}{}{}): {}", lines_, line_->name,
                                                   line_->fault.empty() ? "" : " of ", line_->fault, why));
    }
    const Json& detail(const char* key) const { return line_->details.at(key); }
    // Somebody did it by hand, before its time.
    bool asked_for() const { return line_->details.value("asked_for", false); }
    double number_of(const char* key) const { return detail(key).get<double>(); }

    void number() {
        if (++lines_ == 1 && line_->name != "run.begun") wrong("a journal begins with run.begun");
        if (line_->number == lines_) return;
        wrong(fmt::format("it has the number {}: lines are missing, or were added", line_->number));
        lines_ = line_->number;
    }

    void time() {
        if (line_->t < Nanoseconds(0)) wrong("it happened before the run began");
        if (!is_told_late(line_->name) && line_->t < latest_)
            wrong(fmt::format("it happened {:.6f} s before a line above it", seconds(latest_ - line_->t)));
        latest_ = std::max(latest_, line_->t);
    }

    void begun() {
        if (realtime_) wrong("the run had begun already");
        if (detail("schema") > record_schema) wrong("it was written by a newer netcut-fl");
        realtime_ = realtime_field(detail("realtime_ns"));
        if (detail("nodes").get<std::vector<std::string>>() != node_names(scenario_))
            wrong("its nodes are not those of scenario.yaml");
        if (detail("name").get<std::string>() != scenario_.name)
            wrong("its name is not that of scenario.yaml");
    }

    void state() {
        static const std::vector<std::string> order = {"preparing", "starting", "running", "stopping",
                                                       "done"};
        const std::string next = detail("state").get<std::string>();
        const auto there = std::find(order.begin(), order.end(), next);
        if (there == order.end()) return wrong("there is no such state");
        if (!state_.empty() && there <= std::find(order.begin(), order.end(), state_))
            wrong(fmt::format("{} does not follow {}", next, state_));
        state_ = next;
    }

    void life() {
        bool& running = running_[line_->node];
        const bool started = line_->name == "node.started";
        if (started && running) wrong(line_->node + " ran already");
        // A node whose command could not be executed ends without having been started, and so does one that
        // was ended before its command began.
        if (!started && !running && line_->details.value("exit_code", -1) == 0)
            wrong(line_->node + " did not run");
        running = started;
    }

    void of_fault(OneFault& fault) {
        const std::string& name = line_->name;
        if (name == "trigger.matched") fault.fires += detail("verdict").get<std::string>() == "fires" ? 1 : 0;
        if (name == "fault.armed") arm(fault);
        if (name == "trigger.tripped") trip(fault);
        if (name == "fault.fired") fire(fault);
        if (name == "fault.healed") heal(fault);
        if (name == "fault.unhealed" && !fault.on) wrong("the fault was not active");
        if (name == "node.recovered" || name == "node.unrecovered") recover(fault);
    }

    void arm(OneFault& fault) {
        if (fault.on || (fault.armed && fault.spec->when)) wrong("the fault was armed, or active, already");
        if (fault.spec->when && detail("when").get<std::string>() != when_text(*fault.spec->when))
            wrong("this is not the moment of scenario.yaml");
        if (fault.fires == 0 && !waits_for_packet(*fault.spec)) wrong("nothing has triggered it");
        fault.armed = true;
    }

    void trip(OneFault& fault) {
        if (!fault.armed) wrong("the fault was not armed before");
        fault.armed = false;
        fault.tripped = line_->t;
        if (waits_for_packet(*fault.spec)) ++fault.fires;
    }

    void fire(OneFault& fault) {
        if (fault.on) wrong("the fault was active already");
        const bool told_by_packet =
            waits_for_packet(*fault.spec) ||
            (fault.spec->when && fault.spec->when->moment.kind != WireMoment::Kind::silence);
        if (told_by_packet && !asked_for() && !fault.spec->flap && !fault.tripped)
            wrong("its moment had not come");
        if (fault.tripped && *fault.tripped != line_->t) wrong("it was not fired when its moment came");
        if (fault.fires == 0) wrong("nothing has triggered it");
        if (!fault.spec->flap && fault.fired == fault.fires) wrong("it was fired more often than triggered");
        if (detail("number").get<unsigned>() != ++fault.fired)
            wrong(fmt::format("it is firing {} of this fault", fault.fired));
        if (detail("kind").get<std::string>() != fault.spec->kind->name)
            wrong("its kind is not that of scenario.yaml");
        if (detail("nodes").get<std::vector<std::string>>() != fault.spec->nodes)
            wrong("its nodes are not those of scenario.yaml");
        if (!fault.spec->flap &&
            detail("for_s") != (fault.spec->duration ? Json(seconds(*fault.spec->duration)) : Json(nullptr)))
            wrong("it lasts not as long as in scenario.yaml");
        if (fault.healed_at && line_->t < *fault.healed_at) wrong("it was fired before it had healed");
        fault.on = true;
        fault.armed = false;
        fault.tripped.reset();
        fault.fired_at = line_->t;
    }

    void heal(OneFault& fault) {
        if (!fault.on) return wrong("the fault was not active");
        fault.on = false;
        fault.healed_at = line_->t;
        const Nanoseconds lasted = line_->t - fault.fired_at;
        if (lasted < Nanoseconds(0)) wrong("it healed before it was fired");
        if (number_of("lasted_s") != seconds(lasted))
            wrong(fmt::format("lasted_s is {}, and from its firing it is {}", number_of("lasted_s"),
                              seconds(lasted)));
        if (fault.spec->duration && !asked_for() && !fault.spec->flap && lasted < *fault.spec->duration)
            wrong("it healed before its time was over");
        add_up(queues(*fault.spec) ? "packets_queued" : "packets_lost");
    }

    void add_up(const char* total) {
        const Json& losses = detail("losses");
        for (const auto& [node, sum] : detail(total).items()) {
            const std::uint64_t parts = losses_field(losses.at(node)).total();
            if (parts != sum.get<std::uint64_t>())
                wrong(fmt::format("{} of {} is {}, and its parts are {}", total, node, sum.dump(), parts));
        }
    }

    void recover(const OneFault& fault) {
        if (!fault.healed_at && (!fault.on || line_->name == "node.recovered"))
            return wrong("the fault had not healed");
        const Nanoseconds healed = fault.healed_at.value_or(line_->t);
        for (const std::string what : {"sent_again", "received_again", "worked", "next_round"}) {
            if (!line_->details.contains(what + "_ns")) continue;
            const Json& ns = detail((what + "_ns").c_str());
            const Json& s = detail((what + "_s").c_str());
            if (ns.is_null() != s.is_null()) wrong(what + ": one of _s and _ns is null");
            if (ns.is_null() || s.is_null()) continue;
            const Nanoseconds since = time_field(ns);
            if (s.get<double>() != seconds(since)) wrong(what + ": _s and _ns are not the same");
            if (healed + since > line_->t) wrong(what + " is later than the line that tells of it");
        }
        check_conversations(healed);
    }

    void check_conversations(Nanoseconds healed) {
        const Recovery recovery = parse_recovery(line_->details);
        for (const Conversation& one : recovery.conversations) {
            if (one.after && healed + *one.after > line_->t)
                wrong("a conversation went on later than the line that tells of it");
            using Outcome = Conversation::Outcome;
            const bool may_have_time = one.outcome == Outcome::resumed || one.outcome == Outcome::replaced;
            if (one.after ? !may_have_time : one.outcome == Outcome::resumed)
                wrong("a conversation has a time, or none, unlike its outcome");
        }
        if (!line_->details.contains("conversations")) return;  // an older record
        const Json told = recovery_json(recovery);
        for (const char* sum : {"network_back_s", "time_to_recover_s"})
            if (detail(sum) != told.at(sum)) wrong(fmt::format("{} is not what its parts come to", sum));
    }

    const Scenario& scenario_;
    Check& check_;
    const Event* line_ = nullptr;
    std::uint64_t lines_ = 0;
    Nanoseconds latest_{0};
    std::optional<Nanoseconds> realtime_;
    std::string state_;
    std::map<std::string, bool> running_;
    std::map<std::string, OneFault> faults_;
};

}  // namespace

void check_journal(const std::vector<Event>& events, const Scenario& scenario, Check& check) {
    Rules rules(scenario, check);
    const bool older = is_older_record(events);
    std::size_t lacking = 0;
    for (const Event& event : events) {
        std::string why;
        try {
            rules.take(event);
            continue;
        } catch (const Json::exception& error) {
            why = error.what();
            if (older && is_missing_field(error) && ++lacking > 0) continue;
        } catch (const std::invalid_argument& error) {
            why = error.what();
        }
        check.disagreements.push_back(fmt::format("line {} ({}): {}", event.number, event.name, why));
    }
    rules.finish();
    if (older)
        check.unchecked.push_back(
            fmt::format("an older netcut-fl wrote it: its schema is {}, and that of today {}; {} lines have "
                        "not all that is "
                        "written today, and were compared as far as they go",
                        schema_of(events), record_schema, lacking));
}

}  // namespace netcut
