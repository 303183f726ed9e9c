// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "report/captures.h"
#include "report/older_record.h"

namespace netcut {
namespace {

std::uint64_t unsendable(const std::vector<Event>& events) {
    std::uint64_t sum = 0;
    for (const Event& event : events)
        if (event.name == "fault.healed" || event.name == "fault.unhealed")
            for (const auto& [node, losses] : event.details.at("losses").items())
                sum += losses.at("unsendable_at_node").get<std::uint64_t>();
    return sum;
}

void compare(const RunFolder& folder, const std::vector<Event>& events, const Scenario& scenario,
             Check& check) {
    const Event* ended = nullptr;
    for (const Event& event : events)
        if (event.name == "capture.ended") ended = &event;
    if (ended == nullptr) {
        check.disagreements.emplace_back("the captures did not end in order");
        return;
    }
    const Captures captures = read_captures(folder, events, scenario, check);
    check.found = fmt::format("{} files with {} packets, and {} that were lost", captures.files,
                              captures.packets, captures.lost.size());
    constexpr std::int64_t clock_edge = 1'000'000;
    if (const auto shift = ended->details.at("clock_shift_ns").get<std::int64_t>();
        std::llabs(shift) > clock_edge) {
        check.unchecked.push_back(
            fmt::format("the clock was set by {:.3f} s during the run: times of packets cannot be compared",
                        static_cast<double>(shift) / 1e9));
        return;
    }
    check_losses(captures, events, scenario, check);
    check_nothing_passed(captures, events, scenario, check);
    check_moments(captures, events, scenario, check);
    const bool all_are_there = std::none_of(events.begin(), events.end(), [](const Event& event) {
        return event.name == "capture.missed" && event.details.at("seen").get<std::uint64_t>() > 0;
    });
    if (is_older_record(events))
        check.unchecked.emplace_back(
            "times of recovery are those of an older netcut-fl, which may have counted any data");
    else if (all_are_there)
        check_recoveries(captures, events, scenario, check);
    for (const Event& event : events)
        if (event.name == "capture.missed" && event.details.at("seen").get<std::uint64_t>() > 0)
            check.unchecked.push_back(
                fmt::format("{} packets came faster than they were captured, before {:.3f} s",
                            event.details.at("seen").get<std::uint64_t>(),
                            std::chrono::duration<double>(event.t).count()));
    if (const std::uint64_t packets = unsendable(events); packets > 0)
        check.unchecked.push_back(fmt::format(
            "{} packets that nodes could not send are in no capture: nodes counted them themselves",
            packets));
}

}  // namespace

Check check_captures(const RunFolder& folder, const std::vector<Event>& events, const Scenario& scenario) {
    Check check{"captures", {}, {}, {}};
    if (!scenario.pcap) {
        check.found = "none";
        check.unchecked.emplace_back(
            "the run was without --pcap: what was lost is by the router's counters alone");
        return check;
    }
    try {
        compare(folder, events, scenario, check);
    } catch (const std::exception& error) {  // of JSON, or a name that is not known
        check.disagreements.push_back(
            fmt::format("the journal's lines do not go together: {}", error.what()));
    }
    return check;
}

}  // namespace netcut
