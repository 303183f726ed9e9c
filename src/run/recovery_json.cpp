// SPDX-License-Identifier: Apache-2.0
#include "run/recovery_json.h"

#include <array>
#include <stdexcept>

namespace netcut {
namespace {

using Outcome = Conversation::Outcome;
constexpr std::array<std::pair<Outcome, const char*>, 9> outcome_words = {{
    {Outcome::went_on, "went on"},
    {Outcome::resumed, "resumed"},
    {Outcome::replaced, "replaced"},
    {Outcome::connected, "connected"},
    {Outcome::given_up, "given up"},
    {Outcome::silent, "silent"},
    {Outcome::address_gone, "address gone"},
    {Outcome::half_open, "half open"},
    {Outcome::stuck, "stuck"},
}};

Outcome parse_outcome(const std::string& word) {
    for (const auto& [outcome, name] : outcome_words)
        if (word == name) return outcome;
    throw std::invalid_argument("no conversation is '" + word + "'");
}

// Schema 2 had TCP alone.
bool parse_is_udp(const Json& one) {
    const std::string protocol = one.value("protocol", "tcp");
    if (protocol != "tcp" && protocol != "udp")
        throw std::invalid_argument("'" + protocol + "' is no protocol");
    return protocol == "udp";
}

Json count_json(const std::optional<Nanoseconds>& time) {
    return time ? Json(time->count()) : Json(nullptr);
}

Json seconds_json(const std::optional<Nanoseconds>& time) {
    return time ? Json(seconds(*time)) : Json(nullptr);
}

std::optional<Nanoseconds> parse_time(const Json& value) {
    constexpr std::int64_t most = 1'000'000'000'000'000'000;  // longer than any run
    if (value.is_null()) return {};
    const auto count = value.get<std::int64_t>();
    if (count < 0 || count > most) throw std::invalid_argument(value.dump() + " is no time of a run");
    return Nanoseconds(count);
}

void add_time(Json& json, const std::string& what, const std::optional<Nanoseconds>& time) {
    json[what + "_s"] = seconds_json(time);
    json[what + "_ns"] = count_json(time);
}

}  // namespace

const char* outcome_word(Conversation::Outcome outcome) {
    for (const auto& [one, name] : outcome_words)
        if (one == outcome) return name;
    return "";
}

Json conversations_json(const Recovery& recovery) {
    Json all = Json::array();
    for (const Conversation& one : recovery.conversations)
        all.push_back({{"protocol", one.udp ? "udp" : "tcp"},
                       {"peer", one.peer},
                       {"local", one.local},
                       {"remote", one.remote},
                       {"outcome", outcome_word(one.outcome)},
                       {"after_s", seconds_json(one.after)}});
    return all;
}

Json unresolved_json(const Recovery& recovery) {
    Json all = Json::array();
    for (const UnresolvedNeighbour& one : recovery.unresolved)
        all.push_back({{"node", one.node}, {"address", one.address}, {"peer", one.peer}});
    return all;
}

Json recovery_json(const Recovery& recovery) {
    Json json = Json::object();
    add_time(json, "sent_again", recovery.sent);
    add_time(json, "received_again", recovery.received);
    add_time(json, "worked", recovery.worked);
    add_time(json, "next_round", recovery.next_round);
    json["network_back_s"] = seconds_json(recovery.network_back());
    json["time_to_recover_s"] = seconds_json(recovery.work_resumed());
    json["conversations"] = conversations_json(recovery);
    for (std::size_t i = 0; i < recovery.conversations.size(); ++i)
        json["conversations"][i]["after_ns"] = count_json(recovery.conversations[i].after);
    json["other_conversations"] = recovery.others;
    json["unresolved_neighbours"] = unresolved_json(recovery);
    json["exchanged_since_fired"] = recovery.exchanged;
    json["largest_gap_ns"] = recovery.largest_gap.count();
    return json;
}

// Older records have the first two alone, and counted any data.
Recovery parse_recovery(const Json& details) {
    Recovery recovery;
    recovery.sent = parse_time(details.at("sent_again_ns"));
    recovery.received = parse_time(details.at("received_again_ns"));
    recovery.worked = recovery.network_back();
    if (!details.contains("conversations")) return recovery;
    recovery.worked = parse_time(details.at("worked_ns"));
    recovery.next_round = parse_time(details.at("next_round_ns"));
    for (const Json& one : details.at("conversations"))
        recovery.conversations.push_back(
            {one.at("peer").get<std::string>(), one.at("local").get<std::string>(),
             one.at("remote").get<std::string>(), parse_outcome(one.at("outcome").get<std::string>()),
             parse_time(one.at("after_ns")), parse_is_udp(one)});
    for (const Json& one : details.at("unresolved_neighbours"))
        recovery.unresolved.push_back({one.at("node").get<std::string>(),
                                       one.at("address").get<std::string>(),
                                       one.at("peer").get<std::string>()});
    recovery.others = details.at("other_conversations").get<std::size_t>();
    recovery.exchanged = details.at("exchanged_since_fired").get<bool>();
    recovery.largest_gap = parse_time(details.at("largest_gap_ns")).value_or(Nanoseconds(0));
    return recovery;
}

}  // namespace netcut
