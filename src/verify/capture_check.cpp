// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "fault/plan.h"
#include "record/event.h"
#include "record/run_state.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "verify/captures.h"
#include "verify/verify.h"

namespace netcut {
namespace {

constexpr std::size_t most_stray = 10;

struct Count {
    std::uint64_t up = 0, down = 0;
};
using Counts = std::map<std::string, Count>;  // by node

std::uint64_t of(const Count& count, bool up) {
    return up ? count.up : count.down;
}

// The firing that the packet belongs to: the one whose interval is nearest.
const Firing* firing_at(const std::vector<Firing>& firings, const std::string& fault, Nanoseconds t) {
    const Firing* best = nullptr;
    Nanoseconds least = edge;
    for (const Firing& firing : firings) {
        if (firing.fault != fault) continue;
        const Nanoseconds before = firing.fired - t;
        const Nanoseconds after = firing.healed ? t - *firing.healed : Nanoseconds::min();
        const Nanoseconds outside = std::max({before, after, Nanoseconds(0)});
        if (outside > least || (best != nullptr && outside == least)) continue;
        least = outside;
        best = &firing;
    }
    return best;
}

class LossCheck {
  public:
    LossCheck(const Captures& captures, const RunState& state, const Scenario& scenario, Check& check)
        : captures_(captures),
          scenario_(scenario),
          check_(check),
          names_(node_names(scenario)),
          firings_(state.firings()),
          missed_(state.captures().missed) {
        if (const auto& ended = state.captures().ended)
            for (const auto& [fault, losses] : ended->losses) totals_[fault] = losses;
    }

    void run() {
        sort_in();
        for (std::size_t fault = 0; fault < scenario_.faults.size(); ++fault) check_total(fault);
        if (missed_.lost > 0 || missed_.more_lost)
            check_.unchecked.push_back(fmt::format(
                "the kernel could not tell of {} lost packets: those of each firing cannot be compared",
                missed_.more_lost ? fmt::format("at least {}", missed_.lost)
                                  : fmt::format("{}", missed_.lost)));
        else
            for (const Firing& firing : firings_) check_firing(firing);
        if (missing_ > missed_.lost && !missed_.more_lost)  // those that are not counted are missed, too
            check_.disagreements.push_back(fmt::format(
                "{} lost packets are in no capture, and by the journal the kernel could not tell of {}",
                missing_, missed_.lost));
    }

  private:
    void sort_in() {
        std::size_t outside = 0;
        for (const LostPacket& lost : captures_.lost) {
            const Firing* firing = firing_at(firings_, scenario_.faults[lost.fault].name, lost.time);
            if (firing == nullptr && ++outside <= most_stray)
                check_.disagreements.push_back(
                    fmt::format("a packet was lost at {:.6f} s, when {} was not active: {}",
                                std::chrono::duration<double>(lost.time).count(),
                                scenario_.faults[lost.fault].name, lost.text));
            if (!lost.mark.counted) continue;
            Counts& total = by_fault_[lost.fault];
            ++(lost.mark.up ? total[names_[lost.node]].up : total[names_[lost.node]].down);
            if (firing == nullptr) continue;
            Counts& count = by_firing_[firing];
            ++(lost.mark.up ? count[names_[lost.node]].up : count[names_[lost.node]].down);
        }
    }

    // What the kernel's counters had when all was over.
    void check_total(std::size_t fault) {
        const std::string& name = scenario_.faults[fault].name;
        if (queues(scenario_.faults[fault])) return;
        if (!totals_.contains(name))
            return check_.disagreements.push_back("the journal has not what " + name + " lost in all");
        for (const auto& [node, losses] : totals_.at(name))
            for (const bool up : {true, false}) {
                const std::uint64_t counted = up ? losses.router_up : losses.router_down;
                const std::uint64_t captured = of(by_fault_[fault][node], up);
                if (captured < counted && (missed_.lost > 0 || missed_.more_lost))
                    missing_ += counted - captured;
                else if (captured != counted)
                    check_.disagreements.push_back(
                        fmt::format("{} has lost {} packets {} {}, and {} are in its capture", name, counted,
                                    up ? "from" : "to", node, captured));
            }
    }

    // Of one that never heals, the journal's number is of the moment at which the run was stopped.
    void check_firing(const Firing& firing) {
        const FaultSpec& spec = *find_fault(scenario_, firing.fault);
        if (queues(spec)) return;
        for (const auto& [node, losses] : firing.losses)
            for (const bool up : {true, false}) {
                const std::uint64_t told = up ? losses.up : losses.down;
                const std::uint64_t captured = of(by_firing_[&firing][node], up);
                if (captured == told || (!firing.healed && captured > told)) continue;
                check_.disagreements.push_back(
                    fmt::format("{} has lost {} packets {} {} by the journal, and {} by the capture",
                                firing_name(firing, spec), told, up ? "from" : "to", node, captured));
            }
    }

