// SPDX-License-Identifier: Apache-2.0
//
// Flows of UDP that have another port at their peer, as behind a NAT that has forgotten them. The port differs in fixed
// bits, so that no two flows can meet and nothing but who opened a flow need be remembered. Up it is changed behind
// all faults and down ahead of them: they, and what counts, see the flow as its node does.
#include "fault/rebind_rules.h"

#include <linux/if_packet.h>

#include <algorithm>

#include "fault/datagram_counters.h"
#include "fault/fault_rules.h"
#include "fault/flow_rules.h"
#include "fault/moment_rules.h"
#include "fault/rebind_rules.h"
#include "fault/table_rules.h"

namespace netcut {
namespace {

// Around the faults, whose priority is 0.
constexpr std::int32_t before_faults = -1, behind_faults = 1;
constexpr const char *up_base = "rebind_up", *down_base = "rebind_down";
constexpr std::uint32_t own_port_bytes = 2, udp_checksum = 6;
constexpr const char *ours = "ours",
                     *theirs = "theirs";  // flows that the node has opened, and those of others

std::uint16_t flip_of(const FaultContext& fault) {
    return std::get<Rebind>(fault.plan.action).flip;
}

std::uint32_t own_port(Direction part) {
    return part == Direction::up ? 0 : 2;
}

void leave_unless_on(const FaultContext& fault, const std::string& chain) {
    NftRule off(chain);
    off.constant(fault.key()).not_in(switches).leave();
    fault.add(off);
}

// A later fragment has no ports: where they would be is data, which not every kernel refuses to read and write. Of IPv6
// a fragment header is looked for where hosts put it, first.
void leave_unless_udp(const FaultContext& fault, const std::string& chain) {
    constexpr std::uint32_t v4_offset = 6, v6_next = 6, v6_offset = 42;  // RFC 791, 3.1; RFC 8200, 3 and 4.5
    NftRule other(chain);
    other.meta(NFT_META_L4PROTO).differs(byte_key(IPPROTO_UDP)).leave();
    NftRule later4(chain);
    later4.meta(NFT_META_PROTOCOL).equals(short_key(ETH_P_IP));
    later4.payload(NFT_PAYLOAD_NETWORK_HEADER, v4_offset, 2).mask(short_key(0x1fff));
    later4.differs(short_key(0)).leave();
    NftRule later6(chain);
    later6.meta(NFT_META_PROTOCOL).equals(short_key(ETH_P_IPV6));
    later6.payload(NFT_PAYLOAD_NETWORK_HEADER, v6_next, 1).equals(byte_key(IPPROTO_FRAGMENT));
    later6.payload(NFT_PAYLOAD_NETWORK_HEADER, v6_offset, 2).mask(short_key(0xfff8));
    later6.differs(short_key(0)).leave();
    for (NftRule* rule : {&other, &later4, &later6}) fault.add(*rule);
}

NftRule& count(const FaultContext& fault, NftRule& rule, Direction part, const std::string& what) {
    const bool up = part == Direction::up;
    return rule.meta(up ? NFT_META_IIF : NFT_META_OIF).count_by(fault.name(what + (up ? "_up" : "_down")));
}

// Where the sender has left the checksum out it stays so: RFC 768.
void add_turn(const FaultContext& fault, Direction part) {
    const std::string chain = fault.name(part == Direction::up ? "turn_up" : "turn_down");
    fault.transaction.add_chain(chain);
    const auto turn = [&](NftRule& rule, std::optional<std::uint32_t> checksum) -> NftRule& {
        rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, own_port(part), own_port_bytes);
        rule.flip(short_key(flip_of(fault)));
        return rule.write(NFT_PAYLOAD_TRANSPORT_HEADER, own_port(part), own_port_bytes, checksum);
    };
    NftRule without(chain);
    without.payload(NFT_PAYLOAD_TRANSPORT_HEADER, udp_checksum, 2).equals(short_key(0));
    turn(without, {}).leave();
    NftRule with(chain);
    turn(with, udp_checksum);
    for (NftRule* rule : {&without, &with}) fault.add(*rule);
}

void add_way_up(const FaultContext& fault) {
    const std::string chain = fault.name("rebind_up");
    fault.transaction.add_chain(chain);
    leave_unless_udp(fault, chain);
    if (fault.plan.filter.port) add_port_filter(fault, chain, *fault.plan.filter.port, {});
    for (const int kind : {PACKET_BROADCAST, PACKET_MULTICAST}) {
        NftRule many(chain);
        many.meta(NFT_META_PKTTYPE).equals(byte_key(static_cast<std::uint8_t>(kind))).leave();
        fault.add(many);
    }
    NftRule zero(chain);  // there is no port 0
    zero.payload(NFT_PAYLOAD_TRANSPORT_HEADER, own_port(Direction::up), own_port_bytes);
    zero.equals(short_key(flip_of(fault))).leave();
    fault.add(zero);
    add_flow_rules(fault, chain, Direction::up, theirs, {FlowStep::Kind::skip});
    add_flow_rules(fault, chain, Direction::up, ours, {FlowStep::Kind::remember});
    leave_unless_on(fault, chain);
    NftRule turned(chain);
    count(fault, turned, Direction::up, "rebound").jump(rebound_chain);
    NftRule turn(chain);
    turn.jump(fault.name("turn_up"));
    for (NftRule* rule : {&turned, &turn}) fault.add(*rule);
}

void add_way_down(const FaultContext& fault) {
    const std::string chain = fault.name("rebind_down"), back = fault.name("rebind_back"),
                      old = fault.name("rebind_old");
    for (const std::string& one : {chain, back, old}) fault.transaction.add_chain(one);
    leave_unless_udp(fault, chain);
    FlowStep to_new{FlowStep::Kind::skip};
    to_new.then = back;
    to_new.flip = flip_of(fault);
    add_flow_rules(fault, chain, Direction::down, ours, to_new);
    FlowStep to_old{FlowStep::Kind::skip};
    to_old.then = old;
    add_flow_rules(fault, chain, Direction::down, ours, to_old);
    add_flow_rules(fault, chain, Direction::down, theirs, {FlowStep::Kind::remember});

    leave_unless_on(fault, back);
    NftRule turn(back);
    turn.jump(fault.name("turn_down"));
    NftRule turned(back);
    count(fault, turned, Direction::down, "rebound").jump(rebound_chain);
    for (NftRule* rule : {&turn, &turned}) fault.add(*rule);

    leave_unless_on(fault, old);
    NftRule came(old);
    came.jump(came_chain);
    NftRule lost(old);
    fault.log_loss(count(fault, lost, Direction::down, "hit"), "down").drop();
    for (NftRule* rule : {&came, &lost}) fault.add(*rule);
}

}  // namespace

