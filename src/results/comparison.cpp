// SPDX-License-Identifier: Apache-2.0
#include "results/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/median.h"
#include "statistics/tests.h"

namespace netcut {
namespace {

constexpr std::size_t least_values = 3;  // of a median, on each side
constexpr double weak_evidence = 0.2;    // a corrected p that is worth more repeats

enum class Worse { more, less, neither };

// What is worse of the built-in numbers. How long a run lasts follows from how it ends, and packets are lost by the fault.
const std::map<std::string, Worse>& built_in_measures() {
    static const std::map<std::string, Worse> measures = {{"recovery_s", Worse::more},
                                                          {"network_back_s", Worse::more},
                                                          {"round_s", Worse::more},
                                                          {"resent_bytes", Worse::more}};
    return measures;
}

bool is_built_in(const std::string& measure) {
    const auto& columns = study_columns();
    return std::any_of(columns.begin(), columns.end(),
                       [&](const StudyColumn& column) { return measure == column.name; });
}

// Nothing: it is not compared.
std::optional<Worse> worse_of(const std::string& measure, const CompareOptions& options) {
    const auto has = [&](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), measure) != names.end();
    };
    if (has(options.more_is_worse)) return Worse::more;
    if (has(options.less_is_worse)) return Worse::less;
    if (const auto found = built_in_measures().find(measure); found != built_in_measures().end())
        return found->second;
    if (is_built_in(measure)) return {};
    return Worse::neither;
}

std::size_t judged(const ResultCell& cell) {
    return cell.failed() + cell.survived();
}

double failed_share(const ResultCell& cell) {
    return judged(cell) == 0 ? 0 : static_cast<double>(cell.failed()) / static_cast<double>(judged(cell));
}

// Nothing if all runs of both ended alike: then there is nothing to test.
std::optional<Difference> outcomes_of(const ResultCell& before, const ResultCell& now) {
    std::map<std::string, std::pair<std::size_t, std::size_t>> kinds;
    for (const auto& [outcome, count] : before.outcomes) kinds[outcome].first = count;
    for (const auto& [outcome, count] : now.outcomes) kinds[outcome].second = count;
    if (kinds.size() < 2 || before.count() == 0 || now.count() == 0) return {};
    std::vector<std::size_t> first, second;
    for (const auto& [outcome, counts] : kinds) {
        first.push_back(counts.first);
        second.push_back(counts.second);
    }
    Difference found;
    found.p = fisher_exact(first, second);
    found.outcomes_before = before.outcomes;
    found.outcomes_now = now.outcomes;
    const bool is_of_failures =
        kinds.size() == 2 && judged(before) == before.count() && judged(now) == now.count();
    if (!is_of_failures)
        found.p_failed = fisher_exact({before.failed(), before.survived()}, {now.failed(), now.survived()});
    const double less = failed_share(before), more = failed_share(now);
    found.kind = less < more   ? ChangeKind::regression
                 : less > more ? ChangeKind::improvement
                               : ChangeKind::other;
    const bool nothing_shared = std::none_of(kinds.begin(), kinds.end(), [](const auto& one) {
        return one.second.first > 0 && one.second.second > 0;
    });
    found.suspected = nothing_shared;
    return found;
}

std::optional<Difference> numbers_of(const std::vector<double>& before, const std::vector<double>& now,
                                     Worse worse, const CompareOptions& options) {
    if (before.size() < least_values || now.size() < least_values) return {};
    Difference found;
    found.p = rank_test(before, now);
    found.values_before = before.size();
    found.values_now = now.size();
    found.median_before = median(before);
    found.median_now = median(now);
    found.ratio = median_ratio_interval(before, now, 0.95, options.seed);
    if (worse != Worse::neither && found.median_now != found.median_before)
        found.kind = (found.median_now > found.median_before) == (worse == Worse::more)
                         ? ChangeKind::regression
                         : ChangeKind::improvement;
    return found;
}

bool is_large_enough(const Difference& difference, double least_change) {
    if (difference.measure == Difference::outcome) return true;
    return std::abs(difference.median_now - difference.median_before) >=
           least_change * std::abs(difference.median_before);
}

void differences_of(std::vector<Difference>& all, const ResultCell& before, const ResultCell& now,
                    const CompareOptions& options) {
    const auto add = [&](std::optional<Difference> one, const std::string& measure) {
        if (!one) return;
        one->levels = before.levels;
        one->measure = measure;
        all.push_back(std::move(*one));
    };
    add(outcomes_of(before, now), Difference::outcome);
    for (const auto& [measure, values] : before.numbers) {
        const auto other = now.numbers.find(measure);
        const auto worse = worse_of(measure, options);
        if (other != now.numbers.end() && worse)
            add(numbers_of(values, other->second, *worse, options), measure);
    }
}

