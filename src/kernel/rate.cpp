// SPDX-License-Identifier: Apache-2.0
//
// Link rate by a token bucket: tc-tbf(8), or tc-htb(8) with one class.
#include <fmt/format.h>
#include <linux/pkt_sched.h>
#include <netlink/route/qdisc/htb.h>
#include <netlink/route/qdisc/tbf.h>

#include <algorithm>

#include "kernel/libnl.h"

namespace netcut {
namespace {

constexpr std::uint32_t root_handle = TC_HANDLE(1, 0);
constexpr std::uint32_t class_handle = TC_HANDLE(1, 1);

// A bucket must hold what arrives in one timer tick (4 ms at HZ=250), and a few packets of any size.
int bucket_bytes(std::uint64_t bytes_per_second) {
    return static_cast<int>(std::max<std::uint64_t>(bytes_per_second / 250, 16 * 1024));
}

NlQdisc root_qdisc(int link, const char* kind) {
    auto qdisc = own<NlQdisc>(rtnl_qdisc_alloc());
    rtnl_tc_set_ifindex(TC_CAST(qdisc.get()), link);
    rtnl_tc_set_parent(TC_CAST(qdisc.get()), TC_H_ROOT);
    rtnl_tc_set_handle(TC_CAST(qdisc.get()), root_handle);
    rtnl_tc_set_kind(TC_CAST(qdisc.get()), kind);
    return qdisc;
}

void add_tbf(Batch& batch, int link, std::uint64_t bytes_per_second, Nanoseconds queue, std::string attempt) {
    const NlQdisc qdisc = root_qdisc(link, "tbf");
    rtnl_qdisc_tbf_set_rate(qdisc.get(), static_cast<int>(bytes_per_second), bucket_bytes(bytes_per_second),
                            0);
    rtnl_qdisc_tbf_set_limit_by_latency(
        qdisc.get(), static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(queue).count()));
    append_request(batch, std::move(attempt), qdisc.get(), NLM_F_CREATE | NLM_F_REPLACE,
                   rtnl_qdisc_build_add_request);
}

void add_htb(Batch& batch, int link, std::uint64_t bytes_per_second, const std::string& attempt) {
    const NlQdisc qdisc = root_qdisc(link, "htb");
    rtnl_htb_set_defcls(qdisc.get(), TC_H_MIN(class_handle));
    append_request(batch, attempt, qdisc.get(), NLM_F_CREATE | NLM_F_REPLACE, rtnl_qdisc_build_add_request);
    const auto leaf = own<NlClass>(rtnl_class_alloc());
    rtnl_tc_set_ifindex(TC_CAST(leaf.get()), link);
    rtnl_tc_set_parent(TC_CAST(leaf.get()), root_handle);
    rtnl_tc_set_handle(TC_CAST(leaf.get()), class_handle);
    rtnl_tc_set_kind(TC_CAST(leaf.get()), "htb");
    rtnl_htb_set_rate(leaf.get(), static_cast<std::uint32_t>(bytes_per_second));
    rtnl_htb_set_rbuffer(leaf.get(), static_cast<std::uint32_t>(bucket_bytes(bytes_per_second)));
    rtnl_htb_set_cbuffer(leaf.get(), static_cast<std::uint32_t>(bucket_bytes(bytes_per_second)));
    append_request(batch, attempt, leaf.get(), NLM_F_CREATE, rtnl_class_build_add_request);
}

}  // namespace

void set_rate(Batch& batch, int link, const RateLimit& rate) {
    const std::string attempt =
        fmt::format("limit link {} to {} bit/s by {}", link, rate.bits_per_second, rate.shaper);
    const std::uint64_t bytes_per_second = rate.bits_per_second / 8;
    if (rate.shaper == "htb")
        add_htb(batch, link, bytes_per_second, attempt);
    else
        add_tbf(batch, link, bytes_per_second, rate.queue, attempt);
}

}  // namespace netcut
