// SPDX-License-Identifier: Apache-2.0
#include "verify/journal_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "fault/moments.h"
#include "fault/plan.h"
#include "record/facts.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "scenario/site.h"
#include "scenario/tcp.h"
#include "scenario/triggers.h"
#include "scenario/words.h"
#include "verify/link_rules.h"
#include "why/hang_state.h"
#include "why/proof.h"

namespace netcut {
namespace {

// Written a little after they happened, so that other lines may stand before them that happened later.
bool is_told_late(const Event& event) {
    const std::string_view name = event.name();
    return name.starts_with("fault.") || name.starts_with("trigger.") || event.is<event::NodePhase>() ||
           event.is<event::NodePaused>() || event.is<event::NodeResumed>() || event.is<event::Traffic>() ||
           event.is<event::ConnectionChanged>() || event.is<event::LinksSeen>();
}

bool is_of_fault(const Event& event) {
    const std::string_view name = event.name();
    return name.starts_with("fault.") || name.starts_with("trigger.") || event.is<event::NodePaused>() ||
           event.is<event::NodeRecovered>() || event.is<event::NodeUnrecovered>();
}

// It waits for a phase that the kernel tells: armed from the start, a packet is what triggers it.
bool waits_for_packet(const FaultSpec& fault) {
    return fault.trigger.kind == FaultTrigger::Kind::phase && fault.trigger.phase.on_the_wire();
}

// Takes the events in their order, and says where one cannot follow those before it: each is compared with what the run
// had come to by then.
class Rules {
  public:
    Rules(const Scenario& scenario, Check& check) : scenario_(scenario), check_(check), links_(scenario) {}

    void take(const Event& event) {
        line_ = &event;
        number();
        time();
        if (!event.fault.empty() || is_of_fault(event)) {
            spec_ = find_fault(scenario_, event.fault);
            if (spec_ == nullptr) return wrong("the scenario has no such fault");
            const FaultState* known = state_.fault(event.fault);
            before_ = known != nullptr ? *known : FaultState{};
        }
        std::visit([this](const auto& what) { rule(what); }, event.what);
        if (const std::string why = state_.apply(event); !why.empty()) wrong(why);
    }

    RunState finish() {
        if (lines_ == 0) {
            check_.disagreements.emplace_back("the journal is empty");
            return std::move(state_);
        }
        if (!line_->is<event::RunEntered>() || state_.phase() != RunPhase::done)
            check_.disagreements.emplace_back(
                "the run did not end in order: the last line is not its state 'done'");
        if (const std::string why = links_.finish(); !why.empty()) check_.disagreements.push_back(why);
        for (const NodeState& node : state_.nodes())
            if (node.runs())
                check_.disagreements.push_back(node.outcome.name + " was started and never ended");
        return std::move(state_);
    }

  private:
    void wrong(const std::string& why) {
        check_.disagreements.push_back(fmt::format("line {} ({}{}{}): {}", lines_, line_->name(),
                                                   line_->fault.empty() ? "" : " of ", line_->fault, why));
    }
    unsigned triggers() const { return before_.triggers + (waits_for_packet(*spec_) ? before_.trips : 0); }

    void number() {
        if (++lines_ == 1 && !line_->is<event::RunBegun>()) wrong("a journal begins with run.begun");
        if (line_->number == lines_) return;
        wrong(fmt::format("it has the number {}: lines are missing, or were added", line_->number));
        lines_ = line_->number;
    }

    void time() {
        if (line_->t < Nanoseconds(0)) wrong("it happened before the run began");
        if (!is_told_late(*line_) && line_->t < latest_)
            wrong(fmt::format("it happened {:.6f} s before a line above it", seconds(latest_ - line_->t)));
        latest_ = std::max(latest_, line_->t);
        if (state_.begun() && line_->wall != wall_time_text(std::chrono::system_clock::time_point(
                                                 state_.begun()->realtime_ns + line_->t)))
            wrong("wall and t_ns are not the same moment");
    }

    void rule(const event::RunBegun& begun) {
        if (begun.schema > record_schema) wrong("it was written by a newer netcut-fl");
        if (begun.realtime_ns < Nanoseconds(0)) wrong("it began before 1970");
        if (begun.nodes != node_names(scenario_)) wrong("its nodes are not those of scenario.yaml");
        if (begun.run != scenario_.name) wrong("its name is not that of scenario.yaml");
    }