    const Captures& captures_;
    const Scenario& scenario_;
    Check& check_;
    std::vector<std::string> names_;
    const std::vector<Firing>& firings_;
    const event::CaptureMissed& missed_;
    std::map<std::string, event::ByName<event::RouterLosses>> totals_;  // by fault
    std::map<std::size_t, Counts> by_fault_;
    std::map<const Firing*, Counts> by_firing_;
    std::uint64_t missing_ = 0;
};

bool of_nodes(const std::vector<std::size_t>& nodes, std::optional<std::size_t> node) {
    return node && std::find(nodes.begin(), nodes.end(), *node) != nodes.end();
}

bool concerns(const FaultPlan& plan, const SeenPacket& packet) {
    const PacketFilter& filter = plan.filter;
    if (!plan.pairs.empty())
        return packet.from && packet.to &&
               std::find(plan.pairs.begin(), plan.pairs.end(), std::pair(*packet.from, *packet.to)) !=
                   plan.pairs.end();
    const auto with_peer = [&](std::optional<std::size_t> peer) {
        return filter.peers.empty() ||
               std::any_of(filter.peers.begin(), filter.peers.end(),
                           [&](std::size_t one) { return packet.is_with(peer, one); });
    };
    return (includes(filter.direction, Direction::up) && of_nodes(plan.nodes, packet.from) &&
            with_peer(packet.to)) ||
           (includes(filter.direction, Direction::down) && !packet.crosses &&
            of_nodes(plan.nodes, packet.to) && with_peer(packet.from ? packet.from : packet.source));
}

bool opens_connection(const PacketHeader& header) {
    return header.tcp && (header.tcp->flags & (tcp_flag::syn | tcp_flag::ack)) == tcp_flag::syn;
}

// Nothing if it depends on the packets before.
std::optional<bool> is_meant(const PacketFilter& filter, const PacketHeader& header) {
    if (filter.port && header.source_port != *filter.port && header.destination_port != *filter.port)
        return false;
    if (filter.beyond) return {};
    switch (filter.only) {
        case PacketFilter::Connections::any:
            return true;
        case PacketFilter::Connections::fresh:
            return opens_connection(header);
        case PacketFilter::Connections::data:
            return is_data(header);
        case PacketFilter::Connections::established:
            break;
    }
    return {};
}

}  // namespace

std::string firing_name(const Firing& firing, const FaultSpec& spec) {
    return spec.times > 1 || spec.flap ? fmt::format("{} {}", spec.name, firing.number) : spec.name;
}

std::optional<bool> loses(const FaultPlan& plan, const SeenPacket& packet) {
    if (!concerns(plan, packet)) return false;
    const auto meant = is_meant(plan.filter, packet.header);
    if (meant == false || std::holds_alternative<LeaveAlone>(plan.action) || plan.queues() || plan.waits())
        return false;
    if (!meant) return {};
    if (std::holds_alternative<Drop>(plan.action) || std::holds_alternative<Refuse>(plan.action)) return true;
    if (std::holds_alternative<ResetConnection>(plan.action)) return packet.header.tcp.has_value();
    if (const auto* large = std::get_if<LoseLarge>(&plan.action)) return packet.header.length > large->bytes;
    return {};
}

void check_losses(const Captures& captures, const RunState& state, const Scenario& scenario, Check& check) {
    LossCheck(captures, state, scenario, check).run();
}

void check_nothing_passed(const Captures& captures, const RunState& state, const Scenario& scenario,
                          Check& check) {
    for (const Firing& firing : state.firings()) {
        const FaultSpec& spec = *find_fault(scenario, firing.fault);
        const std::string name = firing_name(firing, spec);
        const auto plan = plan_of(scenario, spec);
        if (!plan) continue;  // a trace of losses, which a scenario does not hold
        const Nanoseconds begin = firing.in_effect + fired_edge;
        const Nanoseconds end = firing.healed ? *firing.healed - edge : Nanoseconds::max();
        std::uint64_t lost = 0, passed = 0;
        auto packet = std::lower_bound(captures.seen.begin(), captures.seen.end(), begin,
                                       [](const SeenPacket& one, Nanoseconds t) { return one.time < t; });
        for (; packet != captures.seen.end() && packet->time < end; ++packet) {
            // One from beyond the nodes was seen behind the faults, and behind the port's queue.
            if (!packet->from || loses(*plan, *packet) != true) continue;
            if (!packet->header.tcp && packet->header.protocol != IPPROTO_UDP)
                continue;  // neighbour discovery
            ++lost;
            if (!packet->lost_by && ++passed <= most_stray)
                check.disagreements.push_back(fmt::format(
                    "a packet passed at {:.6f} s that {} should have lost: {}",
                    std::chrono::duration<double>(packet->time).count(), name, packet_text(packet->header)));
        }
        if (passed > most_stray)
            check.disagreements.push_back(
                fmt::format("and {} more that {} should have lost", passed - most_stray, name));
        if (lost > 0 && passed == 0)
            check.found += fmt::format("\n{}: of {} packets that it should lose, edges left out, none passed",
                                       name, lost);
    }
}

}  // namespace netcut
