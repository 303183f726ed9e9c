// SPDX-License-Identifier: Apache-2.0
#include "why/hang_json.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/time.h"
#include "record/event.h"
#include "why/cause.h"
#include "why/foresight.h"
#include "why/proof.h"
#include "why/traceback.h"

namespace netcut {
namespace {

Json next_json(const Foreseen& one) {
    Json json = {{"kind", word_of(one.kind)},
                 {"node", one.node},
                 {"what", one.what},
                 {"in_s", seconds(one.in)},
                 {"says", text_of(one)}};
    if (one.after_heal) json["after_heal_s"] = seconds(*one.after_heal);
    return json;
}

}  // namespace

namespace {

constexpr std::size_t most_lines_of_code = 16;

using Stack = std::pair<std::string, event::NodeStack>;  // and its node

// Python prints the first thread of a process last, eu-stack first.
bool is_of_first_thread(const std::vector<Stack>& stacks, std::size_t number) {
    const auto& [node, stack] = stacks[number];
    const std::size_t next = stack.python ? number + 1 : number - 1;  // beyond the end, too, if there is none
    return next >= stacks.size() || stacks[next].first != node ||
           stacks[next].second.process != stack.process;
}

// Of the nodes that it is about first, of each the first threads of its processes, where a program mostly waits for its
// peers; each text of a node once. Threads of libraries alone are left out where a node has others.
Json code_json(const Facts& facts, const Explanation& why) {
    std::set<std::string> have_own;
    for (const auto& [node, stack] : facts.stacks)
        if (is_of_program(stack)) have_own.insert(node);
    std::map<std::pair<int, bool>, std::vector<std::string>> ranked;
    for (std::size_t i = 0; i < facts.stacks.size(); ++i) {
        const auto& [node, stack] = facts.stacks[i];
        if (have_own.contains(node) && !is_of_program(stack)) continue;
        const std::string text = text_of(stack);
        if (text.empty()) continue;
        const int nearness = node == why.node ? 0 : node == why.peer ? 1 : 2;
        auto& lines = ranked[{nearness, !is_of_first_thread(facts.stacks, i)}];
        std::string line = node + ": " + text;
        if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
    }
    std::vector<std::string> all;
    // Lines of others at the top would read as if they were its own.
    const bool has_its_own =
        std::any_of(ranked.begin(), ranked.end(), [](const auto& one) { return one.first.first == 0; });
    if (!ranked.empty() && !why.node.empty() && !has_its_own)
        all.push_back(why.node + ": the line at which it waits is not known");
    for (const auto& [rank, lines] : ranked) all.insert(all.end(), lines.begin(), lines.end());
    all.resize(std::min(all.size(), most_lines_of_code));
    return all;
}

}  // namespace

Json hang_json(const Facts& facts) {
    const event::RunProof& proof = *facts.proof;
    const Explanation why = explain(facts);
    Json json = {{"proof", word_of(proof.proof)}, {"cause", word_of(why.cause)}};
    if (!why.node.empty()) json["node"] = why.node;
    if (!why.peer.empty()) json["peer"] = why.peer;
    json["why"] = why.sentence;
    json["helps"] = why.remedy;
    json["evidence"] = why.evidence;
    for (const Foreseen& one : foresee(facts)) json["next"].push_back(next_json(one));
    if (!proof.state.empty()) json["state"] = proof.state;
    if (proof.in_state_ns) json["in_state_s"] = seconds(*proof.in_state_ns);
    if (Json code = code_json(facts, why); !code.empty()) json["code"] = std::move(code);
    if (proof.hindrances.empty()) return json;
    json["in_the_way"] = Json::array();
    for (const Hindrance& one : proof.hindrances) json["in_the_way"].push_back(text_of(one));
    if (proof.more_hindrances > 0) json["more_in_the_way"] = proof.more_hindrances;
    return json;
}

}  // namespace netcut
