// SPDX-License-Identifier: Apache-2.0
#include "matrix/matrix_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/phase_moments.h"
#include "matrix/matrix_keys.h"
#include "scenario/outline_schema.h"
#include "study/cells.h"

namespace netcut {
namespace {

Result<void> add_versions(MatrixSpec& spec, const FrameworkSpec& framework, const std::string& file) {
    NETCUT_ASSIGN(std::vector<StudyCell> cells, make_cells(framework.study, file));
    for (StudyCell& cell : cells)
        spec.versions.push_back({framework.name, cell.factors.front().second, std::move(cell.scenario)});
    return {};
}

bool has_moment(const Scenario& base, const std::string& name) {
    const auto named = [&](const ExperimentSpec& one) { return one.name == name; };
    const auto phases = phase_experiments();
    return std::any_of(base.experiments.begin(), base.experiments.end(), named) ||
           std::any_of(phases.begin(), phases.end(), named);
}

// Those of the first version, or the phases of any program's work.
void default_moments(MatrixSpec& spec) {
    const auto& own = spec.versions.front().base.experiments;
    for (const ExperimentSpec& one : own.empty() ? phase_experiments() : own)
        spec.moments.push_back(one.name);
}

Result<void> check_moments(const MatrixSpec& spec) {
    for (const std::string& moment : spec.moments)
        if (std::none_of(spec.versions.begin(), spec.versions.end(),
                         [&](const MatrixVersion& one) { return has_moment(one.base, moment); }))
            return usage_failure(
                "read moments of the matrix", fmt::format("no framework has the moment '{}'", moment),
                "name moments of their scenarios or templates, or phases: sending, reply-lost",
                Mistake::unknown_name);
    return {};
}

Result<void> fill_in(MatrixSpec& spec, const MatrixKeys& keys, const std::string& file) {
    spec.design = keys.design;
    spec.explore = keys.explore;
    spec.moments = keys.moments;
    for (const FrameworkSpec& framework : keys.frameworks) NETCUT_TRY(add_versions(spec, framework, file));
    if (spec.moments.empty()) default_moments(spec);
    NETCUT_TRY(check_moments(spec));
    const std::vector<std::string> two = {"drop", "unplug"}, usual = {"20s"};
    for (const std::string& word : keys.kinds.empty() ? two : keys.kinds) {
        NETCUT_ASSIGN(CutKind kind, CutKind::parse(word));
        spec.kinds.push_back(std::move(kind));
    }
    for (const std::string& word : keys.durations.empty() ? usual : keys.durations) {
        NETCUT_ASSIGN(const Nanoseconds duration, parse_duration(word));
        spec.durations.push_back(duration);
    }
    return {};
}

void outline_matrix(YamlSection& section) {
    MatrixKeys keys;
    read_matrix_keys(section, keys);
}

Meanings meanings_of_matrix() {
    Meanings all = meanings_of_study();
    all["name"] = "The name of the matrix; earlier results of the same name are its history";
    all["frameworks"] = "What is compared";
    all["frameworks.name"] = "The name of the framework";
    all["versions"] = "Its versions, in their order";
    all["frameworks.set"] = "Keys of the scenario, and what they are set to; {version} is the version";
    all["moments"] =
        "When to cut: moments of the scenarios by their names, or phases; by default those of the first";
    all["kinds"] = "How to cut, as --kinds of experiments takes it; by default drop and unplug";
    all["durations"] = "How long the cuts last; by default 20s";
    all["explore"] = "Also look for the shortest outage that is fatal, of each moment and kind";
    all["least"] = "The shortest outage that is tried";
    all["most"] = "The longest outage that is tried";
    all["within"] = "The search ends when the longest survived and the shortest fatal outage are this close";
    all["explore.repeat"] = "How many runs of each outage; all must survive";
    return all;
}

}  // namespace

std::string MatrixVersion::text() const {
    return framework + " " + version;
}

MatrixReading read_matrix_text(const std::string& text, const std::string& file,
                               const std::map<std::string, std::string>& parameters) {
    YamlSource source(file, "read the matrix");
    const YAML::Node root = source.load(text);
    MatrixKeys keys;
    YamlSection section(source, root, "the matrix");
    read_matrix_keys(section, keys);
    for (FrameworkSpec& framework : keys.frameworks) framework.study.parameters = parameters;
    section.finish();
    MatrixReading reading{{}, std::move(source.errors)};
    if (!reading.errors.empty()) return reading;
    if (auto filled = fill_in(reading.spec, keys, file); !filled)
        reading.errors.push_back(std::move(filled).error());
    return reading;
}

Result<MatrixSpec> read_matrix(const std::string& text, const std::string& file,
                               const std::map<std::string, std::string>& parameters) {
    MatrixReading reading = read_matrix_text(text, file, parameters);
    if (!reading.errors.empty()) return Failure(std::move(reading.errors.front()));
    return std::move(reading.spec);
}

bool is_matrix(const std::string& text) {
    YamlSource source;
    const YAML::Node root = source.load(text);
    return root.IsMap() && root["frameworks"];
}

std::string matrix_schema() {
    return schema_around_scenario("a matrix of netcut-fl", "What netcut-fl matrix reads; docs/matrix.md",
                                  outline_matrix, meanings_of_matrix());
}

}  // namespace netcut