std::size_t tests_of(const std::vector<Difference>& differences) {
    std::size_t tests = differences.size();
    for (const Difference& one : differences) tests += one.p_failed ? 1 : 0;
    return tests;
}

// For all tests together.
void correct_p(std::vector<Difference>& differences) {
    std::vector<double> p;
    for (const Difference& one : differences) {
        p.push_back(one.p);
        if (one.p_failed) p.push_back(*one.p_failed);
    }
    const std::vector<double> corrected = holm(p);
    auto next = corrected.begin();
    for (Difference& one : differences) {
        one.corrected_p = *next++;
        if (one.p_failed) one.corrected_p_failed = *next++;
    }
}

void judge(std::vector<Difference>& differences, const CompareOptions& options) {
    correct_p(differences);
    const double most = 1 - options.confidence;
    for (Difference& one : differences) {
        const bool large = is_large_enough(one, options.least_change);
        const bool other_share = one.corrected_p_failed && *one.corrected_p_failed < most;
        one.proved = large && (one.corrected_p < most || other_share);
        one.suspected = !one.proved && large && (one.suspected || one.corrected_p < weak_evidence);
        if (one.proved && one.p_failed && !other_share) one.kind = ChangeKind::other;
    }
    const auto rank = [](const Difference& one) {
        return std::pair(one.proved ? static_cast<int>(one.kind) : one.suspected ? 3 : 4, one.p);
    };
    std::stable_sort(differences.begin(), differences.end(),
                     [&](const Difference& a, const Difference& b) { return rank(a) < rank(b); });
}

// For each factor of `of`, its place among those of `in`; nothing if they are not the same ones.
std::optional<std::vector<std::size_t>> places(const std::vector<std::string>& of,
                                               const std::vector<std::string>& in) {
    std::vector<std::size_t> found;
    for (const std::string& factor : of) {
        const auto at = std::find(in.begin(), in.end(), factor);
        if (at == in.end()) return {};
        found.push_back(static_cast<std::size_t>(at - in.begin()));
    }
    return of.size() == in.size() ? std::optional(found) : std::nullopt;
}

std::string names_of(const std::vector<std::string>& factors) {
    return factors.empty() ? "none" : fmt::format("{}", fmt::join(factors, ", "));
}

Comparison::Side side_of(const ResultSet& set) {
    const MachineTrouble& trouble = set.trouble();
    return {set.title, set.path, set.rows(), set.cells().size(), trouble.crowded_rows + trouble.error_rows};
}

}  // namespace

Result<Comparison> compare_results(const ResultSet& before, const ResultSet& now,
                                   const CompareOptions& options) {
    const std::string attempt = fmt::format("compare {} with {}", before.path, now.path);
    const auto places_now = places(before.factors(), now.factors());
    if (!places_now)
        return usage_failure(
            attempt,
            fmt::format("their factors are not the same: {} and {}", names_of(before.factors()),
                        names_of(now.factors())),
            "compare results of the same file, or choose one level of a factor with --old and --new");
    Comparison comparison;
    comparison.before = side_of(before);
    comparison.now = side_of(now);
    comparison.options = options;
    comparison.factors = before.factors();
    std::map<std::vector<std::string>, const ResultCell*> cells_now;
    for (const ResultCell& cell : now.cells()) {
        std::vector<std::string> levels;
        for (const std::size_t place : *places_now) levels.push_back(cell.levels[place]);
        cells_now[levels] = &cell;
    }
    for (const ResultCell& cell : before.cells()) {
        const auto other = cells_now.find(cell.levels);
        if (other == cells_now.end()) {
            comparison.only_before.push_back(cell_name(before.factors(), cell.levels));
            continue;
        }
        ++comparison.cells;
        differences_of(comparison.differences, cell, *other->second, options);
        cells_now.erase(other);
    }
    if (comparison.cells == 0)
        return usage_failure(
            attempt,
            fmt::format("no cell is in both: {} is only in the first", comparison.only_before.front()),
            "compare results of the same file, or choose one level of a factor with --old and --new");
    for (const auto& [levels, cell] : cells_now)
        comparison.only_now.push_back(cell_name(before.factors(), levels));
    judge(comparison.differences, options);
    comparison.tests = tests_of(comparison.differences);
    comparison.runs_to_prove = runs_to_prove((1 - options.confidence) /
                                             static_cast<double>(std::max<std::size_t>(comparison.tests, 1)));
    return comparison;
}

std::size_t Comparison::count(ChangeKind kind) const {
    return static_cast<std::size_t>(
        std::count_if(differences.begin(), differences.end(),
                      [&](const Difference& one) { return one.proved && one.kind == kind; }));
}

int Comparison::exit_status() const {
    return count(ChangeKind::regression) > 0 ? 1 : 0;
}

}  // namespace netcut
