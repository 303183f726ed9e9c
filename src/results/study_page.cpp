// SPDX-License-Identifier: Apache-2.0
#include "results/study_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/median.h"
#include "base/quantity.h"
#include "base/time.h"
#include "record/json_access.h"

namespace netcut {
namespace {

constexpr double page_confidence = 0.95;
constexpr std::uint64_t page_seed = 1;  // of the bootstrap: the same rows give the same page

// In the study's order where study.json says it, else as the cells come.
std::vector<std::vector<std::string>> levels_of(const ResultSet& results, const Json& facts) {
    std::vector<std::vector<std::string>> levels(results.factors().size());
    const auto add = [&](std::size_t factor, const std::string& level) {
        auto& known = levels[factor];
        if (std::find(known.begin(), known.end(), level) == known.end()) known.push_back(level);
    };
    for (const Json& factor : member(facts, "factors"))
        for (std::size_t i = 0; i < levels.size(); ++i)
            if (results.factors()[i] == text_of(member(factor, "name")))
                for (const Json& level : member(factor, "levels")) add(i, text_of(level));
    for (const ResultCell& cell : results.cells())
        for (std::size_t i = 0; i < levels.size(); ++i) add(i, cell.levels[i]);
    return levels;
}

Json factors_json(const ResultSet& results, const std::vector<std::vector<std::string>>& levels) {
    Json factors = Json::array();
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const auto numbers = numbers_of_levels(levels[i]);
        factors.push_back({{"name", results.factors()[i]},
                           {"levels", levels[i]},
                           {"numbers", numbers ? Json(numbers->numbers) : Json(nullptr)},
                           {"unit", numbers ? numbers->unit : ""}});
    }
    return factors;
}

Json measures_json(const ResultSet& results) {
    Json measures = Json::array();
    for (const std::string& name : results.measures()) {
        const auto& columns = study_columns();
        const auto built_in = std::find_if(columns.begin(), columns.end(),
                                           [&](const StudyColumn& one) { return name == one.name; });
        measures.push_back(
            {{"name", name},
             {"meaning", built_in == columns.end() ? "a measure of this study" : built_in->meaning}});
    }
    return measures;
}

// Evenly thinned, with the least and the greatest.
Json points_json(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    if (values.size() <= most_points) return values;
    Json points = Json::array();
    for (std::size_t i = 0; i < most_points; ++i)
        points.push_back(values[i * (values.size() - 1) / (most_points - 1)]);
    return points;
}

Json number_json(const std::vector<double>& values) {
    const Interval interval = median_interval(values, page_confidence, page_seed);
    return {{"runs", values.size()},
            {"median", median(values)},
            {"interval", {interval.least, interval.most}},
            {"points", points_json(values)}};
}

Json share_json(std::size_t failed, std::size_t judged) {
    if (judged == 0) return nullptr;
    const Interval interval = share_interval(failed, judged, page_confidence);
    return {{"failed", failed}, {"of", judged}, {"interval", {interval.least, interval.most}}};
}

Json cell_json(const ResultCell& cell, const std::vector<std::vector<std::string>>& levels) {
    Json at = Json::array();
    for (std::size_t i = 0; i < levels.size(); ++i)
        at.push_back(std::find(levels[i].begin(), levels[i].end(), cell.levels[i]) - levels[i].begin());
    Json numbers = Json::object();
    for (const auto& [name, values] : cell.numbers) numbers[name] = number_json(values);
    Json runs = Json::array();
    for (const ResultCell::Run& run : cell.runs)
        runs.push_back({run.key, run.outcome, run.folder, run.recovery_s ? Json(*run.recovery_s) : Json()});
    return {{"at", std::move(at)},
            {"outcomes", cell.outcomes},
            {"share", share_json(cell.failed(), cell.failed() + cell.survived())},
            {"numbers", std::move(numbers)},
            {"crowded", cell.crowded},
            {"errors", cell.errors},
            {"runs", std::move(runs)}};
}

std::string joined(const std::set<std::string>& words) {
    std::vector<std::string> known;
    for (const std::string& word : words)
        if (!word.empty()) known.push_back(word);
    return known.empty() ? "not recorded" : fmt::format("{}", fmt::join(known, ", "));
}

Json trouble_json(const MachineTrouble& trouble) {
    return {{"crowded", trouble.crowded},
            {"errors", trouble.errors},
            {"lost", trouble.lost},
            {"crowded_rows", trouble.crowded_rows},
            {"error_rows", trouble.error_rows}};
}

// "loss model=iid 6%, for 20s on collaborator2"
std::string fault_text(const Json& fault) {
    std::string text = text_of(member(fault, "kind"));
    if (const Json& keys = member(fault, "keys"); keys.is_object())
        for (const auto& [key, value] : keys.items()) text += fmt::format(" {}={}", key, text_of(value));
    std::vector<std::string> nodes;
    for (const Json& node : member(fault, "nodes")) nodes.push_back(text_of(node));
    const std::string length = text_of(member(fault, "for"));
    return fmt::format("{}, {} on {}", text, length == "never" ? "to the end" : "for " + length,
                       fmt::join(nodes, ", "));
}

// How runs were begun, and what was done to them.
std::string conditions_text(const Json& facts) {
    std::string text;
    if (const Json& seed = member(facts, "seed"); seed.is_number())
        text += fmt::format(
            " Their order was drawn in blocks of one run of each combination; it and the seed of each run "
            "follow from the "
            "seed {}.",
            seed.dump());
    constexpr std::size_t most_named = 12;
    std::vector<std::string> faults;
    for (const Json& cell : member(facts, "cells"))
        for (const Json& fault : member(cell, "faults"))
            if (std::string one = fault_text(fault);
                std::find(faults.begin(), faults.end(), one) == faults.end())
                faults.push_back(std::move(one));
    if (faults.empty()) return text;
    const std::size_t count = faults.size();
    faults.resize(std::min(count, most_named));
    return text + fmt::format(" Faults: {}{}.", fmt::join(faults, "; "),
                              count > most_named
                                  ? fmt::format("; and {} more (study.json)", count - most_named)
                                  : "");
}

// At the least; null if it is not known.
Json planned_runs(const Json& facts) {
    const auto repeats = count_of(member(member(facts, "repeats"), "least"));
    const Json& cells = member(facts, "cells");
    return repeats && cells.is_array() ? Json(cells.size() * static_cast<std::size_t>(*repeats))
                                       : Json(nullptr);
}

std::string repeats_text(const ResultSet& results) {
    std::size_t least = SIZE_MAX, most = 0;
    for (const ResultCell& cell : results.cells()) {
        least = std::min(least, cell.count());
        most = std::max(most, cell.count());
    }
    if (results.cells().empty()) return "no runs";
    if (least != most) return fmt::format("{} to {} runs", least, most);
    return most == 1 ? "1 run" : fmt::format("{} runs", most);
}

}  // namespace

