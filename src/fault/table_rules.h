// SPDX-License-Identifier: Apache-2.0
#pragma once

// clang-format off
#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
#include <linux/netfilter.h>
// clang-format on

#include <linux/if_ether.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "fabric/fabric.h"
#include "kernel/nftables.h"

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

// One element while somebody is there who holds packets.
inline constexpr const char* holder_set = "holder";
inline constexpr std::uint32_t holder_key = 0;
inline constexpr const char* port_owners =
    "owners";  // of a bridge: MAC addresses, and the ports that they are behind

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

inline constexpr const char* table_name = "netcut";

// What all faults share, and the chain fN of one.
inline constexpr const char* gone_nodes = "gone";  // chain: packets to nodes whose link a fault has taken
inline constexpr const char* learning =
    "learning";  // chain: what all faults have let pass, whether any is on or not
void add_table_sets(NftTransaction& transaction);
void add_base_chains(NftTransaction& transaction, const Fabric& fabric);
// For faults that take links. Each hook costs every packet something, even where no rule looks at it.
void add_gone_chain(NftTransaction& transaction);
void add_fault_chain(NftTransaction& transaction, std::size_t number);
void skip_neighbour_discovery(NftTransaction& transaction, const std::string& chain);  // returns from it
void add_late_chain(NftTransaction& transaction, const std::string& name);  // behind all that is forwarded

// Fields of packets.
inline constexpr std::uint32_t tcp_flags_offset = 13;
inline constexpr std::uint8_t tcp_fin = 0x01, tcp_syn = 0x02, tcp_ack = 0x10;
NftKey short_key(std::uint16_t value);  // 16 bits in network order, without padding
NftKey byte_key(std::uint8_t value);
// The receiver's, or the sender's, of a packet of this family.
NftRule& load_address(NftRule& rule, bool ipv6, bool destination);

}  // namespace netcut
