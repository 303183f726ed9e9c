// SPDX-License-Identifier: Apache-2.0
//
// The nftables rules of one fault. With N for its number, its chains are:
//   fN        is the packet its moment? is it on?         -> fN_moment, fN_on
//   fN_moment counts packets until the moment has come    -> turns it on
//   fN_on     whose packet is it?                         -> fN_up, fN_down
//   fN_up, fN_down   which packets are meant, and what is done to them
// A chain ends by returning to the base chain, so that the next fault sees the packet too.
#pragma once

// clang-format off
#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
#include <linux/netfilter.h>
// clang-format on

#include <linux/if_ether.h>

#include <string>

#include "kernel/nftables.h"
#include "netcut/fault.h"

namespace netcut {

// Where a network header has the destination: RFC 791, RFC 8200.
inline constexpr std::uint32_t v4_destination_offset = 16, v6_destination_offset = 24;

// Sets of the whole table.
inline constexpr const char* switches = "active";  // numbers of the faults that are on
// One element while a fault is on or armed, or may be: without it no packet looks for each of them.
inline constexpr const char* engaged = "engaged";
inline constexpr std::uint32_t engaged_key = 0;
inline constexpr const char* armed_set = "armed";        // numbers of the faults whose moment is waited for
inline constexpr const char* not_silent = "spoke";       // those that wait for silence, while there is none
inline constexpr const char* moment_counts = "counted";  // what each counted until its moment came

// How long the kernel keeps a fault that is to last so long: a little longer, since it counts in ticks (4 ms
// at 250 Hz), the first of which is partly over, and would end it before the tool does.
inline std::optional<Nanoseconds> lease_of(std::optional<Nanoseconds> duration) {
    constexpr Nanoseconds reserve = std::chrono::milliseconds(10);
    return duration ? std::optional(*duration + reserve) : std::nullopt;
}

// Longer than any run: an element whose time can be made shorter must have one, and one whose age is asked for.
inline constexpr Nanoseconds for_ever = std::chrono::hours(24 * 365);

// What meta priority says of a packet. The router has no queue that looks at priorities.
inline constexpr std::uint32_t control_packet = 0x6e630001, message_packet = 0x6e630003;
inline constexpr std::uint32_t data_bit = 1;  // in both of them
NftRule& is_data(NftRule& rule);
NftRule& is_no_data(NftRule& rule);

struct FaultContext {
    NftTransaction& transaction;
    const Fabric& fabric;
    const FaultPlan& plan;
    std::size_t number;
    std::optional<std::uint32_t> logged_losses = {};  // bytes of each packet

