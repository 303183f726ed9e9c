// SPDX-License-Identifier: Apache-2.0
//
// Rate by a token bucket: tc-tbf(8), or tc-htb(8) with one class.
#include <fmt/format.h>
#include <netlink/route/qdisc/fifo.h>
#include <netlink/route/qdisc/htb.h>

#include <algorithm>
#include <limits>

#include "kernel/tc.h"

namespace netcut {
namespace {

constexpr std::uint32_t shaper_handle = TC_HANDLE(2, 0);
constexpr std::uint32_t class_handle = TC_HANDLE(2, 1);
constexpr std::uint32_t leaf_handle = TC_HANDLE(3, 0);

std::uint32_t to_u32(std::uint64_t value) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

// A bucket must hold what arrives in one timer tick (4 ms at HZ=250), and a few packets of any size.
std::uint32_t bucket_bytes(const RateLimit& rate) {
    if (rate.burst_bytes) return *rate.burst_bytes;
    return to_u32(std::max<std::uint64_t>(rate.bits_per_second / 8 / 250, 16 * 1024));
}

// As `latency` in tc-tbf(8): what the rate carries in that time, and the bucket.
std::uint32_t queue_bytes(const RateLimit& rate) {
    if (rate.queue_bytes) return to_u32(*rate.queue_bytes);
    const double seconds = std::chrono::duration<double>(rate.queue).count();
    const double bytes = static_cast<double>(rate.bits_per_second) / 8 * seconds + bucket_bytes(rate);
    return to_u32(static_cast<std::uint64_t>(bytes));
}

// libnl's setter takes the rate as an int of bytes a second, which ends at 17 Gbit/s, and the bucket as a
// time, which for the slow rates is more than the field holds.
void add_tbf(Batch& batch, int link, std::uint32_t parent, const RateLimit& rate, std::string attempt) {
    const std::uint64_t bytes_per_second = rate.bits_per_second / 8;
    tc_tbf_qopt parameters{};
    parameters.rate.rate = to_u32(bytes_per_second);
    parameters.rate.linklayer = TC_LINKLAYER_ETHERNET;
    parameters.limit = queue_bytes(rate);
    TcMessage message(RTM_NEWQDISC, tc_at(link, parent, shaper_handle), "tbf");
    message.nest(TCA_OPTIONS, [&] {
        message.put(TCA_TBF_PARMS, parameters);
        message.put(TCA_TBF_RATE64, bytes_per_second);
        message.put(TCA_TBF_BURST, bucket_bytes(rate));
    });
    message.append_to(batch, std::move(attempt), NLM_F_CREATE | NLM_F_REPLACE);
}

NlQdisc make_qdisc(int link, std::uint32_t parent, std::uint32_t handle, const char* kind) {
    auto qdisc = own<NlQdisc>(rtnl_qdisc_alloc());
    rtnl_tc_set_ifindex(TC_CAST(qdisc.get()), link);
    rtnl_tc_set_parent(TC_CAST(qdisc.get()), parent);
    rtnl_tc_set_handle(TC_CAST(qdisc.get()), handle);
    rtnl_tc_set_kind(TC_CAST(qdisc.get()), kind);
    return qdisc;
}

void add_htb_class(Batch& batch, int link, const RateLimit& rate, const std::string& attempt) {
    const auto whole = own<NlClass>(rtnl_class_alloc());
    rtnl_tc_set_ifindex(TC_CAST(whole.get()), link);
    rtnl_tc_set_parent(TC_CAST(whole.get()), shaper_handle);
    rtnl_tc_set_handle(TC_CAST(whole.get()), class_handle);
    rtnl_tc_set_kind(TC_CAST(whole.get()), "htb");
    rtnl_htb_set_rate64(whole.get(), rate.bits_per_second / 8);
    rtnl_htb_set_rbuffer(whole.get(), bucket_bytes(rate));
    rtnl_htb_set_cbuffer(whole.get(), bucket_bytes(rate));
    // Of no effect with one class; without it the kernel computes one, and complains of it in its log.
    rtnl_htb_set_quantum(whole.get(), 16 * 1024);
    append_request(batch, attempt, whole.get(), NLM_F_CREATE, rtnl_class_build_add_request);
}

void add_htb(Batch& batch, int link, std::uint32_t parent, const RateLimit& rate,
             const std::string& attempt) {
    const NlQdisc qdisc = make_qdisc(link, parent, shaper_handle, "htb");
    rtnl_htb_set_defcls(qdisc.get(), TC_H_MIN(class_handle));
    append_request(batch, attempt, qdisc.get(), NLM_F_CREATE | NLM_F_REPLACE, rtnl_qdisc_build_add_request);
    add_htb_class(batch, link, rate, attempt);
    // The class's own leaf holds as many packets as the link's txqueuelen says, which on an ifb is 32.
    const NlQdisc leaf = make_qdisc(link, class_handle, leaf_handle, "bfifo");
    rtnl_qdisc_fifo_set_limit(leaf.get(), static_cast<int>(std::min<std::uint32_t>(
                                              queue_bytes(rate), std::numeric_limits<std::int32_t>::max())));
    append_request(batch, attempt, leaf.get(), NLM_F_CREATE | NLM_F_REPLACE, rtnl_qdisc_build_add_request);
}

}  // namespace

void add_shaper(Batch& batch, int link, std::uint32_t parent, const RateLimit& rate) {
    std::string attempt =
        fmt::format("limit link {} to {} bit/s by {}", link, rate.bits_per_second, rate.shaper);
    if (rate.shaper == "htb")
        add_htb(batch, link, parent, rate, attempt);
    else
        add_tbf(batch, link, parent, rate, std::move(attempt));
}

void set_rate(Batch& batch, int link, const RateLimit& rate) {
    add_shaper(batch, link, TC_H_ROOT, rate);
}

}  // namespace netcut
