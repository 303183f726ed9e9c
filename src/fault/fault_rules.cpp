// SPDX-License-Identifier: Apache-2.0
#include "fault/fault_rules.h"

#include <fmt/format.h>
#include <linux/if_packet.h>

#include <set>

#include "base/time.h"
#include "fabric/sites.h"
#include "fault/action_rules.h"
#include "fault/flow_rules.h"
#include "fault/log_prefix.h"
#include "fault/moment_rules.h"
#include "fault/pair_rules.h"
#include "fault/plan.h"
#include "fault/rebind_rules.h"
#include "kernel/address.h"

namespace netcut {
namespace {

const ForgetIdle* forgets(const FaultContext& fault) {
    return std::get_if<ForgetIdle>(&fault.plan.action);
}

// Packets of all nodes of the fault.
void add_ports(const FaultContext& fault, const std::string& base, Direction part, const std::string& chain) {
    NftRule rule(base);
    rule.meta(part == Direction::up ? NFT_META_IIF : NFT_META_OIF).in(fault.name("nodes")).jump(chain);
    fault.add(rule);
}

// Those alone that leave their site, or come into it.
void add_border(const FaultContext& fault, const std::string& base, Direction part,
                const std::string& chain) {
    const Sites& sites = *fault.fabric.sites();
    std::set<std::size_t> of_nodes;
    for (const std::size_t node : fault.plan.nodes)
        if (const auto site = sites.of(node)) of_nodes.insert(*site);
    const bool up = part == Direction::up;
    for (const std::size_t site : of_nodes) {
        NftRule rule(base);
        rule.meta(up ? NFT_META_OIF : NFT_META_IIF);
        rule.equals(nft_key(static_cast<std::uint32_t>(sites[site].lan_port().index)));
        rule.meta(up ? NFT_META_IIF : NFT_META_OIF).in(fault.name("nodes")).jump(chain);
        fault.add(rule);
    }
}

// From `base`, packets of the fault's nodes go to `up` and `down`, chains of this fault.
void add_membership(const FaultContext& fault, const std::string& base, const std::string& up,
                    const std::string& down) {
    add_way(fault, base, Direction::up, up);
    add_way(fault, base, Direction::down, down);
}

// What a kernel says by itself (MLD, IGMP, ARP, neighbour discovery) is lost with all else, but not counted:
// the count is of packets that somebody wanted to arrive. Faults that choose among packets let it pass.
void add_exemptions(const FaultContext& fault, const std::string& chain, Direction part) {
    const bool all = std::holds_alternative<Drop>(fault.plan.action) && fault.plan.filter.open();
    for (const int kind : {PACKET_BROADCAST, PACKET_MULTICAST}) {
        NftRule rule(chain);
        rule.meta(NFT_META_PKTTYPE).equals(byte_key(static_cast<std::uint8_t>(kind)));
        if (all)
            fault.log_loss(rule, part == Direction::up ? "up_uncounted" : "down_uncounted").drop();
        else
            rule.leave();
        fault.add(rule);
    }
    if (all) return;
    NftRule arp(chain);
    arp.meta(NFT_META_PROTOCOL).equals(short_key(ETH_P_ARP)).leave();
    fault.add(arp);
    skip_neighbour_discovery(fault.transaction, chain);
}

// Connections that are opened while the fault is on are not those that were established before.
void add_established_filter(const FaultContext& fault, const std::string& chain, Direction part) {
    NftRule other(chain);
    other.meta(NFT_META_L4PROTO).differs(byte_key(IPPROTO_TCP)).leave();
    fault.add(other);
    NftRule opening(chain);
    has_tcp_flags(opening, tcp_syn | tcp_ack, tcp_syn);
    opening.go_to(fault.name(part == Direction::up ? "learn_up" : "learn_down"));
    fault.add(opening);
    add_flow_rules(fault, chain, part, "known", {FlowStep::Kind::skip});
}

void add_fresh_filter(const FaultContext& fault, const std::string& chain) {
    NftRule other(chain);
    other.meta(NFT_META_L4PROTO).differs(byte_key(IPPROTO_TCP)).leave();
    fault.add(other);
    NftRule opened(chain);
    opened.payload(NFT_PAYLOAD_TRANSPORT_HEADER, tcp_flags_offset, 1).mask({tcp_syn | tcp_ack});
    opened.differs({tcp_syn}).leave();
    fault.add(opened);
}

void add_filter(const FaultContext& fault, const std::string& chain, Direction part) {
    const PacketFilter& filter = fault.plan.filter;
    if (filter.port) add_port_filter(fault, chain, *filter.port, {});
    switch (filter.only) {
        case PacketFilter::Connections::any:
            return;
        case PacketFilter::Connections::established:
            return add_established_filter(fault, chain, part);
        case PacketFilter::Connections::data: {
            NftRule other(chain);
            is_no_data(other).leave();
            return fault.add(other);
        }
        case PacketFilter::Connections::fresh:
            return add_fresh_filter(fault, chain);
    }
}

const char* allowance(Direction part) {
    return part == Direction::up ? "spent_up" : "spent_down";
}

// The first bytes of each connection pass.
void add_allowance(const FaultContext& fault, const std::string& chain, Direction part) {
    NftRule other(chain);
    other.meta(NFT_META_L4PROTO).not_in("ported").leave();
    fault.add(other);
    FlowStep step{FlowStep::Kind::allow};
    step.bytes = *fault.plan.filter.beyond;
    add_flow_sets(fault, allowance(part), false);
    add_flow_rules(fault, chain, part, allowance(part), step);
}

bool knows_flows(const FaultContext& fault) {
    return forgets(fault) != nullptr || fault.plan.filter.only == PacketFilter::Connections::established;
}

void add_learning(const FaultContext& fault) {
    std::optional<Nanoseconds> lease;
    if (const ForgetIdle* forget = forgets(fault)) lease = forget->after;
    add_flow_sets(fault, "known", lease.has_value());
    for (const Direction part : {Direction::up, Direction::down}) {
        const std::string chain = fault.name(part == Direction::up ? "learn_up" : "learn_down");
        fault.transaction.add_chain(chain);
        add_flow_rules(fault, chain, part, "known", {FlowStep::Kind::remember, lease});
    }
}

void add_direction(const FaultContext& fault, Direction part) {
    const std::string chain = fault.name(part == Direction::up ? "up" : "down");
    const bool acts = includes(fault.plan.filter.direction, part);
    if (!acts && !knows_flows(fault)) return;
    add_exemptions(fault, chain, part);
    add_filter(fault, chain, part);
    if (acts && fault.plan.filter.beyond) add_allowance(fault, chain, part);
    if (acts) add_action(fault, part);
}

// A middlebox knows the connections that were there before it began to forget.
void add_learning_beforehand(const FaultContext& fault) {
    fault.transaction.add_chain(fault.name("learn"));
    NftRule off(learning);
    off.constant(fault.key()).not_in(switches).jump(fault.name("learn"));
    fault.add(off);
    add_membership(fault, fault.name("learn"), "learn_up", "learn_down");
}

// An element's time that is left tells when the connection was opened.
void add_register(const FaultContext& fault) {
    const std::string base = fault.name("opening");
    add_flow_sets(fault, opened, true);
    fault.transaction.add_chain(base);
    for (const Direction part : {Direction::up, Direction::down}) {
        const std::string chain = base + (part == Direction::up ? "_up" : "_down");
        fault.transaction.add_chain(chain);
        add_fresh_filter(fault, chain);
        add_flow_rules(fault, chain, part, opened, {FlowStep::Kind::remember, for_ever});
    }
    NftRule all(learning);
    all.jump(base);
    fault.add(all);
    add_membership(fault, base, "opening_up", "opening_down");
}

// A node that has no link: packets to its addresses go nowhere, silently.
void add_gone(const FaultContext& fault) {
    if (fault.plan.link == LinkChange::none) return;
    fault.transaction.add_set({.name = fault.name("to4"), .to_counters = true});
    fault.transaction.add_set({.name = fault.name("to6"), .key_size = 16, .to_counters = true});
    for (const std::size_t node : fault.plan.nodes)
        add_address_counters(fault.transaction, fault.name(), node, fault.fabric.node(node).addresses);
    NftRule to4(gone_nodes);
    to4.constant(fault.key()).in(switches).meta(NFT_META_PROTOCOL).equals(short_key(ETH_P_IP));
    to4.payload(NFT_PAYLOAD_NETWORK_HEADER, v4_destination_offset, 4).count_by(fault.name("to4"));
    NftRule to6(gone_nodes);
    to6.constant(fault.key()).in(switches).meta(NFT_META_PROTOCOL).equals(short_key(ETH_P_IPV6));
    to6.payload(NFT_PAYLOAD_NETWORK_HEADER, v6_destination_offset, 16).count_by(fault.name("to6"));
    for (NftRule* rule : {&to4, &to6}) {
        fault.log_loss(*rule, "gone").drop();
        fault.add(*rule);
    }
}

// What a node sends to the router itself never gets to the forward hook.
void add_router_as_peer(const FaultContext& fault) {
    const PacketFilter& filter = fault.plan.filter;
    if (!fault.plan.pairs.empty() || !filter.peers.empty() || filter.outside) return;
    NftRule rule("input");
    rule.constant(fault.key()).in(switches);
    rule.meta(NFT_META_IIF).in(fault.name("nodes")).jump(fault.name("up"));
    fault.add(rule);
}

}  // namespace

std::string FaultContext::name(const std::string& what) const {
    return what.empty() ? fault_prefix(number) : fault_prefix(number) + "_" + what;
}

std::string counter_name(const std::string& what, std::size_t node) {
    return fmt::format("{}_{}", what, node);
}

void add_address_counters(NftTransaction& transaction, const std::string& fault, std::size_t node,
                          const std::vector<IpAddress>& addresses) {
    for (const IpAddress& address : addresses)
        transaction.add_counter_element(fault + (address.is_v6() ? "_to6" : "_to4"), nft_key(address),
                                        counter_name(fault + "_hit_down", node));
}

void add_way(const FaultContext& fault, const std::string& base, Direction part, const std::string& chain) {
    const FaultPlan& plan = fault.plan;
    if (plan.filter.outside) return add_border(fault, base, part, fault.name(chain));
    if (plan.pairs.empty() && plan.filter.peers.empty())
        return add_ports(fault, base, part, fault.name(chain));
    add_pairs(fault, base, part, fault.name(chain));
}

void add_hit_counters(const FaultContext& fault) {
    const auto nodes = static_cast<std::uint32_t>(fault.plan.nodes.size());
    fault.transaction.add_set({.name = fault.name("nodes"), .size = nodes});
    for (const std::size_t node : fault.plan.nodes)
        fault.transaction.add_element(fault.name("nodes"), fault.port_of(node));
    std::vector<const char*> counted = {"hit_up", "hit_down"};
    if (std::holds_alternative<Lose>(fault.plan.action))
        counted.insert(counted.end(), {"seen_up", "seen_down"});
    if (rebinds(fault.plan)) counted.insert(counted.end(), {"rebound_up", "rebound_down"});
    for (const char* what : counted) {
        fault.transaction.add_set({.name = fault.name(what), .to_counters = true, .size = nodes});
        for (const std::size_t node : fault.plan.nodes) {
            const std::string counter = counter_name(fault.name(what), node);
            fault.transaction.add_counter(counter);
            fault.transaction.add_counter_element(fault.name(what), fault.port_of(node), counter);
        }
    }
}

void forget_allowances(const FaultContext& fault) {
    for (const Direction part : {Direction::up, Direction::down})
        if (fault.plan.filter.beyond && includes(fault.plan.filter.direction, part))
            flush_flow_sets(fault, allowance(part));
}

void add_fault(const FaultContext& fault) {
    add_hit_counters(fault);
    add_pair_sets(fault);
    for (const char* what : {"on", "up", "down"}) fault.transaction.add_chain(fault.name(what));
    if (knows_flows(fault)) add_learning(fault);
    if (fault.plan.trigger) {
        add_moment_chain(fault);
        add_moment_entry(fault);
        add_moment_memory(fault);
    }
    NftRule on(fault.name());
    on.constant(fault.key()).in(switches).go_to(fault.name("on"));
    fault.add(on);
    if (forgets(fault) != nullptr) add_learning_beforehand(fault);
    if (fault.plan.orders_connections) add_register(fault);
    add_membership(fault, fault.name("on"), "up", "down");
    add_direction(fault, Direction::up);
    add_direction(fault, Direction::down);
    add_gone(fault);
    add_router_as_peer(fault);
}

}  // namespace netcut
