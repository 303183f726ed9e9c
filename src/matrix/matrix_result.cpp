// SPDX-License-Identifier: Apache-2.0
#include "matrix/matrix_result.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/median.h"
#include "record/json_access.h"
#include "scenario/judgement.h"
#include "statistics/interval.h"

namespace netcut {
namespace {

constexpr double result_confidence = 0.95;
constexpr std::uint64_t result_seed = 1;  // of the bootstrap
constexpr const char* unsupported_word = "unsupported";
constexpr const char* mixed_word = "mixed";
constexpr const char* not_run_word = "not run";
constexpr const char* machine_word = "machine";  // all runs of the cell were spoilt by the machine

std::vector<std::string> levels_of(const StudyCell& cell) {
    std::vector<std::string> levels;
    for (const auto& [name, level] : cell.factors) levels.push_back(level);
    return levels;
}

using CellsByLevels = std::map<std::vector<std::string>, const ResultCell*>;

CellsByLevels by_levels(const ResultSet& results) {
    CellsByLevels cells;
    for (const ResultCell& cell : results.cells()) cells[cell.levels] = &cell;
    return cells;
}

std::string word_of_cell(const ResultCell* cell) {
    if (cell == nullptr) return not_run_word;
    if (cell->outcomes.empty()) return cell->crowded + cell->errors > 0 ? machine_word : not_run_word;
    return cell->outcomes.size() == 1 ? cell->outcomes.begin()->first : mixed_word;
}

Json number_of(const ResultCell& cell, const std::string& measure) {
    const auto found = cell.numbers.find(measure);
    if (found == cell.numbers.end()) return nullptr;
    const Interval interval = median_interval(found->second, result_confidence, result_seed);
    return {{"runs", found->second.size()},
            {"median", median(found->second)},
            {"interval", {interval.least, interval.most}}};
}

Json runs_of(const ResultCell& cell) {
    Json runs = Json::array();
    for (const ResultCell::Run& run : cell.runs)
        runs.push_back({{"key", run.key},
                        {"outcome", run.outcome},
                        {"detail", run.detail},
                        {"folder", run.folder},
                        {"recovery_s", run.recovery_s ? Json(*run.recovery_s) : Json(nullptr)}});
    return runs;
}

// The bounds that a search has found for a moment and a kind; null if none was made.
Json bounds_of(const Json& map, const std::string& moment, const std::string& kind) {
    for (const Json& row : member(map, "rows")) {
        if (text_of(member(row, "phase")) != moment) continue;
        for (const Json& cell : member(row, "cells"))
            if (text_of(member(cell, "kind")) == kind)
                return {{"survived_s", member(cell, "survived_s")},
                        {"fatal_s", member(cell, "fatal_s")},
                        {"limit_s", member(cell, "limit_s")}};
    }
    return nullptr;
}

Json cell_json(const StudyCell& cell, const ResultCell* found, const std::string& why, const Json& map) {
    Json json = {{"id", cell.id}};
    for (const auto& [name, level] : cell.factors) json[name] = level;
    const bool left_out = !why.empty() && !is_undisturbed(cell);
    json["outcome"] = left_out ? unsupported_word : word_of_cell(found);
    const ResultCell empty;
    const ResultCell& runs = found == nullptr ? empty : *found;
    json["outcomes"] = runs.outcomes;
    json["runs"] = runs.count();
    json["failed"] = runs.failed();
    json["recovery_s"] = number_of(runs, "recovery_s");
    json["round_s"] = number_of(runs, "round_s");
    json["crowded"] = runs.crowded;
    json["errors"] = runs.errors;
    json["outage"] = bounds_of(map, text_of(json[word_of(MatrixFactor::moment)]),
                               text_of(json[word_of(MatrixFactor::kind)]));
    json["each"] = runs_of(runs);
    return json;
}

// Of cells that are not left out.
std::size_t missing_runs(const Json& cells, std::size_t repeats) {
    std::size_t missing = 0;
    for (const Json& cell : cells) {
        if (text_of(cell.at("outcome")) == unsupported_word) continue;
        std::size_t made = 0;
        for (const char* of : {"runs", "crowded", "errors"}) made += cell.at(of).get<std::size_t>();
        missing += repeats - std::min(repeats, made);
    }
    return missing;
}

Json versions_json(const MatrixSpec& spec, const ResultSet& results, const MatrixExtras& extras) {
    Json versions = Json::array();
    for (const MatrixVersion& version : spec.versions) {
        const std::string why = why_unsupported(version, results, extras);
        versions.push_back({{"framework", version.framework},
                            {"version", version.version},
                            {"supported", why.empty()},
                            {"why", why}});
    }
    return versions;
}

Json moments_json(const MatrixSpec& spec) {
    Json moments = Json::array();
    for (const std::string& name : spec.moments) {
        std::string what;
        for (const MatrixVersion& version : spec.versions)
            for (const ExperimentSpec& one : version.base.experiments)
                if (one.name == name && what.empty()) what = one.what;
        moments.push_back({{"name", name}, {"what", what}});
    }
    return moments;
}

std::string name_in_history(const Json& cell) {
    std::string name;
    for (const auto& factor : matrix_factor_words)
        name += (name.empty() ? "" : " | ") + text_of(member(cell, factor.word));
    return name;
}

}  // namespace

std::string why_unsupported(const MatrixVersion& version, const ResultSet& results,
                            const MatrixExtras& extras) {
    if (const auto found = extras.not_prepared.find(version.text()); found != extras.not_prepared.end())
        return found->second;
    for (const ResultCell& cell : results.cells()) {
        if (cell.levels[0] != version.framework || cell.levels[1] != version.version ||
            cell.levels[2] != undisturbed_moment)
            continue;
        // What the machine spoiled says nothing about the version.
        if (cell.survived() > 0 || cell.failed() == 0) return {};
        const auto last = std::find_if(cell.runs.rbegin(), cell.runs.rend(),
                                       [](const ResultCell::Run& run) { return has_failed(run.outcome); });
        return fmt::format("none of {} undisturbed runs passed{}", cell.count(),
                           last == cell.runs.rend() ? "" : ": " + last->outcome + " " + last->detail);
    }
    return {};
}

Json matrix_result(const MatrixSpec& spec, const StudyDesign& design, const ResultSet& results,
                   const MatrixExtras& extras) {
    const CellsByLevels found = by_levels(results);
    Json cells = Json::array();
    for (const StudyCell& cell : design.cells) {
        const MatrixVersion& version = spec.versions[version_of(spec, cell)];
        const auto rows = found.find(levels_of(cell));
        const auto map = extras.maps.find(version.text());
        cells.push_back(cell_json(cell, rows == found.end() ? nullptr : rows->second,
                                  why_unsupported(version, results, extras),
                                  map == extras.maps.end() ? Json() : map->second));
    }
    Json kinds = Json::array(), durations = Json::array();
    for (const CutKind& kind : spec.kinds) kinds.push_back(kind.name);
    for (const Nanoseconds duration : spec.durations) durations.push_back(duration_text(duration));
    return {{"kind", "matrix"},
            {"schema", matrix_result_version},
            {"title", design.name},
            {"started", results.first_started()},
            {"last_started", results.last_started()},
            {"netcut_fl", results.versions()},
            {"kernels", results.kernels()},
            {"repeats", design.most_repeats},
            {"missing", missing_runs(cells, design.most_repeats)},
            {"versions", versions_json(spec, results, extras)},
            {"moments", moments_json(spec)},
            {"kinds", std::move(kinds)},
            {"durations", std::move(durations)},
            {"cells", std::move(cells)},
            {"history", extras.history}};
}

Json history_entry(const Json& result, const std::string& folder) {
    Json cells = Json::object();
    for (const Json& cell : member(result, "cells")) cells[name_in_history(cell)] = member(cell, "outcome");
    return {{"started", member(result, "started")},
            {"netcut_fl", member(result, "netcut_fl")},
            {"folder", folder},
            {"cells", std::move(cells)}};
}

std::string matrix_text(const Json& result) {
    std::string text, version, moment;
    for (const Json& cell : result.at("cells")) {
        const std::string of = text_of(cell.at("framework")) + " " + text_of(cell.at("version"));
        if (of != version || text_of(cell.at("moment")) != moment) {
            version = of;
            moment = text_of(cell.at("moment"));
            text += fmt::format("{}{:<24} {:<14}", text.empty() ? "" : "\n", version, moment);
        }
        if (moment != undisturbed_moment)
            text += fmt::format("{} {}: ", text_of(cell.at("kind")), text_of(cell.at("for")));
        text += text_of(cell.at("outcome"));
        if (text_of(cell.at("outcome")) == mixed_word)
            for (const auto& [outcome, count] : cell.at("outcomes").items())
                text += fmt::format(" {} {}", outcome, count.get<std::size_t>());
        if (const Json& recovery = cell.at("recovery_s"); recovery.is_object())
            text += fmt::format(" +{:.1f} s", recovery.at("median").get<double>());
        if (const Json& outage = cell.at("outage"); outage.is_object() && outage.at("survived_s").is_number())
            text += fmt::format(", survives {:g} s", outage.at("survived_s").get<double>());
        text += "   ";
    }
    text += "\n";
    if (const auto missing = result.at("missing").get<std::size_t>(); missing > 0)
        text += fmt::format("{} {} not been made yet.\n", missing, missing == 1 ? "run has" : "runs have");
    for (const Json& one : result.at("versions"))
        if (!one.at("supported").get<bool>())
            text += fmt::format("{} {} is unsupported: {}\n", text_of(one.at("framework")),
                                text_of(one.at("version")), text_of(one.at("why")));
    return text;
}

int exit_status_of_matrix(const Json& result) {
    bool failed = false, untriggered = false;
    for (const Json& one : result.at("versions")) failed = failed || !one.at("supported").get<bool>();
    for (const Json& cell : result.at("cells")) {
        failed = failed || cell.at("failed").get<std::size_t>() > 0;
        untriggered = untriggered || cell.at("outcomes").contains(word_of(Judgement::not_triggered));
    }
    return failed ? 1 : untriggered ? 4 : 0;
}

}  // namespace netcut
