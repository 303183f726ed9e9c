// SPDX-License-Identifier: Apache-2.0
#include "record/run_state.h"

#include <fmt/format.h>

#include <cstring>

#include "kernel/sockdiag.h"
#include "kernel/socket_facts.h"

namespace netcut {
namespace {

using Complaint = std::string;

constexpr std::size_t most_addresses = 1 << 16;

Nanoseconds of_microseconds(double count) {
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double, std::micro>(count));
}

}  // namespace

// Takes one event into the state, and returns what is wrong with that.
class RunState::Apply {
  public:
    Apply(RunState& state, const Event& event) : state_(state), event_(event) {}

    Complaint operator()(const event::RunBegun& begun) {
        if (state_.begun_) return "the run had begun already";
        state_.begun_ = begun;
        for (const std::string& name : begun.nodes) add_node(name);
        return {};
    }
    Complaint operator()(const event::FabricBuilt& built) {
        for (const auto& [node, own] : built.nodes) readdress(node, own);
        return {};
    }
    Complaint operator()(const event::NodeReaddressed& readdressed) {
        readdress(event_.node, readdressed.now);
        return {};
    }
    Complaint operator()(const event::RunEntered& entered) {
        state_.phase_ = entered.state;
        if (entered.state != RunPhase::running) return {};
        state_.running_since_ = event_.t;
        state_.rounds_.begin(event_.t);
        return {};
    }

    // A node that a fault has ended, and that starts again, has not ended.
    Complaint operator()(const event::NodeStarted&) {
        return with_node([&](NodeState& node) {
            NodeOutcome& outcome = node.outcome;
            outcome.started = true;
            node.begun = event_.t;
            outcome.exit.reset();
            outcome.killed_by_fault = false;
            outcome.left_behind = 0;
            outcome.late_lines.reset();
            node.paused = false;
        });
    }
    Complaint operator()(const event::NodeExited& exited) {
        return with_node([&](NodeState& node) {
            NodeOutcome& outcome = node.outcome;
            outcome.exit = exited.exit;
            outcome.starts = exited.starts;
            outcome.stopped_by_us = exited.stopped_by_us;
            outcome.killed_by_fault = exited.killed_by_fault;
            outcome.left_behind = exited.left_behind;
            outcome.late_lines = exited.late_lines;
            outcome.after_fault = !state_.firings_.empty();
            outcome.ended = event_.t;
        });
    }
    Complaint operator()(const event::NodeResumed&) {
        return with_node([](NodeState& node) { node.paused = false; });
    }
    Complaint operator()(const event::Progress& progress) {
        if (event_.node == aggregator_name) state_.round_ = progress.round;
        state_.progressed_ = event_.t;
        return with_node([&](NodeState&) {
            if (state_.bounds_.rounds) state_.rounds_.note(event_.node, progress.round, event_.t);
        });
    }
    Complaint operator()(const event::ProgressFull&) {
        return with_node([&](NodeState&) { state_.rounds_.close(event_.node, event_.t); });
    }

