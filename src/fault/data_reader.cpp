// SPDX-License-Identifier: Apache-2.0
//
// What passes at every port, up and down. A packet is counted by the element of its class and its port, so
// that the number of rules that it meets does not depend on the number of nodes.
#include "fault/data_reader.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

#include "fabric/options.h"
#include "fault/table_rules.h"
#include "kernel/nftables.h"
#include "link/counter.h"

namespace netcut {
namespace {

constexpr const char* up_set = "data_up";
constexpr const char* down_set = "data_down";
constexpr const char* passed_set = "data_passed";  // one element, for all ports together
constexpr std::size_t class_bytes = 4;

NftKey key_of(std::uint32_t packet_class, int port) {
    NftKey key = nft_key(packet_class);
    const NftKey second = nft_key(static_cast<std::uint32_t>(port));
    key.insert(key.end(), second.begin(), second.end());
    return key;
}

void add(CounterValue& sum, const CounterValue& value) {
    sum.packets += value.packets;
    sum.bytes += value.bytes;
}

void take(DataCounters& node, bool up, const NftKey& key, const CounterValue& value) {
    add(up ? node.up : node.down, value);
    const bool is_message =
        std::equal(key.begin(), key.begin() + class_bytes, nft_key(message_packet).begin());
    if (is_message) (up ? node.messages_up : node.messages_down) = value;
}

}  // namespace

std::uint8_t table_family(const Fabric& fabric) {
    return fabric.options().kind == FabricKind::routed ? NFPROTO_INET : NFPROTO_BRIDGE;
}

void add_data_counters(NftTransaction& transaction, const Fabric& fabric) {
    NftRule other("forward");
    is_no_data(other).leave();
    transaction.add_rule(other);
    std::vector<NftKey> keys;
    for (std::size_t node = 0; node < fabric.size(); ++node)
        for (const std::uint32_t packet_class : {control_packet, message_packet})
            keys.push_back(key_of(packet_class, fabric.node(node).port.index));
    for (const auto& [set, port] : {std::pair(up_set, NFT_META_IIF), std::pair(down_set, NFT_META_OIF)}) {
        transaction.add_set({.name = set,
                             .key_size = 2 * class_bytes,
                             .counts = true,
                             .size = static_cast<std::uint32_t>(keys.size())});
        transaction.add_elements(set, keys);
        NftRule rule("forward");
        rule.meta(NFT_META_PRIORITY).meta(port).in(set);
        transaction.add_rule(rule);
    }
    // Last, so that who has read it finds what it counts in the others.
    transaction.add_set({.name = passed_set, .counts = true, .size = 1});
    transaction.add_element(passed_set, nft_key(data_bit));
    NftRule passed("forward");
    passed.constant(data_bit).in(passed_set);
    transaction.add_rule(passed);
}

Result<DataCounters> read_data_counters(NetlinkSocket& socket, const Fabric& fabric, std::size_t node) {
    const int port = fabric.node(node).port.index;
    const std::vector<NftKey> keys = {key_of(control_packet, port), key_of(message_packet, port)};
    DataCounters data;
    for (const char* set : {up_set, down_set}) {
        NETCUT_ASSIGN(const auto counters,
                      read_set_counters(socket, table_family(fabric), table_name, set, keys));
        for (const auto& [key, value] : counters) take(data, set == up_set, key, value);
    }
    return data;
}

Result<DataReader> DataReader::open(const Fabric& fabric) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &fabric.router()));
    DataReader reader(fabric, std::move(socket));
    for (std::size_t node = 0; node < fabric.size(); ++node)
        reader.nodes_of_ports_[static_cast<std::uint32_t>(fabric.node(node).port.index)] = node;
    return reader;
}

Result<std::uint64_t> DataReader::read_passed() {
    NETCUT_ASSIGN(const auto counters, read_set_counters(socket_, table_family(*fabric_), table_name,
                                                         passed_set, {nft_key(data_bit)}));
    return counters.empty() ? 0 : counters.front().second.packets;
}

Result<DataCounters> DataReader::read(std::size_t node) {
    NETCUT_ASSIGN(const std::uint64_t passed, read_passed());
    if (passed == passed_before_) return last_[node];
    return read_data_counters(socket_, *fabric_, node);
}

Result<const std::vector<DataCounters>*> DataReader::read() {
    NETCUT_ASSIGN(const std::uint64_t passed, read_passed());
    if (passed == passed_before_) return &last_;
    std::vector<DataCounters> nodes(nodes_of_ports_.size());
    for (const char* set : {up_set, down_set}) {
        NETCUT_ASSIGN(const auto counters,
                      read_set_counters(socket_, table_family(*fabric_), table_name, set));
        for (const auto& [key, value] : counters) {
            std::uint32_t port = 0;
            std::memcpy(&port, key.data() + class_bytes, sizeof(port));
            const auto found = nodes_of_ports_.find(port);
            if (found != nodes_of_ports_.end()) take(nodes[found->second], set == up_set, key, value);
        }
    }
    last_ = std::move(nodes);
    passed_before_ = passed;
    return &last_;
}

}  // namespace netcut
