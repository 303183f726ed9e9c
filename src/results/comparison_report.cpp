// SPDX-License-Identifier: Apache-2.0
#include "results/comparison_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace netcut {
namespace {

constexpr std::size_t most_lines = 200;  // of a list on a screen
constexpr std::size_t most_named = 10;   // cells that only one side has

std::string plural_text(std::size_t count, const std::string& one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string percent_of(double share) {
    return fmt::format("{:g} %", std::round(share * 1000) / 10);
}

std::string p_text(double p) {
    return p < 0.0001 ? "p < 0.0001" : fmt::format("p = {:.2g}", p);
}

// "recovered 15" or "hung 9, recovered 6"
std::string counts_text(const std::map<std::string, std::size_t>& outcomes) {
    std::vector<std::string> parts;
    for (const auto& [outcome, count] : outcomes) parts.push_back(fmt::format("{} {}", outcome, count));
    return fmt::format("{}", fmt::join(parts, ", "));
}

// "+21 %"; of a median that was 0, only that it grew.
std::string change_text(double ratio) {
    return std::isfinite(ratio) ? fmt::format("{:+.0f} %", 100 * (ratio - 1)) : "from 0";
}

std::string what_changed(const Difference& one) {
    if (one.measure == Difference::outcome)
        return fmt::format("{} -> {}", counts_text(one.outcomes_before), counts_text(one.outcomes_now));
    return fmt::format("{} {:.4g} -> {:.4g}, {} ({} to {}; {} and {} runs)", one.measure, one.median_before,
                       one.median_now, change_text(one.median_now / one.median_before),
                       change_text(one.ratio.least), change_text(one.ratio.most), one.values_before,
                       one.values_now);
}

std::string list_of(const Comparison& comparison, const std::string& heading,
                    bool (*wanted)(const Difference&)) {
    std::string text;
    std::size_t found = 0;
    for (const Difference& one : comparison.differences) {
        if (!wanted(one) || ++found > most_lines) continue;
        text += fmt::format("  {}: {}; {}\n", cell_name(comparison.factors, one.levels), what_changed(one),
                            p_text(std::min(one.corrected_p, one.corrected_p_failed.value_or(1))));
    }
    if (found == 0) return {};
    if (found > most_lines) text += fmt::format("  and {} more; --json has all\n", found - most_lines);
    return fmt::format("{}\n{}\n", heading, text);
}

std::string side_text(const char* name, const Comparison::Side& side) {
    std::string text = fmt::format("{:<8}{}: {} in {}", name, side.path, plural_text(side.rows, "run"),
                                   plural_text(side.cells, "cell"));
    if (side.left_out > 0) text += fmt::format(", {} left out, which the machine spoiled", side.left_out);
    return text + "\n";
}

std::string only_text(const std::string& where, std::vector<std::string> names) {
    if (names.empty()) return {};
    const std::size_t count = names.size();
    names.resize(std::min(count, most_named));
    return fmt::format("only in {}: {}{}\n", where, fmt::join(names, "; "),
                       count > most_named ? fmt::format("; and {} more", count - most_named) : "");
}

std::string method_text(const Comparison& comparison) {
    return fmt::format(
        "How it was tested: outcomes, and the share that failed, by Fisher's exact test, numbers by the rank "
        "test of Wilcoxon, Mann and "
        "Whitney; {} corrected by Holm, with {} confidence for all of them together. Of a number, a change "
        "of "
        "less than {} of the median is none. Ranges are of the ratio of medians, by bootstrap, with 95 % "
        "confidence.",
        plural_text(comparison.tests, "test"), percent_of(comparison.options.confidence),
        percent_of(comparison.options.least_change));
}

std::string suspected_heading(const Comparison& comparison) {
    return fmt::format(
        "may have changed, but these runs do not prove it; {} of a cell on each side would, if all of them "
        "ended otherwise:",
        plural_text(comparison.runs_to_prove, "run"));
}

Json interval_json(const Interval& interval) {
    const auto bound = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
    return {bound(interval.least), bound(interval.most)};
}

Json difference_json(const Comparison& comparison, const Difference& one) {
    Json json = {{"cell", cell_name(comparison.factors, one.levels)},
                 {"levels", one.levels},
                 {"measure", one.measure},
                 {"kind", word_of(one.kind)},
                 {"proved", one.proved},
                 {"suspected", one.suspected},
                 {"p", one.p},
                 {"corrected_p", one.corrected_p}};
    if (one.measure == Difference::outcome) {
        json["before"] = {{"outcomes", one.outcomes_before}};
        json["now"] = {{"outcomes", one.outcomes_now}};
        if (one.p_failed) json["p_failed"] = *one.p_failed;
        if (one.corrected_p_failed) json["corrected_p_failed"] = *one.corrected_p_failed;
        return json;
    }
    json["before"] = {{"runs", one.values_before}, {"median", one.median_before}};
    json["now"] = {{"runs", one.values_now}, {"median", one.median_now}};
    const double ratio = one.median_now / one.median_before;
    json["ratio"] = std::isfinite(ratio) ? Json(ratio) : Json(nullptr);
    json["ratio_interval"] = interval_json(one.ratio);
    return json;
}

Json side_json(const Comparison::Side& side) {
    return {{"title", side.title},
            {"path", side.path},
            {"runs", side.rows},
            {"cells", side.cells},
            {"left_out", side.left_out}};
}

}  // namespace

std::string headline_of(const Comparison& comparison) {
    std::vector<std::string> parts;
    for (const auto& [kind, name] :
         {std::pair(ChangeKind::regression, "regression"), std::pair(ChangeKind::improvement, "improvement"),
          std::pair(ChangeKind::other, "other change")})
        if (const std::size_t count = comparison.count(kind); count > 0)
            parts.push_back(plural_text(count, name));
    return fmt::format("{} in {}", parts.empty() ? "no change" : fmt::format("{}", fmt::join(parts, ", ")),
                       plural_text(comparison.cells, "cell"));
}

std::string text_of(const Comparison& comparison) {
    std::string text = side_text("before", comparison.before) + side_text("now", comparison.now) + "\n";
    text += list_of(comparison, "regressions:", [](const Difference& one) {
        return one.proved && one.kind == ChangeKind::regression;
    });
    text += list_of(comparison, "improvements:", [](const Difference& one) {
        return one.proved && one.kind == ChangeKind::improvement;
    });
    text += list_of(comparison, "changed, neither for the better nor for the worse:",
                    [](const Difference& one) { return one.proved && one.kind == ChangeKind::other; });
    text += list_of(comparison, suspected_heading(comparison),
                    [](const Difference& one) { return one.suspected; });
    text += only_text("the first", comparison.only_before) + only_text("the second", comparison.only_now);
    return fmt::format("{}{}\n{}\n", text, headline_of(comparison), method_text(comparison));
}

Json json_of(const Comparison& comparison) {
    Json differences = Json::array();
    for (const Difference& one : comparison.differences) {
        if (differences.size() == most_differences) break;
        differences.push_back(difference_json(comparison, one));
    }
    return {{"kind", "comparison"},
            {"title", fmt::format("{} and {}", comparison.before.title, comparison.now.title)},
            {"headline", headline_of(comparison)},
            {"method", method_text(comparison)},
            {"before", side_json(comparison.before)},
            {"now", side_json(comparison.now)},
            {"confidence", comparison.options.confidence},
            {"least_change", comparison.options.least_change},
            {"cells", comparison.cells},
            {"tests", comparison.tests},
            {"runs_to_prove", comparison.runs_to_prove},
            {"regressions", comparison.count(ChangeKind::regression)},
            {"improvements", comparison.count(ChangeKind::improvement)},
            {"other_changes", comparison.count(ChangeKind::other)},
            {"only_before", comparison.only_before},
            {"only_now", comparison.only_now},
            {"differences", std::move(differences)}};
}

}  // namespace netcut
