// SPDX-License-Identifier: Apache-2.0
#include "study/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "scenario/check.h"
#include "scenario/complete.h"
#include "scenario/input.h"
#include "scenario/template.h"
#include "scenario/yaml.h"
#include "scenario/yaml_node.h"
#include "scenario/yaml_section.h"

namespace netcut {
namespace {

constexpr const char* path_hint = "write the keys that lead there with dots: faults.0.model";
// A factor of this key sets the seed of each fault that has one.
constexpr const char* seed_key = "seed";

std::vector<std::string> split_path(const std::string& path) {
    std::vector<std::string> keys(1);
    for (const char c : path) {
        if (c == '.')
            keys.emplace_back();
        else
            keys.back() += c;
    }
    return keys;
}

std::optional<std::size_t> number_of_entry(const YAML::Node& list, const std::string& key) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
    if (error == std::errc() && end == key.data() + key.size())
        return number <= list.size() ? std::optional(number) : std::nullopt;
    for (std::size_t i = 0; i < list.size(); ++i)
        if (list[i].IsMap() && list[i]["name"] && list[i]["name"].IsScalar() &&
            list[i]["name"].Scalar() == key)
            return i;
    return {};
}

bool is_number(const std::string& key) {
    return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// `keys` from `at` on, below `node`.
Result<void> set_below(YAML::Node node, const std::vector<std::string>& keys, std::size_t at,
                       const std::string& value, const std::string& path) {
    const auto wrong = [&](const std::string& why) { return usage_failure("set " + path, why, path_hint); };
    const std::string& key = keys[at];
    const bool last = at + 1 == keys.size();
    if (key.empty()) return wrong("a key of it is empty");
    const auto descend = [&](YAML::Node child) -> Result<void> {
        return set_below(child, keys, at + 1, value, path);
    };
    const auto fresh = [&] {
        return YAML::Node(!last && is_number(keys[at + 1]) ? YAML::NodeType::Sequence : YAML::NodeType::Map);
    };
    if (node.IsSequence()) {
        const auto number = number_of_entry(node, key);
        if (!number) return wrong(fmt::format("the list before '{}' has no such entry", key));
        if (*number == node.size()) node.push_back(last ? YAML::Node(value) : fresh());
        if (!last) return descend(node[*number]);
        node[*number] = value;
        return {};
    }
    if (!node.IsMap() && !node.IsNull()) return wrong(fmt::format("what is before '{}' has no keys", key));
    if (last) {
        node[key] = value;
        return {};
    }
    if (!node[key] || node[key].IsNull()) node[key] = fresh();
    return descend(node[key]);
}

// What all cells have in common.
struct Base {
    Scenario beneath{};  // the template
    YAML::Node node{};
    std::string file{};
};

Result<Base> read_base(const StudySpec& spec, const std::string& file) {
    Base base;
    base.file = file;
    if (!spec.template_name.empty()) {
        base.node = YAML::Node(YAML::NodeType::Map);
        base.node["template"] = spec.template_name;
    } else if (!spec.scenario_file.empty()) {
        const std::filesystem::path path = std::filesystem::path(file).parent_path() / spec.scenario_file;
        base.file = path;
        NETCUT_ASSIGN(const std::string text, read_input(base.file, Input::file, most_scenario));
        YamlSource source(base.file);
        base.node = source.load(text);
        Scenario unused;
        read_scenario_node(source, base.node, unused);  // here mistakes have their places
        NETCUT_TRY(source.result());
    } else {
        base.node = spec.scenario;
    }
    const YAML::Node wanted = base.node.IsMap() ? base.node["template"] : YAML::Node();
    const bool has_template = wanted.IsDefined() && wanted.IsScalar();
    if (has_template) NETCUT_TRY(read_template(base.beneath, wanted.Scalar()));
    for (const auto& [name, value] : spec.parameters) {
        if (has_template && !base.beneath.parameters.contains(name))
            return usage_failure("set the parameter '" + name + "'", "the template has none of that name",
                                 "netcut-fl templates TEMPLATE lists them");
        NETCUT_TRY(set_in_scenario(base.node, "parameters." + name, value));
    }
    return base;
}

void set_seed(Scenario& scenario, const std::string& seed) {
    for (FaultSpec& fault : scenario.faults)
        if (std::any_of(fault.kind->keys.begin(), fault.kind->keys.end(),
                        [](const FaultKey& key) { return key.name == seed_key; }))
            fault.values[seed_key] = seed;
    if (uses_parameter(scenario, run_seed_parameter)) scenario.parameters[run_seed_parameter] = seed;
}

Result<void> make_scenario_of(StudyCell& cell, const Base& base,
                              const std::map<std::string, std::string>& set, bool keeps_experiments) {
    Scenario scenario = base.beneath;
    YAML::Node node = YAML::Clone(base.node);
    std::string seed;
    for (const auto& [path, value] : set) {
        const std::string text = with_levels(value, cell.factors);
        if (path == seed_key)
            seed = text;
        else
            NETCUT_TRY(set_in_scenario(node, path, text));
    }
    YamlSource source;
    read_scenario_node(source, node, scenario);
    NETCUT_TRY(source.result());
    // It gets its value when a run is made.
    const bool is_new = scenario.parameters.emplace(run_seed_parameter, "0").second;
    if (is_new && !uses_parameter(scenario, run_seed_parameter))
        scenario.parameters.erase(run_seed_parameter);
    if (!seed.empty()) set_seed(scenario, seed);
    NETCUT_TRY(complete_paths(scenario));
    NETCUT_TRY(complete_workspace(scenario));
    NETCUT_TRY(read_named_files(scenario));
    if (!keeps_experiments) scenario.experiments.clear();
    NETCUT_TRY(check(scenario));
    cell.scenario = std::move(scenario);
    return {};
}

// The levels of each combination, by their places.
Result<std::vector<std::vector<std::size_t>>> combinations_of(const StudySpec& spec) {
    std::vector<std::vector<std::size_t>> all;
    for (const std::vector<std::string>& listed : spec.listed) {
        std::vector<std::size_t>& places = all.emplace_back();
        for (std::size_t i = 0; i < spec.factors.size() && i < listed.size(); ++i) {
            const auto& levels = spec.factors[i].levels;
            const auto found = std::find_if(levels.begin(), levels.end(),
                                            [&](const LevelSpec& one) { return one.name == listed[i]; });
            if (found == levels.end())
                return usage_failure("combine the factors",
                                     fmt::format("{} has no level '{}'", spec.factors[i].name, listed[i]),
                                     "list each combination as one level of each factor, in their order");
            places.push_back(static_cast<std::size_t>(found - levels.begin()));
        }
        if (listed.size() != spec.factors.size())
            return usage_failure("combine the factors",
                                 fmt::format("a combination has {} levels, and there are {} factors",
                                             listed.size(), spec.factors.size()),
                                 "list each combination as one level of each factor, in their order");
    }
    if (!all.empty()) return all;
    all.emplace_back();
    for (const FactorSpec& factor : spec.factors) {
        std::vector<std::vector<std::size_t>> longer;
        for (const auto& begun : all)
            for (std::size_t level = 0; level < factor.levels.size(); ++level) {
                longer.push_back(begun);
                longer.back().push_back(level);
            }
        all = std::move(longer);
        if (all.size() > most_study_cells)
            return usage_failure("combine the factors",
                                 fmt::format("there are more than {} combinations", most_study_cells),
                                 "list those that matter with combine: [[...], ...]");
    }
    return all;
}

}  // namespace

Result<void> set_in_scenario(YAML::Node& scenario, const std::string& path, const std::string& value) {
    std::vector<std::string> keys = split_path(path);
    if (keys.front() == "cols") keys.front() = "collaborators";
    return set_below(scenario, keys, 0, value, path);
}

std::string with_levels(const std::string& text,
                        const std::vector<std::pair<std::string, std::string>>& factors) {
    std::string made;
    for (std::size_t at = 0; at < text.size();) {
        const auto factor = std::find_if(factors.begin(), factors.end(), [&](const auto& one) {
            return text.compare(at, one.first.size() + 2, "{" + one.first + "}") == 0;
        });
        if (factor == factors.end()) {
            made += text[at++];
        } else {
            made += factor->second;
            at += factor->first.size() + 2;
        }
    }
    return made;
}

Result<std::vector<StudyCell>> make_cells(const StudySpec& spec, const std::string& file) {
    NETCUT_ASSIGN(const Base base, read_base(spec, file));
    NETCUT_ASSIGN(const auto combinations, combinations_of(spec));
    std::vector<StudyCell> cells;
    for (const auto& levels : combinations) {
        StudyCell cell{fmt::format("c{:03}", cells.size() + 1)};
        std::map<std::string, std::string> set;
        for (std::size_t i = 0; i < levels.size(); ++i) {
            const LevelSpec& level = spec.factors[i].levels[levels[i]];
            cell.factors.emplace_back(spec.factors[i].name, level.name);
            for (const auto& [path, value] : level.set) set[path] = value;
        }
        if (auto made = make_scenario_of(cell, base, set, spec.keeps_experiments); !made) {
            Error error = std::move(made).error();
            error.attempt =
                fmt::format("make the cell {} ({}) of the study: {}", cell.id, cell.text(), error.attempt);
            return Failure(std::move(error));
        }
        cells.push_back(std::move(cell));
    }
    return cells;
}

}  // namespace netcut
