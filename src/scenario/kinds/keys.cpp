// SPDX-License-Identifier: Apache-2.0
#include "scenario/kinds/keys.h"

#include <yaml-cpp/yaml.h>

#include <charconv>

#include "base/error.h"
#include "base/time.h"
#include "fault/plan.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/words.h"

namespace netcut {
namespace {

constexpr Words<Direction, 3> directions{
    {{"both", Direction::both}, {"up", Direction::up}, {"down", Direction::down}}};
using Connections = PacketFilter::Connections;
constexpr Words<Connections, 4> connections{{{"any", Connections::any},
                                             {"new", Connections::fresh},
                                             {"established", Connections::established},
                                             {"data", Connections::data}}};

std::optional<std::uint64_t> whole_number(const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return number;
}

std::optional<bool> truth(const std::string& text) {
    bool value = false;
    return YAML::convert<bool>::decode(YAML::Node(text), value) ? std::optional(value) : std::nullopt;
}

}  // namespace

Keys operator+(Keys keys, const Keys& more) {
    keys.insert(keys.end(), more.begin(), more.end());
    return keys;
}

KeyType duration_type() {
    return text_type(parse_duration, duration_schema());
}

KeyType bytes_type() {
    return text_type(parse_bytes, bytes_schema());
}

KeyType share_type() {
    return text_type(parse_share, share_schema());
}

KeyType rate_type() {
    return text_type(parse_rate, rate_schema());
}

KeyType boolean_type() {
    return {KeyType::Shape::scalar,
            [](const std::string& key, const std::string& text) -> Result<void> {
                if (truth(text)) return {};
                return usage_failure(fmt::format("read {} '{}'", key, text), "it must be true or false");
            },
            boolean_schema()};
}

KeyType number_type(std::uint64_t least, std::uint64_t most) {
    return {KeyType::Shape::scalar,
            [least, most](const std::string& key, const std::string& text) -> Result<void> {
                const auto number = whole_number(text);
                if (number && *number >= least && *number <= most) return {};
                return usage_failure("read " + key,
                                     fmt::format("'{}' is no whole number from {} to {}", text, least, most));
            },
            count_schema(least, most)};
}

KeyType words_type(const std::string& what, const std::vector<std::string>& words) {
    return {
        KeyType::Shape::scalar,
        [what, words](const std::string&, const std::string& text) { return known_word(text, words, what); },
        words_schema(words)};
}

KeyType nodes_type() {
    return {KeyType::Shape::list, {}, list_schema()};
}

KeyType groups_type() {
    return {KeyType::Shape::lists, {}, lists_schema()};
}

FaultKey direction_key() {
    return {"direction", words_type("direction", names_in(directions)), "`up`: from the node; `down`: to it",
            "both"};
}

FaultKey peers_key() {
    return {"peers", nodes_type(), "only what is exchanged with these nodes; `all`, `collaborators`", "",
            "all"};
}

FaultKey beyond_key() {
    return {
        "beyond", bytes_type(),
        "`64KiB`: each TCP connection and each UDP flow may still carry this many bytes in each direction "
        "after the fault fires; the fault acts on what comes after them. Counted at layer 3, with "
        "retransmissions. `kind: reset` with it ends each of several parallel connections after its own 64 "
        "KiB",
        "", "nothing"};
}

FaultKey port_key() {
    return {"port", number_type(1, 65535), "TCP or UDP, of either end", "", "any"};
}

Keys flow_filter() {
    return {direction_key(), peers_key(), port_key()};
}

Keys packet_filter() {
    return flow_filter() +
           Keys{{"only", words_type("kind of connections", names_in(connections)),
                 "`new`: segments that open a TCP connection; `established`: TCP connections that were there "
                 "when the fault was fired; `data`: TCP segments with a payload, and UDP datagrams",
                 "any"},
                beyond_key()};
}

PacketFilter filter_of(const Scenario& scenario, const FaultSpec& fault) {
    const auto word = [&](const char* key, const auto& words) {
        return value_of(fault, key, [&](const std::string& text) { return parse_word(text, words, key); });
    };
    PacketFilter filter;
    filter.direction = word("direction", directions).value_or(Direction::both);
    filter.peers = node_indices(scenario, fault.list("peers"));
    if (const auto port = number_of(fault, "port")) filter.port = static_cast<std::uint16_t>(port);
    filter.only = word("only", connections).value_or(Connections::any);
    filter.beyond = value_of(fault, "beyond", parse_bytes);
    return filter;
}

std::uint64_t number_of(const FaultSpec& fault, const char* key) {
    return whole_number(fault.text(key)).value_or(0);
}

bool is_true(const FaultSpec& fault, const char* key) {
    return truth(fault.text(key)).value_or(false);
}

Result<void> check_time(const FaultSpec& fault, const char* key, bool needed) {
    constexpr Nanoseconds longest = std::chrono::minutes(10);
    const Nanoseconds time = time_of(fault, key);
    if (time > longest)
        return fault_failure(fault, key, fmt::format("{} is longer than 10m", duration_text(time)));
    if (needed && time <= Nanoseconds(0))
        return fault_failure(fault, key, fmt::format("there is no {}", key),
                             fmt::format("write {}: 100ms", key), Mistake::missing);
    return {};
}

PacketAction leave_alone(const FaultSpec&) {
    return LeaveAlone{};
}

}  // namespace netcut
