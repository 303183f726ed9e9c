// SPDX-License-Identifier: Apache-2.0
#include <linux/if_packet.h>

#include "fault/rules.h"

namespace netcut {
namespace {

// Before anything else looks at a packet (NF_IP_PRI_RAW): the router must not answer for a node that is gone.
constexpr std::int32_t early_priority = -300;
constexpr std::int32_t filter_priority = 0;
constexpr std::int32_t late_priority = 1;

// Of its own, so that one more can be added ahead of what counts in the end.
constexpr const char* all_faults = "faults";

constexpr std::uint32_t v4_length_offset = 2, v6_length_offset = 4;
constexpr std::uint32_t tcp_data_offset = 12;  // its upper four bits count 32-bit words
constexpr std::uint8_t upper_four_bits = 0xf0;
constexpr std::uint16_t v4_header = 20, tcp_header = 32;  // with timestamps, which Linux uses

// TCP segments without a payload: (length in the IP header, data offset) pairs. nftables cannot subtract,
// so the eleven sizes that a TCP header can have are listed.
void add_bare_segments(NftTransaction& transaction, const std::string& set, std::uint16_t ip_header_bytes) {
    transaction.add_set({.name = set, .key_size = 8});
    for (std::uint16_t words = 5; words <= 15; ++words) {
        NftKey key = short_key(static_cast<std::uint16_t>(ip_header_bytes + words * 4));
        key.resize(4);
        key.push_back(static_cast<std::uint8_t>(words << 4));
        key.resize(8);
        transaction.add_element(set, key);
    }
}

NftRule skip_bare_segments(std::uint16_t ethertype, std::uint32_t length_offset, const std::string& set) {
    NftRule rule("classify");
    rule.meta(NFT_META_PROTOCOL).equals(short_key(ethertype));
    is_tcp(rule);
    rule.payload(NFT_PAYLOAD_NETWORK_HEADER, length_offset, 2);
    rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, tcp_data_offset, 1).mask({upper_four_bits});
    rule.in(set).leave();
    return rule;
}

NftRule mark_messages(std::uint16_t ethertype, std::uint32_t length_offset, std::uint16_t largest) {
    NftRule rule("classify");
    rule.meta(NFT_META_PROTOCOL).equals(short_key(ethertype));
    rule.payload(NFT_PAYLOAD_NETWORK_HEADER, length_offset, 2).exceeds(short_key(largest));
    rule.constant(message_packet).set_meta(NFT_META_PRIORITY).leave();
    return rule;
}

// Marks data packets as such, once for all faults.
void add_classify_chain(NftTransaction& transaction) {
    transaction.add_chain("classify");
    NftRule begin("classify");
    begin.constant(0).set_meta(NFT_META_PRIORITY);
    transaction.add_rule(begin);
    for (const int protocol : {int{IPPROTO_ICMP}, int{IPPROTO_ICMPV6}}) {
        NftRule icmp("classify");
        icmp.meta(NFT_META_L4PROTO).equals(byte_key(static_cast<std::uint8_t>(protocol))).leave();
        transaction.add_rule(icmp);
    }
    NftRule arp("classify");
    arp.meta(NFT_META_PROTOCOL).equals(short_key(ETH_P_ARP)).leave();
    NftRule bare4 = skip_bare_segments(ETH_P_IP, v4_length_offset, "bare4");
    NftRule bare6 = skip_bare_segments(ETH_P_IPV6, v6_length_offset, "bare6");
    NftRule message4 = mark_messages(ETH_P_IP, v4_length_offset, v4_header + tcp_header + largest_control);
    NftRule message6 = mark_messages(ETH_P_IPV6, v6_length_offset, tcp_header + largest_control);
    NftRule control("classify");
    control.constant(control_packet).set_meta(NFT_META_PRIORITY);
    for (NftRule* rule : {&arp, &bare4, &bare6, &message4, &message6, &control}) transaction.add_rule(*rule);
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

void add_table_sets(NftTransaction& transaction) {
    transaction.add_set({.name = engaged});
    for (const char* set : {switches, armed_set, not_silent})
        transaction.add_set({.name = set, .leases = true, .dynamic = true});
    transaction.add_set({.name = moment_counts, .counts = true});
    transaction.add_set({.name = "ported", .key_size = 1});
    for (const int protocol : {IPPROTO_TCP, IPPROTO_UDP})
        transaction.add_element("ported", byte_key(static_cast<std::uint8_t>(protocol)));
    add_bare_segments(transaction, "bare4", 20);
    add_bare_segments(transaction, "bare6", 0);  // the IPv6 length does not count its own header
}

void add_base_chains(NftTransaction& transaction) {
    add_classify_chain(transaction);
    transaction.add_base_chain("prerouting", NF_INET_PRE_ROUTING, early_priority);
    transaction.add_base_chain("input", NF_INET_LOCAL_IN, filter_priority);
    transaction.add_base_chain("forward", NF_INET_FORWARD, filter_priority);
    jump_to(transaction, "forward", "classify");
    jump_while_engaged(transaction, "prerouting", gone_nodes);
    jump_while_engaged(transaction, "forward", all_faults);
    transaction.add_chain(learning);
    jump_to(transaction, "forward", learning);
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
