// SPDX-License-Identifier: Apache-2.0
#include "kernel/queue.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/time.h"
#include "kernel/rate.h"
#include "kernel/tc.h"
#include "link/distribution.h"
#include "link/rate.h"

namespace netcut {
namespace {

constexpr std::uint32_t netem_handle = TC_HANDLE(1, 0);
constexpr std::uint32_t below_netem = TC_HANDLE(1, 1);
constexpr std::uint32_t empty_handle = TC_HANDLE(15, 0);
constexpr std::uint32_t clsact_handle = TC_H_MAKE(TC_H_CLSACT, 0);
constexpr std::uint32_t filter_priority = 1;

// netem compares a random number of 32 bits.
std::uint32_t to_chance(double share) {
    constexpr double whole = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::round(std::clamp(share, 0.0, 1.0) * whole));
}

void put_netem_options(TcMessage& message, const QueueSpec& spec) {
    tc_netem_qopt basics{};
    basics.limit = spec.limit;
    basics.duplicate = to_chance(spec.duplicate);
    const double reorder = reorder_share(spec);
    basics.gap = reorder > 0 ? std::max(spec.gap, 1U) : 0;
    message.append(&basics, sizeof(basics));
    message.put(TCA_NETEM_CORR,
                tc_netem_corr{to_chance(spec.delay_correlation), 0, to_chance(spec.duplicate_correlation)});
    if (reorder > 0)
        message.put(TCA_NETEM_REORDER,
                    tc_netem_reorder{to_chance(reorder), to_chance(spec.reorder_correlation)});
    message.put(TCA_NETEM_CORRUPT,
                tc_netem_corrupt{to_chance(spec.corrupt), to_chance(spec.corrupt_correlation)});
    message.put(TCA_NETEM_LATENCY64, std::int64_t{spec.delay.count()});
    message.put(TCA_NETEM_JITTER64, std::int64_t{spec.jitter.count()});
    const auto table = distribution_table(spec.distribution);
    if (spec.jitter > Nanoseconds(0) && !table.empty())
        message.put(TCA_NETEM_DELAY_DIST, table.data(), table.size() * sizeof(table[0]));
}

// libnl has netem's setters, but they take whole microseconds, put shares and their correlations under rules
// of their own, and the message that it builds is a page, which a table of delays does not fit in.
void add_netem(Batch& batch, int link, const QueueSpec& spec) {
    TcMessage message(RTM_NEWQDISC, tc_at(link, TC_H_ROOT, netem_handle), "netem");
    message.nest(TCA_OPTIONS, [&] { put_netem_options(message, spec); });
    message.append_to(batch, fmt::format("put netem on link {}", link), NLM_F_CREATE | NLM_F_REPLACE);
}

// A queue that does nothing. It also clears what was there, so that what follows is made and not changed:
// htb cannot be changed.
void add_empty(Batch& batch, int link, const QueueSpec& spec) {
    TcMessage message(RTM_NEWQDISC, tc_at(link, TC_H_ROOT, empty_handle), "pfifo");
    message.put(TCA_OPTIONS, tc_fifo_qopt{spec.limit});
    message.append_to(batch, fmt::format("empty the queue of link {}", link), NLM_F_CREATE | NLM_F_REPLACE);
}

void put_redirection(TcMessage& message, int queue_device) {
    tc_mirred parameters{};
    parameters.action = TC_ACT_STOLEN;
    parameters.eaction = TCA_EGRESS_REDIR;
    parameters.ifindex = static_cast<std::uint32_t>(queue_device);
    message.nest(1, [&] {  // the first action, and only one
        message.put(TCA_ACT_KIND, "mirred");
        message.nest(TCA_ACT_OPTIONS, [&] { message.put(TCA_MIRRED_PARMS, parameters); });
    });
}

// Classic BPF, which every kernel's cls_bpf runs without its verifier or JIT: -1 is a match, 0 is none.
std::array<sock_filter, 4> match_mark(std::uint32_t mark) {
    constexpr auto offset = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_MARK);
    return {{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mark, 0, 1),
             BPF_STMT(BPF_RET | BPF_K, 0xffffffff), BPF_STMT(BPF_RET | BPF_K, 0)}};
}

// The mark is the filter's handle, too.
tcmsg filter_at(int port, std::uint32_t mark) {
    tcmsg header = tc_at(port, egress, mark);
    header.tcm_info = TC_H_MAKE(filter_priority << 16, htons(ETH_P_ALL));
    return header;
}

}  // namespace

void add_queue_device(Batch& batch, const std::string& name, int index) {
    const auto link = own<NlLink>(rtnl_link_alloc());
    rtnl_link_set_type(link.get(), "ifb");
    rtnl_link_set_name(link.get(), name.c_str());
    rtnl_link_set_ifindex(link.get(), index);
    rtnl_link_set_flags(link.get(), IFF_UP);
    append_request(batch, "add the queue device " + name, link.get(), NLM_F_CREATE | NLM_F_EXCL,
                   rtnl_link_build_add_request);
}

void set_queue(Batch& batch, int link, const QueueSpec& spec, unsigned mtu,
               const std::vector<std::uint16_t>& lanes) {
    add_empty(batch, link, spec);
    if (spec.needs_netem()) add_netem(batch, link, spec);
    if (!spec.bits_per_second) return;
    RateLimit rate;
    rate.bits_per_second = *spec.bits_per_second;
    if (spec.queue_time) rate.queue = *spec.queue_time;
    rate.queue_bytes = spec.queue_bytes;
    rate.burst_bytes = spec.burst_bytes;
    rate.mtu = mtu;
    // Not the other way round: in front of netem a shaper would hand it its own queue, whose bound would then
    // be netem's limit of packets, without a time or bytes.
    add_htb(batch, link, spec.needs_netem() ? below_netem : TC_H_ROOT, rate, lanes);
}

void add_clsact(Batch& batch, int port) {
    TcMessage message(RTM_NEWQDISC, tc_at(port, TC_H_CLSACT, clsact_handle), "clsact", TcMessage::small);
    message.append_to(batch, fmt::format("put a place for filters on link {}", port), NLM_F_CREATE);
}

void redirect_marked(Batch& batch, int port, std::uint32_t mark, int queue_device) {
    const auto program = match_mark(mark);
    TcMessage message(RTM_NEWTFILTER, filter_at(port, mark), "bpf");
    message.nest(TCA_OPTIONS, [&] {
        message.nest(TCA_BPF_ACT, [&] { put_redirection(message, queue_device); });
        message.put(TCA_BPF_OPS_LEN, static_cast<std::uint16_t>(program.size()));
        message.put(TCA_BPF_OPS, program);
    });
    message.append_to(batch, fmt::format("send mark {} of link {} to link {}", mark, port, queue_device),
                      NLM_F_CREATE);
}

void relay(Batch& batch, int from, int to) {
    add_clsact(batch, from);
    const sock_filter matches = BPF_STMT(BPF_RET | BPF_K, 0xffffffff);
    tcmsg header = tc_at(from, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), 1);
    header.tcm_info = TC_H_MAKE(filter_priority << 16, htons(ETH_P_ALL));
    TcMessage message(RTM_NEWTFILTER, header, "bpf", TcMessage::small);
    message.nest(TCA_OPTIONS, [&] {
        message.nest(TCA_BPF_ACT, [&] { put_redirection(message, to); });
        message.put(TCA_BPF_OPS_LEN, std::uint16_t{1});
        message.put(TCA_BPF_OPS, matches);
    });
    message.append_to(batch, fmt::format("send what comes in by link {} out of link {}", from, to),
                      NLM_F_CREATE);
}

}  // namespace netcut
