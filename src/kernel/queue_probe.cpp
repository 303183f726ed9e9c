// SPDX-License-Identifier: Apache-2.0
//
// Whether the kernel has the queues and filters that faults are made of.
#include <linux/netlink.h>
#include <linux/pkt_sched.h>

#include <cerrno>

#include "base/error.h"
#include "kernel/frame_tap.h"
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

Result<void> probe_frame_redirect(const NetNs& apart) {
    Batch wanted, clearing;
    add_veth(wanted, {"probe", probe_device, {0x02, 1}}, {"probed", probe_device + 1, {0x02, 2}}, apart,
             RateLimit{}.mtu);
    add_clsact(wanted, loopback);
    redirect_marked(wanted, loopback, probe_mark, probe_device);
    remove_queue(clearing, loopback, TC_H_CLSACT);
    delete_link(clearing, probe_device);
    constexpr std::size_t little_memory = 64 * 1024;
    NETCUT_TRY(apart.run([&]() -> Result<void> {
        NETCUT_TRY(FrameTap::open(loopback, RateLimit{}.mtu, little_memory));
        return {};
    }));
    return attempt(
        apart, wanted, clearing, "redirection to another link",
        "load the modules sch_ingress, cls_bpf and act_mirred, or use a kernel that has them, as Debian's");
}

}  // namespace netcut
