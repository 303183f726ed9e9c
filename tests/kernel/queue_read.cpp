// SPDX-License-Identifier: Apache-2.0
#include "kernel/queue_read.h"

#include <linux/gen_stats.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "kernel/attributes.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/queue.h"
#include "kernel/rate.h"
#include "kernel/tc.h"
#include "link/queue.h"
#include "link/rate.h"

namespace netcut::test {
namespace {

// The kernel's structures may have grown since, or be shorter than ours.
template <typename T>
T value_of(const nlattr* attribute) {
    T value{};
    std::memcpy(&value, mnl_attr_get_payload(attribute),
                std::min<std::size_t>(sizeof(value), mnl_attr_get_payload_len(attribute)));
    return value;
}

// gnet_stats_basic's 32 bits of packets are followed by all 64 of them where the kernel has them.
template <typename State>
void read_passed(std::uint16_t type, const nlattr* attribute, State& state) {
    if (type == TCA_STATS_BASIC) {
        const auto basic = value_of<gnet_stats_basic>(attribute);
        state.packets = basic.packets;
        state.bytes = basic.bytes;
    } else if (type == TCA_STATS_PKT64) {
        state.packets = value_of<std::uint64_t>(attribute);
    }
}

QueueState parse_queue(const tcmsg& header, const nlmsghdr* message) {
    QueueState state;
    state.handle = header.tcm_handle;
    state.parent = header.tcm_parent;
    for_each_attribute(message, sizeof(header), [&](std::uint16_t type, const nlattr* attribute) {
        if (type == TCA_KIND) state.kind = mnl_attr_get_str(attribute);
        if (type != TCA_STATS2) return;
        for_each_nested(attribute, [&](std::uint16_t inner, const nlattr* stats) {
            read_passed(inner, stats, state);
            if (inner != TCA_STATS_QUEUE) return;
            const auto queue = value_of<gnet_stats_queue>(stats);
            state.waiting_packets = queue.qlen;
            state.waiting_bytes = queue.backlog;
            state.drops = queue.drops;
        });
    });
    return state;
}

void parse_action(const nlattr* action, Redirect& redirect) {
    for_each_nested(action, [&](std::uint16_t type, const nlattr* attribute) {
        if (type == TCA_ACT_OPTIONS)
            for_each_nested(attribute, [&](std::uint16_t inner, const nlattr* option) {
                if (inner == TCA_MIRRED_PARMS)
                    redirect.queue_device = static_cast<int>(value_of<tc_mirred>(option).ifindex);
            });
        if (type == TCA_ACT_STATS)
            for_each_nested(attribute, [&](std::uint16_t inner, const nlattr* stats) {
                read_passed(inner, stats, redirect);
            });
    });
}

Redirect parse_redirect(const tcmsg& header, const nlmsghdr* message) {
    Redirect redirect;
    redirect.mark = header.tcm_handle;
    for_each_attribute(message, sizeof(header), [&](std::uint16_t type, const nlattr* attribute) {
        if (type != TCA_OPTIONS) return;
        for_each_nested(attribute, [&](std::uint16_t inner, const nlattr* option) {
            if (inner != TCA_BPF_ACT) return;
            for_each_nested(option,
                            [&](std::uint16_t, const nlattr* action) { parse_action(action, redirect); });
        });
    });
    return redirect;
}

}  // namespace

Result<std::vector<QueueState>> list_queues(NetlinkSocket& socket, int link) {
    std::vector<QueueState> queues;
    TcMessage request(RTM_GETQDISC, tc_at(link, 0));
    NETCUT_TRY(socket.dump(request.get(), "list the queues", [&](const nlmsghdr* message) {
        const auto header = *static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
        if (header.tcm_ifindex == link) queues.push_back(parse_queue(header, message));
    }));
    std::stable_partition(queues.begin(), queues.end(),
                          [](const QueueState& queue) { return queue.parent == TC_H_ROOT; });
    return queues;
}

Result<std::vector<Redirect>> list_redirects(NetlinkSocket& socket, int port) {
    std::vector<Redirect> redirects;
    TcMessage request(RTM_GETTFILTER, tc_at(port, egress));
    NETCUT_TRY(socket.dump(request.get(), "list the filters", [&](const nlmsghdr* message) {
        const auto header = *static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
        // A message without a handle is about the list of the filters itself.
        if (header.tcm_handle != 0) redirects.push_back(parse_redirect(header, message));
    }));
    return redirects;
}

}  // namespace netcut::test
