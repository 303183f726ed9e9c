// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
// clang-format on

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "kernel/nftables.h"
#include "netcut/fault.h"

namespace netcut {
namespace {

constexpr const char* table_name = "netcut";
// Before anything else looks at a packet (NF_IP_PRI_RAW), so that what is lost here is lost silently.
constexpr std::int32_t early_priority = -300;
constexpr std::int32_t filter_priority = 0;

constexpr std::uint32_t v4_length_offset = 2, v4_destination_offset = 16;
constexpr std::uint32_t v6_length_offset = 4, v6_destination_offset = 24;
constexpr std::uint32_t tcp_data_offset = 12;  // its upper four bits count 32-bit words
constexpr std::uint8_t upper_four_bits = 0xf0;

std::string counter_name(const char* what, std::size_t node) {
    return fmt::format("{}_{}", what, node);
}

// A 16-bit or 8-bit value in a register: its bytes first, then padding.
NftKey short_key(std::uint16_t value) {
    return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}
NftKey byte_key(std::uint8_t value) {
    return {value};
}
// skb->protocol as `meta protocol` loads it.
NftKey protocol_key(std::uint16_t ethertype) {
    return short_key(ethertype);
}

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
    NftRule rule("forward");
    rule.meta(NFT_META_PROTOCOL).equals(protocol_key(ethertype));
    rule.meta(NFT_META_L4PROTO).equals(byte_key(IPPROTO_TCP));
    rule.payload(NFT_PAYLOAD_NETWORK_HEADER, length_offset, 2);
    rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, tcp_data_offset, 1).mask({upper_four_bits});
    rule.in(set).accept();
    return rule;
}

void add_sets(NftTransaction& transaction) {
    for (const char* set : {"cut_up", "cut_down"}) transaction.add_set({.name = set, .leases = true});
    transaction.add_set({.name = "gone4"});
    transaction.add_set({.name = "gone6", .key_size = 16});
    for (const char* map : {"lost_up", "lost_down", "data_up", "data_down", "lost_to4"})
        transaction.add_set({.name = map, .to_counters = true});
    transaction.add_set({.name = "lost_to6", .key_size = 16, .to_counters = true});
    add_bare_segments(transaction, "bare4", 20);
    add_bare_segments(transaction, "bare6", 0);  // the IPv6 length does not count its own header
}

// What a node's kernel says by itself (MLD, IGMP, ARP, neighbour solicitations) is lost too, but not counted:
// the count is of packets that somebody wanted to arrive.
void drop_uncounted(NftTransaction& transaction, const std::string& chain, std::uint32_t port_key,
                    const std::string& set) {
    for (const int kind : {PACKET_BROADCAST, PACKET_MULTICAST}) {
        NftRule rule(chain);
        rule.meta(port_key)
            .in(set)
            .meta(NFT_META_PKTTYPE)
            .equals(byte_key(static_cast<std::uint8_t>(kind)))
            .drop();
        transaction.add_rule(rule);
    }
}

// Losing what comes from a node, and what goes to the address of a node that has no link.
void add_early_rules(NftTransaction& transaction) {
    transaction.add_base_chain("prerouting", NF_INET_PRE_ROUTING, early_priority);
    drop_uncounted(transaction, "prerouting", NFT_META_IIF, "cut_up");
    NftRule up("prerouting");
    up.meta(NFT_META_IIF).in("cut_up").meta(NFT_META_IIF).count_by("lost_up").drop();
    NftRule to4("prerouting");
    to4.meta(NFT_META_PROTOCOL).equals(protocol_key(ETH_P_IP));
    to4.payload(NFT_PAYLOAD_NETWORK_HEADER, v4_destination_offset, 4).in("gone4");
    to4.payload(NFT_PAYLOAD_NETWORK_HEADER, v4_destination_offset, 4).count_by("lost_to4").drop();
    NftRule to6("prerouting");
    to6.meta(NFT_META_PROTOCOL).equals(protocol_key(ETH_P_IPV6));
    to6.payload(NFT_PAYLOAD_NETWORK_HEADER, v6_destination_offset, 16).in("gone6");
    to6.payload(NFT_PAYLOAD_NETWORK_HEADER, v6_destination_offset, 16).count_by("lost_to6").drop();
    for (NftRule* rule : {&up, &to4, &to6}) transaction.add_rule(*rule);
}

void add_forward_rules(NftTransaction& transaction) {
    transaction.add_base_chain("forward", NF_INET_FORWARD, filter_priority);
    drop_uncounted(transaction, "forward", NFT_META_OIF, "cut_down");
    NftRule down("forward");
    down.meta(NFT_META_OIF).in("cut_down").meta(NFT_META_OIF).count_by("lost_down").drop();
    transaction.add_rule(down);
    for (const int protocol : {int{IPPROTO_ICMP}, int{IPPROTO_ICMPV6}}) {
        NftRule icmp("forward");
        icmp.meta(NFT_META_L4PROTO).equals(byte_key(static_cast<std::uint8_t>(protocol))).accept();
        transaction.add_rule(icmp);
    }
    NftRule arp("forward");
    arp.meta(NFT_META_PROTOCOL).equals(protocol_key(ETH_P_ARP)).accept();
    NftRule bare4 = skip_bare_segments(ETH_P_IP, v4_length_offset, "bare4");
    NftRule bare6 = skip_bare_segments(ETH_P_IPV6, v6_length_offset, "bare6");
    NftRule data_up("forward");
    data_up.meta(NFT_META_IIF).count_by("data_up");
    NftRule data_down("forward");
    data_down.meta(NFT_META_OIF).count_by("data_down");
    for (NftRule* rule : {&arp, &bare4, &bare6, &data_up, &data_down}) transaction.add_rule(*rule);
}