    void rule(const event::RunEntered& entered) {
        if (entered.state == RunPhase::starting) links_.begin(line_->t);
        if (state_.phase() && entered.state <= *state_.phase())
            wrong(fmt::format("{} does not follow {}", word_of(entered.state), word_of(*state_.phase())));
    }

    void rule(const event::NodeStarted&) {
        const NodeState* node = state_.node(line_->node);
        if (node != nullptr && node->runs()) wrong(line_->node + " ran already");
    }

    // A node whose command could not be executed ends without having been started, and so does one that was ended
    // before its command began.
    void rule(const event::NodeExited& exited) {
        const NodeState* node = state_.node(line_->node);
        if (node != nullptr && !node->runs() && exited.exit.success()) wrong(line_->node + " did not run");
    }

    void rule(const event::FaultArmed& armed) {
        if (before_.on || (before_.armed && spec_->when)) wrong("the fault was armed, or active, already");
        if (spec_->when && armed.when != when_text(*spec_->when))
            wrong("this is not the moment of scenario.yaml");
        if (triggers() == 0 && !waits_for_packet(*spec_)) wrong("nothing has triggered it");
    }

    void rule(const event::TriggerTripped&) {
        if (!before_.armed) wrong("the fault was not armed before");
    }

    void rule(const event::FaultFired& fired) {
        if (before_.on) wrong("the fault was active already");
        const bool told_by_packet =
            waits_for_packet(*spec_) ||
            (spec_->when && definition_of(spec_->when->moment.kind).is_told_by_packet());
        if (told_by_packet && !fired.asked_for && !spec_->flap && !before_.moment)
            wrong("its moment had not come");
        if (before_.moment && before_.moment->t != line_->t) wrong("it was not fired when its moment came");
        if (triggers() == 0) wrong("nothing has triggered it");
        if (!spec_->flap && before_.firings == triggers()) wrong("it was fired more often than triggered");
        if (fired.number != before_.firings + 1)
            wrong(fmt::format("it is firing {} of this fault", before_.firings + 1));
        if (fired.kind != spec_->kind->name) wrong("its kind is not that of scenario.yaml");
        if (fired.nodes != spec_->nodes) wrong("its nodes are not those of scenario.yaml");
        constexpr double for_ever = -1;
        const double wanted = spec_->duration ? seconds(*spec_->duration) : for_ever;
        if (!spec_->flap && fired.for_s.value_or(for_ever) != wanted)
            wrong("it lasts not as long as in scenario.yaml");
        if (before_.healed && line_->t < *before_.healed) wrong("it was fired before it had healed");
    }

    void rule(const event::FaultHealed& healed) {
        if (!before_.on) return wrong("the fault was not active");
        const Nanoseconds lasted = line_->t - before_.fired;
        if (lasted < Nanoseconds(0)) wrong("it healed before it was fired");
        if (healed.lasted_s != seconds(lasted))
            wrong(fmt::format("lasted_s is {}, and from its firing it is {}", healed.lasted_s,
                              seconds(lasted)));
        if (spec_->duration && !healed.asked_for && !spec_->flap && lasted < *spec_->duration)
            wrong("it healed before its time was over");
        const bool queued = queues(*spec_);
        const char* total = queued ? "packets_queued" : "packets_lost";
        const auto& hit = queued ? healed.packets_queued : healed.packets_lost;
        if (!hit) return wrong(fmt::format("it has no '{}'", total));
        for (const auto& [node, sum] : *hit) {
            const auto losses = healed.losses.find(node);
            const std::uint64_t parts = losses == healed.losses.end() ? 0 : losses->second.total();
            if (parts != sum)
                wrong(fmt::format("{} of {} is {}, and its parts are {}", total, node, sum, parts));
        }
    }

    void rule(const event::FaultUnhealed&) {
        if (!before_.on) wrong("the fault was not active");
    }

