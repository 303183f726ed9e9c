// SPDX-License-Identifier: Apache-2.0
#include "fault/lanes.h"

#include <algorithm>

#include "fault/table_rules.h"
#include "kernel/queue.h"
#include "kernel/rate.h"

namespace netcut {
namespace {

constexpr std::size_t aggregator = 0;

struct Lane {
    std::size_t node;
    Direction way;
    std::uint16_t number() const {
        return static_cast<std::uint16_t>(2 * node + (way == Direction::up ? 1 : 2));
    }
};

const FaultPlan* slowest(const std::vector<FaultPlan>& plans, const std::vector<std::size_t>& set) {
    const auto rate_of = [](const FaultPlan& plan) {
        return std::get<Queue>(plan.action).spec.bits_per_second;
    };
    const FaultPlan* found = nullptr;
    for (const std::size_t number : set) {
        const auto rate = rate_of(plans[number]);
        if (rate && (found == nullptr || *rate < *rate_of(*found))) found = &plans[number];
    }
    return found;
}

std::vector<Lane> lanes_of_set(const std::vector<FaultPlan>& plans, const std::vector<std::size_t>& set) {
    std::vector<Lane> lanes;
    const FaultPlan* plan = slowest(plans, set);
    if (plan == nullptr) return lanes;
    for (const std::size_t node : plan->nodes)
        for (const Direction way : {Direction::up, Direction::down})
            if (includes(plan->filter.direction, way)) lanes.push_back({node, way});
    return lanes;
}

// A packet is known by its mark and a port.
class LaneMap {
  public:
    LaneMap(NftTransaction& transaction, const char* name, std::uint32_t port)
        : transaction_(transaction), name_(name) {
        transaction_.add_set({.name = name, .key_size = 8, .to_values = true});
        NftRule rule("lanes");
        rule.meta(NFT_META_MARK).meta(port).replace_by(name).set_meta(NFT_META_PRIORITY);
        transaction_.add_rule(rule);
    }
    void add(std::uint32_t mark, int port, const Lane& lane) {
        NftKey key = nft_key(mark);
        const NftKey second = nft_key(static_cast<std::uint32_t>(port));
        key.insert(key.end(), second.begin(), second.end());
        transaction_.add_value_element(name_, key, lane_priority(lane.number()));
    }

  private:
    NftTransaction& transaction_;
    const char* name_;
};

}  // namespace

std::vector<std::uint16_t> lanes_of(const std::vector<FaultPlan>& plans,
                                    const std::vector<std::size_t>& set) {
    std::vector<std::uint16_t> numbers;
    for (const Lane& lane : lanes_of_set(plans, set)) numbers.push_back(lane.number());
    return numbers;
}

std::uint32_t lane_priority_of(const std::vector<FaultPlan>& plans, const std::vector<std::size_t>& set,
                               std::size_t from, std::size_t to) {
    const std::vector<Lane> lanes = lanes_of_set(plans, set);
    const auto find = [&](std::size_t node, Direction way) -> std::uint32_t {
        for (const Lane& lane : lanes)
            if (lane.node == node && lane.way == way) return lane_priority(lane.number());
        return 0;
    };
    // As the rules: the aggregator's, which all share, then the sender's, then the receiver's.
    const std::uint32_t down = find(to, Direction::down);
    if (to == aggregator && down != 0) return down;
    const std::uint32_t up = find(from, Direction::up);
    return up != 0 ? up : down;
}

void add_lane_rules(NftTransaction& transaction, const Fabric& fabric, const std::vector<FaultPlan>& plans,
                    const QueuePlan& queues) {
    const auto has_rate = [&](const auto& set) { return slowest(plans, in_kernel(set)) != nullptr; };
    if (std::none_of(queues.sets().begin(), queues.sets().end(), has_rate)) return;
    add_late_chain(transaction, "lanes");
    // Each replaces what those before it have found.
    LaneMap down(transaction, "lanes_down", NFT_META_OIF);
    LaneMap up(transaction, "lanes_up", NFT_META_IIF);
    LaneMap shared(transaction, "lanes_aggregator", NFT_META_OIF);
    for (std::size_t i = 0; i < queues.sets().size(); ++i)
        for (const Lane& lane : lanes_of_set(plans, in_kernel(queues.sets()[i]))) {
            const bool is_shared = lane.way == Direction::down && lane.node == aggregator;
            LaneMap& map = lane.way == Direction::up ? up : is_shared ? shared : down;
            map.add(queue_mark(i), fabric.node(lane.node).port.index, lane);
        }
}

}  // namespace netcut