void add_address_counters(NftTransaction& transaction, std::size_t node,
                          const std::vector<IpAddress>& addresses) {
    for (const IpAddress& address : addresses)
        transaction.add_counter_element(address.is_v6() ? "lost_to6" : "lost_to4", nft_key(address),
                                        counter_name("lost_down", node));
}

void add_node_counters(NftTransaction& transaction, std::size_t index, const NodeLink& node) {
    const NftKey port = nft_key(static_cast<std::uint32_t>(node.port.index));
    for (const char* what : {"lost_up", "lost_down", "data_up", "data_down"}) {
        transaction.add_counter(counter_name(what, index));
        transaction.add_counter_element(what, port, counter_name(what, index));
    }
    add_address_counters(transaction, index, node.addresses);
}

bool includes(Direction direction, Direction part) {
    return direction == Direction::both || direction == part;
}

}  // namespace

Result<void> FaultTable::probe(const NetNs& apart) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &apart));
    NftTransaction transaction(NFPROTO_INET, table_name);
    transaction.add_table();
    Batch batch = transaction.take();
    return socket.commit(batch);
}

Result<FaultTable> FaultTable::lay(Fabric& fabric, const std::vector<std::size_t>& nodes) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &fabric.router()));
    const bool routed = fabric.options().kind == FabricKind::routed;
    FaultTable table(routed ? NFPROTO_INET : NFPROTO_BRIDGE, std::move(socket));
    table.nodes_ = nodes;
    NftTransaction transaction(table.family_, table_name);
    transaction.add_table();
    add_sets(transaction);
    for (const std::size_t index : nodes) {
        table.ports_[index] = static_cast<std::uint32_t>(fabric.node(index).port.index);
        add_node_counters(transaction, index, fabric.node(index));
    }
    add_early_rules(transaction);
    add_forward_rules(transaction);
    Batch batch = transaction.take();
    NETCUT_TRY(table.commit(batch));
    return table;
}

Batch FaultTable::lose_at_ports(const std::vector<std::size_t>& nodes, Direction direction,
                                std::optional<Nanoseconds> lease) const {
    NftTransaction transaction(family_, table_name);
    for (const std::size_t node : nodes) {
        const NftKey port = nft_key(ports_.at(node));
        if (includes(direction, Direction::up)) transaction.add_element("cut_up", port, lease);
        if (includes(direction, Direction::down)) transaction.add_element("cut_down", port, lease);
    }
    return transaction.take();
}

Batch FaultTable::lose_by_address(const std::vector<IpAddress>& addresses) const {
    NftTransaction transaction(family_, table_name);
    for (const IpAddress& address : addresses)
        transaction.add_element(address.is_v6() ? "gone6" : "gone4", nft_key(address));
    return transaction.take();
}

std::vector<Batch> FaultTable::pass_at_port(std::size_t node, Direction direction) const {
    std::vector<Batch> batches;
    for (const auto& [set, part] :
         {std::pair("cut_up", Direction::up), std::pair("cut_down", Direction::down)}) {
        if (!includes(direction, part)) continue;
        NftTransaction transaction(family_, table_name);
        transaction.delete_element(set, nft_key(ports_.at(node)));
        batches.push_back(transaction.take());
    }
    return batches;
}

std::vector<Batch> FaultTable::pass_by_address(const std::vector<IpAddress>& addresses) const {
    std::vector<Batch> batches;
    for (const IpAddress& address : addresses) {
        NftTransaction transaction(family_, table_name);
        transaction.delete_element(address.is_v6() ? "gone6" : "gone4", nft_key(address));
        batches.push_back(transaction.take());
    }
    return batches;
}

Result<void> FaultTable::commit_if_there(std::vector<Batch>& batches) {
    for (Batch& batch : batches)
        if (auto done = commit(batch); !done && done.error().code != ENOENT) return done;
    return {};
}

Result<void> FaultTable::count_addresses(std::size_t node, const std::vector<IpAddress>& addresses) {
    NftTransaction transaction(family_, table_name);
    add_address_counters(transaction, node, addresses);
    Batch batch = transaction.take();
    return commit(batch);
}

Result<std::map<std::size_t, PortCounters>> FaultTable::read() {
    NETCUT_ASSIGN(const auto values, read_counters(socket_, family_, table_name));
    std::map<std::size_t, PortCounters> counters;
    for (const std::size_t node : nodes_) {
        PortCounters& port = counters[node];
        for (const auto& [what, target] :
             {std::pair("lost_up", &port.lost_up), std::pair("lost_down", &port.lost_down),
              std::pair("data_up", &port.data_up), std::pair("data_down", &port.data_down)}) {
            const auto found = values.find(counter_name(what, node));
            if (found == values.end())
                return Failure(Error{Error::Kind::internal, "read the nftables counters", 0,
                                     counter_name(what, node) + " is not among them", ""});
            *target = found->second;
        }
    }
    return counters;
}

Result<bool> FaultTable::is_losing_at_port(std::size_t node, Direction direction) {
    for (const auto& [set, part] :
         {std::pair("cut_up", Direction::up), std::pair("cut_down", Direction::down)}) {
        if (!includes(direction, part)) continue;
        NETCUT_ASSIGN(const auto keys, read_set(socket_, family_, table_name, set));
        if (std::find(keys.begin(), keys.end(), nft_key(ports_.at(node))) == keys.end()) return false;
    }
    return true;
}

}  // namespace netcut
