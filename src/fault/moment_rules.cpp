// SPDX-License-Identifier: Apache-2.0
//
// A moment on the wire is decided by the packet itself, on any number of CPUs: each packet that counts takes
// a number (or adds its bytes). Those below the moment's pass whatever the switch says, the one that has it
// turns the switch on, and those above it, which may have come at the same time, are treated as if it were
// on already. So there is no instant at which a packet too many passes, or one too few.
#include "fault/moment_rules.h"

#include <algorithm>
#include <functional>

#include "base/time.h"
#include "fabric/sites.h"
#include "fault/fault_rules.h"
#include "fault/flow_rules.h"
#include "fault/log_prefix.h"
#include "fault/moments.h"
#include "fault/pair_rules.h"
#include "fault/plan.h"
#include "fault/table_rules.h"
#include "kernel/nftables.h"

namespace netcut {
namespace {

using Amount = MomentKind::Amount;
using Packets = MomentKind::Packets;

constexpr std::uint32_t most_numbers = 0xffffffff;
// How long after the moment packets are still looked at that came at the same time.
constexpr Nanoseconds overtaking = std::chrono::milliseconds(20);

const MomentKind& kind_of(const FaultContext& fault) {
    return definition_of(fault.plan.trigger->moment.kind);
}

// How long one end may go on sending what the other does not acknowledge: with Linux's tcp_retries2 of 15,
// and as many tries to connect, less than 16 minutes.
constexpr Nanoseconds memory = std::chrono::minutes(16);
constexpr const char* came = "came";  // the set of those flows, and the chain that adds to it

NftKey network_order(std::uint64_t value) {
    return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
            static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

// Behind a site's router the peer is known by its addresses.
bool is_far(const FaultContext& fault) {
    const WireTrigger& trigger = *fault.plan.trigger;
    const Sites* sites = fault.fabric.sites();
    return trigger.peer && sites != nullptr && sites->are_apart(trigger.node, *trigger.peer);
}

std::string peer_set(const FaultContext& fault, bool ipv6) {
    return fault.name(ipv6 ? "peer6" : "peer4");
}

// Packets of the node, one way, with its peer if it has one.
void add_watched(const FaultContext& fault, bool up, const std::function<void(NftRule&)>& then) {
    const WireTrigger& trigger = *fault.plan.trigger;
    const auto begin = [&] {
        NftRule rule(fault.name());
        rule.constant(fault.key()).in(armed_set);
        rule.meta(up ? NFT_META_IIF : NFT_META_OIF).equals(fault.port_of(trigger.node));
        return rule;
    };
    const auto end = [&](NftRule rule) {
        then(rule);
        fault.add(rule);
    };
    NftRule rule = begin();
    if (!trigger.peer) return end(std::move(rule));
    if (!is_far(fault)) {
        rule.meta(up ? NFT_META_OIF : NFT_META_IIF).equals(fault.port_of(*trigger.peer));
        return end(std::move(rule));
    }
    for (const bool ipv6 : {false, true}) {
        NftRule far = begin();
        far.meta(NFT_META_PROTOCOL).equals(short_key(ipv6 ? ETH_P_IPV6 : ETH_P_IP));
        load_address(far, ipv6, up).in(peer_set(fault, ipv6));
        end(std::move(far));
    }
}

void add_entry(const FaultContext& fault, bool up) {
    add_watched(fault, up, [&](NftRule& rule) { rule.go_to(fault.name("moment")); });
}

// What is awaited is the answer to what went up last.
void add_asking_again(const FaultContext& fault) {
    add_watched(fault, true, [&](NftRule& rule) {
        rule.meta(NFT_META_PRIORITY).equals(nft_key(message_packet));
        rule.constant(fault.key()).remove_from(armed_set);
    });
}

NftRule& has_flags(NftRule& rule, const MomentKind& kind) {
    const bool syn = kind.packets == Packets::syn;
    return has_tcp_flags(rule, syn ? tcp_syn | tcp_ack : tcp_fin, syn ? tcp_syn : tcp_fin);
}

// What does not count goes on as if there were no moment.
void add_class(const FaultContext& fault) {
    const MomentKind& kind = kind_of(fault);
    const std::string chain = fault.name("moment");
    if (!kind.is_of_flags()) {
        NftRule other(chain);
        if (kind.packets == Packets::messages)
            other.meta(NFT_META_PRIORITY).differs(nft_key(message_packet)).go_to(fault.name("check"));
        else
            is_no_data(other).go_to(fault.name("check"));
        return fault.add(other);
    }
    NftRule wanted(chain);
    has_flags(wanted, kind).go_to(fault.name("fresh"));
    fault.add(wanted);
    NftRule other(chain);
    other.go_to(fault.name("check"));
    fault.add(other);
}

// The way that a flow is looked at from. A SYN or FIN is of the flow of its sender.
Direction way_of(const MomentKind& kind) {
    return kind.way == Direction::down ? Direction::down : Direction::up;
}

// What has come before goes on as if there were no moment.
void add_fresh_chain(const FaultContext& fault) {
    const MomentKind& kind = kind_of(fault);
    const std::string chain = fault.name("fresh");
    if (kind.once_a_flow)
        add_flow_rules(fault, chain, way_of(kind), came, {FlowStep::Kind::skip, {}, fault.name("check")});
    NftRule counts(chain);
    counts.go_to(fault.name("count"));
    fault.add(counts);
}

void add_earlier_ones_pass(const FaultContext& fault, const std::string& chain) {
    const WireMoment& moment = fault.plan.trigger->moment;
    NftRule rule(chain);
    switch (kind_of(fault).amount) {
        case Amount::bytes:
            rule.fewer_bytes_than(moment.amount);
            break;
        case Amount::packets:
            rule.number(most_numbers).to_network_order().is_below(network_order(moment.amount));
            break;
        case Amount::time:
            rule.constant(fault.key()).in(not_silent);
            rule.constant(fault.key()).refresh(not_silent, moment.silence);
            break;
        case Amount::none:
            return;
    }
    rule.constant(fault.key()).in(moment_counts).leave();
    fault.add(rule);
}

void add_the_moment(const FaultContext& fault, const std::string& chain) {
    const auto lease = lease_of(fault.plan.lease());
    NftRule rule(chain);
    rule.number(most_numbers).equals(nft_key(1));  // only the first that comes here
    rule.constant(fault.key()).in(moment_counts);
    rule.constant(fault.key()).add_to(switches, lease);
    rule.constant(fault.key()).refresh(armed_set, std::min(lease.value_or(overtaking), overtaking));
    rule.log(moment_group, fault_prefix(fault.number), logged_bytes);
    const MomentKind& kind = kind_of(fault);
    if (!kind.passes)
        rule.go_to(fault.name("on"));
    else if (kind.once_a_flow)
        rule.go_to(fault.name(came));
    else
        rule.leave();
    fault.add(rule);
}

void add_memory(const FaultContext& fault) {
    const MomentKind& kind = kind_of(fault);
    if (!kind.once_a_flow) return;
    add_flow_sets(fault, came, true);
    fault.transaction.add_chain(fault.name(came));
    add_flow_rules(fault, fault.name(came), way_of(kind), came, {FlowStep::Kind::remember, memory});
}

}  // namespace

void add_addresses_of_watched(const FaultContext& fault, std::size_t peer) {
    if (!is_far(fault) || *fault.plan.trigger->peer != peer) return;
    for (const IpAddress& address : addresses_seen_at(fault, fault.plan.trigger->node, peer))
        fault.transaction.add_element(peer_set(fault, address.is_v6()), nft_key(address));
}

void add_moment_entry(const FaultContext& fault) {
    if (is_far(fault)) {
        fault.transaction.add_set({.name = peer_set(fault, false)});
        fault.transaction.add_set({.name = peer_set(fault, true), .key_size = 16});
        add_addresses_of_watched(fault, *fault.plan.trigger->peer);
    }
    const MomentKind& kind = kind_of(fault);
    if (kind.until_asked_again) add_asking_again(fault);
    if (includes(kind.way, Direction::up)) add_entry(fault, true);
    if (includes(kind.way, Direction::down)) add_entry(fault, false);
}

void add_moment_chain(const FaultContext& fault) {
    for (const char* what : {"moment", "fresh", "count", "check"})
        fault.transaction.add_chain(fault.name(what));
    add_memory(fault);
    fault.transaction.add_element(moment_counts, nft_key(fault.key()));
    NftRule check(fault.name("check"));
    check.constant(fault.key()).in(switches).go_to(fault.name("on"));
    fault.add(check);
    const std::string chain = fault.name("moment");
    const auto& port = fault.plan.trigger->moment.port;
    if (port) add_port_filter(fault, chain, *port, fault.name("check"));
    add_class(fault);
    NftRule counts(chain);
    counts.go_to(fault.name("fresh"));
    fault.add(counts);
    add_fresh_chain(fault);
    add_moment_rules(fault);
}

void add_moment_memory(const FaultContext& fault) {
    const WireTrigger& trigger = *fault.plan.trigger;
    const MomentKind& kind = kind_of(fault);
    if (!kind.once_a_flow) return;
    NftRule met(fault.name("on"));
    if (kind.is_of_flags())
        has_flags(met, kind);
    else
        is_data(met)
            .meta(kind.way == Direction::up ? NFT_META_IIF : NFT_META_OIF)
            .equals(fault.port_of(trigger.node));
    met.jump(fault.name(came));
    fault.add(met);
    if (kind.is_of_flags()) return;
    const std::string answered = fault.name("answered");
    fault.transaction.add_chain(answered);
    NftRule other_way(learning);
    is_data(other_way)
        .meta(kind.way == Direction::up ? NFT_META_OIF : NFT_META_IIF)
        .equals(fault.port_of(trigger.node));
    other_way.jump(answered);
    fault.add(other_way);
    const Direction back = kind.way == Direction::up ? Direction::down : Direction::up;
    add_flow_rules(fault, answered, back, came, {FlowStep::Kind::forget});
}

void add_moment_rules(const FaultContext& fault) {
    const std::string chain = fault.name("count");
    add_earlier_ones_pass(fault, chain);
    add_the_moment(fault, chain);
    NftRule later(chain);
    later.go_to(fault.name("on"));
    fault.add(later);
}

void add_port_filter(const FaultContext& fault, const std::string& chain, std::uint16_t port,
                     const std::string& otherwise) {
    const auto leave = [&](NftRule& rule) {
        if (otherwise.empty())
            rule.leave();
        else
            rule.go_to(otherwise);
        fault.add(rule);
    };
    NftRule portless(chain);
    portless.meta(NFT_META_L4PROTO).not_in("ported");
    leave(portless);
    NftRule other(chain);
    for (const std::uint32_t offset : {0U, 2U})
        other.payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset, 2).differs(short_key(port));
    leave(other);
}

}  // namespace netcut
