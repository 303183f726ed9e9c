// SPDX-License-Identifier: Apache-2.0
//
// Packets wait in a queue of the router, or are changed there.
#include "base/error.h"
#include "base/time.h"
#include "fault/needs.h"
#include "fault/plan.h"
#include "link/queue.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"
#include "scenario/words.h"

namespace netcut {
namespace {

constexpr const char* no_netem =
    "without netem there are rate and loss, which are exact, and drop; netem needs another kernel";
constexpr unsigned ethernet_header = 14;  // bytes
constexpr const char* as_the_one_before = "how much a packet fares as the one before";

FaultKey delay(const char* meaning, const char* standard = "") {
    return {"delay", duration_type(), meaning, standard};
}
FaultKey share(const char* meaning) {
    return {"share", share_type(), meaning};
}
FaultKey correlation(const char* meaning = as_the_one_before) {
    return {"correlation", share_type(), meaning, "0%"};
}

Result<void> check_burst(const std::string& word) {
    NETCUT_ASSIGN(const std::uint64_t bytes, parse_bytes(word));
    if (bytes > 0 && bytes <= 0x7fffffff) return {};
    return usage_failure("let " + word + " pass at once", "it must be from 1 byte to 2 GiB");
}

// It may be full for a time, or by bytes.
Result<void> check_queue(const std::string& word) {
    if (parse_duration(word) || parse_bytes(word)) return {};
    return usage_failure("read the queue '" + word + "'", "it is neither a time nor a number of bytes",
                         "write it like 100ms or 64KiB");
}

// All but the rate are netem's: each kind has some of these keys.
PacketAction by_netem(const FaultSpec& fault) {
    QueueSpec queue;
    queue.delay = time_of(fault, "delay");
    queue.jitter = time_of(fault, "jitter");
    queue.distribution = fault.text("distribution");
    queue.gap = static_cast<unsigned>(number_of(fault, "gap"));
    return Queue{queue};
}

// The share that the kind is about, and how much a packet fares as the one before.
template <double QueueSpec::*share, double QueueSpec::*correlation>
PacketAction by_share(const FaultSpec& fault) {
    QueueSpec queue = std::get<Queue>(by_netem(fault)).spec;
    queue.*share = share_of(fault, "share");
    queue.*correlation = share_of(fault, "correlation");
    return Queue{queue};
}

PacketAction spread(const FaultSpec& fault) {
    QueueSpec queue = std::get<Queue>(by_netem(fault)).spec;
    queue.delay_correlation = share_of(fault, "correlation");
    return Queue{queue};
}

PacketAction slow_down(const FaultSpec& fault) {
    QueueSpec queue;
    queue.bits_per_second = value_of(fault, "rate", parse_rate);
    if (const auto burst = value_of(fault, "burst", parse_bytes))
        queue.burst_bytes = static_cast<std::uint32_t>(*burst);
    const std::string room = fault.text("queue");
    if (const auto time = parse_duration(room))
        queue.queue_time = *time;
    else
        queue.queue_bytes = parse_bytes(room).value();
    return Queue{queue};
}

Result<void> check_jitter(const Scenario&, FaultSpec& fault) {
    NETCUT_TRY(check_time(fault, "delay", false));
    NETCUT_TRY(check_time(fault, "jitter", true));
    const Nanoseconds jitter = time_of(fault, "jitter");
    if (jitter <= max_jitter) return {};
    return fault_failure(
        fault, "jitter",
        fmt::format("{} is more than netem can keep, which is {:.3f} s", duration_text(jitter),
                    std::chrono::duration<double>(max_jitter).count()));
}

Result<void> check_share(const Scenario&, FaultSpec& fault) {
    if (share_of(fault, "share") > 0) return {};
    return fault_failure(fault, "share", "no packet is meant", "write share: 5%");
}

Result<void> check_reorder(const Scenario& scenario, FaultSpec& fault) {
    NETCUT_TRY(check_time(fault, "delay", true));
    return number_of(fault, "gap") > 0 ? Result<void>() : check_share(scenario, fault);
}

Result<void> check_rate(const Scenario& scenario, FaultSpec& fault) {
    if (fault.text("rate").empty())
        return fault_failure(fault, "rate", "nothing says how fast the link is", "write rate: 10mbit");
    const QueueSpec queue = std::get<Queue>(slow_down(fault)).spec;
    const std::uint64_t frame = scenario.fabric.mtu + ethernet_header;
    const auto too_small = [&](const char* key, std::uint64_t bytes) {
        return fault_failure(
            fault, key,
            fmt::format("a packet of the MTU has {} bytes with its Ethernet header, and would "
                        "never pass {} bytes",
                        frame, bytes),
            fmt::format("give {} or more", frame));
    };
    if (queue.burst_bytes && *queue.burst_bytes < frame) return too_small("burst", *queue.burst_bytes);
    if (queue.queue_bytes && *queue.queue_bytes < frame) return too_small("queue", *queue.queue_bytes);
    if (queue.queue_time && *queue.queue_time <= Nanoseconds(0))
        return fault_failure(fault, "queue", "a queue of no time lets nothing pass");
    constexpr std::uint64_t most_waiting = 1'000'000'000;
    if (queue.room() > most_waiting)
        return fault_failure(fault, "queue", "at this rate, more than 1 GB would wait");
    return {};
}

FaultKind of_netem(FaultKind kind) {
    kind.needs = {Need::netem, Need::redirect};
    kind.without = no_netem;
    return kind;
}

}  // namespace

std::vector<FaultKind> queue_kinds() {
    return {
        of_netem({.name = "delay",
                  .summary = "packets arrive later",
                  .example = "--fault '{kind: delay, delay: 20ms, on: start, for: never}'",
                  .keys = Keys{delay("how much later each packet arrives; up to 10m")} + packet_filter(),
                  .check = [](const Scenario&, FaultSpec& fault) { return check_time(fault, "delay", true); },
                  .action = by_netem}),
        of_netem(
            {.name = "jitter",
             .summary = "packets arrive later, by times that vary",
             .example = "--fault '{kind: jitter, delay: 20ms, jitter: 5ms, distribution: normal, on: start, "
                        "for: never}'",
             .keys = Keys{delay("the middle", "0ms"),
                          {"jitter", duration_type(),
                           "how far the delays spread: half the width of `uniform`, the standard deviation "
                           "of `normal`; more than 2.1 s counts as that"},
                          {"distribution",
                           words_type("distribution", {"uniform", "normal", "pareto", "paretonormal"}),
                           "`uniform`, `normal`, `pareto` or `paretonormal`", "uniform"},
                          correlation("how much of a packet's delay is that of the one before")} +
                     packet_filter(),
             .counts_packets = true,
             .check = check_jitter,
             .action = spread}),
        of_netem(
            {.name = "reorder",
             .summary = "some packets overtake others",
             .example = "--fault '{kind: reorder, delay: 10ms, share: 25%, on: start, for: never}'",
             .keys = Keys{delay("of the packets that are overtaken"),
                          share("of the packets that are sent at once, and overtake"),
                          correlation(),
                          {"gap", number_type(1, 1'000'000'000),
                           "at most every so many-th packet is sent at once; with `share: 100%` every one "
                           "of these is",
                           "", "`1`"}} +
                     packet_filter(),
             .counts_packets = true,
             .check = check_reorder,
             .action = by_share<&QueueSpec::reorder, &QueueSpec::reorder_correlation>}),
        of_netem({.name = "duplicate",
                  .summary = "some packets arrive twice",
                  .example = "--fault '{kind: duplicate, share: 5%, on: start, for: never}'",
                  .keys = Keys{share("of the packets that arrive twice"), correlation()} + packet_filter(),
                  .counts_packets = true,
                  .check = check_share,
                  .action = by_share<&QueueSpec::duplicate, &QueueSpec::duplicate_correlation>}),
        of_netem({.name = "corrupt",
                  .summary = "a bit of some packets is wrong",
                  .example = "--fault '{kind: corrupt, share: 1%, on: start, for: never}'",
                  .keys = Keys{share("of the packets that get a wrong bit"), correlation()} + packet_filter(),
                  .counts_packets = true,
                  .check = check_share,
                  .action = by_share<&QueueSpec::corrupt, &QueueSpec::corrupt_correlation>}),
        {.name = "rate",
         .summary = "a slower link, each way by itself: bits per second, burst, queue",
         .example = "--fault '{kind: rate, rate: 10mbit, on: start, for: never}'",
         .keys =
             Keys{{"rate", rate_type(),
                   "bits a second, of frames with their Ethernet header: `64kbit`, `10mbit`, `1gbit`; from "
                   "8kbit to 16gbit"},
                  {"burst",
                   text_type([](const std::string& word) { return check_burst(word); },
                             R"({"type": ["integer", "string"]})"),
                   "bytes that may pass at once", "", "4 ms of the rate, at least 16 KiB"},
                  {"queue", text_type([](const std::string& word) { return check_queue(word); }),
                   "how long a packet may wait, or how many bytes may (`64KiB`); what comes more is lost. "
                   "One packet may always wait, for as long as the rate takes for it: 0.19 s at 64 kbit/s",
                   "100ms"}} +
             packet_filter(),
         .needs = {Need::htb, Need::redirect},
         .check = check_rate,
         .action = slow_down},
    };
}

}  // namespace netcut
