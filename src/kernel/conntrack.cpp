// SPDX-License-Identifier: Apache-2.0
#include "kernel/conntrack.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/io.h"
#include "kernel/attributes.h"

namespace netcut {
namespace {

using MessageRoom = std::array<char, 256>;

nlmsghdr* put_request(MessageRoom& room, unsigned type, unsigned flags) {
    nlmsghdr* message = mnl_nlmsg_put_header(room.data());
    message->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
    message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    auto* family = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
    family->nfgen_family = AF_UNSPEC;
    family->version = NFNETLINK_V0;
    return message;
}

struct Tuple {
    std::uint8_t protocol = 0;
    IpAddress source, destination;
    std::uint16_t source_port = 0, destination_port = 0;
};

IpAddress address_in(const nlattr* attribute) {
    const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
    if (mnl_attr_get_payload_len(attribute) < boost::asio::ip::address_v6::bytes_type().size()) {
        boost::asio::ip::address_v4::bytes_type raw{};
        std::copy_n(bytes, std::min<std::size_t>(raw.size(), mnl_attr_get_payload_len(attribute)),
                    raw.begin());
        return boost::asio::ip::address_v4(raw);
    }
    boost::asio::ip::address_v6::bytes_type raw{};
    std::copy_n(bytes, raw.size(), raw.begin());
    return boost::asio::ip::address_v6(raw);
}

void take_addresses(const nlattr* parent, Tuple& tuple) {
    for_each_nested(parent, [&](std::uint16_t type, const nlattr* attribute) {
        if (type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC) tuple.source = address_in(attribute);
        if (type == CTA_IP_V4_DST || type == CTA_IP_V6_DST) tuple.destination = address_in(attribute);
    });
}

void take_ports(const nlattr* parent, Tuple& tuple) {
    for_each_nested(parent, [&](std::uint16_t type, const nlattr* attribute) {
        if (type == CTA_PROTO_NUM) tuple.protocol = mnl_attr_get_u8(attribute);
        if (type == CTA_PROTO_SRC_PORT) tuple.source_port = ntohs(mnl_attr_get_u16(attribute));
        if (type == CTA_PROTO_DST_PORT) tuple.destination_port = ntohs(mnl_attr_get_u16(attribute));
    });
}

Tuple tuple_in(const nlattr* parent) {
    Tuple tuple;
    for_each_nested(parent, [&](std::uint16_t type, const nlattr* attribute) {
        if (type == CTA_TUPLE_IP) take_addresses(attribute, tuple);
        if (type == CTA_TUPLE_PROTO) take_ports(attribute, tuple);
    });
    return tuple;
}

TrackedFlow flow_in(const nlmsghdr* message) {
    Tuple there, back;
    for_each_attribute(message, sizeof(nfgenmsg), [&](std::uint16_t type, const nlattr* attribute) {
        if (type == CTA_TUPLE_ORIG) there = tuple_in(attribute);
        if (type == CTA_TUPLE_REPLY) back = tuple_in(attribute);
    });
    return {there.protocol,    there.source,           there.destination,    back.destination,
            there.source_port, there.destination_port, back.destination_port};
}

}  // namespace

Result<std::vector<TrackedFlow>> list_tracked_flows(NetlinkSocket& socket) {
    alignas(nlmsghdr) MessageRoom room{};
    std::vector<TrackedFlow> flows;
    NETCUT_TRY(socket.dump(put_request(room, IPCTNL_MSG_CT_GET, 0),
                           "list the flows that a site keeps track of",
                           [&](const nlmsghdr* message) { flows.push_back(flow_in(message)); }));
    return flows;
}

Result<std::optional<FlowWatch>> FlowWatch::open(const NetNs& where) {
    constexpr int room = 4 * 1024 * 1024;  // bytes: some thousand flows
    constexpr int group = NFNLGRP_CONNTRACK_NEW;
    bool tells = false;
    NETCUT_TRY(where.run([&]() -> Result<void> {
        const auto setting = read_file("/proc/sys/net/netfilter/nf_conntrack_events");
        tells = setting && !setting->starts_with('0');
        return {};
    }));
    if (!tells) return std::nullopt;
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &where));
    if (::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
        ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    if (::setsockopt(socket.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0)
        return system_failure("be told of the flows that a site keeps track of");
    return FlowWatch(std::move(socket));
}

Result<bool> FlowWatch::read(std::vector<TrackedFlow>& flows) {
    alignas(nlmsghdr) std::array<char, 16384> buffer;
    for (bool complete = true;;) {
        const ssize_t size = ::recv(socket_.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return complete;
        if (size < 0 && errno == ENOBUFS) complete = false;
        if (size < 0 && errno != ENOBUFS && errno != EINTR)
            return system_failure("hear of the flows that a site keeps track of");
        int rest = static_cast<int>(size);
        for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
             size > 0 && mnl_nlmsg_ok(message, rest); message = mnl_nlmsg_next(message, &rest))
            if (message->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW))
                flows.push_back(flow_in(message));
    }
}

void append_forgetting(Batch& batch) {
    alignas(nlmsghdr) MessageRoom room{};
    batch.append(put_request(room, IPCTNL_MSG_CT_DELETE, 0), "forget the flows that a site keeps track of");
}

}  // namespace netcut
