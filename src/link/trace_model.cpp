// SPDX-License-Identifier: Apache-2.0
#include "link/trace_model.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace netcut {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Steps = std::vector<TraceStep>;

void add_step(Steps& steps, Nanoseconds at, double rate) {
    if (steps.empty() || steps.back().bits_per_second != rate)
        steps.push_back({.at = at, .bits_per_second = rate});
}

Nanoseconds of_seconds(double time) {
    return milliseconds(std::llround(time * 1e3));
}

// Bits a symbol of the channel quality indicators 1 to 15, from table 7.2.3-1 of 3GPP TS 36.213; 0 is out of range. The
// channel moves to a neighbouring one; a share of the cell that others leave moves as well.
Steps make_lte(Random& random, Nanoseconds length) {
    constexpr std::array<double, 16> efficiency = {0,      0.1523, 0.2344, 0.3770, 0.6016, 0.8770,
                                                   1.1758, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223,
                                                   3.9023, 4.5234, 5.1152, 5.5547};
    constexpr Nanoseconds step = milliseconds(100);
    constexpr double moves = 0.4, shares_move = 0.1, outage = 0.002, outage_ends = 0.2;
    Steps steps;
    int quality = 9;
    double share = 0.7;
    bool is_out = false;
    for (Nanoseconds at{0}; at < length; at += step) {
        if (random.next() < moves) quality = std::clamp(quality + (random.next() < 0.5 ? -1 : 1), 1, 15);
        if (random.next() < shares_move) share = random.next(0.3, 1);
        is_out = random.next() < (is_out ? 1 - outage_ends : outage);
        add_step(steps, at, is_out ? 0 : efficiency[static_cast<std::size_t>(quality)] * share);
    }
    return steps;
}

// The share of a shared line that is left at each hour of the day: least in the evening, when most people use it.
Steps make_diurnal(Random& random, Nanoseconds length) {
    constexpr std::array<double, 24> left = {0.80, 0.88, 0.94, 0.97, 1.00, 1.00, 0.97, 0.92,
                                             0.86, 0.82, 0.80, 0.78, 0.75, 0.75, 0.74, 0.72,
                                             0.68, 0.62, 0.55, 0.48, 0.43, 0.42, 0.50, 0.66};
    constexpr Nanoseconds step = minutes(10), hour = std::chrono::hours(1);
    Steps steps;
    for (Nanoseconds at{0}; at < length; at += step) {
        const auto before = static_cast<std::size_t>(at / hour) % left.size();
        const double into = netcut::seconds(at % hour) / netcut::seconds(hour);
        const double share = left[before] * (1 - into) + left[(before + 1) % left.size()] * into;
        add_step(steps, at, share * random.next(0.9, 1.1));
    }
    return steps;
}

// From one access point to the next: the rate falls towards the edge of a cell and rises behind it, and nothing passes
// while the station associates.
Steps make_wifi(Random& random, Nanoseconds length) {
    constexpr int parts = 8;
    constexpr double edge = 0.1;
    Steps steps;
    Nanoseconds at{0};
    while (at < length) {
        const Nanoseconds stay = of_seconds(random.next(10, 40));
        const double best = random.next(0.7, 1);
        for (int part = 0; part < parts; ++part) {
            const double from_middle = std::abs(2 * (part + 0.5) / parts - 1);
            add_step(steps, at + stay * part / parts, best * (1 - (1 - edge) * from_middle * from_middle));
        }
        at += stay;
        add_step(steps, at, 0);
        at += of_seconds(random.next(0.05, 1.5));
    }
    std::erase_if(steps, [&](const TraceStep& step) { return step.at >= length; });
    return steps;
}

// A low orbit: the terminal is given another path every 15 s, on which another rate is to be had, and which begins with a gap.
Steps make_satellite(Random& random, Nanoseconds length) {
    constexpr Nanoseconds slot = seconds(15), wobble = seconds(1);
    Steps steps;
    for (Nanoseconds begin{0}; begin < length; begin += slot) {
        const double level = random.next(0.4, 1);
        const Nanoseconds gap = of_seconds(random.next(0.02, 0.3));
        add_step(steps, begin, 0);
        for (Nanoseconds at{0}; at < slot; at += wobble)
            add_step(steps, begin + std::max(at, gap), level * random.next(0.85, 1.15));
    }
    std::erase_if(steps, [&](const TraceStep& step) { return step.at >= length; });
    return steps;
}

}  // namespace

const std::vector<TraceModel>& trace_models() {
    static const std::vector<TraceModel> all = {
        {"lte",
         "a mobile link: the quality of the channel and the load of the cell move, and at times nothing "
         "passes",
         minutes(2), 12e6, make_lte},
        {"diurnal", "a shared line in the course of a day, from midnight on", std::chrono::hours(24), 50e6,
         make_diurnal},
        {"wifi", "a station that goes from one access point to the next every 10 to 40 seconds", minutes(5),
         60e6, make_wifi},
        {"satellite", "a low orbit, with a hand-over every 15 seconds", minutes(5), 100e6, make_satellite}};
    return all;
}

std::vector<std::string> trace_model_names() {
    std::vector<std::string> names;
    for (const TraceModel& model : trace_models()) names.emplace_back(model.name);
    return names;
}

const TraceModel* trace_model(const std::string& name) {
    const auto& all = trace_models();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const TraceModel& model) { return model.name == name; });
    return found == all.end() ? nullptr : &*found;
}

LinkTrace make_trace(const TraceModel& model, std::uint64_t seed, Nanoseconds length, double mean) {
    if (length == Nanoseconds(0)) length = model.length;
    Random random(seed);
    const LinkTrace made(model.make(random, length), length);
    return made.mean() > 0 ? made.scaled((mean > 0 ? mean : model.mean) / made.mean()) : made;
}

}  // namespace netcut
