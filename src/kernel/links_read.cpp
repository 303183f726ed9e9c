// SPDX-License-Identifier: Apache-2.0
//
// Reading back what the kernel holds: links, addresses, routes.
#include "kernel/links_read.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include "kernel/attributes.h"

namespace netcut {
namespace {

using RequestBuffer = std::array<char, 256>;

template <typename Header>
nlmsghdr* make_request(RequestBuffer& buffer, std::uint16_t type, const Header& header) {
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = type;
    std::memcpy(mnl_nlmsg_put_extra_header(request, sizeof(header)), &header, sizeof(header));
    return request;
}

constexpr std::uint8_t operstate_up = 6;  // IF_OPER_UP of linux/if.h, which does not go with net/if.h

IpAddress address_in(int family, const nlattr* attribute) {
    const void* payload = mnl_attr_get_payload(attribute);
    if (family == AF_INET6) {
        boost::asio::ip::address_v6::bytes_type bytes;
        std::memcpy(bytes.data(), payload, bytes.size());
        return boost::asio::ip::address_v6(bytes);
    }
    boost::asio::ip::address_v4::bytes_type bytes;
    std::memcpy(bytes.data(), payload, bytes.size());
    return boost::asio::ip::address_v4(bytes);
}

LinkState parse_link(const nlmsghdr* message) {
    const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
    LinkState state;
    state.index = info->ifi_index;
    state.up = (info->ifi_flags & IFF_UP) != 0;
    for_each_attribute(message, sizeof(*info), [&](std::uint16_t type, const nlattr* attribute) {
        const void* payload = mnl_attr_get_payload(attribute);
        switch (type) {
            case IFLA_IFNAME:
                state.name = mnl_attr_get_str(attribute);
                break;
            case IFLA_MTU:
                state.mtu = mnl_attr_get_u32(attribute);
                break;
            case IFLA_OPERSTATE:  // IFF_RUNNING is set as well while the state is unknown still
                state.running = mnl_attr_get_u8(attribute) == operstate_up;
                break;
            case IFLA_GSO_MAX_SEGS:
                state.gso_max_segs = mnl_attr_get_u32(attribute);
                break;
            case IFLA_ADDRESS:
                std::memcpy(state.mac.data(), payload,
                            std::min<std::size_t>(state.mac.size(), mnl_attr_get_payload_len(attribute)));
                break;
            default:
                break;
        }
    });
    return state;
}

}  // namespace

Result<std::vector<LinkState>> list_links(NetlinkSocket& socket) {
    std::vector<LinkState> links;
    alignas(nlmsghdr) RequestBuffer buffer{};
    NETCUT_TRY(socket.dump(make_request(buffer, RTM_GETLINK, ifinfomsg{}), "list the links",
                           [&](const nlmsghdr* message) { links.push_back(parse_link(message)); }));
    return links;
}

Result<std::vector<RouteState>> list_routes(NetlinkSocket& socket, int link) {
    std::vector<RouteState> routes;
    alignas(nlmsghdr) RequestBuffer buffer{};
    NETCUT_TRY(socket.dump(
        make_request(buffer, RTM_GETROUTE, rtmsg{}), "list the routes", [&](const nlmsghdr* message) {
            const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
            const bool local = header->rtm_table == RT_TABLE_LOCAL && header->rtm_type == RTN_LOCAL;
            if (!local && (header->rtm_table != RT_TABLE_MAIN || header->rtm_type != RTN_UNICAST)) return;
            RouteState route{header->rtm_family == AF_INET6 ? IpAddress(boost::asio::ip::address_v6::any())
                                                            : IpAddress(boost::asio::ip::address_v4::any()),
                             header->rtm_dst_len, local};
            int out = 0;
            for_each_attribute(message, sizeof(*header), [&](std::uint16_t type, const nlattr* attribute) {
                if (type == RTA_DST) route.destination = address_in(header->rtm_family, attribute);
                if (type == RTA_OIF) out = static_cast<int>(mnl_attr_get_u32(attribute));
            });
            if (out == link) routes.push_back(route);
        }));
    return routes;
}

Result<std::vector<NeighbourState>> list_neighbours(NetlinkSocket& socket) {
    std::vector<NeighbourState> neighbours;
    alignas(nlmsghdr) RequestBuffer buffer{};
    NETCUT_TRY(socket.dump(
        make_request(buffer, RTM_GETNEIGH, ndmsg{}), "list the neighbours", [&](const nlmsghdr* message) {
            const auto* header = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(message));
            NeighbourState one;
            one.resolved = (header->ndm_state & (NUD_INCOMPLETE | NUD_FAILED)) == 0;
            bool has_address = false;
            for_each_attribute(message, sizeof(*header), [&](std::uint16_t type, const nlattr* attribute) {
                if (type == NDA_DST) {
                    one.address = address_in(header->ndm_family, attribute);
                    has_address = true;
                }
                if (type == NDA_LLADDR)
                    std::memcpy(one.mac.data(), mnl_attr_get_payload(attribute),
                                std::min<std::size_t>(one.mac.size(), mnl_attr_get_payload_len(attribute)));
            });
            if (has_address) neighbours.push_back(one);
        }));
    return neighbours;
}

Result<std::vector<IpAddress>> list_unresolved(NetlinkSocket& socket) {
    NETCUT_ASSIGN(const auto neighbours, list_neighbours(socket));
    std::vector<IpAddress> addresses;
    for (const NeighbourState& one : neighbours)
        if (!one.resolved) addresses.push_back(one.address);
    return addresses;
}

}  // namespace netcut
