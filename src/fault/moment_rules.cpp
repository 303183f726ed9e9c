// SPDX-License-Identifier: Apache-2.0
//
// A moment on the wire is decided by the packet itself, on any number of CPUs: each packet that counts takes
// a number (or adds its bytes). Those below the moment's pass whatever the switch says, the one that has it
// turns the switch on, and those above it, which may have come at the same time, are treated as if it were
// on already. So there is no instant at which a packet too many passes, or one too few.
#include "fault/moment_rules.h"

#include <algorithm>

#include "base/time.h"
#include "fault/flow_rules.h"
#include "fault/log_prefix.h"
#include "fault/plan.h"
#include "fault/table_rules.h"
#include "kernel/nftables.h"

namespace netcut {
namespace {

using Kind = WireMoment::Kind;

constexpr std::uint32_t most_numbers = 0xffffffff;
// How long after the moment packets are still looked at that came at the same time.
constexpr Nanoseconds overtaking = std::chrono::milliseconds(20);

bool is_up(Kind kind) {
    return kind == Kind::sent || kind == Kind::sent_packets || kind == Kind::request;
}
bool is_down(Kind kind) {
    return kind == Kind::received || kind == Kind::received_packets || kind == Kind::reply ||
           kind == Kind::answer;
}
bool is_of_flags(Kind kind) {
    return kind == Kind::syn || kind == Kind::fin;
}
bool passes(Kind kind) {  // the packet that is the moment
    return kind != Kind::reply && !is_of_flags(kind) && kind != Kind::silence && kind != Kind::answer;
}

// What is sent once more is not another one of these: it is of the same flow, and nothing has come the other
// way since.
bool is_told_by_flow(Kind kind) {
    return kind == Kind::request || kind == Kind::reply || is_of_flags(kind);
}

// How long one end may go on sending what the other does not acknowledge: with Linux's tcp_retries2 of 15,
// and as many tries to connect, less than 16 minutes.
constexpr Nanoseconds memory = std::chrono::minutes(16);
constexpr const char* came = "came";  // the set of those flows, and the chain that adds to it

NftKey network_order(std::uint64_t value) {
    return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
            static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

void add_entry(const FaultContext& fault, std::uint32_t near, std::uint32_t far) {
    const WireTrigger& trigger = *fault.plan.trigger;
    NftRule rule(fault.name());
    rule.constant(fault.key()).in(armed_set);
    rule.meta(near).equals(fault.port_of(trigger.node));
    if (trigger.peer) rule.meta(far).equals(fault.port_of(*trigger.peer));
    rule.go_to(fault.name("moment"));
    fault.add(rule);
}

// What is awaited is the answer to what went up last.
void add_asking_again(const FaultContext& fault) {
    const WireTrigger& trigger = *fault.plan.trigger;
    NftRule rule(fault.name());
    rule.constant(fault.key()).in(armed_set).meta(NFT_META_IIF).equals(fault.port_of(trigger.node));
    if (trigger.peer) rule.meta(NFT_META_OIF).equals(fault.port_of(*trigger.peer));
    rule.meta(NFT_META_PRIORITY).equals(nft_key(message_packet));
    rule.constant(fault.key()).remove_from(armed_set);
    fault.add(rule);
}

NftRule& has_flags(NftRule& rule, Kind kind) {
    const bool syn = kind == Kind::syn;
    return has_tcp_flags(rule, syn ? tcp_syn | tcp_ack : tcp_fin, syn ? tcp_syn : tcp_fin);
}

// What does not count goes on as if there were no moment.
void add_class(const FaultContext& fault) {
    const Kind kind = fault.plan.trigger->moment.kind;
    const std::string chain = fault.name("moment");
    if (!is_of_flags(kind)) {
        NftRule other(chain);
        if (kind == Kind::answer)
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
Direction way_of(Kind kind) {
    return kind == Kind::reply ? Direction::down : Direction::up;
}

// What has come before goes on as if there were no moment.
void add_fresh_chain(const FaultContext& fault) {
    const Kind kind = fault.plan.trigger->moment.kind;
    const std::string chain = fault.name("fresh");
    if (is_told_by_flow(kind))
        add_flow_rules(fault, chain, way_of(kind), came, {FlowStep::Kind::skip, {}, fault.name("check")});
    NftRule counts(chain);
    counts.go_to(fault.name("count"));
    fault.add(counts);
}

void add_earlier_ones_pass(const FaultContext& fault, const std::string& chain) {
    const WireMoment& moment = fault.plan.trigger->moment;
    NftRule rule(chain);
    switch (moment.kind) {
        case Kind::sent:
        case Kind::received:
            rule.fewer_bytes_than(moment.amount);
            break;
        case Kind::sent_packets:
        case Kind::received_packets:
            rule.number(most_numbers).to_network_order().is_below(network_order(moment.amount));
            break;
        case Kind::silence:
            rule.constant(fault.key()).in(not_silent);
            rule.constant(fault.key()).refresh(not_silent, moment.silence);
            break;
        default:
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
    const Kind kind = fault.plan.trigger->moment.kind;
    if (!passes(kind))
        rule.go_to(fault.name("on"));
    else if (is_told_by_flow(kind))
        rule.go_to(fault.name(came));
    else
        rule.leave();
    fault.add(rule);
}

void add_memory(const FaultContext& fault) {
    const Kind kind = fault.plan.trigger->moment.kind;
    if (!is_told_by_flow(kind)) return;
    add_flow_sets(fault, came, true);
    fault.transaction.add_chain(fault.name(came));
    add_flow_rules(fault, fault.name(came), way_of(kind), came, {FlowStep::Kind::remember, memory});
}

}  // namespace

void add_moment_entry(const FaultContext& fault) {
    const Kind kind = fault.plan.trigger->moment.kind;
    if (kind == Kind::answer) add_asking_again(fault);
    if (!is_down(kind)) add_entry(fault, NFT_META_IIF, NFT_META_OIF);
    if (!is_up(kind)) add_entry(fault, NFT_META_OIF, NFT_META_IIF);
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
    const Kind kind = trigger.moment.kind;
    if (!is_told_by_flow(kind)) return;
    NftRule met(fault.name("on"));
    if (is_of_flags(kind))
        has_flags(met, kind);
    else
        is_data(met).meta(is_up(kind) ? NFT_META_IIF : NFT_META_OIF).equals(fault.port_of(trigger.node));
    met.jump(fault.name(came));
    fault.add(met);
    if (is_of_flags(kind)) return;
    const std::string answered = fault.name("answered");
    fault.transaction.add_chain(answered);
    NftRule other_way(learning);
    is_data(other_way).meta(is_up(kind) ? NFT_META_OIF : NFT_META_IIF).equals(fault.port_of(trigger.node));
    other_way.jump(answered);
    fault.add(other_way);
    const Direction back = is_up(kind) ? Direction::down : Direction::up;
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
