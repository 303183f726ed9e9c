// SPDX-License-Identifier: Apache-2.0
//
// A node's link is taken away, and put back.
#include "base/error.h"
#include "fabric/options.h"
#include "fault/plan.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"

namespace netcut {
namespace {

constexpr Words<LinkEnd, 2> ends{{{"node", LinkEnd::node}, {"router", LinkEnd::router}}};

FaultKey renewal(const char* name, const char* meaning) {
    return {name, words_type(name, {"keep", "new"}), meaning, "keep"};
}

FaultKey announce() {
    return {"announce", boolean_type(),
            "whether gratuitous ARP and an unsolicited neighbour advertisement tell of the return", "true"};
}

Result<void> check_renumber(const Scenario& scenario, FaultSpec& fault) {
    if (fault.text("mac") != "new" || scenario.fabric.kind == FabricKind::bridge) return {};
    return fault_failure(fault, "mac", "on routed links nobody sees a MAC address", "use the fabric bridge");
}

Result<void> plan_down(const Scenario&, const FaultSpec& fault, FaultPlan& plan) {
    plan.down_end = parse_word(fault.text("end"), ends, "").value();
    return {};
}

Result<void> plan_unplug(const Scenario&, const FaultSpec& fault, FaultPlan& plan) {
    plan.plug.new_address = fault.text("address") == "new";
    plan.plug.new_mac = fault.text("mac") == "new";
    plan.plug.announce = is_true(fault, "announce");
    return {};
}

Result<void> plan_renumber(const Scenario& scenario, const FaultSpec& fault, FaultPlan& plan) {
    NETCUT_TRY(plan_unplug(scenario, fault, plan));
    plan.plug.new_address = true;
    return {};
}

}  // namespace

std::vector<FaultKind> link_kinds() {
    return {
        {.name = "down",
         .summary = "takes the node's link down, at either end",
         .example = "--kind down --cut-on 'round 2: training' --reconnect-after 1s",
         .keys = {{"end", words_type("end of a link", names_in(ends)),
                   "whose end of the link is taken down: `node`, or `router`", "node"}},
         .link = LinkChange::down,
         .plan = plan_down},
        {.name = "unplug",
         .summary = "removes the node's interface and puts it back, as docker network disconnect does",
         .example = "--kind unplug --cut-on 'round 2: training' --reconnect-after 1s",
         .keys = {renewal("address", "`new`: it comes back with other addresses, as `kind: renumber`"),
                  renewal("mac", "`new`: with another MAC address"), announce()},
         .link = LinkChange::unplug,
         .plan = plan_unplug},
        {.name = "renumber",
         .summary = "the node comes back with another address",
         .example = "--fault '{kind: renumber, on: {log: \"round 2: training\"}, for: 200ms}'",
         .keys = {renewal("mac",
                          "`new`: another MAC address, too; on a bridge only, since routed links have "
                          "nobody to see it"),
                  announce()},
         .link = LinkChange::unplug,
         .check = check_renumber,
         .plan = plan_renumber},
    };
}

}  // namespace netcut
