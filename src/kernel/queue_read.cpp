// SPDX-License-Identifier: Apache-2.0
//
// Reading queues and filters back, and finding out whether the kernel has them.
#include <linux/gen_stats.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>

#include <algorithm>
#include <cerrno>
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

namespace netcut {
namespace {

constexpr int loopback = 1;
constexpr int probe_device = 9000;
constexpr std::uint32_t probe_mark = 1;

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

void remove_queue(Batch& batch, int link, std::uint32_t parent) {
    TcMessage(RTM_DELQDISC, tc_at(link, parent)).append_to(batch, "remove the queue of a probe");
}

// Lays `wanted` in `apart` and clears it away. What the kernel answers when it lacks a part is ENOENT for a
// queue, a filter or an action, and EOPNOTSUPP for a kind of link.
Result<void> attempt(const NetNs& apart, Batch& wanted, Batch& clearing, const std::string& what,
                     const std::string& hint) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE, &apart));
    Result<void> laid = socket.commit(wanted);
    Result<void> cleared = socket.commit(clearing);
    if (laid) return cleared;
    const int code = laid.error().code;
    if (code != ENOENT && code != EOPNOTSUPP) return laid;
    return Failure(Error{Error::Kind::machine, "use " + what, code, "this kernel has no " + what, hint});
}

Result<void> probe_queue(const NetNs& apart, Batch& wanted, const std::string& kind) {
    Batch clearing;
    remove_queue(clearing, loopback, TC_H_ROOT);
    return attempt(apart, wanted, clearing, kind,
                   "load the module sch_" + kind + ", or use a kernel that has it, as Debian's");
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

Result<void> probe_netem(const NetNs& apart) {
    QueueSpec spec;
    spec.delay = std::chrono::milliseconds(1);
    Batch wanted;
    set_queue(wanted, loopback, spec, RateLimit{}.mtu);
    return probe_queue(apart, wanted, "netem");
}

Result<void> probe_rate(const NetNs& apart, const std::string& shaper) {
    RateLimit rate;
    rate.bits_per_second = 1'000'000;
    rate.shaper = shaper;
    Batch wanted;
    set_rate(wanted, loopback, rate);
    return probe_queue(apart, wanted, shaper);
}

Result<void> probe_redirect(const NetNs& apart) {
    Batch wanted, clearing;
    add_queue_device(wanted, "probe", probe_device);
    add_clsact(wanted, loopback);
    redirect_marked(wanted, loopback, probe_mark, probe_device);
    remove_queue(clearing, loopback, TC_H_CLSACT);
    delete_link(clearing, probe_device);
    return attempt(
        apart, wanted, clearing, "redirection to an ifb",
        "load the modules ifb, sch_ingress, cls_bpf and act_mirred, or use a kernel that has them, "
        "as Debian's");
}

}  // namespace netcut
