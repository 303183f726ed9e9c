// SPDX-License-Identifier: Apache-2.0
#include "netcut/scenario.h"

namespace netcut {
namespace {

constexpr std::uint16_t dns_port = 53;

std::vector<std::size_t> indices(const Scenario& scenario, const std::vector<std::string>& names) {
    std::vector<std::size_t> all;
    all.reserve(names.size());
    for (const std::string& name : names) all.push_back(node_index(scenario, name).value());
    return all;
}

std::vector<std::pair<std::size_t, std::size_t>> pairs_of(const Scenario& scenario, const FaultSpec& fault) {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t a = 0; a < fault.groups.size(); ++a)
        for (std::size_t b = 0; b < fault.groups.size(); ++b) {
            if (a == b || (fault.one_way && a != 0)) continue;
            for (const std::size_t from : indices(scenario, fault.groups[a]))
                for (const std::size_t to : indices(scenario, fault.groups[b])) pairs.emplace_back(from, to);
        }
    return pairs;
}

// The other direction's packets are lost by a list of their own.
Result<PacketAction> lose(const FaultSpec& fault) {
    const std::uint32_t period = loss_period(fault);
    NETCUT_ASSIGN(auto up, fault.model->lost_packets(fault.seed, period));
    NETCUT_ASSIGN(auto down, fault.model->lost_packets(fault.seed + 1, period));
    return Lose{std::move(up), std::move(down), period};
}

Result<PacketAction> action_of(const FaultSpec& fault) {
    if (queues(fault)) return Queue{fault.queue};
    switch (fault.kind) {
        case FaultKind::reset:
            return ResetConnection{};
        case FaultKind::reject:
            return Refuse{fault.code};
        case FaultKind::loss:
            return lose(fault);
        case FaultKind::idle_timeout:
            return ForgetIdle{fault.idle_after, fault.idle_reset, fault.idle_udp};
        case FaultKind::mtu_blackhole:
            return LoseLarge{static_cast<std::uint16_t>(fault.largest), fault.size_told};
        case FaultKind::dns:
            if (fault.dns == FaultSpec::DnsAnswer::none) return Drop{};
            return Refuse{};
        case FaultKind::pause:
        case FaultKind::kill:
        case FaultKind::restart:
        case FaultKind::names:
            return LeaveAlone{};
        default:
            return Drop{};
    }
}

std::optional<WireMoment> moment_of(const FaultSpec& fault) {
    if (fault.when) return fault.when->moment;
    const PhaseMoment& phase = fault.trigger.phase;
    if (fault.trigger.kind != FaultTrigger::Kind::phase || !phase.on_the_wire()) return {};
    WireMoment moment;
    moment.kind = phase.kind == PhaseMoment::Kind::reply_lost  ? WireMoment::Kind::answer
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

bool queues(const FaultSpec& fault) {
    switch (fault.kind) {
        case FaultKind::delay:
        case FaultKind::jitter:
        case FaultKind::reorder:
        case FaultKind::duplicate:
        case FaultKind::corrupt:
        case FaultKind::rate:
            return true;
        default:
            return fault.kind == FaultKind::dns && fault.dns == FaultSpec::DnsAnswer::late;
    }
}

Result<FaultPlan> plan_of(const Scenario& scenario, const FaultSpec& fault) {
    FaultPlan plan;
    plan.nodes = indices(scenario, fault.nodes);
    plan.filter.direction = fault.direction;
    plan.filter.peers = indices(scenario, fault.peers);
    if (fault.port != 0) plan.filter.port = static_cast<std::uint16_t>(fault.port);
    if (fault.kind == FaultKind::dns) plan.filter.port = dns_port;
    plan.filter.only = fault.only;
    plan.filter.beyond = fault.beyond;
    plan.pairs = pairs_of(scenario, fault);
    NETCUT_ASSIGN(plan.action, action_of(fault));
    if (fault.kind == FaultKind::down) plan.link = LinkChange::down;
    if (fault.kind == FaultKind::unplug || fault.kind == FaultKind::renumber) plan.link = LinkChange::unplug;
    if (fault.kind == FaultKind::power_off) plan.link = LinkChange::reboot;
    plan.down_end = fault.down_end;
    plan.plug = fault.plug;
    plan.duration = fault.flap ? fault.flap->cycles().front().on : fault.duration;
    plan.trigger = trigger_of(scenario, fault);
    return plan;
}

std::set<Need> needs_of(const Scenario& scenario, const FaultSpec& fault) {
    const auto& of_kind = info(fault.kind).needs;
    std::set<Need> needs(of_kind.begin(), of_kind.end());
    const bool answers = fault.kind == FaultKind::reset || fault.kind == FaultKind::reject ||
                         (fault.kind == FaultKind::idle_timeout && fault.idle_reset) ||
                         (fault.kind == FaultKind::dns && fault.dns == FaultSpec::DnsAnswer::refused);
    if (answers) needs.insert(Need::reject);
    // A bridge has no reject in its forward hook: what it logs is answered by us.
    if (scenario.fabric.kind == FabricKind::bridge && needs.erase(Need::reject) > 0)
        needs.insert(Need::packet_log);
    if (fault.size_told) needs.insert(Need::packet_log);
    if (fault.beyond) needs.insert(Need::quota);
    if (fault.queue.needs_netem()) needs.insert({Need::netem, Need::redirect});
    if (const auto moment = moment_of(fault)) {
        needs.insert({Need::packet_log, Need::numgen});
        if (moment->kind == WireMoment::Kind::sent || moment->kind == WireMoment::Kind::received)
            needs.insert(Need::quota);
    }
    return needs;
}

std::set<Need> needs_of(const FabricOptions& fabric) {
    if (!fabric.rate) return {};
    return {fabric.rate->shaper == "htb" ? Need::htb : Need::tbf};
}

std::set<Need> needs_of(const Scenario& scenario) {
    std::set<Need> needs = needs_of(scenario.fabric);
    for (const FaultSpec& fault : scenario.faults) needs.merge(needs_of(scenario, fault));
    return needs;
}

}  // namespace netcut
