// SPDX-License-Identifier: Apache-2.0
#include "results/cells.h"

#include <fmt/format.h>

#include <algorithm>

#include "safety/safety.h"
#include "scenario/judgement.h"

namespace netcut {
namespace {

constexpr std::string_view but_suffix = ", but";

std::size_t count_of_outcomes(const ResultCell& cell, bool (*counts)(std::string_view)) {
    std::size_t sum = 0;
    for (const auto& [outcome, count] : cell.outcomes)
        if (counts(outcome)) sum += count;
    return sum;
}

}  // namespace

std::string outcome_with_model(const StudyRow& row) {
    std::string outcome = row.outcome();
    if (has_survived(outcome) && row.word == word_of(SafetyWord::but)) outcome += but_suffix;
    return outcome;
}

bool has_failed(std::string_view outcome) {
    if (outcome.ends_with(but_suffix)) return true;
    const auto judgement = parse_word<Judgement>(outcome);
    return judgement == Judgement::crashed || judgement == Judgement::hung || judgement == Judgement::left;
}

bool has_survived(std::string_view outcome) {
    const auto judgement = parse_word<Judgement>(outcome);
    return judgement == Judgement::recovered || judgement == Judgement::undisturbed || outcome == not_noticed;
}

std::size_t ResultCell::count() const {
    return count_of_outcomes(*this, [](std::string_view) { return true; });
}

std::size_t ResultCell::failed() const {
    return count_of_outcomes(*this, has_failed);
}

std::size_t ResultCell::survived() const {
    return count_of_outcomes(*this, has_survived);
}

void ResultSet::take(const StudyRow& row) {
    if (rows_++ == 0)
        for (const auto& [name, level] : row.factors) factors_.push_back(name);
    versions_.insert(row.version);
    kernels_.insert(row.kernel);
    hosts_.insert(row.host);
    if (first_started_.empty() || row.started < first_started_) first_started_ = row.started;
    last_started_ = std::max(last_started_, row.started);
    trouble_.crowded += row.crowded_tries;
    trouble_.errors += row.error_tries;
    trouble_.lost += row.lost_tries;

    std::vector<std::string> levels;
    for (const auto& [name, level] : row.factors) levels.push_back(level);
    levels.resize(factors_.size());
    ResultCell& cell = cell_of(levels, row.cell);
    const std::string outcome = outcome_with_model(row);
    if (runs_kept_ < most_runs) {
        ++runs_kept_;
        cell.runs.push_back(
            {row.key, row.good() ? outcome : word_of(row.machine), row.run, row.detail, row.recovery_s});
    }
    if (!row.good()) {
        const bool crowded = row.machine == MachineWord::crowded;
        ++(crowded ? cell.crowded : cell.errors);
        ++(crowded ? trouble_.crowded_rows : trouble_.error_rows);
        return;
    }
    ++cell.outcomes[outcome];
    const auto keep = [&](const std::string& name, std::optional<double> value) {
        if (!value) return;
        cell.numbers[name].push_back(*value);
        measured_.insert(name);
    };
    for (const StudyColumn& column : study_columns())
        if (column.number != nullptr) keep(column.name, row.*column.number);
    for (const auto& [name, value] : row.measures) keep(name, value);
}

void ResultSet::sort() {
    // Ids have the same number of digits, as far as a study's go: a longer one is a later one.
    std::stable_sort(cells_.begin(), cells_.end(), [](const ResultCell& a, const ResultCell& b) {
        return std::pair(a.id.size(), a.id) < std::pair(b.id.size(), b.id);
    });
    places_.clear();
    for (std::size_t i = 0; i < cells_.size(); ++i) places_.emplace(cells_[i].levels, i);
    for (ResultCell& cell : cells_)
        std::stable_sort(cell.runs.begin(), cell.runs.end(),
                         [](const ResultCell::Run& a, const ResultCell::Run& b) { return a.key < b.key; });
}

std::vector<std::string> ResultSet::measures() const {
    std::vector<std::string> names;
    for (const StudyColumn& column : study_columns())
        if (column.number != nullptr && measured_.contains(column.name)) names.emplace_back(column.name);
    const std::set<std::string> built_in(names.begin(), names.end());
    for (const std::string& name : measured_)
        if (!built_in.contains(name)) names.push_back(name);
    return names;
}

ResultCell& ResultSet::cell_of(const std::vector<std::string>& levels, const std::string& id) {
    const auto [place, fresh] = places_.emplace(levels, cells_.size());
    if (fresh) cells_.push_back({.levels = levels, .id = id});
    return cells_[place->second];
}

ResultSet ResultSet::where(const std::string& factor, const std::string& level) const {
    ResultSet part;
    part.title = fmt::format("{}, {}={}", title, factor, level);
    part.path = path;
    const auto found = std::find(factors_.begin(), factors_.end(), factor);
    if (found == factors_.end()) return part;
    const auto at = found - factors_.begin();
    part.factors_ = factors_;
    part.factors_.erase(part.factors_.begin() + at);
    for (const ResultCell& cell : cells_) {
        if (cell.levels[static_cast<std::size_t>(at)] != level) continue;
        ResultCell copy = cell;
        copy.levels.erase(copy.levels.begin() + at);
        part.places_.emplace(copy.levels, part.cells_.size());
        part.rows_ += cell.count() + cell.crowded + cell.errors;
        part.trouble_.crowded_rows += cell.crowded;
        part.trouble_.error_rows += cell.errors;
        for (const auto& [name, values] : cell.numbers) part.measured_.insert(name);
        part.cells_.push_back(std::move(copy));
    }
    return part;
}

std::string cell_name(const std::vector<std::string>& factors, const std::vector<std::string>& levels) {
    std::string name;
    for (std::size_t i = 0; i < factors.size() && i < levels.size(); ++i)
        name += fmt::format("{}{}={}", i == 0 ? "" : ", ", factors[i], levels[i]);
    return name.empty() ? "all runs" : name;
}

}  // namespace netcut
