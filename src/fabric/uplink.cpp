// SPDX-License-Identifier: Apache-2.0
#include "fabric/uplink.h"

#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
// clang-format off
#include <linux/netfilter.h>
// clang-format on
#include <fmt/format.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/io.h"
#include "fabric/addresses.h"
#include "fabric/ready.h"
#include "fabric/way.h"
#include "kernel/nftables.h"

namespace netcut {
namespace {

namespace ip = boost::asio::ip;

constexpr int way_out = 100;                            // the router's routing table that leads to the gate
constexpr unsigned after_main_routes = 40000;           // what the run itself has is looked for first
constexpr std::int32_t source_nat = 100;                // NF_IP_PRI_NAT_SRC
constexpr std::uint32_t v4_source = 12, v6_source = 8;  // where the address is in a header

// Other links of the outside have lower indices. (The kernel chooses both or none of a pair's.)
constexpr int outer_indices = 1 << 24;

// In three namespaces; the two ends of a pair have different indices, see eth0_index in fabric.cpp.
const VethEnd router_end{"uplink", 98, mac_of(MacKind::uplink, 1)};
const VethEnd inner_end{"inner", 60, mac_of(MacKind::uplink, 2)};
const VethEnd gate_end{"outer", 61, mac_of(MacKind::uplink, 3)};
const MacAddress outside_mac = mac_of(MacKind::uplink, 4);

// The gate's address in the outside: of 198.18.0.0/15, which no network uses (RFC 2544, C.2.2), and of a
// unique local prefix. The last one stands for the outside, as the gate's gateway.
constexpr std::uint32_t addresses_outside = 0x1fffe;

IpAddress outside_address(bool ipv6, std::uint32_t number) {
    if (!ipv6) return ip::address_v4(0xc6120000U + number);
    ip::address_v6::bytes_type bytes{0xfd, 0x63, 0x6e, 0x63};
    for (int i = 0; i < 4; ++i)
        bytes[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(number >> (8 * i));
    return ip::address_v6(bytes);
}

bool outside_forwards(bool ipv6) {
    const char* file = ipv6 ? "/proc/sys/net/ipv6/conf/all/forwarding" : "/proc/sys/net/ipv4/ip_forward";
    return read_file(file).value_or("").starts_with('1');
}

NftRule masquerade_from(const IpAddress& address) {
    NftRule rule("postrouting");
    const std::uint8_t family = address.is_v6() ? NFPROTO_IPV6 : NFPROTO_IPV4;
    rule.meta(NFT_META_NFPROTO).equals({family});
    rule.payload(NFT_PAYLOAD_NETWORK_HEADER, address.is_v6() ? v6_source : v4_source,
                 address.is_v6() ? 16 : 4);
    rule.equals(nft_key(address)).masquerade();
    return rule;
}

}  // namespace

Result<void> check_uplink(const FabricOptions& options, Rights rights) {
    const auto cannot = [](const std::string& why, const std::string& hint) {
        return machine_failure("give nodes a way out (--uplink)", why, hint);
    };
    if (rights != Rights::host)
        return cannot("that takes rights over the host's network, which a user namespace has not",
                      "run it with sudo, or without --uplink");
    if ((options.ipv4 && outside_forwards(false)) || (options.ipv6 && outside_forwards(true))) return {};
    return cannot("this machine does not forward packets, and that is not changed behind your back",
                  options.ipv4 ? "allow it: sysctl -w net.ipv4.ip_forward=1"
                               : "allow it: sysctl -w net.ipv6.conf.all.forwarding=1");
}

Uplink::Uplink(const FabricOptions& options, NetNs gate, NetlinkSocket gate_socket, NetlinkSocket outside,
               NetlinkSocket outside_tables)
    : mtu_(options.mtu),
      single_segments_(options.single_segments),
      ipv4_(options.ipv4 && outside_forwards(false)),
      ipv6_(options.ipv6 && outside_forwards(true)),
      gate_(std::move(gate)),
      gate_socket_(std::move(gate_socket)),
      outside_(std::move(outside)),
      outside_tables_(std::move(outside_tables)),
      // A process has one run.
      outer_{fmt::format("netcut{}", ::getpid()), outer_indices + ::getpid(), outside_mac} {}

// The link would go with the gate, but a moment later.
Uplink::~Uplink() {
    if (!joined_outside_) return;
    Batch batch;
    delete_link(batch, outer_.index);
    (void)outside_.commit(batch);
}

Result<std::unique_ptr<Uplink>> Uplink::open(const FabricOptions& options, NetlinkSocket& router_socket,
                                             const std::vector<VethEnd>& ports) {
    NETCUT_ASSIGN(NetNs gate, NetNs::create());
    NETCUT_ASSIGN(NetlinkSocket gate_socket, NetlinkSocket::open(NETLINK_ROUTE, &gate));
    NETCUT_ASSIGN(NetlinkSocket outside, NetlinkSocket::open(NETLINK_ROUTE, nullptr));
    NETCUT_ASSIGN(NetlinkSocket outside_tables, NetlinkSocket::open(NETLINK_NETFILTER, nullptr));
    std::unique_ptr<Uplink> uplink(new Uplink(options, std::move(gate), std::move(gate_socket),
                                              std::move(outside), std::move(outside_tables)));
    NETCUT_TRY(uplink->join_router(router_socket, ports));
    NETCUT_TRY(uplink->join_outside());
    NETCUT_TRY(uplink->set_up_gate());
    NETCUT_TRY(uplink->translate_in_gate());
    NETCUT_TRY(uplink->translate_outside());
    NETCUT_TRY(await("the uplink", [&]() -> Result<bool> {
        NETCUT_ASSIGN(const bool inner, are_running(router_socket, {router_end.index}));
        NETCUT_ASSIGN(const bool gates, are_running(uplink->gate_socket_, {inner_end.index, gate_end.index}));
        NETCUT_ASSIGN(const bool outer, are_running(uplink->outside_, {uplink->outer_.index}));
        return inner && gates && outer;
    }));
    return uplink;
}

std::vector<bool> Uplink::families() const {
    std::vector<bool> families;
    if (ipv4_) families.push_back(false);
    if (ipv6_) families.push_back(true);
    return families;
}

Result<void> Uplink::join_router(NetlinkSocket& router_socket, const std::vector<VethEnd>& ports) {
    Batch batch;
    add_veth(batch, router_end, inner_end, gate_, mtu_);
    for (const bool ipv6 : families()) {
        add_way(batch, {router_end.index, run_address(ipv6, gate_host), inner_end.mac, any_address(ipv6), 0,
                        way_out});
        for (const VethEnd& port : ports)
            add_routing_rule(
                batch,
                {.from_link = port.name, .table = way_out, .priority = after_main_routes, .ipv6 = ipv6});
    }
    return router_socket.commit(batch);
}

Result<void> Uplink::join_outside() {
    Batch batch;
    add_veth(batch, outer_, gate_end, gate_, mtu_);
    NETCUT_TRY(outside_.commit(batch));
    joined_outside_ = true;
    for (const bool ipv6 : families()) {
        NETCUT_ASSIGN(IpAddress address, claim_address(ipv6));
        addresses_.push_back(std::move(address));
    }
    Batch neighbours;
    for (const IpAddress& address : addresses_)
        add_neighbour(neighbours, {outer_.index, address, gate_end.mac});
    return outside_.commit(neighbours);
}

// Whoever has the route has the address.
Result<IpAddress> Uplink::claim_address(bool ipv6) {
    constexpr std::uint32_t most_tries = 1000;
    const auto first = static_cast<std::uint32_t>(::getpid());
    for (std::uint32_t i = 0; i < most_tries; ++i) {
        IpAddress address = outside_address(ipv6, 1 + (first + i) % (addresses_outside - 1));
        Batch batch;
        add_route(batch, {address, whole(address), outer_.index, {}, main_routes, true});
        const auto claimed = outside_.commit(batch);
        if (claimed) return address;
        if (claimed.error().code != EEXIST) return Failure(claimed.error());
    }
    return machine_failure("find a free address for the uplink",
                           fmt::format("{} of them are taken", most_tries), "end other runs first");
}

Result<void> Uplink::set_up_gate() {
    std::vector<std::pair<std::string, std::string>> settings = {{"net/ipv4/ip_forward", "1"},
                                                                 {"net/ipv4/conf/all/rp_filter", "0"},
                                                                 {"net/ipv4/conf/inner/rp_filter", "0"},
                                                                 {"net/ipv4/conf/outer/rp_filter", "0"}};
    if (ipv6_) settings.emplace_back("net/ipv6/conf/all/forwarding", "1");
    NETCUT_TRY(gate_.run([&] { return set_sysctls(settings); }));
    Batch batch;
    for (const int link : {loopback, inner_end.index, gate_end.index}) set_link(batch, link, true);
    if (single_segments_) set_gso_max_segs(batch, inner_end.index, 1);
    for (const IpAddress& address : addresses_) {
        const bool ipv6 = address.is_v6();
        add_address(batch, inner_end.index, run_address(ipv6, gate_host), whole(address));
        add_address(batch, gate_end.index, address, whole(address));
        add_way(batch, {inner_end.index, run_address(ipv6, gateway_host), router_end.mac,
                        run_address(ipv6, 0), ipv6 ? run_prefix_v6 : run_prefix_v4});
        add_way(batch, {gate_end.index, outside_address(ipv6, addresses_outside), outside_mac,
                        any_address(ipv6), 0});
    }
    return gate_socket_.commit(batch);
}

Result<void> Uplink::translate_in_gate() {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &gate_));
    NftTransaction transaction(NFPROTO_INET, "netcut-fl");
    transaction.add_table();
    transaction.add_nat_chain("postrouting", NF_INET_POST_ROUTING, source_nat);
    NftRule rule("postrouting");
    rule.meta(NFT_META_OIF).equals(nft_key(static_cast<std::uint32_t>(gate_end.index))).masquerade();
    transaction.add_rule(rule);
    Batch batch = transaction.take();
    return socket.commit(batch);
}

Result<void> Uplink::translate_outside() {
    NftTransaction transaction(NFPROTO_INET, fmt::format("netcut-fl-{}", ::getpid()));
    transaction.add_own_table();
    transaction.add_nat_chain("postrouting", NF_INET_POST_ROUTING, source_nat);
    for (const IpAddress& address : addresses_) {
        NftRule rule = masquerade_from(address);
        transaction.add_rule(rule);
    }
    Batch batch = transaction.take();
    return outside_tables_.commit(batch);
}

}  // namespace netcut
