// SPDX-License-Identifier: Apache-2.0
#include "bench/floor_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <unistd.h>

#include <array>
#include <future>

#include "base/io.h"
#include "bench/namespaces.h"
#include "bench/require.h"
#include "kernel/links.h"

namespace netcut::bench {
namespace {

constexpr int loopback = 1;
constexpr int first_index = 100;
constexpr std::uint32_t gateway_host = 1, first_host = 2;
constexpr std::uint32_t messages_per_send = 128;
constexpr std::uint32_t mtu = 1500;

using Mac = std::array<std::uint8_t, 6>;

Mac mac_of(std::uint8_t kind, std::size_t node) {
    return {0x02, 0x6e, 0x63, kind, static_cast<std::uint8_t>(node >> 8), static_cast<std::uint8_t>(node)};
}
Mac port_mac(std::size_t node) {
    return mac_of(0, node);
}
Mac node_mac(std::size_t node) {
    return mac_of(1, node);
}

struct Address {
    std::uint8_t family;
    std::uint8_t bits;
    std::array<std::uint8_t, 16> bytes;
    std::size_t size() const { return bits / 8; }
};

std::array<Address, 2> addresses_of(std::size_t host) {
    const auto high = static_cast<std::uint8_t>(host >> 8), low = static_cast<std::uint8_t>(host);
    return {Address{AF_INET, 32, {10, 99, high, low}},
            Address{AF_INET6, 128, {0xfd, 0x63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, high, low}}};
}

void write_sysctl(const char* path, std::string_view value) {
    const Fd fd(must(::open(path, O_WRONLY | O_CLOEXEC), path));
    must(::write(fd.get(), value.data(), value.size()), path);
}

void set_up(RawBatch& batch, int link) {
    ifinfomsg info{};
    info.ifi_index = link;
    info.ifi_flags = info.ifi_change = IFF_UP;
    batch.begin(RTM_NEWLINK, 0, info);
}

void put_link(RawBatch& batch, std::string_view name, const Mac& mac) {
    batch.put_text(IFLA_IFNAME, name);
    batch.put(IFLA_MTU, mtu);
    batch.put(IFLA_ADDRESS, mac);
}

void add_veth(RawBatch& batch, std::size_t node, int peer_ns) {
    ifinfomsg port{};
    port.ifi_index = first_index + static_cast<int>(node);
    port.ifi_flags = port.ifi_change = IFF_UP;
    batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, port);
    put_link(batch, fmt::format("p{}", node), port_mac(node));
    const std::size_t info = batch.open(IFLA_LINKINFO);
    batch.put_text(IFLA_INFO_KIND, "veth");
    const std::size_t data = batch.open(IFLA_INFO_DATA);
    const std::size_t peer = batch.open(VETH_INFO_PEER);
    ifinfomsg eth0{};
    eth0.ifi_index = first_index;
    batch.append(&eth0, sizeof(eth0));
    put_link(batch, "eth0", node_mac(node));
    batch.put(IFLA_NET_NS_FD, peer_ns);
    for (const std::size_t opened : {peer, data, info}) batch.close(opened);
}

void add_address(RawBatch& batch, int link, const Address& address) {
    batch.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
                ifaddrmsg{address.family, address.bits, IFA_F_NODAD, RT_SCOPE_UNIVERSE,
                          static_cast<std::uint32_t>(link)});
    batch.put(IFA_LOCAL, address.bytes.data(), address.size());
}

void add_route(RawBatch& batch, int link, const Address& to, const Address* gateway) {
    rtmsg route{};
    route.rtm_family = to.family;
    route.rtm_dst_len = gateway != nullptr ? 0 : to.bits;
    route.rtm_table = RT_TABLE_MAIN;
    route.rtm_protocol = RTPROT_STATIC;
    route.rtm_scope = gateway != nullptr ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    route.rtm_type = RTN_UNICAST;
    batch.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
    if (gateway != nullptr)
        batch.put(RTA_GATEWAY, gateway->bytes.data(), gateway->size());
    else
        batch.put(RTA_DST, to.bytes.data(), to.size());
    batch.put(RTA_OIF, link);
}

void add_neighbour(RawBatch& batch, int link, const Address& address, const Mac& mac) {
    ndmsg neighbour{};
    neighbour.ndm_family = address.family;
    neighbour.ndm_ifindex = link;
    neighbour.ndm_state = NUD_PERMANENT;
    batch.begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour);
    batch.put(NDA_DST, address.bytes.data(), address.size());
    batch.put(NDA_LLADDR, mac);
}

void commit(RawNetlink& socket, RawBatch& batch) {
    batch.acknowledge();
    socket.commit(batch);
    batch.clear();
}

}  // namespace

FloorNetwork::Namespace::Namespace() : fd((enter_new_namespace(), own_namespace())), socket(NETLINK_ROUTE) {}

FloorNetwork::FloorNetwork(std::size_t nodes) {
    std::async(std::launch::async, [&] { create_namespaces(nodes); }).get();
    set_up_router();
    set_up_links();
    set_up_nodes();
}

void FloorNetwork::create_namespaces(std::size_t nodes) {
    router_.emplace();
    write_sysctl("/proc/sys/net/ipv4/ip_forward", "1");
    write_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1");
    write_sysctl("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1");
    nodes_.reserve(nodes);
    for (std::size_t i = 0; i < nodes; ++i) {
        nodes_.emplace_back();
        write_sysctl("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1");
    }
}

void FloorNetwork::set_up_router() {
    RawBatch batch;
    set_up(batch, loopback);
    for (const Address& address : addresses_of(gateway_host)) add_address(batch, loopback, address);
    commit(router_->socket, batch);
}

void FloorNetwork::set_up_links() {
    RawBatch batch;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const int port = first_index + static_cast<int>(i);
        add_veth(batch, i, nodes_[i].fd.get());
        for (const Address& address : addresses_of(first_host + i)) {
            add_route(batch, port, address, nullptr);
            add_neighbour(batch, port, address, node_mac(i));
        }
        if (batch.size() >= messages_per_send || i + 1 == nodes_.size()) commit(router_->socket, batch);
    }
}

void FloorNetwork::set_up_nodes() {
    RawBatch batch;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        set_up(batch, loopback);
        set_up(batch, first_index);
        const auto own = addresses_of(first_host + i), gateways = addresses_of(gateway_host);
        for (std::size_t family = 0; family < own.size(); ++family) {
            add_address(batch, first_index, own[family]);
            add_neighbour(batch, first_index, gateways[family], port_mac(i));
            add_route(batch, first_index, gateways[family], nullptr);
            add_route(batch, first_index, gateways[family], &gateways[family]);
        }
        commit(nodes_[i].socket, batch);
    }
}

}  // namespace netcut::bench
