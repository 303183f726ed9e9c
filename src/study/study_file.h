// SPDX-License-Identifier: Apache-2.0
//
// Study files: YAML, docs/studies.md. What they name (a scenario, a template, traces) is read with the thread's rights (AsUser).
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "scenario/outline_schema.h"
#include "scenario/yaml_section.h"
#include "study/design.h"

namespace netcut {

// A level, and what it sets in the scenario: "faults.0.model" to "iid {loss}". {NAME} is the level of that factor.
struct LevelSpec {
    std::string name;
    std::map<std::string, std::string> set{};
};
struct FactorSpec {
    std::string name;
    std::vector<LevelSpec> levels{};
};

// A study file, before the cells are made.
struct StudySpec {
    StudyDesign design{};  // without cells
    std::vector<FactorSpec> factors{};
    std::vector<std::vector<std::string>>
        listed{};                                  // combinations, a level of each factor; empty: all of them
    std::string template_name{}, scenario_file{};  // what the scenario is; or
    YAML::Node scenario{YAML::NodeType::Undefined};
    std::map<std::string, std::string> parameters{};  // of the scenario, from the command line
    bool keeps_experiments = false;  // cells have the scenario's moments: for who makes cells of cells
};
// Asks the mapping for its keys; what is wrong is in the section's source.
void read_study_keys(YamlSection& section, StudySpec& spec);
// Those of them that say what is run, and those that say how often, for how long and what is kept: a matrix has them, too.
void read_scenario_keys(YamlSection& section, StudySpec& spec);
void read_design_keys(YamlSection& section, StudyDesign& design);

struct StudyReading {
    StudyDesign design{};
    std::vector<Error> errors{};
};
// `parameters`: of the scenario, over what the file says.
StudyReading read_study_text(const std::string& text, const std::string& file,
                             const std::map<std::string, std::string>& parameters = {});
// The same of a file; the first error.
Result<StudyDesign> read_study(const std::string& text, const std::string& file,
                               const std::map<std::string, std::string>& parameters = {});
// Whether a YAML text is a study: it has `factors`.
bool is_study(const std::string& text);

// JSON Schema (2020-12) of a study file, and what its keys mean.
std::string study_schema();
const Meanings& meanings_of_study();
// The same of any file that holds scenarios.
std::string schema_around_scenario(const std::string& title, const std::string& description,
                                   void (*outline)(YamlSection& section), const Meanings& meanings);

}  // namespace netcut
