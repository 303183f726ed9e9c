// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan.h"

#include "fault/moments.h"
#include "scenario/kinds/keys.h"
#include "scenario/link_hold.h"
#include "scenario/triggers.h"

namespace netcut {
namespace {

std::optional<WireMoment> moment_of(const FaultSpec& fault) {
    if (fault.when) return fault.when->moment;
    const PhaseMoment& phase = fault.trigger.phase;
    if (fault.trigger.kind != FaultTrigger::Kind::phase || !phase.on_the_wire()) return {};
    WireMoment moment;
    moment.kind = phase.kind == PhaseMoment::Kind::reply_lost  ? WireMoment::Kind::last_answer
                  : phase.kind == PhaseMoment::Kind::receiving ? WireMoment::Kind::received
                                                               : WireMoment::Kind::sent;
    if (phase.moves_data()) moment.amount = phase.bytes.value_or(1);
    return moment;
}

std::optional<WireTrigger> trigger_of(const Scenario& scenario, const FaultSpec& fault) {
    const auto moment = moment_of(fault);
    if (!moment) return {};
    const std::string& node = fault.when ? fault.when->node : fault.trigger.node;
    WireTrigger trigger{*moment, node_index(scenario, node).value(), {}};
    if (fault.when && !fault.when->peer.empty()) trigger.peer = node_index(scenario, fault.when->peer);
    return trigger;
}

}  // namespace

PacketAction action_of(const FaultSpec& fault) {
    return fault.kind->action != nullptr ? fault.kind->action(fault) : Drop{};
}

bool queues(const FaultSpec& fault) {
    const PacketAction action = action_of(fault);
    return std::holds_alternative<Queue>(action) || std::holds_alternative<Hold>(action) ||
           std::holds_alternative<Wait>(action);
}

Result<FaultPlan> plan_of(const Scenario& scenario, const FaultSpec& fault) {
    FaultPlan plan;
    plan.nodes = node_indices(scenario, fault.nodes);
    plan.filter = filter_of(scenario, fault);
    plan.action = action_of(fault);
    plan.link = fault.kind->link;
    if (fault.kind->plan != nullptr) NETCUT_TRY(fault.kind->plan(scenario, fault, plan));
    plan.duration = fault.flap ? fault.flap->cycles().front().on : fault.duration;
    plan.trigger = trigger_of(scenario, fault);
    return plan;
}

namespace {

std::set<Need> needs_of(const PacketAction& action) {
    const auto* refuse = std::get_if<Refuse>(&action);
    const auto* reset = std::get_if<ResetConnection>(&action);
    const auto* forget = std::get_if<ForgetIdle>(&action);
    const auto* large = std::get_if<LoseLarge>(&action);
    const auto* queue = std::get_if<Queue>(&action);
    if (refuse != nullptr || reset != nullptr || (forget != nullptr && forget->reset)) return {Need::reject};
    if (large != nullptr && large->told) return {Need::packet_log};
    if (queue != nullptr && queue->spec.needs_netem()) return {Need::netem, Need::redirect};
    if (std::holds_alternative<Hold>(action)) return {Need::hold};
    return {};
}

}  // namespace

std::set<Need> needs_of(const Scenario& scenario, const FaultSpec& fault) {
    std::set<Need> needs = needs_of(action_of(fault));
    needs.insert(fault.kind->needs.begin(), fault.kind->needs.end());
    // A bridge has no reject in its forward hook: what it logs is answered by us.
    if (scenario.fabric.kind == FabricKind::bridge && needs.erase(Need::reject) > 0)
        needs.insert(Need::packet_log);
    if (!fault.text("beyond").empty()) needs.insert(Need::quota);
    if (const auto moment = moment_of(fault)) {
        needs.insert({Need::packet_log, Need::numgen});
        if (definition_of(moment->kind).amount == MomentKind::Amount::bytes) needs.insert(Need::quota);
    }
    return needs;
}

std::set<Need> needs_of(const FabricOptions& fabric) {
    if (!fabric.rate) return {};
    return {fabric.rate->shaper == "htb" ? Need::htb : Need::tbf};
}

std::set<Need> needs_of_links(const Scenario& scenario) {
    if (scenario.link.empty()) return {};
    std::set<Need> needs = {Need::redirect, Need::tbf};
    if (any_link_holds(scenario)) needs.insert(Need::hold);
    return needs;
}

std::set<Need> needs_of(const SiteSpec& site) {
    std::set<Need> needs = {Need::route_by_mark};
    if (site.up) needs.insert(Need::tbf);
    if (site.is_stateful()) needs.insert(Need::track);
    if (site.nat != Nat::none) needs.insert(Need::nat);
    if (site.relays()) needs.insert(Need::reject);
    if (site.vpn != Vpn::none) needs.insert(Need::wireguard);
    return needs;
}

std::set<Need> needs_of(const Scenario& scenario) {
    std::set<Need> needs = needs_of(scenario.fabric);
    needs.merge(needs_of_links(scenario));
    for (const SiteSpec& site : scenario.fabric.sites) needs.merge(needs_of(site));
    for (const FaultSpec& fault : scenario.faults) needs.merge(needs_of(scenario, fault));
    return needs;
}

}  // namespace netcut
