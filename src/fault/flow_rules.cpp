// SPDX-License-Identifier: Apache-2.0
#include "fault/flow_rules.h"

#include "fault/plan.h"
#include "fault/table.h"
#include "fault/table_rules.h"

namespace netcut {
namespace {

struct Family {
    const char* suffix;
    std::uint16_t ethertype;
    std::uint32_t source, destination, address_bytes;
};
constexpr Family families[] = {{"4", ETH_P_IP, 12, 16, 4}, {"6", ETH_P_IPV6, 8, 24, 16}};
constexpr std::uint32_t source_port = 0, destination_port = 2, port_bytes = 2;

// As the node sees it: its own address, the other's, its own port, the other's, and the protocol.
// `flip`: bits of its own port.
void load_flow(NftRule& rule, const Family& family, Direction part, std::uint16_t flip) {
    const bool up = part == Direction::up;
    const auto address = [&](std::uint32_t offset) {
        rule.payload(NFT_PAYLOAD_NETWORK_HEADER, offset, family.address_bytes);
    };
    const auto port = [&](std::uint32_t offset) {
        rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset, port_bytes);
    };
    address(up ? family.source : family.destination);
    address(up ? family.destination : family.source);
    port(up ? source_port : destination_port);
    if (flip != 0) rule.flip(short_key(flip));
    port(up ? destination_port : source_port);
    rule.meta(NFT_META_L4PROTO);
}

}  // namespace

NftRule& is_tcp(NftRule& rule) {
    return rule.meta(NFT_META_L4PROTO).equals(byte_key(IPPROTO_TCP));
}

NftRule& has_tcp_flags(NftRule& rule, std::uint8_t among, std::uint8_t set) {
    is_tcp(rule);
    return rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, tcp_flags_offset, 1).mask({among}).equals({set});
}

void add_flow_sets(const FaultContext& fault, const std::string& what, bool leases) {
    for (const Family& family : families)
        fault.transaction.add_set({.name = fault.name(what) + family.suffix,
                                   .key_size = 2 * family.address_bytes + 12,
                                   .leases = leases,
                                   .dynamic = true});
}

// The fields of a key are padded to 4 bytes each.
NftKey flow_key(const Connection& connection) {
    NftKey key = nft_key(connection.own);
    const NftKey other = nft_key(connection.other);
    key.insert(key.end(), other.begin(), other.end());
    for (const std::uint16_t port : {connection.own_port, connection.other_port})
        key.insert(key.end(), {static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port), 0, 0});
    key.insert(key.end(), {IPPROTO_TCP, 0, 0, 0});
    return key;
}

std::optional<Connection> connection_of(const NftKey& flow) {
    const bool v6 = flow.size() == 2 * 16 + 12;
    const std::size_t bytes = v6 ? 16 : 4;
    if (flow.size() != 2 * bytes + 12 || flow[2 * bytes + 8] != IPPROTO_TCP) return {};
    const auto address = [&](std::size_t at) -> IpAddress {
        if (!v6) return boost::asio::ip::address_v4({flow[at], flow[at + 1], flow[at + 2], flow[at + 3]});
        boost::asio::ip::address_v6::bytes_type all;
        std::copy_n(flow.begin() + static_cast<std::ptrdiff_t>(at), all.size(), all.begin());
        return boost::asio::ip::address_v6(all);
    };
    const auto port = [&](std::size_t at) {
        return static_cast<std::uint16_t>(flow[2 * bytes + at] << 8 | flow[2 * bytes + at + 1]);
    };
    return Connection{address(0), address(bytes), port(0), port(4)};
}

void flush_flow_sets(const FaultContext& fault, const std::string& what) {
    for (const Family& family : families) fault.transaction.flush_set(fault.name(what) + family.suffix);
}

void add_flow_rules(const FaultContext& fault, const std::string& chain, Direction part,
                    const std::string& what, const FlowStep& step) {
    for (const Family& family : families) {
        const std::string set = fault.name(what) + family.suffix;
        NftRule rule(chain);
        rule.meta(NFT_META_PROTOCOL).equals(short_key(family.ethertype));
        rule.meta(NFT_META_L4PROTO).in("ported");
        load_flow(rule, family, part, step.flip);
        switch (step.kind) {
            case FlowStep::Kind::remember:
                rule.refresh(set, step.lease);
                break;
            case FlowStep::Kind::forget:
                rule.remove_from(set);
                break;
            case FlowStep::Kind::skip:
                rule.in(set);
                break;
            case FlowStep::Kind::allow:
                rule.fewer_bytes_each(set, step.bytes);
                break;
            case FlowStep::Kind::renew:
                rule.in(set);
                load_flow(rule, family, part, step.flip);
                rule.refresh(set, step.lease);
                break;
        }
        if (!step.then.empty())
            rule.go_to(step.then);
        else if (step.kind != FlowStep::Kind::remember && step.kind != FlowStep::Kind::forget)
            rule.leave();
        fault.add(rule);
    }
}

}  // namespace netcut
