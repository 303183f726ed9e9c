// SPDX-License-Identifier: Apache-2.0
#include "study/study_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/quantity.h"
#include "scenario/value_schema.h"
#include "scenario/words.h"
#include "scenario/yaml_node.h"
#include "study/cells.h"
#include "study/row.h"
#include "trigger/pattern.h"

namespace netcut {
namespace {

constexpr std::size_t most_levels = 10'000;  // of one factor
constexpr const char* until_confidence = "at";

std::vector<std::string> names_of_takes() {
    std::vector<std::string> names;
    for (const auto& one : measure_take_words) names.emplace_back(one.word);
    return names;
}

// One of several keys, which no schema says.
void needs(YamlSection& section, const std::string& key, const std::string& what) {
    if (const bool has_text = !section.places().empty(); has_text) section.missing(key, what);
}

Result<Quantity> quantity_of(const std::string& text) {
    const auto quantity = read_quantity(text);
    if (!quantity || !std::isfinite(quantity->number))
        return usage_failure("read '" + text + "'", "it is no number", "write a number, with a unit or not");
    return *quantity;
}

// from, to and by or steps; what was given.
struct Range {
    std::string from{}, to{}, by{};
    unsigned steps = 0;

    bool given() const { return !from.empty() || !to.empty() || !by.empty() || steps > 0; }
};

Result<double> step_of(const Range& range, const Quantity& from, const Quantity& to) {
    if (range.by.empty() == (range.steps == 0))
        return usage_failure("make the levels of the range", "it needs either by or steps",
                             "write by: 6% or steps: 6");
    if (range.steps > 0) return range.steps == 1 ? 1 : (to.number - from.number) / (range.steps - 1);
    NETCUT_ASSIGN(const Quantity by, quantity_of(range.by));
    if (by.unit != from.unit || !(by.number > 0))
        return usage_failure("make the levels of the range",
                             fmt::format("'{}' is no step from '{}'", range.by, range.from),
                             "write a step above 0, with the same unit");
    return by.number;
}

Result<std::vector<std::string>> levels_of(const Range& range) {
    NETCUT_ASSIGN(const Quantity from, quantity_of(range.from));
    NETCUT_ASSIGN(const Quantity to, quantity_of(range.to));
    if (from.unit != to.unit || !(to.number > from.number))
        return usage_failure("make the levels of the range",
                             fmt::format("'{}' is not below '{}'", range.from, range.to),
                             "write the lower end first, with the same unit");
    NETCUT_ASSIGN(const double step, step_of(range, from, to));
    const double count =
        range.steps > 0 ? range.steps : std::floor((to.number - from.number) / step + 1e-9) + 1;
    if (!(count <= static_cast<double>(most_levels)))
        return usage_failure("make the levels of the range",
                             fmt::format("there are more than {}", most_levels), "take larger steps");
    std::vector<std::string> levels;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
        levels.push_back(fmt::format("{:.10g}{}", from.number + static_cast<double>(i) * step, from.unit));
    return levels;
}

void read_level(YamlSection& section, FactorSpec& factor) {
    LevelSpec& level = factor.levels.emplace_back();
    section.text("name", level.name);
    section.map("set", level.set);
    if (level.name.empty()) section.missing("name", "a level needs a name");
}

void read_range(YamlSection& section, std::vector<std::string>& values) {
    Range range;
    section.text("from", range.from);
    section.text("to", range.to);
    section.text("by", range.by);
    section.count("steps", range.steps, 1, most_levels);
    if (!range.given()) return;
    if (!values.empty()) return section.fail_at("values", "it has a range, too", "give one of the two");
    auto made = levels_of(range);
    if (!made) return section.fail_at("from", made.error().reason, made.error().hint);
    values = std::move(*made);
}

void read_factor(YamlSection& section, FactorSpec& factor) {
    std::string key, as;
    std::vector<std::string> values;
    section.text("name", factor.name);
    section.text("key", key);
    section.text("as", as);
    section.list("values", values);
    read_range(section, values);
    section.sections("levels", [&](YamlSection& level) { read_level(level, factor); });
    if (factor.name.empty()) factor.name = key;
    if (factor.name.empty()) needs(section, "key", "a factor needs a key of the scenario, or a name");
    if (!values.empty() && !factor.levels.empty())
        section.fail_at("levels", "the factor has values, too", "give one of the two");
    for (const std::string& value : values) {
        LevelSpec& level = factor.levels.emplace_back(LevelSpec{value});
        if (!key.empty()) level.set[key] = as.empty() ? value : as;
    }
    if (factor.levels.empty())
        needs(section, "values", "a factor needs values, a range (from, to, by) or levels");
}

void refuse_equal_names(YamlSection& section, const StudySpec& spec) {
    std::set<std::string> factors;
    for (const FactorSpec& factor : spec.factors) {
        if (!factors.insert(factor.name).second)
            section.fail_at("factors", fmt::format("two of them are called '{}'", factor.name),
                            "give each a name of its own");
        std::set<std::string> levels;
        for (const LevelSpec& level : factor.levels)
            if (!levels.insert(level.name).second)
                section.fail_at("factors",
                                fmt::format("{} has the level '{}' twice", factor.name, level.name),
                                "leave one out");
    }
}

bool is_named_by(const LevelSpec& level, const std::string& word) {
    return std::any_of(level.set.begin(), level.set.end(),
                       [&](const auto& one) { return one.second.find(word) != std::string::npos; });
}

// A factor that sets nothing, and that nothing names, would only repeat runs under other names.
void refuse_idle_factors(YamlSection& section, const StudySpec& spec) {
    for (const FactorSpec& factor : spec.factors) {
        bool used = false;
        for (const FactorSpec& other : spec.factors)
            for (const LevelSpec& level : other.levels)
                used = used ||
                       (&other == &factor ? !level.set.empty() : is_named_by(level, "{" + factor.name + "}"));
        if (!used)
            section.fail_at("factors",
                            fmt::format("{} sets nothing, and no other factor names it", factor.name),
                            "give it a key of the scenario, or write {" + factor.name + "} where it matters");
    }
}

Result<unsigned> repeats_of_word(const std::string& word) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() || number == 0 ||
        number > most_study_repeats)
        return usage_failure("read repeat",
                             fmt::format("'{}' is no whole number from 1 to {}", word, most_study_repeats),
                             "write repeat: 10, or repeat: 5..30 with until");
    return number;
}

