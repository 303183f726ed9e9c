// SPDX-License-Identifier: Apache-2.0
#include "fault/queues.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "fault/lanes.h"
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
// Above the ports of any fabric.
constexpr int first_device_index = 20'000;

bool among(const std::vector<std::size_t>& nodes, std::size_t node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

bool meets(const FaultPlan& plan, std::size_t from, std::size_t to) {
    if (!plan.queues()) return false;
    const auto with = [&](std::size_t peer) {
        return plan.filter.peers.empty() || among(plan.filter.peers, peer);
    };
    return (includes(plan.filter.direction, Direction::up) && among(plan.nodes, from) && with(to)) ||
           (includes(plan.filter.direction, Direction::down) && among(plan.nodes, to) && with(from));
}

// Two nodes, if there are so many, of each kind that the faults can tell apart.
std::vector<std::size_t> samples(const std::vector<FaultPlan>& plans, std::size_t nodes) {
    std::vector<std::vector<bool>> kinds(nodes);
    for (const FaultPlan& plan : plans)
        for (const auto* named : {&plan.nodes, &plan.filter.peers}) {
            for (auto& kind : kinds) kind.push_back(false);
            for (const std::size_t node : *named) kinds[node].back() = true;
        }
    std::map<std::vector<bool>, unsigned> seen;
    std::vector<std::size_t> chosen;
    for (std::size_t node = 0; node < nodes; ++node)
        if (++seen[kinds[node]] <= 2) chosen.push_back(node);
    return chosen;
}

// All faults that may queue a packet from one node to another.
std::set<std::vector<std::size_t>> meetings(const std::vector<FaultPlan>& plans, std::size_t nodes) {
    std::set<std::vector<std::size_t>> all;
    const auto chosen = samples(plans, nodes);
    for (const std::size_t from : chosen)
        for (const std::size_t to : chosen) {
            std::vector<std::size_t> faults;
            for (std::size_t number = 0; number < plans.size(); ++number)
                if (from != to && meets(plans[number], from, to)) faults.push_back(number);
            if (!faults.empty()) all.insert(std::move(faults));
        }
    return all;
}

Result<void> check_lanes(const std::vector<FaultPlan>& plans, const QueuePlan& queues) {
    std::size_t lanes = 0;
    for (const auto& set : queues.sets()) lanes += lanes_of(plans, set).size();
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
    std::set<std::vector<std::size_t>> sets;
    for (const auto& meeting : meetings(plans, nodes)) {
        if (meeting.size() > most_meeting)
            return usage_failure(fmt::format("let {} faults queue one packet", meeting.size()),
                                 fmt::format("at most {} can meet", most_meeting),
                                 "join them into one fault, or name their peers");
        for (std::size_t bits = 1; bits < std::size_t{1} << meeting.size(); ++bits) {
            std::vector<std::size_t> part;
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

std::map<std::uint32_t, std::uint32_t> QueuePlan::marks_of(std::size_t fault) const {
    const auto mark = [&](const std::vector<std::size_t>& set) {
        return queue_mark(
            static_cast<std::size_t>(std::find(sets_.begin(), sets_.end(), set) - sets_.begin()));
    };
    std::map<std::uint32_t, std::uint32_t> marks;
    for (const auto& set : sets_) {
        if (set.back() != fault) continue;  // faults act in their order
        const std::vector<std::size_t> before(set.begin(), set.end() - 1);
        marks[before.empty() ? 0 : mark(before)] = mark(set);
    }
    return marks;
}

Result<void> lay_queues(Fabric& fabric, const std::vector<FaultPlan>& plans, const QueuePlan& queues) {
    if (queues.sets().empty()) return {};
    Batch devices;
    for (std::size_t i = 0; i < queues.sets().size(); ++i) {
        QueueSpec all;
        for (const std::size_t number : queues.sets()[i])
            all = combined(all, std::get<Queue>(plans[number].action).spec);
        const int index = first_device_index + static_cast<int>(i);
        add_queue_device(devices, fmt::format("q{}", i + 1), index);
        set_queue(devices, index, all, fabric.options().mtu, lanes_of(plans, queues.sets()[i]));
    }
    NETCUT_TRY(fabric.router_socket().commit(devices));
    return fabric.equip_ports([count = queues.sets().size()](Batch& batch, int port) {
        add_clsact(batch, port);
        for (std::size_t i = 0; i < count; ++i)
            redirect_marked(batch, port, queue_mark(i), first_device_index + static_cast<int>(i));
    });
}

}  // namespace netcut
