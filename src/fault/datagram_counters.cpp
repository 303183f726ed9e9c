// SPDX-License-Identifier: Apache-2.0
//
// Datagrams of UDP, one way of a flow an element: those that came to the faults, and those that all faults have let
// pass. Other packets meet two rules more.
#include "fault/datagram_counters.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "fabric/sites.h"
#include "fault/rebind_rules.h"
#include "fault/table.h"
#include "fault/table_rules.h"
#include "kernel/nftables.h"

namespace netcut {
namespace {

struct DatagramFamily {
    const char* suffix;
    std::uint16_t ethertype;
    std::uint32_t addresses_offset;  // of the source's; the destination's follows it
    std::uint32_t address_bytes;
};
constexpr DatagramFamily datagram_families[] = {{"4", ETH_P_IP, 12, 4}, {"6", ETH_P_IPV6, 8, 16}};
constexpr std::uint32_t udp_port_bytes = 2, register_bytes = 4;
// Sets have the names of the chains that add to them.
constexpr const char *passed_chain = "datagrams_passed", *arrived_chain = "datagrams_arrived";

IpAddress address_in(const NftKey& key, std::size_t at, std::size_t bytes) {
    if (bytes == 4) {
        boost::asio::ip::address_v4::bytes_type raw;
        std::memcpy(raw.data(), key.data() + at, raw.size());
        return boost::asio::ip::address_v4(raw);
    }
    boost::asio::ip::address_v6::bytes_type raw;
    std::memcpy(raw.data(), key.data() + at, raw.size());
    return boost::asio::ip::address_v6(raw);
}

std::uint16_t port_in(const NftKey& key, std::size_t at) {
    return static_cast<std::uint16_t>(key[at] << 8 | key[at + 1]);
}

DatagramWay way_in(const NftKey& key, std::size_t address_bytes) {
    return {address_in(key, 0, address_bytes), port_in(key, 2 * address_bytes),
            address_in(key, address_bytes, address_bytes), port_in(key, 2 * address_bytes + register_bytes)};
}

void add_counters(NftTransaction& transaction, const std::string& what) {
    transaction.add_chain(what);
    for (const DatagramFamily& family : datagram_families) {
        transaction.add_set({.name = what + family.suffix,
                             .key_size = 2 * family.address_bytes + 2 * register_bytes,
                             .dynamic = true,
                             .counts = true});
        NftRule rule(what);
        rule.meta(NFT_META_PROTOCOL).equals(short_key(family.ethertype));
        for (const std::uint32_t address : {0U, 1U})
            rule.payload(NFT_PAYLOAD_NETWORK_HEADER, family.addresses_offset + address * family.address_bytes,
                         family.address_bytes);
        for (const std::uint32_t port : {0U, 1U})
            rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, port * udp_port_bytes, udp_port_bytes);
        rule.refresh(what + family.suffix, {}).leave();
        transaction.add_rule(rule);
    }
}

std::uint64_t& counted(DatagramCount& count, const std::string& what) {
    if (what == came_chain) return count.came;
    if (what == passed_chain) return count.passed;
    return what == arrived_chain ? count.arrived : count.rebound;
}

}  // namespace

void add_rebound_counters(NftTransaction& transaction) {
    add_counters(transaction, rebound_chain);
}

void add_datagram_counters(NftTransaction& transaction, const std::string& chain, bool before_faults) {
    const std::string what = before_faults ? came_chain : passed_chain;
    add_counters(transaction, what);
    NftRule entry(chain);
    entry.meta(NFT_META_L4PROTO).equals(byte_key(IPPROTO_UDP)).jump(what);
    transaction.add_rule(entry);
}

void add_arrival_counters(NftTransaction& transaction, const Fabric& fabric, const std::string& chain) {
    constexpr const char* borders = "borders";
    if (fabric.sites() == nullptr) return;
    std::vector<NftKey> links;
    for (const int link : fabric.sites()->ports()) links.push_back(nft_key(static_cast<std::uint32_t>(link)));
    transaction.add_set({.name = borders, .size = static_cast<std::uint32_t>(links.size())});
    transaction.add_elements(borders, links);
    add_counters(transaction, arrived_chain);
    NftRule entry(chain);
    entry.meta(NFT_META_L4PROTO).equals(byte_key(IPPROTO_UDP));
    entry.meta(NFT_META_OIF).not_in(borders).jump(arrived_chain);
    transaction.add_rule(entry);
}

Result<DatagramCounts> FaultTable::read_datagrams() {
    DatagramCounts all;
    const bool has_sites = fabric_->sites() != nullptr;
    std::vector<const char*> counters_of = {came_chain, passed_chain};
    if (has_sites) counters_of.push_back(arrived_chain);
    if (std::any_of(plans_.begin(), plans_.end(), rebinds)) counters_of.push_back(rebound_chain);
    for (const DatagramFamily& family : datagram_families) {
        for (const char* what : counters_of) {
            NETCUT_ASSIGN(const auto counters,
                          read_set_counters(socket_, family_, table_name, std::string(what) + family.suffix));
            if (counters.empty()) break;  // then none has passed
            for (const auto& [key, value] : counters)
                counted(all[way_in(key, family.address_bytes)], what) = value.packets;
        }
    }
    if (!has_sites)
        for (auto& [way, count] : all) count.arrived = count.passed;
    return all;
}

}  // namespace netcut
