// SPDX-License-Identifier: Apache-2.0
#include "study/progress.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "statistics/interval.h"

namespace netcut {
namespace {

// Half of the interval as a share of the mean; none: it cannot be told, or there is nothing to narrow down.
std::optional<double> width_of(const std::vector<double>& values, double confidence) {
    if (values.size() < 2) return {};
    const double mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    const Interval interval = mean_interval(values, confidence);
    if (mean == 0) return interval.most > interval.least ? std::nullopt : std::optional(0.0);
    return (interval.most - interval.least) / 2 / std::abs(mean);
}

}  // namespace

CellProgress::Cell CellProgress::judge(const std::vector<const StudyRow*>& good, std::size_t made) const {
    Cell cell{made, true, design_.least_repeats};
    for (const StudyUntil& until : design_.until) {
        std::vector<double> values;
        for (const StudyRow* row : good)
            if (const auto value = row->number(until.measure)) values.push_back(*value);
        if (good.size() >= design_.least_repeats && values.empty()) continue;  // no run has such a number
        const auto width = width_of(values, design_.confidence);
        if (width && *width <= until.share) continue;
        cell.narrow = false;
        // It narrows with the square root of the number of runs.
        const double needed =
            width ? static_cast<double>(good.size()) * std::pow(*width / until.share, 2) : 0;
        const auto whole = static_cast<unsigned>(std::min<double>(std::ceil(needed), design_.most_repeats));
        const auto next = static_cast<unsigned>(good.size()) + 1;
        cell.expected = std::clamp(std::max(whole, next), cell.expected, design_.most_repeats);
    }
    if (design_.until.empty()) cell.expected = design_.most_repeats;
    // A spoiled row has used a number of the repeats up, and has to be made up for.
    const auto spoiled = static_cast<unsigned>(made - good.size());
    if (!cell.narrow) cell.expected = std::min(cell.expected + spoiled, design_.most_repeats);
    return cell;
}

void CellProgress::update(const StudyRows& rows) {
    std::map<std::string, std::vector<const StudyRow*>> good;
    std::map<std::string, std::size_t> made;
    for (const auto& [key, row] : rows) {
        ++made[row.cell];
        if (row.good()) good[row.cell].push_back(&row);
    }
    cells_.clear();
    for (const StudyCell& cell : design_.cells) cells_.push_back(judge(good[cell.id], made[cell.id]));
}

bool CellProgress::wants(StudyRunKey run) const {
    if (run.repeat <= design_.least_repeats || design_.until.empty() || cells_.empty()) return true;
    const Cell& cell = cells_[run.cell];
    return cell.made >= design_.least_repeats && !cell.narrow && run.repeat <= cell.expected;
}

unsigned CellProgress::expected_repeats(std::size_t cell) const {
    return cells_.empty() ? design_.least_repeats : cells_[cell].expected;
}

std::size_t CellProgress::expected_runs() const {
    std::size_t sum = 0;
    for (std::size_t cell = 0; cell < design_.cells.size(); ++cell) sum += expected_repeats(cell);
    return sum;
}

RunTimes::RunTimes(const StudyRows& rows) {
    for (const auto& [key, row] : rows) {
        if (!row.duration_s) continue;
        for (Sum* sum : {&all_, &cells_[row.cell]}) {
            sum->seconds += *row.duration_s;
            ++sum->runs;
        }
    }
}

std::optional<Nanoseconds> RunTimes::of(const std::string& cell) const {
    const auto own = cells_.find(cell);
    const Sum& sum = own != cells_.end() ? own->second : all_;
    if (sum.runs == 0) return {};
    const std::chrono::duration<double> mean(sum.seconds / static_cast<double>(sum.runs));
    return std::chrono::duration_cast<Nanoseconds>(mean);
}

}  // namespace netcut
