// SPDX-License-Identifier: Apache-2.0
#include "explore/compare.h"

#include <fmt/format.h>

#include "base/json.h"
#include "fault/moments.h"
#include "fault/plan.h"
#include "record/facts.h"
#include "record/run_state.h"
#include "scenario/words.h"

namespace netcut {
namespace {

// One thing that must be the same in a repetition.
struct Fact {
    std::string what, value;
};

// "sent 65536 ...": the byte is in the packet that tripped it. Packets need not end where they ended before
// (a TLS handshake is a few bytes longer or shorter each time), but the byte must be the same.
std::string byte_of(const event::TriggerTripped& tripped, std::uint64_t wanted) {
    const std::uint64_t end = tripped.counted->bytes;
    const std::uint64_t begin = end - std::min(end, tripped.bytes);
    return begin < wanted && wanted <= end ? fmt::format("byte {}", wanted)
                                           : fmt::format("a packet of the bytes {} to {}", begin + 1, end);
}

// So many bytes into a phase are counted as at a moment on the wire: "sending 65536" is "sent 65536".
std::string as_moment(const std::string& when) {
    for (const auto& [phase, moment] : {std::pair("sending ", "sent "), std::pair("receiving ", "received ")})
        if (when.starts_with(phase)) return moment + when.substr(std::string_view(phase).size());
    return when;
}

void add_moment(std::vector<Fact>& facts, const std::string& name, const event::TriggerTripped& tripped) {
    facts.push_back({name + " waits for", tripped.when});
    const auto moment = parse_when(as_moment(tripped.when));
    if (!moment || !tripped.counted) return;
    using Amount = MomentKind::Amount;
    const Amount amount = definition_of(moment->moment.kind).amount;
    if (amount == Amount::bytes)
        facts.push_back({name + " trips at", byte_of(tripped, moment->moment.amount)});
    if (amount == Amount::packets)
        facts.push_back({name + " trips at", fmt::format("data packet {}", tripped.counted->packets)});
}

std::vector<Fact> facts_of(const std::vector<Event>& journal) {
    std::vector<Fact> facts;
    RunState state;
    for (const Event& event : journal) {
        state.apply(event);
        if (const auto* listed = event.as<event::LossListed>())
            facts.push_back(
                {event.fault + " loses", fmt::format("{} with seed {}", listed->model, listed->seed)});
        if (const auto* listed = event.as<event::HoldListed>())
            facts.push_back({event.fault + " holds by", fmt::format("the list of seed {}", listed->seed)});
        if (const auto* tripped = event.as<event::TriggerTripped>()) add_moment(facts, event.fault, *tripped);
        if (const auto* fired = event.as<event::FaultFired>())
            facts.push_back(
                {"the next fault", fmt::format("{} ({}) on {}, firing {}", event.fault, fired->kind,
                                               Json(fired->nodes).dump(), fired->number)});
    }
    if (!state.ended()) return facts;
    std::map<std::string, std::string> exits;
    for (const NodeState& node : state.nodes())
        if (const NodeOutcome& outcome = node.outcome; outcome.exit)
            exits[outcome.name] = outcome.stopped_by_us ? "stopped by netcut-fl" : outcome.exit->text();
    for (const auto& [node, status] : exits) facts.push_back({node + " ends with", status});
    facts.push_back({"the verdict", state.ended()->verdict});
    return facts;
}

}  // namespace

// Facts are compared in their order, and by name, so that one that is missing shifts none of the others.
std::vector<Divergence> compare_runs(const std::vector<Event>& recorded, const std::vector<Event>& replayed) {
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
