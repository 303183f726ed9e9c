// SPDX-License-Identifier: Apache-2.0
#include "matrix/matrix_keys.h"

#include <fmt/format.h>

#include <set>

namespace netcut {
namespace {

constexpr unsigned default_repeats = 3;

void read_framework(YamlSection& section, FrameworkSpec& framework) {
    section.text("name", framework.name);
    read_scenario_keys(section, framework.study);
    framework.study.keeps_experiments = true;
    std::vector<std::string> versions;
    std::map<std::string, std::string> set;
    section.list("versions", versions);
    section.map("set", set);
    if (framework.name.empty()) section.missing("name", "a framework needs a name");
    if (versions.empty()) section.missing("versions", "a framework needs at least one version");
    FactorSpec& factor = framework.study.factors.emplace_back(FactorSpec{version_factor});
    std::set<std::string> seen;
    for (const std::string& version : versions) {
        if (!seen.insert(version).second)
            section.fail_at("versions", fmt::format("{} is there twice", version), "leave one out");
        factor.levels.push_back({version, set});
    }
}

void read_search(YamlSection& section, SearchOptions& search) {
    using std::chrono::milliseconds;
    search.least = milliseconds(500);
    search.most = std::chrono::seconds(60);
    search.within = milliseconds(1000);
    section.duration("least", search.least);
    section.duration("most", search.most);
    section.duration("within", search.within);
    section.count("repeat", search.repeats, 1, most_study_repeats);
    if (search.least <= Nanoseconds(0) || search.most <= search.least || search.within < milliseconds(1))
        section.fail_at("least", "it must be below most, and within at least 1ms",
                        "write explore: {least: 500ms, most: 60s, within: 1s}");
}

}  // namespace

void read_matrix_keys(YamlSection& section, MatrixKeys& keys) {
    keys.design.kind = "matrix";
    keys.design.name = "matrix";
    keys.design.least_repeats = keys.design.most_repeats = default_repeats;
    keys.design.keep = KeepRuns::all;  // a cell leads to its runs
    section.text("name", keys.design.name);
    section.sections("frameworks", [&](YamlSection& framework) {
        read_framework(framework, keys.frameworks.emplace_back());
    });
    std::set<std::string> names;
    for (const FrameworkSpec& framework : keys.frameworks)
        if (!names.insert(framework.name).second)
            section.fail_at("frameworks", fmt::format("two of them are called '{}'", framework.name),
                            "give each a name of its own; versions of one are in its versions");
    if (keys.frameworks.empty()) section.missing("frameworks", "a matrix needs a framework");
    section.list("moments", keys.moments);
    section.list("kinds", keys.kinds);
    section.list("durations", keys.durations);
    section.section(
        "explore", [&](YamlSection& search) { read_search(search, keys.explore.emplace()); }, "most: 60s");
    read_design_keys(section, keys.design);
}

}  // namespace netcut
