// SPDX-License-Identifier: Apache-2.0
#include "verify/capture_verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "verify/captures.h"
#include "verify/older_record.h"
#include "verify/safety_check.h"

namespace netcut {
namespace {

std::uint64_t unsendable(const RunState& state) {
    std::uint64_t sum = 0;
    for (const Firing& firing : state.firings())
        for (const auto& [node, losses] : firing.losses) sum += losses.unsendable;
    return sum;
}

void compare(const RunFolder& folder, const std::vector<Event>& events, const RunState& state,
             const Scenario& scenario, Check& check) {
    const auto& ended = state.captures().ended;
    if (!ended) {
        check.disagreements.emplace_back("the captures did not end in order");
        return;
    }
    const Captures captures = read_captures(folder, events, state, scenario, check);
    check.found = fmt::format("{} files with {} packets, and {} that were lost", captures.files,
                              captures.packets, captures.lost.size());
    constexpr std::int64_t clock_edge = 1'000'000;
    if (const auto shift = ended->clock_shift_ns; shift > clock_edge || shift < -clock_edge) {
        check.unchecked.push_back(
            fmt::format("the clock was set by {:.3f} s during the run: times of packets cannot be compared",
                        static_cast<double>(shift) / 1e9));
        return;
    }
    check_losses(captures, state, scenario, check);
    check_nothing_passed(captures, state, scenario, check);
    check_moments(captures, state, scenario, check);
    check_deliveries(captures, events, state, scenario, check);
    if (is_older_record(state))
        check.unchecked.emplace_back(
            "times of recovery are those of an older netcut-fl, which may have counted any data");
    else if (state.captures().missed.seen == 0)
        check_recoveries(captures, events, state, scenario, check);
    for (const Event& event : events)
        if (const auto* missed = event.as<event::CaptureMissed>(); missed != nullptr && missed->seen > 0)
            check.unchecked.push_back(
                fmt::format("{} packets came faster than they were captured, before {:.3f} s", missed->seen,
                            seconds(event.t)));
    if (const std::uint64_t packets = unsendable(state); packets > 0)
        check.unchecked.push_back(fmt::format(
            "{} packets that nodes could not send are in no capture: nodes counted them themselves",
            packets));
}

}  // namespace

Check check_captures(const RunFolder& folder, const std::vector<Event>& events, const RunState& state,
                     const Scenario& scenario) {
    Check check{"captures", {}, {}, {}};
    if (!scenario.pcap) {
        check.found = "none";
        check.unchecked.emplace_back(
            "the run was without --pcap: what was lost is by the router's counters alone");
        return check;
    }
    compare(folder, events, state, scenario, check);
    return check;
}

}  // namespace netcut
