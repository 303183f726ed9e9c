// SPDX-License-Identifier: Apache-2.0
#include "fault/queues.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "fabric/addresses.h"
#include "fault/lanes.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/queue.h"
#include "link/queue.h"

namespace netcut {
namespace {

// Each is a device, and a filter at every port.
constexpr std::size_t most_sets = 256;
// Faults that meet on one packet; their sets are two to the power of that.
constexpr std::size_t most_meeting = 6;
// Of all devices together. Measured: 2,000 are laid in 0.5 s, 14,000 in 5 s, 30,000 in 14 s.
constexpr std::size_t most_lanes = 20'000;
// The other end of a device that we read from.
constexpr int far_end_above = 5'000;

bool among(const std::vector<std::size_t>& nodes, std::size_t node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// As what it queues a packet from one node to another, if it does.
std::optional<Direction> meets(const FaultPlan& plan, std::size_t from, std::size_t to) {
    if (!plan.queues()) return {};
    const auto with = [&](std::size_t peer) {
        return plan.filter.peers.empty() || among(plan.filter.peers, peer);
    };
    const bool up = includes(plan.filter.direction, Direction::up) && among(plan.nodes, from) && with(to);
    const bool down = includes(plan.filter.direction, Direction::down) && among(plan.nodes, to) && with(from);
    if (!up && !down) return {};
    if (!plan.holds()) return Direction::both;
    return up ? Direction::up : Direction::down;
}

// Two nodes, if there are so many, of each kind that the faults can tell apart; and one that is outside of all, as the name
// server.
std::vector<std::size_t> samples(const std::vector<FaultPlan>& plans, std::size_t nodes) {
    std::vector<std::vector<bool>> kinds(nodes + 1);
    for (const FaultPlan& plan : plans)
        for (const auto* named : {&plan.nodes, &plan.filter.peers}) {
            for (auto& kind : kinds) kind.push_back(false);
            for (const std::size_t node : *named) kinds[node].back() = true;
        }
    std::map<std::vector<bool>, unsigned> seen;
    std::vector<std::size_t> chosen;
    for (std::size_t node = 0; node <= nodes; ++node)
        if (++seen[kinds[node]] <= 2) chosen.push_back(node);
    return chosen;
}

// All faults that may queue a packet from one node to another.
std::set<QueueSteps> meetings(const std::vector<FaultPlan>& plans, std::size_t nodes) {
    std::set<QueueSteps> all;
    const auto chosen = samples(plans, nodes);
    for (const std::size_t from : chosen)
        for (const std::size_t to : chosen) {
            QueueSteps steps;
            for (std::size_t number = 0; number < plans.size(); ++number)
                if (const auto way = meets(plans[number], from, to); way && from != to)
                    steps.push_back({number, *way});
            if (!steps.empty()) all.insert(std::move(steps));
        }
    return all;
}

Result<void> check_lanes(const std::vector<FaultPlan>& plans, const QueuePlan& queues) {
    std::size_t lanes = 0;
    for (const auto& set : queues.sets())
        if (!is_held(set)) lanes += lanes_of(plans, in_kernel(set)).size();
    if (lanes <= most_lanes) return {};
    return usage_failure(fmt::format("make {} queues, of each node's link and each way", lanes),
                         fmt::format("at most {} are made for the faults of kind rate", most_lanes),
                         "name fewer nodes or one direction, or give the faults peers: [aggregator], so that "
                         "fewer of them meet on a packet; or slow all links down by fabric: {rate: ...}");
}

}  // namespace

Result<QueuePlan> QueuePlan::make(const std::vector<FaultPlan>& plans, std::size_t nodes) {
    QueuePlan queues;
    if (std::none_of(plans.begin(), plans.end(), [](const FaultPlan& plan) { return plan.queues(); }))
        return queues;
    std::set<QueueSteps> sets;
    for (const auto& meeting : meetings(plans, nodes)) {
        if (meeting.size() > most_meeting)
            return usage_failure(fmt::format("let {} faults queue one packet", meeting.size()),
                                 fmt::format("at most {} can meet", most_meeting),
                                 "join them into one fault, or name their peers");
        for (std::size_t bits = 1; bits < std::size_t{1} << meeting.size(); ++bits) {
            QueueSteps part;
            for (std::size_t i = 0; i < meeting.size(); ++i)
                if ((bits >> i & 1) != 0) part.push_back(meeting[i]);
            sets.insert(std::move(part));
        }
    }
    if (sets.size() > most_sets)
        return usage_failure(
            fmt::format("make {} queues for all sets of faults that can meet on a packet", sets.size()),
            fmt::format("at most {} are made", most_sets), "give these faults peers: [aggregator]");
    queues.sets_.assign(sets.begin(), sets.end());
    NETCUT_TRY(check_lanes(plans, queues));
    return queues;
}

std::uint32_t QueuePlan::mark_of(const QueueSteps& set) const {
    if (set.empty()) return 0;
    return queue_mark(static_cast<std::size_t>(std::find(sets_.begin(), sets_.end(), set) - sets_.begin()));
}

std::map<std::uint32_t, std::uint32_t> QueuePlan::marks_of(const QueueStep& step) const {
    std::map<std::uint32_t, std::uint32_t> marks;
    for (const auto& set : sets_) {
        if (set.back() != step) continue;  // faults act in their order
        marks[mark_of({set.begin(), set.end() - 1})] = mark_of(set);
    }
    return marks;
}

std::vector<std::size_t> in_kernel(const QueueSteps& set) {
    std::vector<std::size_t> faults;
    for (const QueueStep& step : set)
        if (step.way == Direction::both) faults.push_back(step.fault);
    return faults;
}

bool is_held(const QueueSteps& set) {
    return std::any_of(set.begin(), set.end(),
                       [](const QueueStep& step) { return step.way != Direction::both; });
}

namespace {

// What is sent into this device is read by us before it gets to the other end, which is too small for most of it and throws the
// rest away: it has no address, and is of no bridge. Its packets are single segments. It comes up after the other end, and so sends
// at once: the end that comes up first loses what it sends until it has its carrier (fabric/ready.h).
void add_held_device(Batch& batch, const Fabric& fabric, std::size_t index) {
    constexpr unsigned least_mtu = 68;
    const auto number = static_cast<std::uint32_t>(index);
    const VethEnd here{fmt::format("h{}", index + 1), queue_device(index), mac_of(MacKind::held, number)};
    const VethEnd there{fmt::format("x{}", index + 1), queue_device(index) + far_end_above,
                        mac_of(MacKind::held, far_end_above + number)};
    add_veth(batch, there, here, fabric.router(), fabric.options().mtu);
    set_mtu(batch, there.index, least_mtu);
    set_link(batch, here.index, true);
    set_gso_max_segs(batch, here.index, 1);
}

// The faults of the set together are one queue.
void add_kernel_device(Batch& batch, const Fabric& fabric, const std::vector<FaultPlan>& plans,
                       const QueueSteps& set, std::size_t index) {
    QueueSpec all;
    for (const std::size_t number : in_kernel(set))
        all = combined(all, std::get<Queue>(plans[number].action).spec);
    add_queue_device(batch, fmt::format("q{}", index + 1), queue_device(index));
    set_queue(batch, queue_device(index), all, fabric.options().mtu, lanes_of(plans, in_kernel(set)));
}

}  // namespace

Result<void> lay_queues(Fabric& fabric, const std::vector<FaultPlan>& plans, const QueuePlan& queues) {
    if (queues.sets().empty()) return {};
    Batch devices;
    for (std::size_t i = 0; i < queues.sets().size(); ++i) {
        if (is_held(queues.sets()[i]))
            add_held_device(devices, fabric, i);
        else
            add_kernel_device(devices, fabric, plans, queues.sets()[i], i);
    }
    NETCUT_TRY(fabric.router_socket().commit(devices));
    return fabric.equip_ports([count = queues.sets().size()](Batch& batch, int port) {
        add_clsact(batch, port);
        for (std::size_t i = 0; i < count; ++i) redirect_marked(batch, port, queue_mark(i), queue_device(i));
    });
}

}  // namespace netcut