    std::string name(const std::string& what = {}) const;  // "f3_up"
    std::uint32_t key() const { return static_cast<std::uint32_t>(number); }
    bool bridged() const { return fabric.options().kind == FabricKind::bridge; }
    NftKey port_of(std::size_t node) const {
        return nft_key(static_cast<std::uint32_t>(fabric.node(node).port.index));
    }
    void add(NftRule& rule) const { transaction.add_rule(rule); }
    // The packet is about to be lost: "up", "down", "gone" say where. To stand right before what loses it.
    NftRule& log_loss(NftRule& rule, const std::string& where) const {
        return logged_losses ? rule.log(lost_group, name(where), *logged_losses) : rule;
    }
};

// table_rules.cpp: what all faults share, and the chain fN of one.
inline constexpr const char* gone_nodes = "gone";  // chain: packets to nodes whose link a fault has taken
inline constexpr const char* learning =
    "learning";  // chain: what all faults have let pass, whether any is on or not
void add_table_sets(NftTransaction& transaction);
void add_base_chains(NftTransaction& transaction);
// For faults that take links. Each hook costs every packet something, even where no rule looks at it.
void add_gone_chain(NftTransaction& transaction);
void add_fault_chain(NftTransaction& transaction, std::size_t number);
void skip_neighbour_discovery(NftTransaction& transaction, const std::string& chain);  // returns from it
void add_late_chain(NftTransaction& transaction, const std::string& name);  // behind all that is forwarded

// data_counters.cpp: what passes at every port.
inline constexpr const char* table_name = "netcut";
std::uint8_t table_family(const Fabric& fabric);
void add_data_counters(NftTransaction& transaction, const Fabric& fabric);
Result<DataCounters> read_data_counters(NetlinkSocket& socket, const Fabric& fabric, std::size_t node);

// datagram_counters.cpp: at the end of `chain`.
void add_datagram_counters(NftTransaction& transaction, const std::string& chain, bool before_faults);
inline constexpr const char* came_chain = "datagrams_came";  // counts one that gets no further
inline constexpr const char* rebound_chain =
    "datagrams_rebound";  // and one that has another port at its peer
void add_rebound_counters(NftTransaction& transaction);

// rebind_rules.cpp: the chains of all that give flows another port, if any does.
bool rebinds(const FaultPlan& plan);
void add_rebindings(NftTransaction& transaction, const Fabric& fabric, const std::vector<FaultPlan>& plans,
                    std::optional<std::uint32_t> logged_losses);

// fault_rules.cpp
void add_fault(const FaultContext& fault);
// From `base`, packets of the fault's nodes that go this way go to `chain`, one of this fault.
void add_way(const FaultContext& fault, const std::string& base, Direction part, const std::string& chain);
void add_hit_counters(const FaultContext& fault);
void forget_allowances(const FaultContext& fault);  // each connection has all of its bytes again
void add_address_counters(NftTransaction& transaction, const std::string& fault, std::size_t node,
                          const std::vector<IpAddress>& addresses);
std::string counter_name(const std::string& what, std::size_t node);

// action_rules.cpp: what is done, at the end of fN_up or fN_down; `part` says which.
void add_action(const FaultContext& fault, Direction part);
void add_loss_numbers(const FaultContext& fault, Direction part);  // they begin at 1

// flow_rules.cpp: which connection a packet is of, in sets of this fault; `part` is the packet's way. A flow
// of UDP is one, too.
void add_flow_sets(const FaultContext& fault, const std::string& what, bool leases);
NftKey flow_key(const Connection& connection);
std::optional<Connection> connection_of(const NftKey& flow);
void flush_flow_sets(const FaultContext& fault, const std::string& what);
inline constexpr const char* opened = "opened";  // connections, by when they were opened
struct FlowStep {
    enum class Kind {
        remember,  // add it, or let its time begin anew
        forget,
        skip,   // leave if it is known
        allow,  // leave while it had fewer bytes
        renew   // if it is known, let its time begin anew and leave
    };
    Kind kind;
    std::optional<Nanoseconds> lease = {};  // of `remember` and `renew`
    std::string then = {};                  // the chain that follows, instead of returning from this one
    std::uint64_t bytes = 0;                // of `allow`: layer 3, since the set was laid or flushed
    std::uint16_t flip = 0;  // the node's port in the set differs from the packet's in these bits
};
// Rules, one for each address family.
void add_flow_rules(const FaultContext& fault, const std::string& chain, Direction part,
                    const std::string& what, const FlowStep& step);
NftRule& is_tcp(NftRule& rule);
NftRule& has_tcp_flags(NftRule& rule, std::uint8_t among, std::uint8_t set);

// moment_rules.cpp
void add_moment_entry(const FaultContext& fault);  // at the beginning of fN
void add_moment_chain(const FaultContext& fault);
void add_moment_rules(const FaultContext& fault);   // its counters begin at nothing
void add_moment_memory(const FaultContext& fault);  // at the beginning of fN_on
void add_port_filter(const FaultContext& fault, const std::string& chain, std::uint16_t port,
                     const std::string& otherwise);

// Fields of packets.
inline constexpr std::uint32_t tcp_flags_offset = 13;
inline constexpr std::uint8_t tcp_fin = 0x01, tcp_syn = 0x02, tcp_ack = 0x10;
NftKey short_key(std::uint16_t value);  // 16 bits in network order, without padding
NftKey byte_key(std::uint8_t value);

}  // namespace netcut