bool rebinds(const FaultPlan& plan) {
    return std::holds_alternative<Rebind>(plan.action);
}

// The last change up is the first down.
void add_rebindings(NftTransaction& transaction, const Fabric& fabric, const std::vector<FaultPlan>& plans,
                    std::optional<std::uint32_t> logged_losses) {
    if (std::none_of(plans.begin(), plans.end(), rebinds)) return;
    add_rebound_counters(transaction);
    transaction.add_base_chain(up_base, NF_INET_FORWARD, behind_faults);
    transaction.add_base_chain(down_base, NF_INET_FORWARD, before_faults);
    std::vector<FaultContext> rebinding;
    for (std::size_t number = 0; number < plans.size(); ++number)
        if (rebinds(plans[number]))
            rebinding.push_back({transaction, fabric, plans[number], number, logged_losses});
    for (const FaultContext& fault : rebinding) {
        for (const char* flows : {ours, theirs}) add_flow_sets(fault, flows, false);
        for (const Direction part : {Direction::up, Direction::down}) add_turn(fault, part);
        add_way_up(fault);
        add_way(fault, up_base, Direction::up, "rebind_up");
        add_way_down(fault);
    }
    for (auto fault = rebinding.rbegin(); fault != rebinding.rend(); ++fault)
        add_way(*fault, down_base, Direction::down, "rebind_down");
}

}  // namespace netcut