    Complaint operator()(const event::TriggerMatched& matched) {
        return with_fault([&](FaultState& fault) {
            if (!matched.fires()) return;
            ++fault.triggers;
            fault.delayed = true;
        });
    }
    Complaint operator()(const event::FaultArmed& armed) {
        return with_fault([&](FaultState& fault) {
            fault.delayed = false;
            fault.armed = fault.ever_armed = true;
            fault.armed_at = event_.t;
            fault.armed_by = event_.t + of_microseconds(armed.took_us);
        });
    }
    Complaint operator()(const event::TriggerTripped& tripped) {
        return with_fault([&](FaultState& fault) {
            fault.armed = false;
            ++fault.trips;
            fault.moment = Tripped{fault.armed_at, fault.armed_by, event_.t, tripped};
        });
    }
    Complaint operator()(const event::TriggerMissed&) {
        return with_fault([](FaultState& fault) { ++fault.missed; });
    }
    Complaint operator()(const event::FaultFired& fired) {
        return with_fault([&](FaultState& fault) { fire(fault, fired); });
    }
    Complaint operator()(const event::FaultHealed& healed) {
        if (FaultState* fault = find_fault(); fault != nullptr && fault->firings > 0) {
            fault->on = false;
            fault->healed = event_.t;
        }
        return with_firing([&](Firing& firing) {
            firing.healed = event_.t;
            firing.carried.clear();
            firing.queued = healed.packets_queued.has_value();
            firing.hit = (firing.queued ? healed.packets_queued : healed.packets_lost)
                             .value_or(std::map<std::string, std::uint64_t>());
            take_losses(firing, healed.losses);
            for (const auto& [node, losses] : firing.losses) firing.recovery[node] = {};
        });
    }
    Complaint operator()(const event::FaultUnhealed& unhealed) {
        return with_firing([&](Firing& firing) { take_losses(firing, unhealed.losses); });
    }
    Complaint operator()(const event::NodePaused& paused) {
        if (NodeState* node = find_node()) node->paused = true;
        return with_firing([&](Firing& firing) {
            Pause& pause = firing.pauses[event_.node];
            pause.processes = paused.processes;
            pause.unstopped = paused.unstopped;
        });
    }
    Complaint operator()(const event::NodeRecovered& recovered) { return recover(recovered.recovery); }
    Complaint operator()(const event::NodeUnrecovered& unrecovered) { return recover(unrecovered.recovery); }

    Complaint operator()(const event::SocketsSeen& seen) {
        return with_node([&](NodeState& node) {
            for (const TcpSocket& socket : seen.sockets) sum_up(node, socket);
            if (seen.moment == SocketMoment::cut && state_.last_fired_) note_carried(seen.sockets);
        });
    }
    Complaint operator()(const event::ConnectionChanged& changed) {
        return with_node([&](NodeState& node) { sum_up(node, changed.socket); });
    }
    Complaint operator()(const event::HalfOpenSeen& seen) {
        state_.half_open_.push_back({event_.node, seen.peer, seen.socket, seen.address_gone});
        return {};
    }
    Complaint operator()(const event::NodeWaiting& waiting) {
        state_.looked_at_ = event_.t;
        return with_node([&](NodeState&) { state_.waits_[event_.node] = waiting.waits; });
    }
    Complaint operator()(const event::TcpOptionsSummed& sum) {
        return with_node([&](NodeState&) { state_.tcp_options_[event_.node] = sum; });
    }
    Complaint operator()(const event::TcpOptionsUnset& unset) {
        return with_node([&](NodeState&) { state_.tcp_unset_.emplace_back(event_.node, unset); });
    }
    Complaint operator()(const event::NodeStack& stack) {
        return with_node([&](NodeState&) { state_.stacks_.emplace_back(event_.node, stack); });
    }
    Complaint operator()(const event::RunProof& proof) {
        state_.proof_ = proof;
        return {};
    }
    Complaint operator()(const event::NodeListening& listening) {
        state_.listening_ = listening;
        return {};
    }
    Complaint operator()(const event::ExpectedLine& line) {
        state_.log_values_[line.number] = line.value;
        return {};
    }

    Complaint operator()(const event::Counted& counted) {
        if (state_.bounds_.rounds) state_.safety_.counting.take(counted);
        return {};
    }
    Complaint operator()(const event::CountedFull&) {
        state_.safety_.counting.close();
        return {};
    }
    Complaint operator()(const event::ModelSeen& seen) {
        state_.safety_.model = seen;
        return {};
    }
    Complaint operator()(const event::Delivered& delivered) {
        return with_node([&](NodeState&) {
            if (state_.bounds_.rounds) state_.safety_.deliveries.push_back({event_.node, delivered});
        });
    }
    Complaint operator()(const event::DeliveriesMissed&) {
        state_.safety_.deliveries_missed = true;
        return {};
    }

