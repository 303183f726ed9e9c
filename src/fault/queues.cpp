// SPDX-License-Identifier: Apache-2.0
#include "fault/queues.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "kernel/queue.h"

namespace netcut {
namespace {

// Each is a device, and a filter at every port.
constexpr std::size_t most_sets = 256;
// Faults that meet on one packet; their sets are two to the power of that.
constexpr std::size_t most_meeting = 6;
// Above the ports of any fabric.
constexpr int first_device_index = 20'000;

bool meets(const FaultPlan& plan, std::size_t from, std::size_t to) {
    if (!plan.queues()) return false;
    const auto among = [](const std::vector<std::size_t>& nodes, std::size_t node) {
        return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
    };
    const auto with = [&](std::size_t peer) {
        return plan.filter.peers.empty() || among(plan.filter.peers, peer);
    };
    return (includes(plan.filter.direction, Direction::up) && among(plan.nodes, from) && with(to)) ||
           (includes(plan.filter.direction, Direction::down) && among(plan.nodes, to) && with(from));
}

// All faults that may queue a packet from one node to another.
std::set<std::vector<std::size_t>> meetings(const std::vector<FaultPlan>& plans, std::size_t nodes) {
    std::set<std::vector<std::size_t>> all;
    for (std::size_t from = 0; from < nodes; ++from)
        for (std::size_t to = 0; to < nodes; ++to) {
            std::vector<std::size_t> faults;
            for (std::size_t number = 0; number < plans.size(); ++number)
                if (from != to && meets(plans[number], from, to)) faults.push_back(number);
            if (!faults.empty()) all.insert(std::move(faults));
        }
    return all;
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
    return queues;
}

std::map<std::uint32_t, std::uint32_t> QueuePlan::marks_of(std::size_t fault) const {
    const auto mark_of = [&](const std::vector<std::size_t>& set) {
        const auto found = std::find(sets_.begin(), sets_.end(), set);
        return static_cast<std::uint32_t>(found - sets_.begin() + 1);
    };
    std::map<std::uint32_t, std::uint32_t> marks;
    for (const auto& set : sets_) {
        if (set.back() != fault) continue;  // faults act in their order
        const std::vector<std::size_t> before(set.begin(), set.end() - 1);
        marks[before.empty() ? 0 : mark_of(before)] = mark_of(set);
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
        set_queue(devices, index, all);
    }
    NETCUT_TRY(fabric.router_socket().commit(devices));
    return fabric.equip_ports([count = queues.sets().size()](Batch& batch, int port) {
        add_clsact(batch, port);
        for (std::size_t i = 0; i < count; ++i)
            redirect_marked(batch, port, static_cast<std::uint32_t>(i + 1),
                            first_device_index + static_cast<int>(i));
    });
}

}  // namespace netcut
