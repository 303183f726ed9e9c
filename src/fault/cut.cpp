// SPDX-License-Identifier: Apache-2.0
#include "netcut/fault.h"

namespace netcut {

Result<Cut> Cut::prepare(Fabric& fabric, FaultTable& table, const CutOptions& options) {
    Cut cut(fabric, table, options);
    if (options.kind == CutKind::drop)
        cut.fire_ = table.lose_at_ports(options.nodes, options.direction, options.duration);
    NETCUT_TRY(cut.start_counting());
    return cut;
}

Result<void> Cut::fire() {
    if (active_) return {};
    active_ = true;  // even if it fails half-way: then there is something to heal
    return options_.kind == CutKind::drop ? table_->commit(fire_) : disconnect();
}

// The losses are put in place first and taken away last, so that not one packet is answered by an ICMP
// error of the router in between: the peer must see silence.
Result<void> Cut::disconnect() {
    NETCUT_TRY(start_counting());  // what the nodes failed to send before is not the cut's doing
    std::vector<IpAddress> addresses;
    for (const std::size_t node : options_.nodes)
        addresses.insert(addresses.end(), fabric_->node(node).addresses.begin(),
                         fabric_->node(node).addresses.end());
    Batch lose = table_->lose_by_address(addresses);
    NETCUT_TRY(table_->commit(lose));
    if (options_.kind == CutKind::unplug) return fabric_->unplug(options_.nodes);
    for (const std::size_t node : options_.nodes)
        NETCUT_TRY(fabric_->set_link_state(node, options_.down_end, false));
    return {};
}

Result<bool> Cut::in_effect() {
    for (const std::size_t node : options_.nodes) {
        if (options_.kind == CutKind::drop) {
            NETCUT_ASSIGN(const bool losing, table_->is_losing_at_port(node, options_.direction));
            if (!losing) return false;
        } else {
            NETCUT_ASSIGN(const bool connected, fabric_->is_connected(node));
            if (connected) return false;
        }
    }
    return true;
}

Result<void> Cut::heal() {
    if (!active_) return {};
    for (const std::size_t node : options_.nodes) NETCUT_TRY(heal_on(node));
    active_ = false;
    return {};
}

Result<void> Cut::heal_on(std::size_t node) {
    if (options_.kind == CutKind::drop) {
        auto pass = table_->pass_at_port(node, options_.direction);
        return table_->commit_if_there(pass);
    }
    const std::vector<IpAddress> lost = fabric_->node(node).addresses;
    if (options_.kind == CutKind::unplug) {
        NETCUT_TRY(fabric_->plug(node, options_.plug));
        if (options_.plug.new_address)
            NETCUT_TRY(table_->count_addresses(node, fabric_->node(node).addresses));
    } else {
        NETCUT_TRY(fabric_->set_link_state(node, options_.down_end, true));
    }
    auto pass = table_->pass_by_address(lost);
    return table_->commit_if_there(pass);
}

// What the node's own stack could not send. A link that is down at the router's end has no carrier at the
// node's: the routes stay, and packets are dropped at the link. What the kernel says by itself is taken off.
Result<std::uint64_t> Cut::count_unsent(std::size_t index) {
    if (options_.kind == CutKind::drop) return 0;  // its link and its routes stay
    NodeLink& node = fabric_->node(index);
    NETCUT_ASSIGN(const SendFailures failures, read_send_failures(node.ns));
    if (options_.kind != CutKind::down) return failures.no_route;
    NETCUT_ASSIGN(const auto links, list_links(node.socket));
    for (const LinkState& link : links)
        if (link.index == node.eth0.index) return failures.no_route + link.tx_dropped - failures.discarded_v6;
    return failures.no_route;
}

Result<std::map<std::size_t, Losses>> Cut::count() {
    NETCUT_ASSIGN(const auto counters, table_->read());
    std::map<std::size_t, Losses> losses;
    for (const std::size_t node : options_.nodes) {
        const PortCounters& port = counters.at(node);
        NETCUT_ASSIGN(const std::uint64_t unsendable, count_unsent(node));
        losses[node] = {port.lost_up.packets, port.lost_down.packets, unsendable};
    }
    return losses;
}

Result<void> Cut::start_counting() {
    NETCUT_ASSIGN(base_, count());
    return {};
}

Result<std::map<std::size_t, Losses>> Cut::losses() {
    NETCUT_ASSIGN(const auto total, count());
    auto now = total;
    for (auto& [node, losses] : now) {
        const Losses& base = base_[node];
        losses.up -= base.up;
        losses.down -= base.down;
        losses.unsendable -= base.unsendable;
    }
    if (!active_) base_ = total;  // the router's counters stand still until the next cut
    return now;
}

}  // namespace netcut
