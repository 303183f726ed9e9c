// SPDX-License-Identifier: Apache-2.0
//
// Names do not lead where they should.
#include "base/error.h"
#include "base/time.h"
#include "fault/plan.h"
#include "link/queue.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"

namespace netcut {
namespace {

constexpr std::uint16_t dns_port = 53;

Result<void> check_dns(const Scenario&, FaultSpec& fault) {
    const bool late = fault.text("answer") == "late";
    if (late && time_of(fault, "delay") <= Nanoseconds(0))
        return fault_failure(fault, "delay", "nothing says how late the answers are", "write delay: 3s");
    if (!late && fault.given("delay"))
        return fault_failure(fault, "delay", "only late answers have one", "write answer: late");
    return check_time(fault, "delay", false);
}

PacketAction answer(const FaultSpec& fault) {
    if (fault.text("answer") == "refused") return Refuse{};
    if (fault.text("answer") == "none") return Drop{};
    QueueSpec queue;
    queue.delay = time_of(fault, "delay");
    constexpr std::uint64_t seed = 0;  // nothing is drawn
    Hold hold;
    hold.up.list = hold.down.list = HoldList::make(queue, seed, 1).value();
    return hold;
}

Result<void> plan_dns(const Scenario&, const FaultSpec&, FaultPlan& plan) {
    plan.filter.port = dns_port;
    return {};
}

Result<void> check_late(const Scenario& scenario, const FaultSpec& fault) {
    if (!scenario.fabric.name_server)
        return fault_failure(fault, "answer", "names are in files, which answer at once",
                             "write names: {by: dns} into the scenario");
    if (time_of(fault, "delay") > Nanoseconds(0)) return check_time(fault, "delay", false);
    return fault_failure(fault, "delay", "nothing says how late the answers are", "write delay: 3s");
}

Result<void> check_names(const Scenario& scenario, FaultSpec& fault) {
    if (fault.text("answer") == "late")
        NETCUT_TRY(check_late(scenario, fault));
    else if (fault.given("delay"))
        return fault_failure(fault, "delay", "only late answers have one", "write answer: late");
    const WordList& given = fault.list("names");
    const WordList names = given.empty() ? WordList{aggregator_name} : expanded_nodes(scenario, given);
    fault.values["names"] = names;
    return check_node_names(scenario, fault, "names", names);
}

}  // namespace

std::vector<FaultKind> name_kinds() {
    return {
        {.name = "dns",
         .summary = "name lookups (port 53) fail or are late, while all else works",
         .example = "--fault '{kind: dns, answer: refused, on: start, for: never}'",
         .keys = {{"answer", words_type("answer to name lookups", {"none", "refused", "late"}),
                   "`none`: queries are lost; `refused`: they are answered by ICMP port unreachable; `late`: "
                   "query and answer each wait for `delay`",
                   "none"},
                  {"delay", duration_type(), "of `late`"},
                  direction_key(),
                  peers_key()},
         .on_lookups = true,
         .check = check_dns,
         .action = answer,
         .plan = plan_dns},
        {.name = "names",
         .summary =
             "names of nodes stop resolving, resolve late, or lead to an address that nobody has any more",
         .example =
             "--fault '{kind: names, answer: none, on: {log: \"round 2: training\"}, for: 500ms}' --set "
             "channel=kept",
         .keys = {{"names", nodes_type(), "of nodes; `all`, `collaborators`. Their aliases go with them", "",
                   "`[aggregator]`"},
                  {"answer", words_type("answer", {"none", "old", "late"}),
                   "`none`: they do not resolve; `old`: they lead to addresses that nobody has; `late`: each "
                   "answer comes after `delay`, where names are [by DNS](../scenario.md#names)",
                   "none"},
                  {"delay", duration_type(), "of `late`"}},
         .processes = ProcessEffect::names,
         .check = check_names,
         .action = leave_alone},
    };
}

}  // namespace netcut
