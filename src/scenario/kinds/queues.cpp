// SPDX-License-Identifier: Apache-2.0
//
// Packets wait in a queue of the router.
#include "base/error.h"
#include "base/time.h"
#include "fault/needs.h"
#include "fault/plan.h"
#include "link/queue.h"
#include "link/rate.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"
#include "scenario/words.h"

namespace netcut {
namespace {

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

}  // namespace

std::vector<FaultKind> queue_kinds() {
    return {
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
