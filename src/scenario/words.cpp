// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "netcut/scenario.h"

namespace netcut {
namespace {

template <typename T, std::size_t N>
using Words = std::array<std::pair<const char*, T>, N>;

constexpr Words<CutKind, 3> kinds{
    {{"drop", CutKind::drop}, {"down", CutKind::down}, {"unplug", CutKind::unplug}}};
constexpr Words<Direction, 3> directions{
    {{"both", Direction::both}, {"up", Direction::up}, {"down", Direction::down}}};
constexpr Words<LinkEnd, 2> ends{{{"node", LinkEnd::node}, {"router", LinkEnd::router}}};
constexpr Words<FabricKind, 2> fabrics{{{"routed", FabricKind::routed}, {"bridge", FabricKind::bridge}}};

template <typename T, std::size_t N>
Result<T> parse_word(const std::string& word, const Words<T, N>& words, const char* what) {
    std::string known;
    for (const auto& [name, value] : words) {
        if (word == name) return value;
        known += (known.empty() ? "" : ", ") + std::string(name);
    }
    return usage_failure(fmt::format("read the {} '{}'", what, word), "it is none of: " + known);
}

template <typename T, std::size_t N>
std::string name_of(T value, const Words<T, N>& words) {
    for (const auto& [name, candidate] : words)
        if (candidate == value) return name;
    return "?";
}

}  // namespace

Result<CutKind> parse_kind(const std::string& word) {
    return parse_word(word, kinds, "kind of cut");
}
Result<Direction> parse_direction(const std::string& word) {
    return parse_word(word, directions, "direction");
}
Result<LinkEnd> parse_end(const std::string& word) {
    return parse_word(word, ends, "end of a link");
}
Result<FabricKind> parse_fabric(const std::string& word) {
    return parse_word(word, fabrics, "kind of fabric");
}
std::string kind_name(CutKind kind) {
    return name_of(kind, kinds);
}
std::string direction_name(Direction direction) {
    return name_of(direction, directions);
}

Result<void> parse_ip(const std::string& word, FabricOptions& fabric) {
    if (word != "4" && word != "6" && word != "both")
        return usage_failure("read the IP version '" + word + "'", "it is none of: 4, 6, both");
    fabric.ipv4 = word != "6";
    fabric.ipv6 = word != "4";
    return {};
}

Result<std::string> parse_shaper(const std::string& word) {
    if (word != "tbf" && word != "htb")
        return usage_failure("read the shaper '" + word + "'", "it is none of: tbf, htb");
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
    constexpr std::array<std::pair<std::string_view, double>, 4> units{
        {{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}}};
    constexpr double slowest = 8e3;
    constexpr double fastest = 16e9;  // libnl keeps bytes per second in an int
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [name, factor] : units) {
        if (error != std::errc() || unit != name) continue;
        if (!(number * factor >= slowest && number * factor <= fastest)) break;
        return static_cast<std::uint64_t>(std::llround(number * factor));
    }
    return usage_failure("read the rate '" + text + "'", "it is not between 8kbit and 16gbit a second",
                         "write it like 100mbit, 1.5gbit or 64kbit");
}

}  // namespace netcut