    void rule(const event::NodeRecovered& recovered) {
        if (!before_.healed) return wrong("the fault had not healed");
        recover(recovered.recovery);
    }
    void rule(const event::NodeUnrecovered& unrecovered) {
        if (!before_.healed && !before_.on) return wrong("the fault had not healed");
        recover(unrecovered.recovery);
    }
    void rule(const event::NodeWaiting& waiting) {
        if (waiting.waits.unchanged_since && *waiting.waits.unchanged_since > line_->t)
            wrong("it was at rest later than the line that tells of it");
    }
    void rule(const event::RunProof& proof) {
        if (proof.proof == Proof::certain)
            for (const Hindrance& one : hindrances_of(state_, scenario_, state_.waits()))
                wrong("it is not certain: " + text_of(one));
        const std::string state = hang_state(state_.addresses(), relayed_nodes(scenario_), state_.waits());
        if (!proof.state.empty() && state != proof.state)
            wrong("its state is not that of what the nodes wait for: " + state);
        const auto& known = scenario_.known_hangs;
        if (proof.proof == Proof::known &&
            (state.empty() || std::find(known.begin(), known.end(), state) == known.end()))
            wrong("its state is none of the scenario's known_hangs");
        if ((proof.proof == Proof::certain) != proof.hindrances.empty())
            wrong("its hindrances are not those of its proof");
    }
    // What has been read back may be in another order.
    void rule(const event::NodeTcp& told) {
        const auto wanted = tcp_settings(scenario_, line_->node);
        const auto sorted = [](const auto& pairs) { return std::map(pairs.begin(), pairs.end()); };
        if (!wanted || told.asked != wanted->keys || sorted(told.sysctls) != sorted(wanted->sysctls))
            return wrong("its TCP is not that of scenario.yaml");
        std::map<std::string, std::int64_t> options;
        for (const SocketOption& one : wanted->options) options[one.text] = one.value;
        if (sorted(told.options) != options)
            wrong("the options of its sockets are not those of scenario.yaml");
    }
    void rule(const event::TcpOptionsSet& set) {
        ++sockets_set_[line_->node];
        if (set.within_ns < Nanoseconds(0) || set.within_ns > line_->t)
            wrong("it is set later than the line that tells of it");
    }
    void rule(const event::TcpOptionsUnset&) { ++sockets_unset_[line_->node]; }
    void rule(const event::TcpOptionsSummed& sum) {
        if (sockets_set_[line_->node] > sum.connections + sum.again ||
            sockets_unset_[line_->node] > sum.unset || sum.inherited > sum.connections)
            wrong("its sums are less than its lines");
    }
    void rule(const event::NodeLink& told) { agree(links_.take(line_->node, told)); }
    void rule(const event::LinksSeen& seen) { agree(links_.take(seen)); }
    void rule(const event::HoldLapsed&) { links_.stood_still(); }
    void rule(const event::LinksSummed& sum) { links_.take(sum); }
    void agree(const std::string& why) {
        if (!why.empty()) wrong(why);
    }
    void rule(const event::NodeStack&) {
        if (!state_.stopping() || state_.stopping()->end != EndReason::hung) wrong("the run had not hung");
    }
    void rule(const auto&) {}

    void recover(const Recovery& recovery) {
        const Nanoseconds healed = before_.healed.value_or(line_->t);
        for (const auto& [what, since] :
             {std::pair("sent_again", recovery.sent), std::pair("received_again", recovery.received),
              std::pair("worked", recovery.worked), std::pair("next_round", recovery.next_round)})
            if (since && healed + *since > line_->t)
                wrong(fmt::format("{} is later than the line that tells of it", what));
        for (const Conversation& one : recovery.conversations) {
            if (one.after && healed + *one.after > line_->t)
                wrong("a conversation went on later than the line that tells of it");
            using Outcome = Conversation::Outcome;
            const bool may_have_time = one.outcome == Outcome::resumed || one.outcome == Outcome::replaced;
            if (one.after ? !may_have_time : one.outcome == Outcome::resumed)
                wrong("a conversation has a time, or none, unlike its outcome");
        }
    }

    const Scenario& scenario_;
    Check& check_;
    LinkRules links_;
    RunState state_;
    const Event* line_ = nullptr;
    const FaultSpec* spec_ = nullptr;  // of the line's fault
    FaultState before_;                // of the line's fault
    std::uint64_t lines_ = 0;
    Nanoseconds latest_{0};
    std::map<std::string, std::uint64_t> sockets_set_, sockets_unset_;  // lines of them, by node
};

}  // namespace

RunState check_journal(const std::vector<Event>& events, const Scenario& scenario, Check& check) {
    Rules rules(scenario, check);
    for (const Event& event : events) rules.take(event);
    return rules.finish();
}

}  // namespace netcut
