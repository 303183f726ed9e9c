// SPDX-License-Identifier: Apache-2.0
#include "study/facts.h"

#include <fmt/format.h>

#include <set>

#include "base/time.h"

namespace netcut {
namespace {

constexpr int facts_schema = 1;

// What was given for a fault, as a scenario has it: the model of a loss is one of these keys.
Json fault_facts(const FaultSpec& fault) {
    Json json = {{"name", fault.name}, {"kind", fault.kind->name}, {"nodes", fault.nodes}};
    for (const auto& [key, value] : fault.values)
        if (const auto* text = std::get_if<std::string>(&value)) json["keys"][key] = *text;
    json["for"] = fault.duration ? Json(duration_text(*fault.duration)) : Json("never");
    return json;
}

Json cell_facts(const StudyCell& cell) {
    Json json = {{"cell", cell.id}, {"factors", Json::object()}, {"faults", Json::array()}};
    for (const auto& [name, level] : cell.factors) json["factors"][name] = level;
    for (const FaultSpec& fault : cell.scenario.faults) json["faults"].push_back(fault_facts(fault));
    json["nodes"] = cell.scenario.collaborators + 1;
    return json;
}

Json measure_facts(const StudyMeasure& measure) {
    Json json = {{"name", measure.name}};
    if (!measure.verdict.empty()) json["verdict"] = measure.verdict;
    if (measure.pattern.empty()) return json;
    json["node"] = measure.node;
    json["pattern"] = measure.pattern;
    json["take"] = word_of(measure.take);
    return json;
}

Json columns_facts(const Json& design) {
    Json columns = Json::array();
    const auto add = [&](const std::string& name, const std::string& meaning) {
        columns.push_back({{"name", name}, {"meaning", meaning}});
    };
    for (const StudyColumn& column : study_columns()) {
        add(column.name, column.meaning);
        if (std::string_view(column.name) == "seed")
            for (const Json& factor : design.at("factors"))
                add("factor." + factor.at("name").get<std::string>(), "The level of this factor");
        if (std::string_view(column.name) == "lost_packets")
            for (const Json& measure : design.at("measures"))
                add("measure." + measure.at("name").get<std::string>(), "This measure of the study");
    }
    return columns;
}

}  // namespace

Json design_facts(const StudyDesign& design) {
    Json json = {{"schema", facts_schema},
                 {"kind", design.kind},
                 {"name", design.name},
                 {"digest", design.digest()},
                 {"seed", design.seed},
                 {"repeats", {{"least", design.least_repeats}, {"most", design.most_repeats}}},
                 {"confidence", design.confidence},
                 {"until", Json::object()},
                 {"crowded_above", design.crowded_above},
                 {"most_tries", design.most_tries},
                 {"factors", Json::array()},
                 {"measures", Json::array()},
                 {"cells", Json::array()}};
    for (const StudyUntil& until : design.until) json["until"][until.measure] = until.share;
    for (const StudyFactor& factor : design.factors)
        json["factors"].push_back({{"name", factor.name}, {"levels", factor.levels}});
    for (const StudyMeasure& measure : design.measures) json["measures"].push_back(measure_facts(measure));
    for (const StudyCell& cell : design.cells) json["cells"].push_back(cell_facts(cell));
    return json;
}

Json study_facts(const Json& design, const StudyRows& rows) {
    std::set<std::string> versions, kernels, hosts;
    std::map<std::string, std::size_t> machines;
    for (const auto& known : machine_words) machines[known.word] = 0;
    std::size_t tries = 0, crowded = 0, errors = 0, lost = 0;
    std::string first, last;
    for (const auto& [key, row] : rows) {
        versions.insert(row.version);
        kernels.insert(row.kernel);
        hosts.insert(row.host);
        ++machines[word_of(row.machine)];
        tries += row.tries;
        crowded += row.crowded_tries;
        errors += row.error_tries;
        lost += row.lost_tries;
        if (first.empty() || row.started < first) first = row.started;
        last = std::max(last, row.started);
    }
    Json json = design;
    json["runs"] = {{"rows", rows.size()},      {"machine", machines},   {"tries", tries},
                    {"crowded_tries", crowded}, {"error_tries", errors}, {"lost_tries", lost},
                    {"first_started", first},   {"last_started", last}};
    json["versions"] = versions;
    json["kernels"] = kernels;
    json["hosts"] = hosts;
    json["columns"] = columns_facts(design);
    return json;
}

}  // namespace netcut
