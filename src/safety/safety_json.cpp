// SPDX-License-Identifier: Apache-2.0
#include "safety/safety_json.h"

#include "record/fields_json.h"
#include "record/fields_schema.h"

namespace netcut {
namespace {

constexpr std::size_t most_rows = 1000, most_cells = 10'000;  // of the grid; after these it is left out

Json cell_json(const SafetyCell& cell) {
    Json json = {{"delivered", value_json(cell.delivered)},
                 {"model_delivered", value_json(cell.model_delivered)},
                 {"counted", value_json(cell.counted)}};
    if (cell.finding) json["finding"] = word_of(*cell.finding);
    return json;
}

Json count_schema(const char* description) {
    return {{"type", {"integer", "null"}}, {"description", description}};
}

Json texts_schema(const char* description) {
    return {{"type", "array"}, {"items", {{"type", "string"}}}, {"description", description}};
}

Json object(Json properties, Json required, const char* description) {
    Json schema = KeySchemas{std::move(properties), std::move(required)}.object();
    schema["description"] = description;
    return schema;
}

}  // namespace

Json safety_json(const Safety& safety) {
    Json json = {{"word", word_of(safety.word)},
                 {"text", safety.text()},
                 {"findings", Json::array()},
                 {"judged", safety.judged},
                 {"unjudged", safety.unjudged}};
    if (safety.decides) json["decides"] = true;
    for (const Finding& one : safety.findings) {
        Json& finding =
            json["findings"].emplace_back(Json{{"finding", word_of(one.kind)}, {"text", one.text}});
        if (!one.round.empty()) finding["round"] = one.round;
        if (!one.node.empty()) finding["node"] = one.node;
    }
    if (safety.grid.empty() || safety.grid.size() > most_rows ||
        safety.grid.size() * safety.nodes.size() > most_cells)
        return json;
    json["grid"] = {{"nodes", safety.nodes}, {"rounds", safety.rounds}, {"cells", Json::array()}};
    for (const auto& row : safety.grid) {
        Json& cells = json["grid"]["cells"].emplace_back(Json::array());
        for (const SafetyCell& cell : row) cells.push_back(cell_json(cell));
    }
    return json;
}

Json safety_schema() {
    const Json text = {{"type", "string"}};
    Json finding =
        object({{"finding", words_schema_of<FindingKind>()}, {"text", text}, {"round", text}, {"node", text}},
               {"finding", "text"}, "What is otherwise than in an undisturbed run");
    Json cell =
        object({{"delivered", count_schema("How often the update was delivered whole; null: unknown")},
                {"model_delivered", count_schema("How often the model was; null: unknown")},
                {"counted", count_schema("How often it was counted; null: nothing says so")},
                {"finding", words_schema_of<FindingKind>()}},
               {"delivered", "model_delivered", "counted"}, "Of one collaborator in one round");
    const Json row = {{"type", "array"}, {"items", cell}};
    Json grid =
        object({{"nodes", texts_schema("The collaborators")},
                {"rounds", texts_schema("The rounds")},
                {"cells", {{"type", "array"}, {"items", row}, {"description", "By round, then by node"}}}},
               {"nodes", "rounds", "cells"}, "Rounds and collaborators");
    Json word = words_schema_of<SafetyWord>();
    word["description"] = "Whether the model is that of an undisturbed run";
    return object({{"word", word},
                   {"text", text},
                   {"findings", {{"type", "array"}, {"items", finding}}},
                   {"judged", texts_schema("What was judged")},
                   {"unjudged", texts_schema("What could not be, and why")},
                   {"decides", {{"type", "boolean"}, {"description", "It decides about the exit status"}}},
                   {"grid", grid}},
                  {"word", "text", "findings", "judged", "unjudged"},
                  "Whether the model is right; docs/safety.md");
}

}  // namespace netcut
