// SPDX-License-Identifier: Apache-2.0
//
// Packets are lost or refused: all of them, or those of a direction, a peer, a port, a group.
#include <charconv>

#include "base/error.h"
#include "fault/needs.h"
#include "fault/plan.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"

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
                             "write groups: [[aggregator], [collaborator2]]", Mistake::missing);
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

constexpr int newest = -1;

Result<int> parse_which(const std::string& word) {
    if (word == "oldest") return 1;
    if (word == "newest") return newest;
    int number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size() && number > 0 && number <= 65535)
        return number;
    return usage_failure("read which connection is meant, '" + word + "'",
                         "it is neither oldest nor newest, nor a number from 1 to 65535");
}

Result<void> check_one_connection(const Scenario&, FaultSpec& fault) {
    if (fault.trigger.kind != FaultTrigger::Kind::phase || !fault.trigger.phase.on_the_wire()) return {};
    return fault_failure(fault, "on",
                         "the kernel fires it on a packet, and cannot look for the connection first",
                         "write after: with a time in place of bytes");
}

Result<void> plan_one_connection(const Scenario&, const FaultSpec& fault, FaultPlan& plan) {
    plan.filter.only = PacketFilter::Connections::established;
    plan.filter.one_connection = parse_which(fault.text("which")).value();
    plan.orders_connections = true;
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
        {.name = "one-connection",
         .summary = "one of a node's TCP connections dies silently, and the others live",
         .example =
             "--fault '{kind: one-connection, which: oldest, on: {log: \"round 2: training\"}, for: 1s}' "
             "--set channel=kept",
         .keys =
             Keys{
                 {"which", text_type(parse_which, R"({"type": ["integer", "string"]})"),
                  "of those that are there when the fault fires: `oldest`, `newest`, or a number: `2` is the "
                  "second oldest. With `port`, of those with this port; a node's own port is that of just "
                  "one",
                  "oldest"}} +
             flow_filter(),
         .refused = {{"when", "the kernel fires it on a packet, and cannot look for the connection first",
                      "write on: with a log line or a phase"}},
         .check = check_one_connection,
         .plan = plan_one_connection},
    };
}

}  // namespace netcut