// "10" or "5..30".
Result<void> parse_repeat(StudyDesign& design, const std::string& text) {
    const std::size_t dots = text.find("..");
    NETCUT_ASSIGN(design.least_repeats, repeats_of_word(text.substr(0, dots)));
    design.most_repeats = design.least_repeats;
    if (dots == std::string::npos) return {};
    NETCUT_ASSIGN(design.most_repeats, repeats_of_word(text.substr(dots + 2)));
    if (design.most_repeats >= design.least_repeats) return {};
    return usage_failure("read repeat", fmt::format("'{}' runs backwards", text), "write repeat: 5..30");
}

bool is_measure(const StudyDesign& design, const std::string& name) {
    return std::any_of(study_columns().begin(), study_columns().end(),
                       [&](const StudyColumn& one) { return one.number != nullptr && name == one.name; }) ||
           std::any_of(design.measures.begin(), design.measures.end(),
                       [&](const StudyMeasure& one) { return one.name == name; });
}

void read_until(YamlSection& section, StudyDesign& design) {
    std::map<std::string, std::string> until;
    section.map("until", until);
    for (const auto& [name, text] : until) {
        const auto share = parse_share(text);
        if (!share || !(*share > 0 && *share < 1))
            section.fail_at("until",
                            fmt::format("'{}' of {} is no share above 0 % and below 100 %", text, name),
                            "write until: {recovery_s: 10%, at: 95%}");
        else if (name == until_confidence)
            design.confidence = *share;
        else if (!is_measure(design, name))
            section.fail_at(
                "until", fmt::format("there is no measure '{}'", name),
                "name recovery_s, round_s or another number of docs/studies.md, or one of measures");
        else
            design.until.push_back({name, *share});
    }
    if (!design.until.empty() && design.least_repeats < 2)
        section.fail_at("until", "one repeat has no interval", "write repeat: 5..30");
}

void read_budget(YamlSection& section, StudyDesign& design) {
    const auto take_time = [&](const std::string& text) -> Result<void> {
        NETCUT_ASSIGN(design.budget, parse_duration(text));
        return {};
    };
    if (section.single("budget", duration_schema()))
        return section.scalar("budget", take_time, duration_schema());
    section.section(
        "budget",
        [&](YamlSection& budget) {
            budget.scalar("time", take_time, duration_schema());
            unsigned runs = 0;
            budget.count("runs", runs, 1, 1'000'000);
            if (runs > 0) design.most_runs = runs;
        },
        "time: 2h, runs: 500");
}

void read_measure(YamlSection& section, StudyMeasure& measure) {
    std::string take;
    section.text("name", measure.name);
    measure.node = aggregator_name;
    section.text("node", measure.node);
    section.text("pattern", measure.pattern);
    section.text("verdict", measure.verdict);
    const auto parse = [&](const std::string& word) -> Result<void> {
        const auto found = parse_word<MeasureTake>(word);
        if (!found) return unknown_word(word, names_of_takes(), "number to take");
        measure.take = *found;
        return {};
    };
    section.scalar("take", parse, words_schema(names_of_takes()));
    if (measure.name.empty()) section.missing("name", "a measure needs a name");
    if (measure.pattern.empty() == measure.verdict.empty())
        return section.fail_at("pattern", "a measure has either a pattern or keys of verdict.json",
                               "write pattern: 're:accuracy ([0-9.]+)', or verdict: rounds.longest_s");
    if (measure.pattern.empty()) return;
    const auto pattern = Pattern::parse(measure.pattern);
    if (!pattern) return section.fail_at("pattern", pattern.error().reason, pattern.error().hint);
    if (pattern->groups() == 0 && measure.take != MeasureTake::count)
        section.fail_at("pattern", "it has no group that is the number",
                        "write pattern: 're:accuracy ([0-9.]+)'");
}

