// SPDX-License-Identifier: Apache-2.0
#include "study/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "statistics/interval.h"

namespace netcut {
namespace {

std::string outcomes_text(const std::vector<const StudyRow*>& rows) {
    std::map<std::string, std::size_t> counts;
    for (const StudyRow* row : rows) ++counts[row->good() ? row->outcome() : word_of(row->machine)];
    std::vector<std::string> parts;
    for (const auto& [word, count] : counts) parts.push_back(fmt::format("{} {}", word, count));
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string mean_text(const std::vector<const StudyRow*>& rows, const std::string& measure,
                      double confidence) {
    std::vector<double> values;
    for (const StudyRow* row : rows)
        if (const auto value = row->number(measure); value && row->good()) values.push_back(*value);
    if (values.empty()) return "-";
    const double mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    if (values.size() < 2) return fmt::format("{:.3g}", mean);
    const Interval interval = mean_interval(values, confidence);
    return fmt::format("{:.3g} ({:.3g} to {:.3g})", mean, interval.least, interval.most);
}

}  // namespace

std::string cells_text(const Json& design, const StudyRows& rows, const std::string& measure) {
    std::map<std::string, std::vector<const StudyRow*>> by_cell;
    for (const auto& [key, row] : rows) by_cell[row.cell].push_back(&row);
    std::vector<std::vector<std::string>> lines(1);
    lines[0] = {"cell"};
    for (const Json& factor : design.at("factors")) lines[0].push_back(factor.at("name").get<std::string>());
    lines[0].insert(lines[0].end(), {"runs", "outcomes", measure});
    for (const Json& cell : design.at("cells")) {
        const auto& own = by_cell[cell.at("cell").get<std::string>()];
        auto& line = lines.emplace_back();
        line.push_back(cell.at("cell").get<std::string>());
        for (const auto& [name, level] : cell.at("factors").items()) line.push_back(level.get<std::string>());
        line.insert(line.end(), {std::to_string(own.size()), outcomes_text(own),
                                 mean_text(own, measure, design.at("confidence").get<double>())});
    }
    std::string text;
    std::vector<std::size_t> widths(lines[0].size(), 0);
    for (const auto& line : lines)
        for (std::size_t i = 0; i < line.size() && i < widths.size(); ++i)
            widths[i] = std::max(widths[i], line[i].size());
    for (const auto& line : lines) {
        std::string row;
        for (std::size_t i = 0; i < line.size() && i < widths.size(); ++i)
            row += fmt::format("{:<{}}  ", line[i], widths[i]);
        text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

}  // namespace netcut
