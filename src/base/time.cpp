// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/quantity.h"

namespace netcut {
namespace {

struct Unit {
    std::string_view name;
    double nanoseconds;
};
constexpr std::array<Unit, 6> units{
    {{"h", 3600e9}, {"m", 60e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}}};
// As people spell them besides.
constexpr std::array<Unit, 15> spellings{{{"hr", 3600e9},
                                          {"hrs", 3600e9},
                                          {"hour", 3600e9},
                                          {"hours", 3600e9},
                                          {"min", 60e9},
                                          {"mins", 60e9},
                                          {"minute", 60e9},
                                          {"minutes", 60e9},
                                          {"sec", 1e9},
                                          {"secs", 1e9},
                                          {"second", 1e9},
                                          {"seconds", 1e9},
                                          {"msec", 1e6},
                                          {"usec", 1e3},
                                          {"nsec", 1}}};
constexpr double longest = 366.0 * 24 * 3600e9;  // a year: nothing sensible is longer, and no sum overflows

std::optional<double> nanoseconds_of(std::string_view name) {
    for (const Unit& unit : units)
        if (unit.name == name) return unit.nanoseconds;
    for (const Unit& unit : spellings)
        if (unit.name == name) return unit.nanoseconds;
    return {};
}

}  // namespace

std::string wall_time_text(std::chrono::system_clock::time_point when) {
    const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch());
    const std::time_t seconds = since_epoch.count() / 1000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), since_epoch.count() % 1000);
}

std::vector<std::string_view> duration_units() {
    std::vector<std::string_view> names;
    names.reserve(units.size() + spellings.size());
    for (const Unit& unit : units) names.push_back(unit.name);
    for (const Unit& unit : spellings) names.push_back(unit.name);
    return names;
}

Result<Nanoseconds> parse_duration(std::string_view text) {
    const auto wrong = [&](std::string reason) {
        return usage_failure(fmt::format("read the duration '{}'", text), std::move(reason),
                             "write a number with a unit: 250ms, 20s, 1.5m, 1h");
    };
    const auto quantity = read_quantity(text);
    if (!quantity) return wrong("it does not begin with a number");
    const auto& [number, name] = *quantity;
    if (number < 0) return wrong("it is negative");
    if (name.empty() && number == 0) return Nanoseconds(0);
    if (name.empty()) return wrong("it has no unit");
    const std::optional<double> unit = nanoseconds_of(name);
    if (!unit) return wrong(fmt::format("'{}' is not a unit of time", name));
    if (!(number * *unit <= longest)) return wrong("it is longer than a year");
    return Nanoseconds(std::llround(number * *unit));
}

std::string duration_text(Nanoseconds value) {
    const double count = static_cast<double>(value.count());
    for (const Unit& unit : units) {
        if (count < unit.nanoseconds) continue;
        const double rounded = std::round(count / unit.nanoseconds * 1000) / 1000;
        std::string text = fmt::format("{}{}", rounded, unit.name);
        if (const auto same = parse_duration(text); same && *same == value) return text;
    }
    return value.count() == 0 ? "0s" : fmt::format("{}ns", value.count());
}

}  // namespace netcut
