// SPDX-License-Identifier: Apache-2.0
//
// Packets are held by netcut-fl: they are late, in another order, doubled or wrong, or stand still for a while.
#include "base/error.h"
#include "base/time.h"
#include "fault/needs.h"
#include "fault/plan.h"
#include "hold/hold_list.h"
#include "link/queue.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"
#include "scenario/words.h"

namespace netcut {
namespace {

constexpr const char* no_hold =
    "without it there are rate and loss, which are exact, and drop; cls_bpf and act_mirred need another "
    "kernel";
constexpr const char* as_the_one_before = "the chance that a packet fares as the one before";

FaultKey delay(const char* meaning, const char* standard = "") {
    return {"delay", duration_type(), meaning, standard};
}
FaultKey share(const char* meaning) {
    return {"share", share_type(), meaning};
}
FaultKey correlation(const char* meaning = as_the_one_before) {
    return {"correlation", share_type(), meaning, "0%"};
}

FaultKey fail_key() {
    return {"fail", words_type("way to fail", {"open", "closed"}),
            "if netcut-fl stands still or dies: `open`: packets pass as if there were no fault; `closed`: "
            "they are lost",
            "open"};
}
FaultKey engine_key() {
    return {"engine", words_type("engine", {"own", "netem"}),
            "who does it: `own`: netcut-fl; `netem`: the kernel, where it has netem", "own"};
}
Keys list_keys() {
    return {{"seed", number_type(0, std::numeric_limits<std::uint64_t>::max()),
             "a whole number; the other direction has the seed plus one. Not for `netem`", "1"},
            {"period", number_type(1, max_hold_period),
             "the list starts again after this many packets; at most 4194304",
             std::to_string(default_hold_period)}};
}
Keys engine_keys() {
    return {engine_key(), fail_key()};
}

bool by_netem(const FaultSpec& fault) {
    return fault.text("engine") == "netem";
}

// Each kind has some of these keys.
QueueSpec queue_of(const FaultSpec& fault) {
    QueueSpec queue;
    queue.delay = time_of(fault, "delay");
    queue.jitter = time_of(fault, "jitter");
    queue.distribution = fault.text("distribution");
    queue.gap = static_cast<unsigned>(number_of(fault, "gap"));
    return queue;
}

// What the kind is about is drawn later, with the plan.
PacketAction held(const FaultSpec& fault, const QueueSpec& queue) {
    if (by_netem(fault)) return Queue{queue};
    Hold hold;
    hold.closed = fault.text("fail") == "closed";
    return hold;
}

// The other direction's packets have a list of their own.
Result<void> draw_lists(const FaultSpec& fault, const QueueSpec& queue, FaultPlan& plan) {
    Hold* hold = std::get_if<Hold>(&plan.action);
    if (hold == nullptr) return {};
    const std::uint64_t seed = number_of(fault, "seed");
    const auto period = std::max<std::uint64_t>(number_of(fault, "period"), 1);
    NETCUT_ASSIGN(hold->up.list, HoldList::make(queue, seed, static_cast<std::uint32_t>(period)));
    NETCUT_ASSIGN(hold->down.list, HoldList::make(queue, seed + 1, static_cast<std::uint32_t>(period)));
    return {};
}

// The share that the kind is about, and how much a packet fares as the one before.
template <double QueueSpec::*share, double QueueSpec::*correlation>
QueueSpec share_spec(const FaultSpec& fault) {
    QueueSpec queue = queue_of(fault);
    queue.*share = share_of(fault, "share");
    queue.*correlation = share_of(fault, "correlation");
    return queue;
}

QueueSpec spread_spec(const FaultSpec& fault) {
    QueueSpec queue = queue_of(fault);
    queue.delay_correlation = share_of(fault, "correlation");
    return queue;
}

template <QueueSpec (*spec)(const FaultSpec&)>
PacketAction act(const FaultSpec& fault) {
    return held(fault, spec(fault));
}
template <QueueSpec (*spec)(const FaultSpec&)>
Result<void> plan_lists(const Scenario&, const FaultSpec& fault, FaultPlan& plan) {
    return draw_lists(fault, spec(fault), plan);
}

Result<void> check_engine(const FaultSpec& fault) {
    if (!by_netem(fault)) return {};
    for (const char* key : {"seed", "period", "fail"})
        if (fault.given(key))
            return fault_failure(fault, key, fmt::format("netem has no {}", key),
                                 "leave it out, or write engine: own", Mistake::conflict);
    return {};
}

Result<void> check_delay(const Scenario&, FaultSpec& fault) {
    NETCUT_TRY(check_engine(fault));
    return check_time(fault, "delay", true);
}

Result<void> check_jitter(const Scenario&, FaultSpec& fault) {
    NETCUT_TRY(check_engine(fault));
    NETCUT_TRY(check_time(fault, "delay", false));
    NETCUT_TRY(check_time(fault, "jitter", true));
    const Nanoseconds jitter = time_of(fault, "jitter");
    if (!by_netem(fault) || jitter <= max_jitter) return {};
    return fault_failure(
        fault, "jitter",
        fmt::format("{} is more than netem can keep, which is {:.3f} s", duration_text(jitter),
                    std::chrono::duration<double>(max_jitter).count()));
}

Result<void> check_share(const Scenario&, FaultSpec& fault) {
    NETCUT_TRY(check_engine(fault));
    if (share_of(fault, "share") > 0) return {};
    return fault_failure(fault, "share", "no packet is meant", "write share: 5%");
}

Result<void> check_reorder(const Scenario& scenario, FaultSpec& fault) {
    NETCUT_TRY(check_engine(fault));
    NETCUT_TRY(check_time(fault, "delay", true));
    return number_of(fault, "gap") > 0 ? Result<void>() : check_share(scenario, fault);
}

PacketAction stand_still(const FaultSpec& fault) {
    Hold hold;
    hold.closed = fault.text("fail") == "closed";
    hold.up.stalls = hold.down.stalls = true;
    return hold;
}

PacketAction at_pace(const FaultSpec& fault, const Pace& pace) {
    Hold hold;
    hold.closed = fault.text("fail") == "closed";
    hold.up.pace = hold.down.pace = pace;
    return hold;
}

PacketAction drip(const FaultSpec& fault) {
    const double rate = 8.0 * static_cast<double>(value_of(fault, "bytes", parse_bytes).value_or(0));
    return at_pace(fault, {rate, rate, Nanoseconds(0)});
}

Result<void> check_drip(const Scenario&, FaultSpec& fault) {
    const auto bytes = value_of(fault, "bytes", parse_bytes);
    if (!bytes)
        return fault_failure(fault, "bytes", "nothing says how many pass in a second", "write bytes: 500",
                             Mistake::missing);
    return *bytes > 0 ? Result<void>()
                      : fault_failure(fault, "bytes", "nothing would ever pass", "use kind: stall");
}

PacketAction grow(const FaultSpec& fault) {
    const auto rate = [&](const char* key) {
        return static_cast<double>(value_of(fault, key, parse_rate).value_or(0));
    };
    return at_pace(fault, {rate("from"), rate("to"), time_of(fault, "grow")});
}

Result<void> check_growth(const Scenario&, FaultSpec& fault) {
    NETCUT_TRY(check_time(fault, "grow", true));
    if (value_of(fault, "from", parse_rate).value() <= value_of(fault, "to", parse_rate).value()) return {};
    return fault_failure(fault, "to", "it is slower than at the beginning",
                         "give a rate that is higher than `from`");
}

FaultKind of_hold(FaultKind kind) {
    kind.needs = {Need::hold};
    kind.without = no_hold;
    return kind;
}

FaultKind delay_kind() {
    return {.name = "delay",
            .summary = "packets arrive later",
            .example = "--fault '{kind: delay, delay: 20ms, on: start, for: never}'",
            .keys = Keys{delay("how much later each packet arrives; up to 10m")} + engine_keys() +
                    packet_filter(),
            .check = check_delay,
            .action = act<queue_of>,
            .plan = plan_lists<queue_of>};
}

FaultKind jitter_kind() {
    return {
        .name = "jitter",
        .summary = "packets arrive later, by times that vary",
        .example =
            "--fault '{kind: jitter, delay: 20ms, jitter: 5ms, distribution: normal, on: start, for: never}'",
        .keys =
            Keys{delay("the middle", "0ms"),
                 {"jitter", duration_type(),
                  "how far the delays spread: half the width of `uniform`, the standard deviation of "
                  "`normal`; up to 10m, with `engine: netem` up to 2.1 s"},
                 {"distribution", words_type("distribution", {"uniform", "normal", "pareto", "paretonormal"}),
                  "`uniform`, `normal`, `pareto` or `paretonormal`", "uniform"},
                 correlation("the chance that a packet has the delay of the one before")} +
            list_keys() + engine_keys() + packet_filter(),
        .counts_packets = true,
        .check = check_jitter,
        .action = act<spread_spec>,
        .plan = plan_lists<spread_spec>};
}

FaultKind reorder_kind() {
    constexpr auto spec = share_spec<&QueueSpec::reorder, &QueueSpec::reorder_correlation>;
    return {.name = "reorder",
            .summary = "some packets overtake others",
            .example = "--fault '{kind: reorder, delay: 10ms, share: 25%, on: start, for: never}'",
            .keys = Keys{delay("of the packets that are overtaken"),
                         share("of the packets that are sent at once, and overtake"),
                         correlation(),
                         {"gap", number_type(1, 1'000'000'000),
                          "at most every so many-th packet is sent at once; with `share: 100%` every one of "
                          "these is",
                          "", "`1`"}} +
                    list_keys() + engine_keys() + packet_filter(),
            .counts_packets = true,
            .check = check_reorder,
            .action = act<spec>,
            .plan = plan_lists<spec>};
}

FaultKind duplicate_kind() {
    constexpr auto spec = share_spec<&QueueSpec::duplicate, &QueueSpec::duplicate_correlation>;
    return {.name = "duplicate",
            .summary = "some packets arrive twice",
            .example = "--fault '{kind: duplicate, share: 5%, on: start, for: never}'",
            .keys = Keys{share("of the packets that arrive twice"), correlation()} + list_keys() +
                    engine_keys() + packet_filter(),
            .counts_packets = true,
            .check = check_share,
            .action = act<spec>,
            .plan = plan_lists<spec>};
}

FaultKind corrupt_kind() {
    constexpr auto spec = share_spec<&QueueSpec::corrupt, &QueueSpec::corrupt_correlation>;
    return {.name = "corrupt",
            .summary = "a bit of some packets is wrong",
            .example = "--fault '{kind: corrupt, share: 1%, on: start, for: never}'",
            .keys = Keys{share("of the packets that get a wrong bit"), correlation()} + list_keys() +
                    engine_keys() + packet_filter(),
            .counts_packets = true,
            .check = check_share,
            .action = act<spec>,
            .plan = plan_lists<spec>};
}

FaultKind stall_kind() {
    return {
        .name = "stall",
        .summary = "packets stand still on their way, and all arrive at once when it is over, in their order",
        .example = "--fault '{kind: stall, on: {log: \"round 2: training\"}, for: 1s}'",
        .keys = Keys{fail_key()} + packet_filter(),
        .action = stand_still};
}

FaultKind drip_kind() {
    return {
        .name = "drip",
        .summary = "so few bytes a second pass that a connection lives, and gets nowhere",
        .example = "--fault '{kind: drip, bytes: 2000, on: {log: \"round 2: training\"}, for: 1s}'",
        .keys =
            Keys{
                {"bytes", bytes_type(),
                 "that pass in a second, of each sender by itself, at layer 3. A packet passes when its last "
                 "byte may"},
                fail_key()} +
            packet_filter(),
        .check = check_drip,
        .action = drip};
}

FaultKind slow_start_kind() {
    return {
        .name = "slow-start",
        .summary = "a path that is slow at first, as after an outage, and gets faster",
        .example =
            "--fault '{kind: slow-start, from: 1mbit, to: 100mbit, grow: 2s, on: {log: \"round 2: "
            "training\"}, for: 2s}'",
        .keys =
            Keys{{"from", rate_type(),
                  "bits a second (layer 3) of each sender's packets, from the first of them on", "64kbit"},
                 {"to", rate_type(), "after `grow`, as long as the fault is on", "100mbit"},
                 {"grow", duration_type(),
                  "how long the rate grows from `from` to `to`, by the same factor in each second", "5s"},
                 fail_key()} +
            packet_filter(),
        .check = check_growth,
        .action = grow};
}

}  // namespace

std::vector<FaultKind> held_kinds() {
    std::vector<FaultKind> kinds;
    for (const auto make : {delay_kind, jitter_kind, reorder_kind, duplicate_kind, corrupt_kind, stall_kind,
                            drip_kind, slow_start_kind})
        kinds.push_back(of_hold(make()));
    return kinds;
}

}  // namespace netcut
