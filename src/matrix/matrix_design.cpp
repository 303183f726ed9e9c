// SPDX-License-Identifier: Apache-2.0
#include "matrix/matrix_design.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/experiments.h"
#include "explore/phase_moments.h"
#include "scenario/check.h"

namespace netcut {
namespace {

const std::string& level_of(const StudyCell& cell, MatrixFactor factor) {
    return cell.factors[static_cast<std::size_t>(factor)].second;
}

void add_cell(StudyDesign& design, const MatrixVersion& version, const std::string& moment,
              const std::string& kind, const std::string& duration, Scenario scenario) {
    StudyCell cell{fmt::format("c{:03}", design.cells.size() + 1)};
    const std::string levels[] = {version.framework, version.version, moment, kind, duration};
    for (std::size_t i = 0; i < matrix_factor_words.size(); ++i)
        cell.factors.emplace_back(matrix_factor_words[i].word, levels[i]);
    cell.scenario = std::move(scenario);
    design.cells.push_back(std::move(cell));
}

Result<void> add_undisturbed(StudyDesign& design, const MatrixVersion& version) {
    Scenario scenario = version.base;
    scenario.experiments.clear();
    scenario.faults.clear();
    scenario.name = version.text() + " " + undisturbed_moment;
    NETCUT_TRY(check(scenario));
    add_cell(design, version, undisturbed_moment, no_kind, no_duration, std::move(scenario));
    return {};
}

const ExperimentSpec* moment_of(const std::vector<ExperimentSpec>& known, const std::string& name) {
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const ExperimentSpec& one) { return one.name == name; });
    return found == known.end() ? nullptr : &*found;
}

Result<void> add_moments(StudyDesign& design, const MatrixSpec& spec, const MatrixVersion& version) {
    std::vector<ExperimentSpec> known = version.base.experiments;
    const auto phases = phase_experiments();
    known.insert(known.end(), phases.begin(), phases.end());
    for (const std::string& name : spec.moments) {
        const ExperimentSpec* moment = moment_of(known, name);
        if (moment == nullptr) continue;  // this framework has none of that name
        for (const CutKind& kind : spec.kinds)
            for (const Nanoseconds duration : spec.durations) {
                NETCUT_ASSIGN(Scenario scenario,
                              experiment_scenario(version.base, *moment, {kind, duration}));
                scenario.name = fmt::format("{} {}", version.text(), scenario.name);
                add_cell(design, version, name, kind.name, duration_text(duration), std::move(scenario));
            }
    }
    return {};
}

// Each level once, in the order of the cells.
std::vector<StudyFactor> factors_of(const StudyDesign& design) {
    std::vector<StudyFactor> factors;
    for (const auto& known : matrix_factor_words) factors.push_back({known.word, {}});
    for (const StudyCell& cell : design.cells)
        for (std::size_t i = 0; i < factors.size(); ++i) {
            auto& levels = factors[i].levels;
            if (const std::string& level = cell.factors[i].second;
                std::find(levels.begin(), levels.end(), level) == levels.end())
                levels.push_back(level);
        }
    return factors;
}

}  // namespace

Result<StudyDesign> design_of(const MatrixSpec& spec) {
    StudyDesign design = spec.design;
    for (const MatrixVersion& version : spec.versions) NETCUT_TRY(add_undisturbed(design, version));
    for (const MatrixVersion& version : spec.versions) NETCUT_TRY(add_moments(design, spec, version));
    if (design.cells.size() > most_study_cells)
        return usage_failure("make the cells of the matrix",
                             fmt::format("there are more than {}", most_study_cells));
    design.factors = factors_of(design);
    return design;
}

bool is_undisturbed(const StudyCell& cell) {
    return level_of(cell, MatrixFactor::moment) == undisturbed_moment;
}

std::size_t version_of(const MatrixSpec& spec, const StudyCell& cell) {
    const auto found =
        std::find_if(spec.versions.begin(), spec.versions.end(), [&](const MatrixVersion& one) {
            return one.framework == level_of(cell, MatrixFactor::framework) &&
                   one.version == level_of(cell, MatrixFactor::version);
        });
    return static_cast<std::size_t>(found - spec.versions.begin());
}

}  // namespace netcut
