// SPDX-License-Identifier: Apache-2.0
#include "fault/fault.h"

#include "fabric/options.h"
#include "fabric/sites.h"
#include "fault/log_prefix.h"
#include "kernel/snmp.h"

namespace netcut {

Result<Fault> Fault::prepare(Fabric& fabric, FaultTable& table, std::size_t number) {
    Fault fault(fabric, table, number);
    const FaultPlan& plan = fault.plan();
    if (plan.link == LinkChange::down && plan.down_end == LinkEnd::router)
        for (const std::size_t node : plan.nodes) {
            NETCUT_ASSIGN(SentCounter sent, SentCounter::lay(fabric.node(node), fault_prefix(number)));
            fault.sent_.emplace(node, std::move(sent));
        }
    return fault;  // the router's counters of it are new, and what nodes cannot send counts from its firing on
}

Result<void> Fault::fire() {
    return turn_on(on_);
}

Result<void> Fault::fire(Nanoseconds lease) {
    if (plan().link != LinkChange::none) return turn_on(on_);
    Batch on = table_->on_message(number_, lease);
    return turn_on(on);
}

// The losses are put in place first and taken away last, so that not one packet is answered by an ICMP
// error of the router in between: the peer must see silence.
Result<void> Fault::turn_on(Batch& on) {
    if (active_) return {};
    active_ = true;  // even if it fails half-way: then there is something to heal
    // What the nodes failed to send before is not this fault's doing.
    if (plan().link != LinkChange::none) NETCUT_TRY(start_counting());
    NETCUT_TRY(table_->on(number_, on));
    NETCUT_TRY(change_site());
    return change_links();
}

Result<void> Fault::arm() {
    if (plan().link != LinkChange::none) NETCUT_TRY(start_counting());
    return table_->arm(number_);
}

Result<void> Fault::follow() {
    if (active_) return {};
    active_ = true;
    table_->note_on(number_);
    NETCUT_TRY(change_site());
    return change_links();
}

Result<void> Fault::change_links() {
    switch (plan().link) {
        case LinkChange::none:
            return {};
        case LinkChange::unplug:
        case LinkChange::reboot:
            return fabric_->unplug(plan().nodes);
        case LinkChange::down:
            for (const std::size_t node : plan().nodes)
                NETCUT_TRY(fabric_->set_link_state(node, plan().down_end, false));
    }
    for (auto& [node, sent] : sent_) NETCUT_TRY(sent.begin());
    return {};
}

Result<void> Fault::change_site() {
    return plan().site ? fabric_->sites()->change(number_, *plan().site) : Result<void>();
}

Result<void> Fault::heal() {
    if (!active_) return {};
    if (plan().site) NETCUT_TRY(fabric_->sites()->change_back(number_));
    for (auto& [node, sent] : sent_) NETCUT_TRY(sent.end());
    for (const std::size_t node : plan().nodes) NETCUT_TRY(restore_link(node));
    NETCUT_TRY(table_->off(number_));
    active_ = false;
    return {};
}

Result<void> Fault::restore_link(std::size_t node) {
    if (plan().link == LinkChange::down) return fabric_->set_link_state(node, plan().down_end, true);
    if (plan().link == LinkChange::none) return {};
    // Faults know it by what it comes back with before its first packet comes.
    NETCUT_TRY(fabric_->renumber(node, plan().plug));
    if (plan().plug.new_address) NETCUT_TRY(table_->add_addresses(node, fabric_->node(node).addresses));
    if (plan().plug.new_address || plan().plug.new_mac) NETCUT_TRY(table_->readdress(node));
    return fabric_->plug(node, {.announce = plan().plug.announce});
}

Result<bool> Fault::in_effect() {
    NETCUT_ASSIGN(const bool on, table_->is_on(number_));
    if (!on || plan().link == LinkChange::none) return on;
    for (const std::size_t node : plan().nodes) {
        NETCUT_ASSIGN(const bool connected, fabric_->is_connected(node));
        if (connected) return false;
    }
    return true;
}

// What the node's own stack could not send: without a link it has no route. A link that is down at the
// router's end has no carrier, and the routes stay.
Result<std::uint64_t> Fault::count_unsent(std::size_t index) {
    if (plan().link == LinkChange::none) return 0;    // its link and its routes stay
    if (plan().link == LinkChange::reboot) return 0;  // nobody is there who would send
    NETCUT_ASSIGN(const std::uint64_t unroutable, count_unroutable(fabric_->node(index).ns));
    const auto sent = sent_.find(index);
    if (sent == sent_.end()) return unroutable;
    NETCUT_ASSIGN(const std::uint64_t lost, sent->second.count());
    return unroutable + lost;
}

Result<std::map<std::size_t, Losses>> Fault::count() {
    NETCUT_ASSIGN(const auto hits_of_all, table_->read_hits());
    std::map<std::size_t, Losses> losses;
    for (const auto& [node, hits] : hits_of_all[number_]) {
        NETCUT_ASSIGN(const std::uint64_t unsendable, count_unsent(node));
        losses[node] = {hits.up, hits.down, unsendable};
        if (std::holds_alternative<Lose>(plan().action))
            losses[node].offered = {hits.offered_up, hits.offered_down};
        if (std::holds_alternative<Rebind>(plan().action))
            losses[node].rebound = {hits.rebound_up, hits.rebound_down};
    }
    return losses;
}

Result<void> Fault::start_counting() {
    NETCUT_ASSIGN(base_, count());
    return {};
}

Result<std::map<std::size_t, Losses>> Fault::losses() {
    NETCUT_ASSIGN(const auto total, count());
    auto now = total;
    for (auto& [node, losses] : now) {
        const Losses& base = base_[node];
        losses.up -= base.up;
        losses.down -= base.down;
        losses.unsendable -= base.unsendable;
        if (losses.offered && base.offered) {
            losses.offered->up -= base.offered->up;
            losses.offered->down -= base.offered->down;
        }
        if (losses.rebound && base.rebound) {
            losses.rebound->up -= base.rebound->up;
            losses.rebound->down -= base.rebound->down;
        }
    }
    if (!active_) base_ = total;  // the router's counters stand still until it is fired again
    return now;
}

}  // namespace netcut