    Complaint operator()(const event::CaptureWritten& written) {
        return with_node([&](NodeState&) { state_.captures_.written[event_.node] = written; });
    }
    Complaint operator()(const event::CaptureMissed& missed) {
        state_.captures_.missed.seen += missed.seen;
        state_.captures_.missed.lost += missed.lost;
        state_.captures_.missed.more_lost |= missed.more_lost;
        return {};
    }
    Complaint operator()(const event::CaptureEnded& ended) {
        state_.captures_.ended = ended;
        return {};
    }

    Complaint operator()(const event::RunStopping& stopping) {
        state_.stopping_ = stopping;
        state_.stopped_at_ = event_.t;
        const bool crashed = std::any_of(state_.nodes_.begin(), state_.nodes_.end(), [](const auto& node) {
            return node.outcome.exit && !node.outcome.exit->success();
        });
        if (stopping.end == EndReason::finished ||
            (stopping.end == EndReason::collaborators_ended && !crashed))
            state_.rounds_.finish(event_.t);
        const bool is_known = ::sigdescr_np(stopping.signal) != nullptr;
        return stopping.end == EndReason::interrupted && !is_known ? "there is no such signal" : "";
    }
    Complaint operator()(const event::RunError& error) {
        if (!state_.error_) state_.error_ = error.error;
        return {};
    }
    Complaint operator()(const event::RunEnded& ended) {
        state_.ended_ = ended;
        return {};
    }
    Complaint operator()(const auto&) { return {}; }

  private:
    void add_node(const std::string& name) {
        if (state_.nodes_.size() >= state_.bounds_.nodes || state_.node_numbers_.contains(name)) return;
        state_.node_numbers_[name] = state_.nodes_.size();
        state_.nodes_.emplace_back().outcome.name = name;
    }
    // A journal is anybody's: as many nodes have some as there may be.
    void readdress(const std::string& node, const event::Addresses& own) {
        if (state_.addresses_.size() + state_.former_addresses_.size() >= most_addresses) return;
        if (!own.mac.empty()) state_.link_addresses_[node] = own.mac;
        std::erase_if(state_.addresses_, [&](const auto& one) {
            if (one.second != node) return false;
            state_.former_addresses_.insert(one);
            return true;
        });
        for (const std::string& address : own.addresses) {
            state_.former_addresses_.erase(address);
            state_.addresses_[address] = node;
        }
    }
    // One that has less than at an earlier time is another connection between the same ends. What a thread of its own has
    // seen may come into the journal behind what was seen later.
    void sum_up(NodeState& node, const TcpSocket& socket) {
        ConnectionFigures now{};
        for (std::size_t i = 0; i < now.size(); ++i) now[i] = connection_figures[i].of(socket);
        const std::string ends = ends_of(socket);
        if (now == ConnectionFigures{} && !node.connections.contains(ends)) return;
        NodeState::Counted& last = node.connections[ends];
        const bool is_late = event_.t < last.at;
        for (std::size_t i = 0; i < now.size(); ++i) {
            if (is_late) now[i] = std::max(now[i], last.figures[i]);
            node.outcome.figures[i] += now[i] < last.figures[i] ? now[i] : now[i] - last.figures[i];
        }
        last = {now, std::max(event_.t, last.at)};
    }
    NodeState* find_node() {
        if (!state_.begun_) add_node(event_.node);  // the beginning may be missing
        const auto found = state_.node_numbers_.find(event_.node);
        return found == state_.node_numbers_.end() ? nullptr : &state_.nodes_[found->second];
    }
    template <typename Change>
    Complaint with_node(Change change) {
        NodeState* node = find_node();
        if (node == nullptr) return "the run has no node " + event_.node;
        change(*node);
        return {};
    }

