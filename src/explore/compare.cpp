// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "netcut/explore.h"

namespace netcut {
namespace {

// One thing that must be the same in a repetition.
struct Fact {
    std::string what, value;
};

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

// "sent 65536 ...": the byte is in the packet that tripped it. Packets need not end where they ended before
// (a TLS handshake is a few bytes longer or shorter each time), but the byte must be the same.
std::string byte_of(const Json& tripped, std::uint64_t wanted) {
    const auto end = tripped.at("counted").at("bytes").get<std::uint64_t>();
    const std::uint64_t begin = end - std::min(end, tripped.value("bytes", std::uint64_t{0}));
    return begin < wanted && wanted <= end ? fmt::format("byte {}", wanted)
                                           : fmt::format("a packet of the bytes {} to {}", begin + 1, end);
}

// So many bytes into a phase are counted as at a moment on the wire: "sending 65536" is "sent 65536".
std::string as_moment(const std::string& when) {
    for (const auto& [phase, moment] : {std::pair("sending ", "sent "), std::pair("receiving ", "received ")})
        if (when.starts_with(phase)) return moment + when.substr(std::string_view(phase).size());
    return when;
}

void add_moment(std::vector<Fact>& facts, const std::string& name, const Json& tripped) {
    const std::string when = text_of(tripped.at("when"));
    facts.push_back({name + " waits for", when});
    const auto moment = parse_when(as_moment(when));
    if (!moment || !tripped.contains("counted")) return;
    using Kind = WireMoment::Kind;
    const Kind kind = moment->moment.kind;
    if (kind == Kind::sent || kind == Kind::received)
        facts.push_back({name + " trips at", byte_of(tripped, moment->moment.amount)});
    if (kind == Kind::sent_packets || kind == Kind::received_packets)
        facts.push_back({name + " trips at", "data packet " + tripped.at("counted").at("packets").dump()});
}

std::vector<Fact> facts_of(const std::vector<Json>& journal) {
    std::vector<Fact> facts;
    std::map<std::string, std::string> exits;
    for (const Json& event : journal) {
        const std::string name = event.at("event").get<std::string>();
        const std::string fault = event.value("fault", "");
        const Json details = event.value("details", Json::object());
        if (name == "fault.loss_list")
            facts.push_back({fault + " loses", fmt::format("{} with seed {}", text_of(details.at("model")),
                                                           details.at("seed").dump())});
        if (name == "trigger.tripped") add_moment(facts, fault, details);
        if (name == "fault.fired")
            facts.push_back(
                {"the next fault", fmt::format("{} ({}) on {}, firing {}", fault, text_of(details.at("kind")),
                                               details.at("nodes").dump(), details.at("number").dump())});
        if (name == "node.exited")
            exits[event.value("node", "")] = details.at("stopped_by_us").get<bool>()
                                                 ? "stopped by netcut-fl"
                                                 : text_of(details.at("status"));
        if (name == "run.ended") {
            for (const auto& [node, status] : exits) facts.push_back({node + " ends with", status});
            facts.push_back({"the verdict", text_of(details.at("verdict"))});
        }
    }
    return facts;
}

}  // namespace

// Facts are compared in their order, and by name, so that one that is missing shifts none of the others.
std::vector<Divergence> compare_runs(const std::vector<Json>& recorded, const std::vector<Json>& replayed) {
    std::map<std::string, std::vector<std::string>> now;
    for (const Fact& fact : facts_of(replayed)) now[fact.what].push_back(fact.value);
    std::map<std::string, std::size_t> seen;
    std::vector<Divergence> divergences;
    const std::string nothing = "nothing";
    for (const Fact& fact : facts_of(recorded)) {
        const auto& values = now[fact.what];
        const std::size_t index = seen[fact.what]++;
        const std::string& value = index < values.size() ? values[index] : nothing;
        if (value != fact.value) divergences.push_back({fact.what, fact.value, value});
    }
    for (const auto& [what, values] : now)
        for (std::size_t index = seen[what]; index < values.size(); ++index)
            divergences.push_back({what, nothing, values[index]});
    return divergences;
}

}  // namespace netcut