std::optional<LevelNumbers> numbers_of_levels(const std::vector<std::string>& levels) {
    LevelNumbers found;
    bool durations = true;
    for (const std::string& level : levels) {
        const auto duration = parse_duration(level);
        durations = durations && duration;
        if (durations) found.numbers.push_back(seconds(*duration));
    }
    if (durations && !levels.empty()) {
        found.unit = "s";
        return found;
    }
    found.numbers.clear();
    std::set<std::string> units;
    for (const std::string& level : levels) {
        const auto quantity = read_quantity(level);
        if (!quantity || !std::isfinite(quantity->number)) return {};
        if (quantity->number != 0 || !quantity->unit.empty())
            units.insert(quantity->unit);  // "0" needs no unit
        found.numbers.push_back(quantity->number);
    }
    if (units.size() > 1) return {};
    if (!units.empty()) found.unit = *units.begin();
    if (found.numbers.empty()) return {};
    return found;
}

std::string methods_text(const ResultSet& results, const Json& facts) {
    const MachineTrouble& trouble = results.trouble();
    std::string text = fmt::format(
        "{} runs of {} combinations of {} factor{}, {} of each, were made by netcut-fl {} on Linux {} "
        "(machines: {}), from {} to {}.",
        results.rows() - trouble.crowded_rows - trouble.error_rows, results.cells().size(),
        results.factors().size(), results.factors().size() == 1 ? "" : "s", repeats_text(results),
        joined(results.versions()), joined(results.kernels()), joined(results.hosts()),
        results.first_started(), results.last_started());
    text += conditions_text(facts);
    text += fmt::format(
        " {} tries on a machine that was too crowded, {} that made no verdict and {} whose process was "
        "killed were made "
        "again; {} runs were given up and are in no number.",
        trouble.crowded, trouble.errors, trouble.lost, trouble.crowded_rows + trouble.error_rows);
    text += fmt::format(
        " Shares have Wilson's interval; numbers are medians with percentile bootstrap intervals of {} "
        "samples, "
        "both with 95 % confidence and each by itself.",
        median_resamples);
    return text;
}

Json study_page(const ResultSet& results, const Json& facts) {
    const auto levels = levels_of(results, facts);
    Json cells = Json::array();
    for (const ResultCell& cell : results.cells()) cells.push_back(cell_json(cell, levels));
    std::size_t kept = 0;
    for (const ResultCell& cell : results.cells()) kept += cell.runs.size();
    return {{"kind", "study"},
            {"title", results.title},
            {"factors", factors_json(results, levels)},
            {"measures", measures_json(results)},
            {"cells", std::move(cells)},
            {"runs", results.rows()},
            {"planned", planned_runs(facts)},
            {"not_listed", results.rows() - std::min(results.rows(), kept)},
            {"trouble", trouble_json(results.trouble())},
            {"methods", methods_text(results, facts)}};
}

}  // namespace netcut
