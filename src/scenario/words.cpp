// SPDX-License-Identifier: Apache-2.0
#include "scenario/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstring>

#include "base/nearest_word.h"
#include "base/quantity.h"
#include "fault/moments.h"
#include "fault/plan.h"

namespace netcut {
namespace {

constexpr Words<FabricKind, 2> fabrics{{{"routed", FabricKind::routed}, {"bridge", FabricKind::bridge}}};
constexpr Words<RoundMark, 2> round_marks{{{"begin", RoundMark::begin}, {"end", RoundMark::end}}};
using PhaseKind = PhaseMoment::Kind;
constexpr Words<PhaseKind, 6> phase_moments{{{"computing", PhaseKind::computing},
                                             {"waiting", PhaseKind::waiting},
                                             {"idle", PhaseKind::idle},
                                             {"sending", PhaseKind::sending},
                                             {"receiving", PhaseKind::receiving},
                                             {"reply-lost", PhaseKind::reply_lost}}};

}  // namespace

std::vector<std::string> fabric_words() {
    return names_in(fabrics);
}
std::vector<std::string> round_mark_words() {
    return names_in(round_marks);
}
std::vector<std::string> moment_words() {
    std::vector<std::string> words;
    for (const MomentKind& kind : moment_kinds())
        if (kind.name != nullptr) words.emplace_back(kind.name);
    return words;
}
std::vector<std::string> phase_moment_words() {
    return names_in(phase_moments);
}

Failure unknown_word(const std::string& word, const std::vector<std::string>& known,
                     const std::string& what) {
    const auto nearest = nearest_word(word, known);
    return usage_failure(fmt::format("read the {} '{}'", what, word),
                         fmt::format("it is none of: {}", fmt::join(known, ", ")),
                         nearest ? fmt::format("did you mean '{}'?", *nearest) : "");
}

Result<void> known_word(const std::string& word, const std::vector<std::string>& known,
                        const std::string& what) {
    if (std::find(known.begin(), known.end(), word) != known.end()) return {};
    return unknown_word(word, known, what);
}

Result<PhaseMoment::Kind> parse_phase(const std::string& word) {
    return parse_word(word, phase_moments, "phase");
}
std::string phase_moment_name(PhaseMoment::Kind kind) {
    return name_of(kind, phase_moments);
}
Result<FabricKind> parse_fabric(const std::string& word) {
    return parse_word(word, fabrics, "kind of fabric");
}
Result<RoundMark> parse_round_mark(const std::string& word) {
    return parse_word(word, round_marks, "mark of a round");
}
std::string fabric_word(FabricKind kind) {
    return name_of(kind, fabrics);
}
std::vector<std::string> ip_words() {
    return {"4", "6", "both"};
}
Result<void> parse_ip(const std::string& word, FabricOptions& fabric) {
    NETCUT_TRY(known_word(word, ip_words(), "IP version"));
    fabric.ipv4 = word != "6";
    fabric.ipv6 = word != "4";
    return {};
}

std::vector<std::string> shaper_words() {
    return {"tbf", "htb"};
}
Result<std::string> parse_shaper(const std::string& word) {
    NETCUT_TRY(known_word(word, shaper_words(), "shaper"));
    return word;
}

Result<std::optional<Nanoseconds>> parse_heal_time(const std::string& word) {
    if (word == "never") return std::optional<Nanoseconds>();
    NETCUT_ASSIGN(const Nanoseconds value, parse_duration(word));
    if (value < std::chrono::milliseconds(1))
        return usage_failure("cut for " + word, "a cut lasts at least 1ms", "give a longer time, or never");
    return std::optional(value);
}

Result<std::uint64_t> parse_rate(const std::string& text) {
    constexpr std::array<std::pair<std::string_view, double>, 8> units{{{"gbit", 1e9},
                                                                        {"mbit", 1e6},
                                                                        {"kbit", 1e3},
                                                                        {"bit", 1},
                                                                        {"gbps", 1e9},
                                                                        {"mbps", 1e6},
                                                                        {"kbps", 1e3},
                                                                        {"bps", 1}}};
    constexpr double slowest = 8e3;
    constexpr double fastest = 16e9;  // libnl keeps bytes per second in an int
    const auto wrong = [&](std::string reason) {
        return usage_failure("read the rate '" + text + "'", std::move(reason),
                             "write bits per second, like 100mbit, 1.5gbit or 64kbit");
    };
    const auto quantity = read_quantity(text);
    if (!quantity) return wrong("it does not begin with a number");
    if (quantity->unit.empty()) return wrong("it has no unit");
    if (quantity->unit.find('B') != std::string::npos)
        return wrong(fmt::format("'{}' counts bytes, and a rate counts bits", quantity->unit));
    std::string unit = lower_case(quantity->unit);
    if (unit == quantity->unit && unit.ends_with("bps"))
        return wrong(fmt::format("'{}' is bytes per second to tc(8), and bits elsewhere", unit));
    if (unit.ends_with("/s")) unit.resize(unit.size() - 2);
    for (const auto& [name, factor] : units) {
        if (unit != name) continue;
        const double rate = quantity->number * factor;
        if (!(rate >= slowest && rate <= fastest)) return wrong("it is not between 8kbit and 16gbit");
        return static_cast<std::uint64_t>(std::llround(rate));
    }
    return wrong(fmt::format("'{}' is not a unit of rate", quantity->unit));
}

Result<std::uint64_t> parse_bytes(const std::string& text) {
    constexpr std::array<std::pair<std::string_view, double>, 11> units{{{"", 1},
                                                                         {"b", 1},
                                                                         {"k", 1e3},
                                                                         {"kb", 1e3},
                                                                         {"kib", 1024},
                                                                         {"m", 1e6},
                                                                         {"mb", 1e6},
                                                                         {"mib", 1024.0 * 1024},
                                                                         {"g", 1e9},
                                                                         {"gb", 1e9},
                                                                         {"gib", 1024.0 * 1024 * 1024}}};
    constexpr double most = 1e15;
    const auto wrong = [&](std::string reason) {
        return usage_failure("read '" + text + "' as a number of bytes", std::move(reason),
                             "write it like 1500, 64KiB or 1.5MB");
    };
    const auto quantity = read_quantity(text);
    if (!quantity) return wrong("it does not begin with a number");
    const std::string& written = quantity->unit;
    if (written.ends_with('b') && !written.ends_with("ib"))
        return wrong(fmt::format("'{}' may mean bits", written));
    for (const auto& [name, factor] : units) {
        if (lower_case(written) != name) continue;
        if (!(quantity->number >= 0 && quantity->number * factor <= most))
            return wrong("it is not between 0 and 10^15");
        return static_cast<std::uint64_t>(std::llround(quantity->number * factor));
    }
    return wrong(fmt::format("'{}' is not a unit of size", written));
}

Result<std::uint32_t> parse_snap(const std::string& text) {
    if (text == "all") return whole_packets;
    NETCUT_ASSIGN(const std::uint64_t bytes, parse_bytes(text));
    if (bytes >= least_pcap_snap && bytes <= whole_packets) return static_cast<std::uint32_t>(bytes);
    return usage_failure(
        "capture " + text + " bytes of each packet",
        fmt::format("it must be from {}, which headers may have, to {}", least_pcap_snap, whole_packets),
        "whole packets are 'all'");
}

Result<double> parse_share(const std::string& text) {
    const auto quantity = read_quantity(text);
    if (!quantity || quantity->unit != "%")
        return usage_failure("read the percentage '" + text + "'", "it is not a number followed by %",
                             "write it like 5% or 0.1%");
    if (!(quantity->number >= 0 && quantity->number <= 100))
        return usage_failure("read the percentage '" + text + "'", "it is not between 0% and 100%");
    return quantity->number / 100;
}

Result<int> parse_signal(const std::string& word) {
    int number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size() && number > 0 && number < NSIG)
        return number;
    const std::string bare = word.starts_with("SIG") ? word.substr(3) : word;
    for (int signal = 1; signal < NSIG; ++signal)
        if (const char* name = ::sigabbrev_np(signal); name != nullptr && bare == name) return signal;
    return usage_failure("read the signal '" + word + "'", "there is none of that name",
                         "write it like KILL, TERM or 9");
}

Result<void> parse_phase_after(const std::string& word, PhaseMoment& moment) {
    moment.bytes.reset();
    moment.time.reset();
    if (const auto time = parse_duration(word)) {
        moment.time = *time;
        return {};
    }
    const auto bytes = parse_bytes(word);
    if (!bytes)
        return usage_failure("read '" + word + "' as how far into a phase",
                             "it is neither a time nor a number of bytes", "write it like 200ms or 64KiB");
    if (*bytes == 0) return usage_failure("wait for 0 bytes of a phase", "it is over before it begins");
    moment.bytes = *bytes;
    return {};
}

std::string phase_after_text(const PhaseMoment& moment) {
    if (moment.time) return duration_text(*moment.time);
    return moment.bytes ? fmt::format("{}", *moment.bytes) : "";
}

std::string phase_moment_text(const PhaseMoment& moment) {
    const std::string after = phase_after_text(moment);
    return phase_moment_name(moment.kind) + (after.empty() ? "" : " " + after);
}

}  // namespace netcut
