// SPDX-License-Identifier: Apache-2.0
//
// Words that stand for values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/options.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"

namespace netcut {

template <typename T, std::size_t N>
using Words = std::array<std::pair<const char*, T>, N>;

Failure unknown_word(const std::string& word, const std::vector<std::string>& known, const std::string& what);
Result<void> known_word(const std::string& word, const std::vector<std::string>& known,
                        const std::string& what);

template <typename T, std::size_t N>
std::vector<std::string> names_in(const Words<T, N>& words) {
    std::vector<std::string> names;
    for (const auto& [name, value] : words) names.emplace_back(name);
    return names;
}

template <typename T, std::size_t N>
Result<T> parse_word(const std::string& word, const Words<T, N>& words, const std::string& what) {
    for (const auto& [name, value] : words)
        if (word == name) return value;
    return unknown_word(word, names_in(words), what);
}

// Those of the tables in words.cpp.
std::vector<std::string> fabric_words();
std::string fabric_word(FabricKind kind);
std::vector<std::string> ip_words();
std::vector<std::string> shaper_words();
std::vector<std::string> round_mark_words();
std::vector<std::string> moment_words();
std::vector<std::string> phase_moment_words();

template <typename T, std::size_t N>
std::string name_of(T value, const Words<T, N>& words) {
    for (const auto& [name, candidate] : words)
        if (candidate == value) return name;
    return "?";
}

// "100mbit", "1gbit", "64kbit", "9600bit": bits per second, decimal, as tc(8) writes them; also "100Mbps" and
// "100 Mbit/s". "100mbps" is bytes to tc, and refused.
Result<std::uint64_t> parse_rate(const std::string& text);

// "64KiB", "1.5MB", "1500": bytes; K, M, G alone are powers of 1000. "64kb" may be bits, and is refused.
Result<std::uint64_t> parse_bytes(const std::string& text);
// As parse_bytes, or "all".
Result<std::uint32_t> parse_snap(const std::string& text);
// "5%", "0.1%": a share from 0 to 1.
Result<double> parse_share(const std::string& text);

// Words of the command line and of YAML.
Result<FabricKind> parse_fabric(const std::string& word);
Result<int> parse_signal(const std::string& word);                      // "KILL", "SIGTERM", "9"
Result<void> parse_ip(const std::string& word, FabricOptions& fabric);  // "4", "6", "both"
Result<std::string> parse_shaper(const std::string& word);
Result<RoundMark> parse_round_mark(const std::string& word);
Result<WhenSpec> parse_when(const std::string& text);
Result<PhaseMoment::Kind> parse_phase(const std::string& word);
Result<void> parse_phase_after(const std::string& word, PhaseMoment& moment);  // bytes, or a time
// A duration, or "never".
Result<std::optional<Nanoseconds>> parse_heal_time(const std::string& word);
std::string when_text(const WhenSpec& when);
std::string phase_moment_name(PhaseMoment::Kind kind);
std::string phase_after_text(const PhaseMoment& moment);   // empty if nothing was said
std::string phase_moment_text(const PhaseMoment& moment);  // "sending 65536"

}  // namespace netcut