void read_combine(YamlSection& section, StudySpec& spec) {
    if (const auto word = section.single("combine", words_schema({"full"}))) {
        if (*word != "full")
            section.fail_at("combine", fmt::format("'{}' is neither full nor a list", *word),
                            "write combine: full, or a list of combinations");
        return;
    }
    section.lists("combine", spec.listed);
}

void read_machine(YamlSection& section, StudyDesign& design) {
    section.count("tries", design.most_tries, 1, 100);
    const auto parse = [&](const std::string& text) -> Result<void> {
        NETCUT_ASSIGN(design.crowded_above, parse_share(text));
        return {};
    };
    section.scalar("crowded_above", parse, share_schema());
}

void read_keep(YamlSection& section, StudyDesign& design) {
    std::vector<std::string> words;
    for (const auto& one : keep_words) words.emplace_back(one.word);
    const auto parse = [&](const std::string& word) -> Result<void> {
        const auto found = parse_word<KeepRuns>(word);
        if (!found) return unknown_word(word, words, "choice of what to keep");
        design.keep = *found;
        return {};
    };
    section.scalar("keep", parse, words_schema(words));
}

void read_seed(YamlSection& section, StudyDesign& design) {
    constexpr std::uint64_t most = (std::uint64_t{1} << 53) - 1;
    const auto parse = [&](const std::string& text) -> Result<void> {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), design.seed);
        if (error == std::errc() && end == text.data() + text.size() && design.seed <= most) return {};
        return usage_failure("read seed", fmt::format("'{}' is no whole number below 2^53", text));
    };
    section.scalar("seed", parse, count_schema(0, most));
}

}  // namespace

void read_scenario_keys(YamlSection& section, StudySpec& spec) {
    section.text("template", spec.template_name);
    constexpr const char* schema = R"({"anyOf": [{"type": "string"}, {"$ref": "#/$defs/scenario"}]})";
    spec.scenario = section.whole("scenario", schema);
    const bool there = spec.scenario.IsDefined();
    if (there && spec.scenario.IsScalar()) spec.scenario_file = spec.scenario.Scalar();
    if (there && !spec.scenario.IsScalar() && !spec.scenario.IsMap())
        section.fail_at("scenario", "it is neither a file nor a mapping", "write scenario: FILE.yaml");
    if (there && !spec.template_name.empty())
        section.fail_at("template", "there is a scenario, too",
                        "give one of the two; a scenario can name a template of its own");
    if (!there && spec.template_name.empty()) needs(section, "scenario", "it needs a scenario or a template");
}

void read_design_keys(YamlSection& section, StudyDesign& design) {
    section.scalar(
        "repeat", [&](const std::string& text) { return parse_repeat(design, text); },
        R"({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9]+([.][.][0-9]+)?$"}]})");
    section.sections("measures",
                     [&](YamlSection& measure) { read_measure(measure, design.measures.emplace_back()); });
    read_until(section, design);
    read_budget(section, design);
    read_seed(section, design);
    section.section(
        "machine", [&](YamlSection& machine) { read_machine(machine, design); }, "tries: 3");
    read_keep(section, design);
}

void read_study_keys(YamlSection& section, StudySpec& spec) {
    StudyDesign& design = spec.design;
    design.name = "study";
    section.text("name", design.name);
    read_scenario_keys(section, spec);
    section.sections("factors",
                     [&](YamlSection& factor) { read_factor(factor, spec.factors.emplace_back()); });
    refuse_equal_names(section, spec);
    refuse_idle_factors(section, spec);
    read_combine(section, spec);
    read_design_keys(section, design);
}

StudyReading read_study_text(const std::string& text, const std::string& file,
                             const std::map<std::string, std::string>& parameters) {
    YamlSource source(file, "read the study");
    const YAML::Node root = source.load(text);
    StudySpec spec;
    spec.parameters = parameters;
    YamlSection section(source, root, "the study");
    read_study_keys(section, spec);
    section.finish();
    if (source.errors.empty() && spec.scenario.IsDefined() && spec.scenario.IsMap()) {
        Scenario unused;
        read_scenario_node(source, spec.scenario, unused);  // here mistakes have their places
    }
    StudyReading reading{std::move(spec.design), std::move(source.errors)};
    if (!reading.errors.empty()) return reading;
    for (const FactorSpec& factor : spec.factors) {
        StudyFactor& one = reading.design.factors.emplace_back(StudyFactor{factor.name, {}});
        for (const LevelSpec& level : factor.levels) one.levels.push_back(level.name);
    }
    auto cells = make_cells(spec, file);
    if (cells)
        reading.design.cells = std::move(*cells);
    else
        reading.errors.push_back(std::move(cells).error());
    return reading;
}

Result<StudyDesign> read_study(const std::string& text, const std::string& file,
                               const std::map<std::string, std::string>& parameters) {
    StudyReading reading = read_study_text(text, file, parameters);
    if (!reading.errors.empty()) return Failure(std::move(reading.errors.front()));
    return std::move(reading.design);
}

bool is_study(const std::string& text) {
    YamlSource source;
    const YAML::Node root = source.load(text);
    return root.IsMap() && root["factors"];
}

}  // namespace netcut
