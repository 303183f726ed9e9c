// SPDX-License-Identifier: Apache-2.0
//
// Rate by a token bucket: tc-tbf(8), or tc-htb(8) with a class for each lane.
#include "kernel/rate.h"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <netlink/route/qdisc/fifo.h>
#include <netlink/route/qdisc/htb.h>

#include <algorithm>
#include <limits>

#include "kernel/queue.h"
#include "kernel/tc.h"

namespace netcut {
namespace {

constexpr std::uint32_t shaper_handle = TC_HANDLE(2, 0);
// Above those that this library gives otherwise.
constexpr std::uint32_t first_leaf = 0x10;

std::uint32_t to_u32(std::uint64_t value) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

std::uint64_t whole_frame(const RateLimit& rate) {
    return std::uint64_t{rate.mtu} + ETH_HLEN;
}

// A bucket must hold what arrives in one timer tick (4 ms at HZ=250), and one packet of any size.
std::uint32_t bucket_bytes(const RateLimit& rate) {
    if (rate.burst_bytes) return *rate.burst_bytes;
    return to_u32(std::max({rate.bits_per_second / 8 / 250, std::uint64_t{16 * 1024}, whole_frame(rate)}));
}

// Unlike `latency` in tc-tbf(8), without the bucket: it is empty when packets wait, so that each of its bytes
// would make them wait longer.
std::uint32_t queue_bytes(const RateLimit& rate) {
    if (rate.queue_bytes) return to_u32(*rate.queue_bytes);
    return to_u32(std::max(bytes_in(rate.bits_per_second, rate.queue), whole_frame(rate)));
}

// libnl's setter takes the rate as an int of bytes a second, which ends at 17 Gbit/s, and the bucket as a
// time, which for the slow rates is more than the field holds.
void add_tbf(Batch& batch, int link, std::uint32_t parent, const RateLimit& rate, std::string attempt) {
    const std::uint64_t bytes_per_second = rate.bits_per_second / 8;
    tc_tbf_qopt parameters{};
    parameters.rate.rate = to_u32(bytes_per_second);
    parameters.rate.linklayer = TC_LINKLAYER_ETHERNET;
    parameters.limit = queue_bytes(rate);
    TcMessage message(RTM_NEWQDISC, tc_at(link, parent, shaper_handle), "tbf", TcMessage::small);
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

void add_class(Batch& batch, int link, std::uint16_t lane, const RateLimit& rate,
               const std::string& attempt) {
    const auto lane_class = own<NlClass>(rtnl_class_alloc());
    rtnl_tc_set_ifindex(TC_CAST(lane_class.get()), link);
    rtnl_tc_set_parent(TC_CAST(lane_class.get()), shaper_handle);
    rtnl_tc_set_handle(TC_CAST(lane_class.get()), lane_priority(lane));
    rtnl_tc_set_kind(TC_CAST(lane_class.get()), "htb");
    rtnl_htb_set_rate64(lane_class.get(), rate.bits_per_second / 8);
    rtnl_htb_set_rbuffer(lane_class.get(), bucket_bytes(rate));
    rtnl_htb_set_cbuffer(lane_class.get(), bucket_bytes(rate));
    // Of no effect where nothing is borrowed; without it the kernel computes one, and complains of it in its
    // log.
    rtnl_htb_set_quantum(lane_class.get(), 16 * 1024);
    append_request(batch, attempt, lane_class.get(), NLM_F_CREATE, rtnl_class_build_add_request);
    // The class's own leaf holds as many packets as the link's txqueuelen says, which on an ifb is 32.
    const NlQdisc leaf = make_qdisc(link, lane_priority(lane), TC_HANDLE(first_leaf + lane, 0), "bfifo");
    rtnl_qdisc_fifo_set_limit(leaf.get(), static_cast<int>(std::min<std::uint32_t>(
                                              queue_bytes(rate), std::numeric_limits<std::int32_t>::max())));
    append_request(batch, attempt, leaf.get(), NLM_F_CREATE | NLM_F_REPLACE, rtnl_qdisc_build_add_request);
}

std::string attempt_of(int link, const RateLimit& rate, const char* shaper) {
    return fmt::format("limit link {} to {} bit/s by {}", link, rate.bits_per_second, shaper);
}

}  // namespace

// htb looks for a class of that number first.
std::uint32_t lane_priority(std::uint16_t lane) {
    return shaper_handle | lane;
}

void add_htb(Batch& batch, int link, std::uint32_t parent, const RateLimit& rate,
             const std::vector<std::uint16_t>& lanes) {
    const std::string attempt = attempt_of(link, rate, "htb");
    const NlQdisc qdisc = make_qdisc(link, parent, shaper_handle, "htb");
    rtnl_htb_set_defcls(qdisc.get(), lanes.front());
    append_request(batch, attempt, qdisc.get(), NLM_F_CREATE | NLM_F_REPLACE, rtnl_qdisc_build_add_request);
    for (const std::uint16_t lane : lanes) add_class(batch, link, lane, rate, attempt);
}

void set_rate(Batch& batch, int link, const RateLimit& rate) {
    if (rate.shaper == "htb")
        add_htb(batch, link, TC_H_ROOT, rate, {1});
    else
        add_tbf(batch, link, TC_H_ROOT, rate, attempt_of(link, rate, "tbf"));
}

}  // namespace netcut
