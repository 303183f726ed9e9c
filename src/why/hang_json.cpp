// SPDX-License-Identifier: Apache-2.0
#include "why/hang_json.h"

#include "record/event.h"
#include "why/cause.h"
#include "why/proof.h"

namespace netcut {

Json hang_json(const Facts& facts) {
    const event::RunProof& proof = *facts.proof;
    const Explanation why = explain(facts);
    Json json = {{"proof", word_of(proof.proof)}, {"cause", word_of(why.cause)}};
    if (!why.node.empty()) json["node"] = why.node;
    if (!why.peer.empty()) json["peer"] = why.peer;
    json["why"] = why.sentence;
    json["helps"] = why.remedy;
    json["evidence"] = why.evidence;
    if (proof.hindrances.empty()) return json;
    json["in_the_way"] = Json::array();
    for (const Hindrance& one : proof.hindrances) json["in_the_way"].push_back(text_of(one));
    if (proof.more_hindrances > 0) json["more_in_the_way"] = proof.more_hindrances;
    return json;
}

}  // namespace netcut
