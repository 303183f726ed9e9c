// SPDX-License-Identifier: Apache-2.0
#include "fault/table_rules.h"

#include <linux/if_packet.h>

#include "fault/datagram_counters.h"
#include "fault/flow_rules.h"
#include "fault/log_prefix.h"
#include "fault/plan.h"

namespace netcut {
namespace {

// Before anything else looks at a packet (NF_IP_PRI_RAW): the router must not answer for a node that is gone.
constexpr std::int32_t early_priority = -300;
constexpr std::int32_t filter_priority = 0;
constexpr std::int32_t late_priority = 1;

// Of its own, so that one more can be added ahead of what counts in the end.
constexpr const char* all_faults = "faults";

constexpr std::uint32_t tcp_data_offset = 12;  // its upper four bits count 32-bit words
constexpr std::uint8_t upper_four_bits = 0xf0;
constexpr std::uint16_t tcp_header = 32;  // with timestamps, which Linux uses

// TCP segments without a payload: (length in the IP header, data offset) pairs. nftables cannot subtract,
// so the eleven sizes that a TCP header can have are listed.
void add_bare_segments(NftTransaction& transaction, const std::string& set, std::uint16_t ip_header_bytes) {
    constexpr std::uint16_t least = 5, most = 15;
    transaction.add_set({.name = set, .key_size = 8, .size = most - least + 1});
    for (std::uint16_t words = least; words <= most; ++words) {
        NftKey key = short_key(static_cast<std::uint16_t>(ip_header_bytes + words * 4));
        key.resize(4);
        key.push_back(static_cast<std::uint8_t>(words << 4));
        key.resize(8);
        transaction.add_element(set, key);
    }
}

struct IpVersion {
    std::uint16_t ethertype;
    std::uint8_t icmp;
    std::uint32_t length_offset;   // in its header
    std::uint16_t counted_header;  // of what that length counts
    const char* chain;
    const char* bare_segments;
};
// The IPv6 length does not count its own header.
constexpr IpVersion ip_versions[] = {{ETH_P_IP, IPPROTO_ICMP, 2, 20, "classify4", "bare4"},
                                     {ETH_P_IPV6, IPPROTO_ICMPV6, 4, 0, "classify6", "bare6"}};

// Each step that it saves is saved for every packet: what most packets are comes first.
void add_classify_chain(NftTransaction& transaction, const IpVersion& ip) {
    transaction.add_chain(ip.chain);
    NftRule icmp(ip.chain);
    icmp.meta(NFT_META_L4PROTO).equals(byte_key(ip.icmp)).leave();
    NftRule bare(ip.chain);
    is_tcp(bare);
    bare.payload(NFT_PAYLOAD_NETWORK_HEADER, ip.length_offset, 2);
    bare.payload(NFT_PAYLOAD_TRANSPORT_HEADER, tcp_data_offset, 1).mask({upper_four_bits});
    bare.in(ip.bare_segments).leave();
    NftRule message(ip.chain);
    const auto largest = static_cast<std::uint16_t>(ip.counted_header + tcp_header + largest_control);
    message.payload(NFT_PAYLOAD_NETWORK_HEADER, ip.length_offset, 2).exceeds(short_key(largest));
    message.constant(message_packet).set_meta(NFT_META_PRIORITY).leave();
    NftRule control(ip.chain);
    control.constant(control_packet).set_meta(NFT_META_PRIORITY);
    for (NftRule* rule : {&icmp, &bare, &message, &control}) transaction.add_rule(*rule);
}

// Marks data packets as such, once for all faults.
void add_classification(NftTransaction& transaction, const char* base) {
    NftRule begin(base);
    begin.constant(0).set_meta(NFT_META_PRIORITY);
    transaction.add_rule(begin);
    for (const IpVersion& ip : ip_versions) {
        add_classify_chain(transaction, ip);
        NftRule rule(base);
        rule.meta(NFT_META_PROTOCOL).equals(short_key(ip.ethertype)).jump(ip.chain);
        transaction.add_rule(rule);
    }
}

void jump_to(NftTransaction& transaction, const std::string& base, const std::string& chain) {
    NftRule rule(base);
    rule.jump(chain);
    transaction.add_rule(rule);
}

void jump_while_engaged(NftTransaction& transaction, const std::string& base, const std::string& chain) {
    transaction.add_chain(chain);
    NftRule rule(base);
    rule.constant(engaged_key).in(engaged).jump(chain);
    transaction.add_rule(rule);
}

}  // namespace

NftRule& is_data(NftRule& rule) {
    return rule.meta(NFT_META_PRIORITY).mask(nft_key(data_bit)).equals(nft_key(data_bit));
}
NftRule& is_no_data(NftRule& rule) {
    return rule.meta(NFT_META_PRIORITY).mask(nft_key(data_bit)).equals(nft_key(0));
}

NftKey short_key(std::uint16_t value) {
    return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}
NftKey byte_key(std::uint8_t value) {
    return {value};
}

NftRule& load_address(NftRule& rule, bool ipv6, bool destination) {
    constexpr std::uint32_t v4_bytes = 4, v6_bytes = 16;
    const std::uint32_t at = ipv6 ? v6_destination_offset : v4_destination_offset;
    const std::uint32_t bytes = ipv6 ? v6_bytes : v4_bytes;
    return rule.payload(NFT_PAYLOAD_NETWORK_HEADER, destination ? at : at - bytes, bytes);
}

void add_table_sets(NftTransaction& transaction) {
    transaction.add_set({.name = engaged, .size = 1});
    for (const char* set : {switches, armed_set, not_silent})
        transaction.add_set({.name = set, .leases = true, .dynamic = true});
    transaction.add_set({.name = moment_counts, .counts = true});
    transaction.add_set({.name = "ported", .key_size = 1, .size = 2});
    for (const int protocol : {IPPROTO_TCP, IPPROTO_UDP})
        transaction.add_element("ported", byte_key(static_cast<std::uint8_t>(protocol)));
    for (const IpVersion& ip : ip_versions)
        add_bare_segments(transaction, ip.bare_segments, ip.counted_header);
}

void add_base_chains(NftTransaction& transaction, const Fabric& fabric) {
    transaction.add_base_chain("input", NF_INET_LOCAL_IN, filter_priority);
    transaction.add_base_chain("forward", NF_INET_FORWARD, filter_priority);
    add_classification(transaction, "forward");
    add_datagram_counters(transaction, "forward", true);
    jump_while_engaged(transaction, "forward", all_faults);
    transaction.add_chain(learning);
    add_datagram_counters(transaction, learning, false);
    add_arrival_counters(transaction, fabric, learning);
    jump_to(transaction, "forward", learning);
}

void add_gone_chain(NftTransaction& transaction) {
    transaction.add_base_chain("prerouting", NF_INET_PRE_ROUTING, early_priority);
    jump_while_engaged(transaction, "prerouting", gone_nodes);
}

void add_fault_chain(NftTransaction& transaction, std::size_t number) {
    transaction.add_chain(fault_prefix(number));
    jump_to(transaction, all_faults, fault_prefix(number));
}

void add_late_chain(NftTransaction& transaction, const std::string& name) {
    transaction.add_base_chain(name, NF_INET_FORWARD, late_priority);
}

void skip_neighbour_discovery(NftTransaction& transaction, const std::string& chain) {
    for (const std::uint8_t type : {std::uint8_t{135}, std::uint8_t{136}}) {  // RFC 4861, 4.3 and 4.4
        NftRule neighbour(chain);
        neighbour.meta(NFT_META_L4PROTO).equals(byte_key(IPPROTO_ICMPV6));
        neighbour.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1).equals(byte_key(type)).leave();
        transaction.add_rule(neighbour);
    }
}

}  // namespace netcut
