// SPDX-License-Identifier: Apache-2.0
//
// Packets are lost or refused: all of them, or those of a direction, a peer, a port, a group.
#include "scenario/kinds/kinds.h"

namespace netcut {
namespace {

constexpr Words<UnreachableCode, 4> codes{{{"port-unreachable", UnreachableCode::port_unreachable},
                                           {"host-unreachable", UnreachableCode::host_unreachable},
                                           {"no-route", UnreachableCode::no_route},
                                           {"admin-prohibited", UnreachableCode::admin_prohibited}}};

Result<void> check_groups(const Scenario& scenario, FaultSpec& fault) {
    std::vector<WordList> groups = fault.lists("groups");
    if (groups.size() < 2)
        return fault_failure(fault, "groups", "a partition has two groups of nodes at least",
                             "write groups: [[aggregator], [collaborator2]]");
    fault.nodes.clear();
    for (WordList& group : groups) {
        group = expanded_nodes(scenario, group);
        if (group.empty()) return fault_failure(fault, "groups", "a group is empty");
        fault.nodes.insert(fault.nodes.end(), group.begin(), group.end());
    }
    fault.values["groups"] = groups;
    return check_node_names(scenario, fault, "groups", fault.nodes);
}

Result<void> plan_groups(const Scenario& scenario, const FaultSpec& fault, FaultPlan& plan) {
    const auto& groups = fault.lists("groups");
    for (std::size_t a = 0; a < groups.size(); ++a)
        for (std::size_t b = 0; b < groups.size(); ++b) {
            if (a == b || (is_true(fault, "one_way") && a != 0)) continue;
            for (const std::size_t from : node_indices(scenario, groups[a]))
                for (const std::size_t to : node_indices(scenario, groups[b]))
                    plan.pairs.emplace_back(from, to);
        }
    return {};
}

}  // namespace

std::vector<FaultKind> packet_kinds() {
    return {
        {.name = "drop",
         .summary = "loses packets, silently; all of them, or those of a direction, peer, port",
         .example = "--kind drop --cut-on 'round 2: training' --reconnect-after 1s",
         .keys = packet_filter()},
        {.name = "reset",
         .summary = "answers TCP segments by RST: connections end at once",
         .example = "--fault '{kind: reset, when: sent 64KiB, for: 50ms}' --set on-error=resend",
         .keys = flow_filter() + Keys{beyond_key()},
         .needs = {Need::reject},
         .action = [](const FaultSpec&) -> PacketAction { return ResetConnection{}; }},
        {.name = "reject",
         .summary = "answers packets by an ICMP or ICMPv6 error of a chosen code",
         .example =
             "--fault '{kind: reject, code: host-unreachable, on: {log: \"round 2: training\"}, for: 1s}'",
         .keys = Keys{{"code", words_type("ICMP code", names_in(codes)),
                       "`port-unreachable`, `host-unreachable`, `no-route` or `admin-prohibited`",
                       "port-unreachable"}} +
                 packet_filter(),
         .needs = {Need::reject},
         .action = [](const FaultSpec& fault) -> PacketAction {
             return Refuse{parse_word(fault.text("code"), codes, "").value()};
         }},
        {.name = "partition",
         .summary = "groups of nodes cannot reach each other, or one cannot reach the other",
         .example =
             "--fault '{kind: partition, groups: [[aggregator], [collaborator2]], on: {log: \"round 2: "
             "training\", node: collaborator2}, for: 1s}'",
         .keys = {{"groups", groups_type(),
                   "two or more lists of nodes; nodes of different lists cannot reach each other. `all` and "
                   "`collaborators` may be used"},
                  {"one_way", boolean_type(),
                   "`true`: the first group cannot send to the others; all else passes", "false"}},
         .refused = {{"nodes", "a partition is of groups", "write groups: [[aggregator], [collaborator2]]"}},
         .check = check_groups,
         .plan = plan_groups},
    };
}

}  // namespace netcut
