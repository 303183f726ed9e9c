// SPDX-License-Identifier: Apache-2.0
#include "why/hang_json.h"

#include <algorithm>

#include "record/event.h"
#include "why/cause.h"
#include "why/proof.h"
#include "why/traceback.h"

namespace netcut {

namespace {

constexpr std::size_t most_lines_of_code = 16;

// Of the nodes that it is about first; each text of a node once.
Json code_json(const Facts& facts, const Explanation& why) {
    std::vector<std::string> first, others;
    for (const auto& [node, stack] : facts.stacks) {
        const std::string text = text_of(stack);
        if (text.empty()) continue;
        auto& lines = node == why.node || node == why.peer ? first : others;
        std::string line = node + ": " + text;
        if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
    }
    first.insert(first.end(), others.begin(), others.end());
    first.resize(std::min(first.size(), most_lines_of_code));
    return first;
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
    if (Json code = code_json(facts, why); !code.empty()) json["code"] = std::move(code);
    if (proof.hindrances.empty()) return json;
    json["in_the_way"] = Json::array();
    for (const Hindrance& one : proof.hindrances) json["in_the_way"].push_back(text_of(one));
    if (proof.more_hindrances > 0) json["more_in_the_way"] = proof.more_hindrances;
    return json;
}

}  // namespace netcut