    FaultState* find_fault() {
        const auto found = state_.fault_numbers_.find(event_.fault);
        if (found != state_.fault_numbers_.end()) return &state_.faults_[found->second];
        if (state_.faults_.size() >= state_.bounds_.faults) return nullptr;
        state_.fault_numbers_[event_.fault] = state_.faults_.size();
        FaultState& fault = state_.faults_.emplace_back();
        fault.name = event_.fault;
        return &fault;
    }
    template <typename Change>
    Complaint with_fault(Change change) {
        FaultState* fault = find_fault();
        if (fault == nullptr) return "the run has too many faults";
        change(*fault);
        return {};
    }
    template <typename Change>
    Complaint with_firing(Change change) {
        FaultState* fault = find_fault();
        if (fault == nullptr || fault->firings == 0) return "the fault was not fired before";
        if (fault->last) change(state_.firings_[*fault->last]);
        return {};
    }

    void fire(FaultState& fault, const event::FaultFired& fired) {
        ++fault.firings;
        fault.on = true;
        fault.fired = event_.t;
        fault.delayed = fault.armed = false;
        fault.last.reset();
        state_.last_fired_.reset();
        auto moment = std::exchange(fault.moment, std::nullopt);
        const unsigned missed = std::exchange(fault.missed, 0);
        if (state_.firings_.size() >= state_.bounds_.firings) {
            ++state_.firings_left_out_;
            return;
        }
        fault.last = state_.last_fired_ = state_.firings_.size();
        Firing& firing = state_.firings_.emplace_back();
        firing.fault = event_.fault;
        firing.kind = fired.kind;
        firing.number = fired.number;
        firing.nodes = fired.nodes;
        firing.fired = event_.t;
        // A packet fires by itself.
        const bool at_once = moment && moment->t == event_.t;
        firing.in_effect = at_once ? event_.t : event_.t + of_microseconds(fired.took_us);
        firing.for_s = fired.for_s;
        firing.trigger = fired.trigger;
        firing.flap = fired.flap;
        firing.moment = std::move(moment);
        firing.missed = missed;
        for (const std::string& node : fired.nodes) firing.losses[node] = {};
    }
    // Sockets are looked at right after a firing.
    void note_carried(const std::vector<TcpSocket>& sockets) {
        Firing& firing = state_.firings_[*state_.last_fired_];
        if (firing.healed) return;
        CarriedByConnection& all = firing.carried[event_.node];
        for (const TcpSocket& socket : sockets)
            if (is_open(socket))
                all[connection_name(event_.node, socket)] = {socket.bytes_acked, socket.bytes_received};
    }
    static void take_losses(Firing& firing, const std::map<std::string, Losses>& losses) {
        for (const auto& [node, one] : losses) firing.losses[node] = one;
    }
    Complaint recover(const Recovery& recovery) {
        return with_firing([&](Firing& firing) { firing.recovery[event_.node] = recovery; });
    }

    RunState& state_;
    const Event& event_;
};

bool RunState::has_room_for(const Event& event) {
    const bool is_kept = !event.is<event::NodePhase>() && !event.is<event::Traffic>() &&
                         !event.is<event::ConnectionChanged>() && !event.is<event::Unknown>() &&
                         (bounds_.rounds || !event.is<event::Progress>());
    if (bounds_.bytes == SIZE_MAX || !is_kept) return true;
    bytes_ += event.to_line().size();
    return bytes_ <= bounds_.bytes;
}

std::string RunState::apply(const Event& event) {
    if (!has_room_for(event)) {
        ++events_left_out_;
        return "there is no room for more";
    }
    return std::visit(Apply(*this, event), event.what);
}

std::optional<std::size_t> RunState::node_number(const std::string& name) const {
    const auto found = node_numbers_.find(name);
    return found == node_numbers_.end() ? std::nullopt : std::optional(found->second);
}

const NodeState* RunState::node(const std::string& name) const {
    const auto number = node_number(name);
    return number ? &nodes_[*number] : nullptr;
}

const FaultState* RunState::fault(const std::string& name) const {
    const auto found = fault_numbers_.find(name);
    return found == fault_numbers_.end() ? nullptr : &faults_[found->second];
}

}  // namespace netcut
