// SPDX-License-Identifier: Apache-2.0
//
// How `when:` is read and written: "sent 64KiB node collaborator2 peer aggregator port 8080".
#include "fault/moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>

#include "base/error.h"
#include "base/time.h"
#include "fault/plan.h"
#include "scenario/fault_spec.h"
#include "scenario/words.h"

namespace netcut {
namespace {

using Amount = MomentKind::Amount;

template <typename Number>
bool read_whole(const std::string& word, Number& number, Number least, Number most) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    return error == std::errc() && end == word.data() + word.size() && number >= least && number <= most;
}

Result<void> read_bytes(WireMoment& moment, const std::string& word) {
    NETCUT_ASSIGN(moment.amount, parse_bytes(word));
    if (moment.amount == 0) return usage_failure("wait for '" + word + "'", "it is over before it begins");
    return {};
}

Result<void> read_packets(WireMoment& moment, const std::string& word) {
    if (!read_whole<std::uint64_t>(word, moment.amount, 0, 0xfffffffe))
        return usage_failure("read the number of packets '" + word + "'",
                             "it is no whole number from 1 to 4294967294");
    if (moment.amount == 0) return usage_failure("wait for '" + word + "'", "it is over before it begins");
    return {};
}

Result<void> read_time(WireMoment& moment, const std::string& word) {
    NETCUT_ASSIGN(moment.silence, parse_duration(word));
    if (moment.silence >= std::chrono::milliseconds(1)) return {};
    return usage_failure("wait for a silence of " + word, "it must be at least 1ms");
}

std::string number_text(const WireMoment& moment) {
    return fmt::format(" {}", moment.amount);
}

// What a moment may be measured in.
struct AmountType {
    Amount amount;
    Result<void> (*read)(WireMoment& moment, const std::string& word);
    std::string (*text)(const WireMoment& moment);
};
constexpr AmountType amount_types[] = {
    {Amount::none, nullptr, [](const WireMoment&) { return std::string(); }},
    {Amount::bytes, read_bytes, number_text},
    {Amount::packets, read_packets, number_text},
    {Amount::time, read_time, [](const WireMoment& moment) { return " " + duration_text(moment.silence); }},
};

const AmountType& type_of(Amount amount) {
    return *std::find_if(std::begin(amount_types), std::end(amount_types),
                         [&](const AmountType& type) { return type.amount == amount; });
}

Result<const MomentKind*> parse_moment(const std::string& word) {
    std::vector<std::string> names;
    for (const MomentKind& kind : moment_kinds()) {
        if (kind.name == nullptr) continue;
        if (word == kind.name) return &kind;
        names.emplace_back(kind.name);
    }
    return unknown_word(word, names, "moment on the wire");
}

Result<void> parse_when_option(WhenSpec& when, const std::string& option, const std::string& value) {
    if (option == "node") {
        when.node = value;
        return {};
    }
    if (option == "peer") {
        when.peer = value;
        return {};
    }
    if (option != "port")
        return usage_failure("read '" + option + "' of a moment on the wire",
                             "it is none of: node, peer, port");
    unsigned port = 0;
    if (!read_whole(value, port, 1U, 65535U))
        return usage_failure("read the port '" + value + "'", "it is no whole number from 1 to 65535");
    when.moment.port = static_cast<std::uint16_t>(port);
    return {};
}

}  // namespace

Result<WhenSpec> parse_when(const std::string& text) {
    std::istringstream stream(text);
    const std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
    if (words.empty()) return usage_failure("read a moment on the wire", "it is empty");
    WhenSpec when;
    NETCUT_ASSIGN(const MomentKind* kind, parse_moment(words.front()));
    when.moment.kind = kind->kind;
    std::size_t next = 1;
    if (const AmountType& type = type_of(kind->amount); type.read != nullptr) {
        if (words.size() < 2)
            return usage_failure("read '" + text + "'", "how much or how long is not said",
                                 "write it like: sent 64KiB, sent-packets 10, silence 2s");
        NETCUT_TRY(type.read(when.moment, words[next++]));
    }
    for (; next < words.size(); next += 2) {
        if (next + 1 == words.size())
            return usage_failure("read '" + text + "'", "there is no value after '" + words[next] + "'");
        NETCUT_TRY(parse_when_option(when, words[next], words[next + 1]));
    }
    return when;
}

std::string when_text(const WhenSpec& when) {
    const MomentKind& kind = definition_of(when.moment.kind);
    std::string text = kind.name != nullptr ? kind.name : "?";
    text += type_of(kind.amount).text(when.moment);
    if (!when.node.empty()) text += " node " + when.node;
    if (!when.peer.empty()) text += " peer " + when.peer;
    if (when.moment.port) text += fmt::format(" port {}", *when.moment.port);
    return text;
}

}  // namespace netcut
