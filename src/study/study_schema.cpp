// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "scenario/outline_schema.h"
#include "scenario/schema.h"
#include "study/study_file.h"

namespace netcut {
namespace {

void outline_study(YamlSection& section) {
    StudySpec spec;
    read_study_keys(section, spec);
}

}  // namespace

const Meanings& meanings_of_study() {
    static const Meanings all = {
        {"name", "The name of the study"},
        {"template", "The template that is run: a name that netcut-fl templates lists, or a folder"},
        {"scenario", "The scenario that is run: a file, relative to this one, or the scenario itself"},
        {"factors", "What is varied"},
        {"factors.name", "The name of the factor; by default its key"},
        {"key",
         "The key of the scenario that it sets, with dots: faults.0.model, tcp.congestion, cols, seed"},
        {"as", "What the key is set to, with levels in braces: iid {loss}"},
        {"values", "The levels"},
        {"from", "The first level of a range, with its unit"},
        {"to", "No level of the range is above this"},
        {"by", "The step between two levels"},
        {"steps", "In place of by: how many levels there are"},
        {"levels", "Levels that set several keys"},
        {"levels.name", "The name of the level"},
        {"set", "Keys of the scenario, and what the level sets them to"},
        {"combine", "full: all combinations of levels; or a list of combinations, a level of each factor"},
        {"repeat", "How many runs each cell has: a number, or the least and the most as in 5..30"},
        {"until",
         "Measures, and how narrow the interval of each mean must be before a cell has enough "
         "repeats: half of it as a share of the mean; at: its confidence"},
        {"budget", "When no further run is begun: the time of one command, or"},
        {"time", "The time of one command"},
        {"runs", "The number of runs of the whole study"},
        {"measures", "Numbers of a run, besides those that every study has"},
        {"measures.name", "The name of the measure"},
        {"node", "Whose log has it, or all; by default the aggregator's"},
        {"pattern", "A log line; its first group is the number"},
        {"verdict", "In place of a pattern: the keys of verdict.json that lead to the number"},
        {"take", "Which of several numbers it is, or what is made of them"},
        {"seed", "What the order of the runs and their own seeds follow from"},
        {"machine", "What is done about a machine that spoils runs"},
        {"tries", "How often a run is begun at most"},
        {"crowded_above", "A run of which a program waited for a CPU for more than this share is made again"},
        {"keep", "The folders of which runs are kept"},
    };
    return all;
}

std::string schema_around_scenario(const std::string& title, const std::string& description,
                                   void (*outline)(YamlSection& section), const Meanings& meanings) {
    Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", title},
                   {"description", description}};
    schema.update(outline_of(outline));
    std::vector<std::string> path;
    describe(schema, meanings, path);
    Json scenario = Json::parse(scenario_schema());
    schema["$defs"] = scenario["$defs"];
    scenario.erase("$defs");
    scenario.erase("$schema");
    schema["$defs"]["scenario"] = std::move(scenario);
    return schema.dump(2);
}

std::string study_schema() {
    return schema_around_scenario("a study of netcut-fl", "What netcut-fl study reads; docs/studies.md",
                                  outline_study, meanings_of_study());
}

}  // namespace netcut
