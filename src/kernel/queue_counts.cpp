// SPDX-License-Identifier: Apache-2.0
#include "kernel/queue_counts.h"

#include <libmnl/libmnl.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernel/attributes.h"
#include "kernel/tc.h"

namespace netcut {
namespace {

template <typename T>
T payload_of(const nlattr* attribute) {
    T value{};
    std::memcpy(&value, mnl_attr_get_payload(attribute),
                std::min<std::size_t>(sizeof(value), mnl_attr_get_payload_len(attribute)));
    return value;
}

QueueCount parse_counts(const nlattr* statistics) {
    QueueCount count;
    for_each_nested(statistics, [&](std::uint16_t type, const nlattr* attribute) {
        if (type == TCA_STATS_BASIC) {
            const auto basic = payload_of<gnet_stats_basic>(attribute);
            count.bytes = basic.bytes;
            count.packets = std::max<std::uint64_t>(count.packets, basic.packets);
        } else if (type == TCA_STATS_PKT64) {
            count.packets = payload_of<std::uint64_t>(attribute);
        } else if (type == TCA_STATS_QUEUE) {
            const auto queue = payload_of<gnet_stats_queue>(attribute);
            count.lost = queue.drops;
            count.waiting = queue.backlog;
        }
    });
    return count;
}

}  // namespace

Result<std::map<int, QueueCount>> count_queues(NetlinkSocket& socket) {
    std::map<int, QueueCount> counts;
    TcMessage request(RTM_GETQDISC, tc_at(0, 0), nullptr, TcMessage::small);
    NETCUT_TRY(socket.dump(request.get(), "count what has passed the queues", [&](const nlmsghdr* message) {
        const auto* header = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
        if (header->tcm_parent != TC_H_ROOT) return;
        bool is_tbf = false;
        QueueCount count;
        for_each_attribute(message, sizeof(*header), [&](std::uint16_t type, const nlattr* attribute) {
            if (type == TCA_KIND) is_tbf = std::string_view(mnl_attr_get_str(attribute)) == "tbf";
            if (type == TCA_STATS2) count = parse_counts(attribute);
        });
        if (is_tbf) counts[header->tcm_ifindex] = count;
    }));
    return counts;
}

}  // namespace netcut
